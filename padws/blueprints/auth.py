"""/auth: signing in at the provider, and out again."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from padws.auth.identity import remember
from padws.auth.provider import Provider
from padws.blueprints.pages import send_page
from padws.context import database, services, settings
from padws.errors import Unavailable
from padws.http import SUCCESS, answer
from padws.queries import users

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

# A path on this site, in characters that no browser turns into another address.
_LOCAL_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")


def _provider() -> Provider:
    provider = services().provider
    if provider is None:
        raise Unavailable("sign_in_unavailable", "Sign-in is not configured.", retry_after=60)
    return provider


def _local_path(path: str) -> str:
    return path if _LOCAL_PATH.fullmatch(path) else "/"


@blueprint.get("/login")
def login() -> AnyResponse:
    """Send the browser to the provider."""
    session["next"] = _local_path(request.args.get("next", "/"))
    session["popup"] = request.args.get("popup") == "1"
    hint = request.args.get("kc_idp_hint")
    redirect_uri = settings().redirect_uri or url_for("auth.callback", _external=True)
    return _provider().redirect_to_sign_in(redirect_uri, **({"kc_idp_hint": hint} if hint else {}))


@blueprint.get("/callback")
def callback() -> AnyResponse:
    """Sign in whom the provider sends back, under a new session id."""
    identity, id_token = _provider().finish_sign_in()
    with database().transaction() as conn:
        users.record_sign_in(conn, identity.row())
    next_path, popup = session.get("next", "/"), session.get("popup", False)
    interface: Any = current_app.session_interface
    interface.regenerate(session)
    session.clear()
    remember(identity, max_age=settings().session_max_hours * 3600)
    session["id_token"] = id_token
    services().sessions.add(identity.user_id, session.sid, session["expires_at"])  # type: ignore[attr-defined]
    return send_page("signed_in.html") if popup else redirect(next_path)


@blueprint.route("/logout", methods=["GET", "POST"])
def logout() -> Response:
    """End the session here, and say where to end it at the provider."""
    return_to = settings().frontend_url or url_for("pages.index", _external=True)
    logout_url = return_to
    if "identity" in session:
        services().sessions.remove(session["identity"]["user_id"], session.sid)  # type: ignore[attr-defined]
        logout_url = _provider().logout_url(session.get("id_token"), return_to)
    session.clear()
    return answer(SUCCESS | {"logout_url": logout_url})
