"""Personal access tokens: sql/tokens/."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.json_text import JsonText
from padws.statements import from_file


class Token(Struct, frozen=True):
    """A row of pad_ws.access_tokens, without its digest."""

    id: UUID
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenOwner(Struct, frozen=True):
    """Whose a token is, and whether it may write."""

    user_id: UUID
    username: str
    email: str
    email_verified: bool
    name: str
    given_name: str
    family_name: str
    roles: JsonText
    may_write: bool


@from_file
def insert_token(
    conn: Connection,
    *,
    token_id: UUID,
    user_id: UUID,
    name: str,
    scope: str,
    token_digest: bytes,
    expires_at: datetime | None,
) -> Token:
    """A new token. Violates access_tokens_user_id_fkey when the user has no row."""


@from_file
def list_tokens(conn: Connection, *, user_id: UUID) -> list[Token]:
    """A user's tokens, oldest first."""


@from_file
def delete_token(conn: Connection, *, token_id: UUID, user_id: UUID) -> UUID | None:
    """Revoke a token; `None` if the user has no such token."""


@from_file
def delete_tokens(conn: Connection, *, user_id: UUID) -> list[UUID]:
    """Revoke all of a user's tokens; their ids."""


@from_file
def use_token(conn: Connection, *, user_id: UUID, token_digest: bytes) -> TokenOwner | None:
    """The token's user; `None` if the user has no such token, or it has expired."""


@from_file
def get_token_owner(conn: Connection, *, token_digest: bytes) -> UUID | None:
    """Whose a token is that does not say so itself; `None` if it is unknown."""
