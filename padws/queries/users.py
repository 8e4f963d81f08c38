"""Users: sql/users/."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, TypeVar, Unpack
from uuid import UUID

from msgspec import Struct
from psycopg import errors

from padws.database import Connection, Database
from padws.errors import Forbidden
from padws.json_text import JsonText
from padws.statements import from_file

log = logging.getLogger("padws")

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


class Loser(Struct, frozen=True):
    """A user whose username or email address somebody else has signed in with."""

    id: UUID
    lost_username: bool
    lost_email: bool


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
def find_user(conn: Connection, *, text: str) -> User | None:
    """The user whom an id, a username or an address names."""


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
def upsert_user(conn: Connection, **row: Unpack[UserRow]) -> User | None:
    """The user after the row was created or updated; `None` if the user is being deleted.

    May violate a unique index.
    """


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
def bar_user(conn: Connection, *, user_id: UUID) -> User | None:
    """Make a user nobody, before the user's things are deleted; `None` if there is no such user."""


@from_file
def get_next_barred_user(conn: Connection, *, after: UUID) -> User | None:
    """The next user who is being deleted, in the order of ids."""


@from_file
def lock_barred_user(conn: Connection, *, user_id: UUID) -> UUID | None:
    """Keep others from giving a user anything until the transaction ends."""


@from_file
def has_pads(conn: Connection, *, user_id: UUID) -> bool:
    """Whether a user has any pad, the trash included."""


@from_file
def delete_user(conn: Connection, *, user_id: UUID) -> UUID | None:
    """Delete a barred user with what is left; the id, or `None` if there is no such user."""


@from_file
def lock_user_names(conn: Connection, *, user_id: UUID) -> None:
    """Keep others from giving users names until the transaction ends."""


@from_file
def release_user_names(
    conn: Connection, *, user_id: UUID, username: str, email: str, random_part: str
) -> list[Loser]:
    """Give placeholders to the other users who hold this username or email."""


@from_file
def is_email_taken(conn: Connection, *, user_id: UUID, email: str) -> bool:
    """Whether an email address is the verified one of somebody else."""


def record_sign_in(conn: Connection, row: UserRow) -> User:
    """Update the row from a sign-in; another user who holds its names loses them.

    Needs a transaction. Accounts are never merged: the latest sign-in has the name, unless it is an
    address that is not verified here and is somebody else's verified one.
    """
    current = get_user_if_current(conn, **row)
    if current:
        return current
    lock_user_names(conn, user_id=row["user_id"])
    if not row["email_verified"] and is_email_taken(
        conn, user_id=row["user_id"], email=row["email"]
    ):
        row = {**row, "email": f"user_{row['user_id']}@example.com"}
    losers = release_user_names(
        conn,
        user_id=row["user_id"],
        username=row["username"],
        email=row["email"],
        random_part=secrets.token_hex(16),
    )
    for loser in losers:
        _log_loss(loser, row["user_id"])
    return _not_barred(upsert_user(conn, **row))


def _log_loss(loser: Loser, winner_id: UUID) -> None:
    """Names themselves are not logged: they are in former_username and former_email."""
    lost = " and ".join(
        name
        for name, is_lost in (("username", loser.lost_username), ("email", loser.lost_email))
        if is_lost
    )
    log.warning("User %s has signed in with the %s of user %s.", winner_id, lost, loser.id)


def _not_barred(user: User | None) -> User:
    if not user:
        raise Forbidden("user_deleted")
    return user


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
            return _not_barred(upsert_user(conn, **row))
    except errors.UniqueViolation:
        existing = get_user(conn, user_id=row["user_id"])
    if existing:
        return existing
    with conn.transaction():
        return record_sign_in(conn, row)


def delete_barred_user(conn: Connection, user_id: UUID) -> bool:
    """Delete a barred user, with what is left, unless there are pads; whether the user has gone.

    Needs a connection outside a transaction.
    """
    with conn.transaction():
        lock_barred_user(conn, user_id=user_id)
        if has_pads(conn, user_id=user_id):
            return False
        delete_user(conn, user_id=user_id)
    return True


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
