"""Users: sql/users/."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, TypeVar, Unpack
from uuid import UUID

from msgspec import Struct
from psycopg import errors

from padws.database import Connection, Database
from padws.json_text import JsonText
from padws.statements import from_file

T = TypeVar("T")


class User(Struct, frozen=True):
    """A row of pad_ws.users; `roles` is a JSON array of strings."""

    id: UUID
    username: str
    email: str
    email_verified: bool
    name: str
    given_name: str
    family_name: str
    roles: JsonText
    created_at: datetime
    updated_at: datetime


class UserRow(TypedDict):
    """A user as a sign-in or an administrator describes it; `roles` is a JSON array of strings."""

    user_id: UUID
    username: str
    email: str
    email_verified: bool
    name: str
    given_name: str
    family_name: str
    roles: JsonText


@from_file
def get_user(conn: Connection, *, user_id: UUID) -> User | None:
    """One user."""


@from_file
def get_user_if_current(conn: Connection, **row: Unpack[UserRow]) -> User | None:
    """The user if the row has exactly these values, else `None`."""


@from_file
def list_users(conn: Connection, *, after: UUID, limit: int) -> list[User]:
    """At most `limit` users whose ids come after `after`, in the order of their ids."""


@from_file
def list_users_by_id(conn: Connection, *, user_ids: list[UUID]) -> list[User]:
    """The users with these ids, by name."""


@from_file
def insert_user(conn: Connection, **row: Unpack[UserRow]) -> User:
    """A new user. Violates a unique index when id, username or email are taken."""


@from_file
def upsert_user(conn: Connection, **row: Unpack[UserRow]) -> User:
    """The user after the row was created or updated. May violate a unique index."""


@from_file
def update_user(
    conn: Connection,
    *,
    user_id: UUID,
    username: str | None,
    email: str | None,
    email_verified: bool | None,
    name: str | None,
    given_name: str | None,
    family_name: str | None,
    roles: JsonText | None,
) -> User | None:
    """The user after the given fields were changed. May violate a unique index."""


@from_file
def delete_user(conn: Connection, *, user_id: UUID) -> UUID | None:
    """Delete a user with all pads and backups; the id, or `None` if there is no such user."""


@from_file
def lock_user_names(conn: Connection, *, user_id: UUID) -> None:
    """Keep others from giving users names until the transaction ends."""


@from_file
def release_user_names(
    conn: Connection, *, user_id: UUID, username: str, email: str, random_part: str
) -> list[UUID]:
    """Give placeholders to the other users who hold this username or email; their ids."""


def record_sign_in(conn: Connection, row: UserRow) -> User:
    """Update the row from a sign-in; another user who holds its names loses them.

    Needs a transaction. Accounts are never merged: the latest sign-in has the name.
    """
    current = get_user_if_current(conn, **row)
    if current:
        return current
    lock_user_names(conn, user_id=row["user_id"])
    release_user_names(
        conn,
        user_id=row["user_id"],
        username=row["username"],
        email=row["email"],
        random_part=secrets.token_hex(16),
    )
    return upsert_user(conn, **row)


def bring_in_line(conn: Connection, row: UserRow) -> User:
    """The user, after the row was updated from the session's sign-in.

    A name that someone else holds by now was taken at a later sign-in, which wins: then the row
    stays as it is. Needs a connection outside a transaction; usually one statement.
    """
    current = get_user_if_current(conn, **row)
    if current:
        return current
    try:
        with conn.transaction():
            lock_user_names(conn, user_id=row["user_id"])
            return upsert_user(conn, **row)
    except errors.UniqueViolation:
        existing = get_user(conn, user_id=row["user_id"])
    if existing:
        return existing
    with conn.transaction():
        return record_sign_in(conn, row)


def insert_for(database: Database, row: UserRow, insert: Callable[[Connection], T]) -> T:
    """What `insert` adds for a user. A missing row of the user is created first.

    Usually this runs the statements of `insert` and no other. They are never part of a transaction:
    a cluster then runs a function on the node of the user's rows, where others like it wait.
    """
    with database.connection() as conn:
        try:
            return insert(conn)
        except errors.ForeignKeyViolation:
            with conn.transaction():
                record_sign_in(conn, row)
            return insert(conn)
