"""Deleting a user: all that there is goes into a takeout file first, whatever happens meanwhile."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count as count_up
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import ForeignKeyViolation

from padws.database import Connection, Database
from padws.errors import Forbidden
from padws.queries import pads, trash, users
from padws.takeout.leaving import delete_barred_user
from padws.takeout.writing import Connections
from tests.helpers.rows import (
    THIRTY_DAYS,
    at_once,
    count,
    delete,
    in_trash,
    new_backup,
    new_pad,
    new_user,
    remove_user,
    save,
    scene,
    user_row,
)

NOBODY = UUID(int=0)
NO_TIME = timedelta(0)


class Killed(BaseException):
    """The process has ended."""


def dying(conn: Connection, *, after: int) -> Connections:
    """Gives a connection so many times."""
    left = iter(range(after))

    @contextmanager
    def connections() -> Iterator[Connection]:
        if next(left, None) is None:
            raise Killed
        yield conn

    return connections


def taken_out(directory: Path) -> dict[str, dict[str, Any]]:
    """What is in takeout files, each of which is whole: the files of a pad, by its id."""
    found = dict[str, dict[str, Any]]()
    for path in directory.iterdir():
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            assert "manifest.json" in names
            for name in names:
                if name.startswith("pads/"):
                    _, pad_id, rest = name.split("/", 2)
                    found.setdefault(pad_id, {})[rest] = json.loads(file.read(name))
    return found


def barred(conn: Connection, user_id: UUID) -> users.User:
    user = users.bar_user(conn, user_id=user_id)
    assert user
    return user


@pytest.mark.parametrize("after", range(12))
def test_wherever_a_deletion_is_killed_it_is_finished_and_everything_is_in_a_file(
    conn: Connection, tmp_path: Path, after: int
) -> None:
    owner_id = new_user(conn)
    owned = [new_pad(conn, owner_id, step=number) for number in range(3)]
    for pad in owned:
        new_backup(conn, pad.id, datetime.now(UTC), step="earlier")
    delete(conn, owned[1])
    user = barred(conn, owner_id)
    with suppress(Killed):
        delete_barred_user(dying(conn, after=after), user, tmp_path)
    # Somebody else passes by.
    trash.purge_trash(conn, owner_id=owner_id, trash_for=THIRTY_DAYS, most=2)
    for left in [users.get_next_barred_user(conn, after=NOBODY)]:
        if left:
            assert left == user
            delete_barred_user(lambda: nullcontext(conn), left, tmp_path)
    assert [count(conn, table) for table in ("users", "pads", "backups")] == [0, 0, 0]
    found = taken_out(tmp_path)
    assert found.keys() == {str(pad.id) for pad in owned}
    for number, pad in enumerate(owned):
        files = found[str(pad.id)]
        assert files["drawing.excalidraw"]["step"] == number
        (earlier,) = (each for name, each in files.items() if name.startswith("history/"))
        assert earlier["step"] == "earlier"


def test_what_was_deleted_for_good_is_in_no_file(conn: Connection, tmp_path: Path) -> None:
    pad = new_pad(conn)
    for _ in range(3):
        new_backup(conn, pad.id, datetime.now(UTC))
    delete(conn, pad, trash_for=NO_TIME, most=1)
    assert (count(conn, "pads"), count(conn, "backups")) == (1, 2)
    delete_barred_user(lambda: nullcontext(conn), barred(conn, pad.owner_id), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert count(conn, "users") == 0


class Busy:
    """Somebody who draws, and an administrator who deletes that user once all are at it."""

    def __init__(self, owner_id: UUID, directory: Path):
        self._owner_id = owner_id
        self._directory = directory
        self._begun = Barrier(5, timeout=60)
        self.answered = dict[str, int]()  # the last step of each pad

    def _steps(self) -> Iterator[int]:
        for step in count_up(1):
            if step == 5:
                self._begun.wait()
            yield step

    def draw(self, pad: pads.Pad, conn: Connection) -> None:
        """Until there is no such pad."""
        for step in self._steps():
            if not save(conn, pad, scene(step=step)):
                return
            self.answered[str(pad.id)] = step

    def make(self, conn: Connection) -> None:
        """Until there is no such user."""
        with suppress(ForeignKeyViolation):
            for step in self._steps():
                self.answered[str(new_pad(conn, self._owner_id, step=step).id)] = step

    def leave(self, database: Database, conn: Connection) -> None:
        self._begun.wait()
        delete_barred_user(database.connection, barred(conn, self._owner_id), self._directory)


def test_what_is_answered_while_the_user_is_deleted_is_in_a_file(
    database: Database, tmp_path: Path
) -> None:
    with database.connection() as conn:
        owner_id = new_user(conn)
        owned = [new_pad(conn, owner_id) for _ in range(3)]
    busy = Busy(owner_id, tmp_path)
    tasks: list[Callable[[Connection], None]] = [partial(busy.draw, pad) for pad in owned]
    tasks += [busy.make, partial(busy.leave, database)]
    at_once(database, tasks)
    found = taken_out(tmp_path)
    steps = {pad_id: files["drawing.excalidraw"]["step"] for pad_id, files in found.items()}
    assert steps == busy.answered
    with database.connection() as conn:
        assert [count(conn, table) for table in ("users", "pads", "backups")] == [0, 0, 0]


def test_a_frozen_pad_is_nobodys(conn: Connection) -> None:
    owner_id = new_user(conn)
    pad, trashed = new_pad(conn, owner_id), new_pad(conn, owner_id)
    delete(conn, trashed)
    assert trash.freeze_pads(conn, owner_id=owner_id) == [pad.id, trashed.id]
    assert save(conn, pad) is None
    assert delete(conn, pad) is None
    owned: dict[str, Any] = {"owner_id": owner_id, "trash_for": NO_TIME}
    assert in_trash(conn, owner_id) == []
    for each in (pad, trashed):
        assert trash.restore_pad(conn, pad_id=each.id, **owned).rows == []
        assert trash.purge_pad(conn, pad_id=each.id, most=9, **owned) is None
    assert not trash.empty_trash(conn, most=9, **owned)
    assert not trash.purge_trash(conn, most=9, **owned).any
    assert trash.freeze_pads(conn, owner_id=owner_id) == [pad.id, trashed.id]
    assert trash.condemn_pads(conn, owner_id=owner_id, pad_ids=[pad.id]) == 1
    assert trash.purge_trash(conn, most=9, **owned) == trash.Purged(1, 0)
    assert trash.freeze_pads(conn, owner_id=owner_id) == [trashed.id]


def test_a_user_who_is_being_deleted_gets_nothing_more(database: Database) -> None:
    row = user_row()
    with database.connection() as conn:
        new_user(conn, **row)
        barred(conn, row["user_id"])
        late = partial(new_pad, owner_id=row["user_id"])
        with pytest.raises(ForeignKeyViolation):
            late(conn)
    with pytest.raises(Forbidden) as caught:
        users.insert_for(database, row, late)
    assert caught.value.code == "user_deleted"
    with database.connection() as conn:
        assert remove_user(conn, row["user_id"])
        assert not remove_user(conn, row["user_id"])
    assert users.insert_for(database, row, late).owner_id == row["user_id"]
