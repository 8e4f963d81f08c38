"""/api/users: the caller, and for administrators everybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Response, url_for

from padws.auth.access import administrators_only, caller, require_sign_in
from padws.context import database, services, settings
from padws.errors import Conflict, NotFound, Unprocessable
from padws.http.answers import SUCCESS, answer, members_of
from padws.http.bodies import ApiBlueprint
from padws.json_text import JsonText
from padws.queries import links, pads, quotas, users
from padws.schemas.common import LARGEST_PAGE, Status
from padws.schemas.openapi import LOCATION, NEXT_PAGE
from padws.schemas.users import (
    Ended,
    Moved,
    NewOwner,
    NewUser,
    OnlineUsers,
    Page,
    SessionCount,
    Usage,
    User,
    UserChange,
)
from padws.takeout.leaving import delete_barred_user

blueprint = ApiBlueprint("users", __name__, url_prefix="/api/users")
blueprint.before_request(require_sign_in)

USER = User()
USAGE = Usage()


def _found(user: users.User | None) -> Response:
    if not user:
        raise NotFound("user_not_found")
    return answer(members_of(USER, user))


@blueprint.get("/me")
@blueprint.response(200, USER)
@blueprint.alt_response(403, "Forbidden")
def get_me() -> Response:
    """Read the caller, as described at sign-in."""
    with database().connection() as conn:
        if caller().personal_token:  # whose identity is the row itself
            return _found(users.get_user(conn, user_id=caller().id))
        return _found(users.bring_in_line(conn, caller().row()))


@blueprint.get("/me/usage")
@blueprint.response(200, USAGE)
def get_usage() -> Response:
    """Count what the caller has, and say how much that may be."""
    with database().connection() as conn:
        return answer(members_of(USAGE, quotas.get_usage(conn, owner_id=caller().id)))


@blueprint.get("")
@administrators_only
@blueprint.arguments(Page(), location="query")
@blueprint.response(200, User(many=True), headers=NEXT_PAGE)
def list_users(query: dict[str, Any]) -> Response:
    """List users, in pages of at most a hundred."""
    limit = min(query["limit"], LARGEST_PAGE)
    with database().connection() as conn:
        rows = users.list_users(conn, after=query["after"], limit=limit + 1)
    page = rows[:limit]
    headers = {}
    if len(rows) > limit:
        following = url_for("users.list_users", limit=limit, after=page[-1].id)
        headers["Link"] = f'<{following}>; rel="next"'
    return answer([members_of(USER, row) for row in page], headers=headers)


@blueprint.post("")
@administrators_only
@blueprint.arguments(NewUser())
@blueprint.response(201, USER, headers=LOCATION)
@blueprint.alt_response(409, "Conflict")
def create_user(body: dict[str, Any]) -> Response:
    """Create a user before the first sign-in."""
    row = {**body, "user_id": body["id"], "roles": JsonText(orjson.dumps(body["roles"]))}
    del row["id"]
    with database().transaction() as conn:
        users.lock_user_names(conn, user_id=body["id"])
        user = users.insert_user(conn, **row)
    return answer(members_of(USER, user), 201, {"Location": f"/api/users/{body['id']}"})


@blueprint.get("/count")
@administrators_only
@blueprint.response(200, SessionCount())
def count_sessions() -> Response:
    """Count the live sessions."""
    return answer({"active_sessions": len(services().sessions.active())})


@blueprint.get("/online")
@administrators_only
@blueprint.response(200, OnlineUsers())
def list_online_users() -> Response:
    """List who has a live session."""
    online = list({user_id for user_id, _ in services().sessions.active()})
    with database().connection() as conn:
        rows = users.list_users_by_id(conn, user_ids=online)
    return answer({"online_users": [members_of(USER, row) for row in rows], "count": len(rows)})


@blueprint.get("/<uuid:user_id>")
@administrators_only
@blueprint.response(200, USER)
def get_user(user_id: UUID) -> Response:
    """Read a user."""
    with database().connection() as conn:
        return _found(users.get_user(conn, user_id=user_id))


@blueprint.patch("/<uuid:user_id>")
@administrators_only
@blueprint.arguments(UserChange())
@blueprint.response(200, USER)
@blueprint.alt_response(409, "Conflict")
def update_user(body: dict[str, Any], user_id: UUID) -> Response:
    """Change a user; the next sign-in may change them again."""
    change = {name: body.get(name) for name in UserChange().fields}
    if "roles" in body:
        change["roles"] = JsonText(orjson.dumps(body["roles"]))
    with database().transaction() as conn:
        users.lock_user_names(conn, user_id=user_id)
        user = users.update_user(conn, user_id=user_id, **change)
    return _found(user)


@blueprint.get("/<uuid:user_id>/usage")
@administrators_only
@blueprint.response(200, USAGE)
def get_usage_of_user(user_id: UUID) -> Response:
    """Count what a user has, and say how much that may be."""
    with database().connection() as conn:
        if not users.get_user(conn, user_id=user_id):
            raise NotFound("user_not_found")
        return answer(members_of(USAGE, quotas.get_usage(conn, owner_id=user_id)))


@blueprint.delete("/<uuid:user_id>/sessions")
@administrators_only
@blueprint.response(200, Ended())
def end_sessions(user_id: UUID) -> Response:
    """End a user's sessions: they must sign in again, everywhere."""
    return answer(SUCCESS | {"ended": services().sessions.end_all_of(user_id)})


@blueprint.delete("/<uuid:user_id>/links")
@administrators_only
@blueprint.response(200, Ended())
def delete_links_of_user(user_id: UUID) -> Response:
    """End all share links of a user's pads."""
    with database().connection() as conn:
        ended = links.delete_links_of_user(conn, owner_id=user_id)
    return answer(SUCCESS | {"ended": ended})


@blueprint.delete("/<uuid:user_id>")
@administrators_only
@blueprint.response(200, Status())
@blueprint.alt_response(409, "Conflict")
def delete_user(user_id: UUID) -> Response:
    """Delete a user with all pads and backups, and end the user's sessions."""
    if user_id == caller().id:
        raise Conflict("own_account")
    with database().connection() as conn:
        user = users.bar_user(conn, user_id=user_id)
    if not user:
        raise NotFound("user_not_found")
    services().sessions.end_all_of(user_id)
    delete_barred_user(database().connection, user, settings().takeout_dir)
    return answer(SUCCESS)


@blueprint.post("/<uuid:user_id>/pads/move")
@administrators_only
@blueprint.arguments(NewOwner())
@blueprint.response(200, Moved())
@blueprint.alt_response(409, "Conflict")
def move_pads(body: dict[str, Any], user_id: UUID) -> Response:
    """Give all pads of a user to another one, with their history and the trash; links end."""
    with database().connection() as conn:
        if not users.get_user(conn, user_id=user_id):
            raise NotFound("user_not_found")
        _require_another(users.get_user(conn, user_id=body["to"]), user_id)
        moved = pads.move_pads(conn, owner_id=user_id, new_owner_id=body["to"])
    return answer(SUCCESS | {"pads": moved})


def _require_another(user: users.User | None, user_id: UUID) -> None:
    if not user or user.id == user_id:
        raise Unprocessable("invalid", errors={"to": ["Must be another user."]})
