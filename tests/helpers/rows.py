"""Rows of every table, statements on them at the same moment, and what is stored afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from msgspec import Struct
from msgspec.structs import asdict
from psycopg.rows import dict_row

from padws.database import Connection, Database
from padws.json_text import JsonText
from padws.paging import place_after
from padws.queries import backups, pads
from padws.queries.trash import TrashedPad, list_trash
from padws.queries.users import UserRow, bar_user, insert_user
from padws.scene_counts import count_scene
from padws.takeout.leaving import delete_barred_user
from padws.uuid7 import uuid7
from tests.helpers import citus, parallel
from tests.helpers.waiting import wait_until

T = TypeVar("T")

MOST_CONNECTIONS = 50
ANY_VERSION = "{(,)}"
FIVE_MINUTES = timedelta(minutes=5)
THIRTY_DAYS = timedelta(days=30)
NEVER_DUE = timedelta(days=10_000)
ALWAYS_DUE = timedelta(0)
NOW = datetime.now(UTC).replace(microsecond=0)  # when the run began, maybe half an hour ago
NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Times = tuple[datetime | None, datetime | None]
# Times that an adopted row may have (created_at, updated_at), and what answers say instead.
NULL_TIMES: dict[Times, Times] = {
    (None, None): (EPOCH, EPOCH),
    (NOON, None): (NOON, NOON),
    (None, NOON): (NOON, NOON),
}


def scene(**members: Any) -> JsonText:
    """A scene with these members, and another so that it is not an empty object."""
    return JsonText(json.dumps({"elements": [], **members}).encode())


def parsed(data: JsonText | None) -> Any:
    assert data is not None
    return json.loads(bytes(data.json))


def plain(row: Struct | None) -> dict[str, Any]:
    """A row's values, with JSON taken apart, so that rows can be compared."""
    assert row is not None
    return {
        name: json.loads(bytes(value.json)) if isinstance(value, JsonText) else value
        for name, value in asdict(row).items()
    }


def user_row(**changes: Any) -> UserRow:
    """What a sign-in says about somebody who is new here."""
    user_id = uuid4()
    row = {
        "user_id": user_id,
        "username": f"name-{user_id}",
        "email": f"{user_id}@example.org",
        "email_verified": True,
        "name": "Alice Example",
        "given_name": "Alice",
        "family_name": "Example",
        "roles": JsonText(b"[]"),
    }
    return row | changes  # type: ignore[return-value]


def new_user(conn: Connection, **changes: Any) -> UUID:
    return insert_user(conn, **user_row(**changes)).id


def remove_user(conn: Connection, user_id: UUID) -> bool:
    """Delete a user, as an administrator does; whether there was one."""
    user = bar_user(conn, user_id=user_id)
    if user:
        delete_barred_user(lambda: nullcontext(conn), user, None)
    return user is not None


def new_pad(conn: Connection, owner_id: UUID | None = None, **members: Any) -> pads.Pad:
    """A pad of the given user or of a new one."""
    found = pads.insert_pad(
        conn,
        pad_id=uuid7(),
        owner_id=owner_id or new_user(conn),
        display_name="Drawing",
        scene=scene(**members),
        pictures=None,
        contents=None,
        reason=None,
    )
    (pad,) = found.rows
    return pad


def new_backup(conn: Connection, pad_id: UUID, at: datetime | None, **members: Any) -> UUID:
    """A backup of a certain time, made as pad.ws made them: the pad's row does not mention it."""
    backup_id = uuid4()
    conn.execute(
        "INSERT INTO pad_ws.backups (id, source_id, owner_id, data, created_at, updated_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [backup_id, pad_id, pad_row(conn, pad_id)["owner_id"], scene(**members), at, at],
    )
    return backup_id


def retention(
    newest: int = 10, hourly: int = 24, daily: int = 30, weekly: int = 52, replaced_days: int = 30
) -> JsonText:
    """How many backups stay, as the settings say it."""
    return JsonText(json.dumps(locals()).encode())


ONLY_NEWEST = {"hourly": 0, "daily": 0, "weekly": 0, "replaced_days": 0}


NO_ELEMENTS = scene()


