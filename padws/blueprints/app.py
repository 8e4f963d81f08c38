"""/api/app and /api/workspace: what the front end asks for besides drawings."""

from __future__ import annotations

import orjson
from flask import Response

from padws.auth.access import caller, require_sign_in
from padws.context import settings
from padws.errors import NotProvided
from padws.http.answers import answer
from padws.http.bodies import ApiBlueprint
from padws.schemas.app import BuildInfo, FrontEndConfig, WorkspaceState

blueprint = ApiBlueprint("app", __name__, url_prefix="/api/app")
workspace = ApiBlueprint("workspace", __name__, url_prefix="/api/workspace")
workspace.before_request(require_sign_in)


@blueprint.get("/config")
@blueprint.doc(security=[])
@blueprint.response(200, FrontEndConfig())
def get_config() -> Response:
    """Read the front end's configuration."""
    return answer(
        {
            "coderUrl": settings().coder_url,
            "posthogKey": settings().posthog_key,
            "posthogHost": settings().posthog_host,
        }
    )


@blueprint.get("/build-info")
@blueprint.doc(security=[])
@blueprint.response(200, BuildInfo())
def get_build_info() -> Response:
    """Read which build of the front end is served; a change makes open pages reload."""
    # So every worker and instance must give the same answer, even without a build.
    directory = settings().static_dir or settings().board_dir
    try:
        if directory:
            return answer(orjson.loads((directory / "build-info.json").read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError):
        pass
    return answer({"buildHash": "development", "timestamp": 0})


@workspace.get("/state")
@workspace.response(200, WorkspaceState())
def get_workspace_state() -> Response:
    """Find out whether the caller is signed in; there is no workspace."""
    unknown = dict.fromkeys(("id", "name", "base_url", "agent"))
    return answer({**unknown, "state": "stopped", "username": caller().username})


@workspace.post("/start")
@workspace.alt_response(501, "NotProvided")
def start_workspace() -> Response:
    """Always refused: there is no workspace provider."""
    raise NotProvided("no_workspaces")


@workspace.post("/stop")
@workspace.alt_response(501, "NotProvided")
def stop_workspace() -> Response:
    """Always refused: there is no workspace provider."""
    raise NotProvided("no_workspaces")
