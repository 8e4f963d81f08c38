"""/api/users/me/tokens: personal access tokens, for scripts."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response

from padws.auth.access import caller, not_by_personal_token, require_sign_in
from padws.auth.tokens import digest_of, new_personal_token
from padws.context import database
from padws.errors import NotFound
from padws.http.answers import SUCCESS, answer, members_of
from padws.http.bodies import ApiBlueprint
from padws.queries import tokens, users
from padws.schemas.common import Status
from padws.schemas.tokens import CreatedToken, NewToken, Token
from padws.uuid7 import uuid7

blueprint = ApiBlueprint("tokens", __name__, url_prefix="/api/users/me/tokens")
blueprint.before_request(require_sign_in)

TOKEN = Token()


@blueprint.get("")
@blueprint.response(200, Token(many=True))
def list_tokens() -> Response:
    """List the caller's personal access tokens."""
    with database().connection() as conn:
        rows = tokens.list_tokens(conn, user_id=caller().id)
    return answer([members_of(TOKEN, row) for row in rows])


@blueprint.post("")
@not_by_personal_token
@blueprint.arguments(NewToken())
@blueprint.response(201, CreatedToken())
@blueprint.alt_response(409, "Conflict")
def create_token(body: dict[str, Any]) -> Response:
    """Create a personal access token; the answer is the only time that it is shown."""
    token = new_personal_token(caller().id)
    new = {**body, "token_id": uuid7(), "user_id": caller().id, "token_digest": digest_of(token)}
    row = users.insert_for(database(), caller().row(), partial(tokens.insert_token, **new))
    return answer({**members_of(TOKEN, row), "token": token}, 201, {"Cache-Control": "no-store"})


@blueprint.delete("/<uuid:token_id>")
@not_by_personal_token
@blueprint.response(200, Status())
def delete_token(token_id: UUID) -> Response:
    """Revoke a personal access token."""
    with database().connection() as conn:
        if not tokens.delete_token(conn, token_id=token_id, user_id=caller().id):
            raise NotFound("token_not_found")
    return answer(SUCCESS)
