"""Personal access tokens: whose they are, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from padws.database import Connection
from padws.json_text import JsonText
from padws.queries import tokens, users
from padws.uuid7 import uuid7
from tests.helpers.rows import NOON, NOW, count, new_user, remove_user, row_of, violates

HOUR = timedelta(hours=1)


def digest_of(token: str) -> bytes:
    return sha256(token.encode()).digest()


def insert(conn: Connection, user_id: UUID, token: str = "secret", **changes: Any) -> tokens.Token:
    arguments: dict[str, Any] = {
        "name": "Script",
        "scope": "write",
        "token_digest": digest_of(token),
        "expires_at": None,
    }
    return tokens.insert_token(conn, token_id=uuid7(), user_id=user_id, **(arguments | changes))


def use(conn: Connection, user_id: UUID, token: str = "secret") -> tokens.TokenOwner | None:
    return tokens.use_token(conn, user_id=user_id, token_digest=digest_of(token))


def last_used(conn: Connection, token: tokens.Token) -> datetime | None:
    row = row_of(conn, "access_tokens", token.id)
    assert row
    return row["last_used_at"]  # type: ignore[no-any-return]


def test_a_token_tells_whose_it_is(conn: Connection) -> None:
    alice = new_user(conn, username="alice", roles=JsonText(b'["admin"]'))
    new_user(conn)
    insert(conn, alice)
    owner = use(conn, alice)
    user = users.get_user(conn, user_id=alice)
    assert owner
    assert user
    assert (owner.user_id, owner.username, owner.email) == (alice, "alice", user.email)
    assert (owner.name, owner.given_name, owner.family_name) == (
        "Alice Example",
        "Alice",
        "Example",
    )
    assert owner.email_verified == user.email_verified
    assert owner.roles.json == b'["admin"]'


@pytest.mark.parametrize(("scope", "may_write"), [("write", True), ("read", False)])
def test_a_tokens_scope_says_whether_it_may_write(
    conn: Connection, scope: str, may_write: bool
) -> None:
    user_id = new_user(conn)
    assert insert(conn, user_id, scope=scope).scope == scope
    owner = use(conn, user_id)
    assert owner
    assert owner.may_write is may_write


def test_other_tokens_and_those_of_others_are_nobodys(conn: Connection) -> None:
    user_id, stranger = new_user(conn), new_user(conn)
    insert(conn, user_id)
    assert use(conn, user_id, "other") is None
    assert use(conn, stranger) is None
    assert use(conn, uuid4()) is None
    assert tokens.use_token(conn, user_id=user_id, token_digest=b"") is None
    assert tokens.use_token(conn, user_id=user_id, token_digest=b"secret") is None


def test_the_owner_is_found_by_the_digest_of_the_whole_token(conn: Connection) -> None:
    user_id = new_user(conn)
    insert(conn, user_id)
    assert tokens.get_token_owner(conn, token_digest=digest_of("secret")) == user_id
    assert tokens.get_token_owner(conn, token_digest=digest_of("other")) is None


@pytest.mark.parametrize(("expires_at", "is_good"), [(NOW + HOUR, True), (NOW - HOUR, False)])
def test_an_expired_token_is_nobodys(conn: Connection, expires_at: datetime, is_good: bool) -> None:
    user_id = new_user(conn)
    token = insert(conn, user_id)
    conn.execute(
        "UPDATE pad_ws.access_tokens SET (created_at, expires_at) = (%s, %s)", [NOON, expires_at]
    )
    assert (use(conn, user_id) is not None) == is_good
    assert (last_used(conn, token) is not None) == is_good


def test_use_is_noted_to_the_minute(conn: Connection) -> None:
    user_id = new_user(conn)
    token = insert(conn, user_id)
    assert last_used(conn, token) is None
    use(conn, user_id)
    first = last_used(conn, token)
    use(conn, user_id)
    assert first
    assert last_used(conn, token) == first
    earlier = first - timedelta(minutes=2)
    conn.execute(
        "UPDATE pad_ws.access_tokens SET (created_at, last_used_at) = (%s, %s)", [NOON, earlier]
    )
    assert use(conn, user_id)
    assert (last_used(conn, token) or earlier) > first


def test_the_list_is_oldest_first_and_the_users_alone(conn: Connection) -> None:
    user_id, other_id = new_user(conn), new_user(conn)
    made = [insert(conn, user_id, f"token {n}", name=f"Script {n}") for n in range(3)]
    insert(conn, other_id)
    assert tokens.list_tokens(conn, user_id=user_id) == made
    assert tokens.list_tokens(conn, user_id=uuid4()) == []


def test_a_revoked_token_is_nobodys_and_only_its_user_can_revoke_it(conn: Connection) -> None:
    user_id, stranger = new_user(conn), new_user(conn)
    token = insert(conn, user_id)
    assert tokens.delete_token(conn, token_id=token.id, user_id=stranger) is None
    assert use(conn, user_id)
    assert tokens.delete_token(conn, token_id=token.id, user_id=user_id) == token.id
    assert tokens.delete_token(conn, token_id=token.id, user_id=user_id) is None
    assert use(conn, user_id) is None


def test_deleting_a_user_ends_the_tokens(conn: Connection) -> None:
    user_id = new_user(conn)
    insert(conn, user_id)
    remove_user(conn, user_id)
    assert count(conn, "access_tokens") == 0


def test_a_token_needs_a_user_a_known_scope_and_a_digest_of_its_own(conn: Connection) -> None:
    user_id = new_user(conn)
    insert(conn, user_id)
    with pytest.raises(ForeignKeyViolation) as without_user:
        insert(conn, uuid4(), "other")
    with pytest.raises(CheckViolation) as unknown_scope:
        insert(conn, user_id, "other", scope="admin")
    with pytest.raises(UniqueViolation):
        insert(conn, user_id)
    assert violates(without_user.value, "access_tokens_user_id_fkey")
    assert violates(unknown_scope.value, "access_tokens_scope_known")