def save(
    conn: Connection, pad: pads.Pad, scene: Any = NO_ELEMENTS, **arguments: Any
) -> pads.SaveAttempt | None:
    """Save a scene, as the pad's owner by default."""
    defaults: dict[str, Any] = {
        "pad_id": pad.id,
        "owner_id": pad.owner_id,
        "scene": scene,
        **count_scene(scene.json).columns(),
        "waited": timedelta(0),
        "pictures": None,
        "contents": None,
        "accepted_versions": ANY_VERSION,
        "backup_interval": FIVE_MINUTES,
        "retention": retention(),
    }
    return pads.save_pad(conn, **(defaults | arguments))


def delete(conn: Connection, pad: pads.Pad, **arguments: Any) -> pads.DeletedPad | None:
    """Delete a pad, as its owner; by default it is in the trash then."""
    defaults: dict[str, Any] = {
        "pad_id": pad.id,
        "owner_id": pad.owner_id,
        "accepted_versions": ANY_VERSION,
        "trash_for": THIRTY_DAYS,
        "most": 100,
    }
    return pads.delete_pad(conn, **(defaults | arguments))


def in_trash(
    conn: Connection, owner_id: UUID, trash_for: timedelta = THIRTY_DAYS
) -> list[TrashedPad]:
    """All pads in a user's trash, without their scenes."""
    return list_trash(
        conn,
        owner_id=owner_id,
        trash_for=trash_for,
        most_pads=None,
        with_data=False,
        with_pictures=False,
        **place_after(None),
    ).rows


def restore(conn: Connection, pad: pads.Pad, backup_id: UUID, **changes: Any) -> Any:
    """Restore as a request does: an attempt that restores nothing is rolled back."""
    arguments: dict[str, Any] = {
        "backup_id": backup_id,
        "pad_id": pad.id,
        "owner_id": pad.owner_id,
        "accepted_versions": ANY_VERSION,
        "retention": retention(),
        "new_pictures": True,
    }
    with conn.transaction() as transaction:
        restored = backups.restore_backup(conn, **(arguments | changes))
        transaction.force_rollback = restored is None
    return restored


def violates(error: psycopg.IntegrityError, constraint: str) -> bool:
    """Whether this is the constraint; a shard of Citus says so in its message alone."""
    if error.diag.constraint_name:
        return error.diag.constraint_name == constraint
    return bool(re.search(rf"\b{constraint}(_\d+)?\b", error.diag.message_primary or ""))


def row_of(conn: Connection, table: str, row_id: UUID) -> dict[str, Any] | None:
    """A row as it is in the table."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"SELECT * FROM pad_ws.{table} WHERE id = %s", [row_id]).fetchone()


def pad_row(conn: Connection, pad_id: UUID) -> dict[str, Any]:
    row = row_of(conn, "pads", pad_id)
    assert row
    return row


def backups_of(conn: Connection, pad_id: UUID) -> list[dict[str, Any]]:
    """A pad's backups as they are in the table, newest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT * FROM pad_ws.backups WHERE source_id = %s"
            " ORDER BY created_at DESC NULLS LAST, id DESC",
            [pad_id],
        ).fetchall()


def count(conn: Connection, table: str) -> int:
    row = conn.execute(f"SELECT count(*) FROM pad_ws.{table}").fetchone()
    assert row
    return int(row[0])


def at_once(database: Database, tasks: Sequence[Callable[[Connection], T]]) -> list[T]:
    """Run tasks at the same moment, each on a connection of its own; the first error is raised."""
    with ExitStack() as stack:
        calls = [partial(task, stack.enter_context(database.connection())) for task in tasks]
        return parallel.at_once(calls)


def overtaken(
    database: Database, first: Callable[[Connection], object], *others: Callable[[Connection], T]
) -> list[T]:
    """The results of others that begin, one after another, while `first` is not yet committed.

    Each must wait for a lock; then `first` is committed.
    """

    def run(task: Callable[[Connection], T]) -> T:
        with database.connection() as conn:
            return task(conn)

    with ThreadPoolExecutor(len(others)) as pool, database.connection() as look:
        waiting = []
        with database.transaction() as conn:
            first(conn)
            for task in others:
                waiting.append(pool.submit(run, task))
                _wait_for_waiters(look, len(waiting))
        return [each.result() for each in waiting]


def _wait_for_waiters(conn: Connection, number: int) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    if citus.coordinator():  # they wait on another node
        waiting = "SELECT count(DISTINCT waiting_gpid) FROM citus_lock_waits"
    wait_until(
        lambda: conn.execute(waiting.encode()).fetchone() == (number,), f"{number} wait for a lock"
    )
