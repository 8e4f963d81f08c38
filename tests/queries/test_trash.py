"""The trash: what is kept there, what leaves it for good, and who meets whom."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from padws.database import Connection, Database
from padws.queries import pads, trash
from padws.queries.trash import Purged
from tests.helpers.rows import (
    NOW,
    THIRTY_DAYS,
    at_once,
    backups_of,
    count,
    delete,
    in_trash,
    new_backup,
    new_pad,
    new_user,
    overtaken,
    pad_row,
    restore,
    row_of,
    save,
    scene,
)

NO_TIME = timedelta(0)


def take_out(conn: Connection, pad: pads.Pad, trash_for: timedelta = THIRTY_DAYS) -> Any:
    """The pad as it was before it was deleted, or None."""
    return trash.restore_pad(conn, owner_id=pad.owner_id, pad_id=pad.id, trash_for=trash_for).row


def purge(conn: Connection, owner_id: UUID, trash_for: timedelta, most: int = 100) -> Purged:
    return trash.purge_trash(conn, owner_id=owner_id, trash_for=trash_for, most=most)


def purge_one(conn: Connection, pad: pads.Pad, most: int = 100) -> pads.DeletedPad | None:
    return trash.purge_pad(
        conn, owner_id=pad.owner_id, pad_id=pad.id, trash_for=THIRTY_DAYS, most=most
    )


def listed(conn: Connection, owner_id: UUID, trash_for: timedelta = THIRTY_DAYS) -> list[UUID]:
    return [each.id for each in in_trash(conn, owner_id, trash_for)]


def trashed(conn: Connection, backups: int = 0) -> pads.Pad:
    """A pad in the trash, with so many backups."""
    pad = new_pad(conn)
    for number in range(backups):
        new_backup(conn, pad.id, NOW - timedelta(hours=number))
    assert delete(conn, pad)
    return pad


def test_deleting_and_restoring_changes_nothing_else(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad)
    before = pad_row(conn, pad.id), backups_of(conn, pad.id)
    assert delete(conn, pad) == pads.DeletedPad(pad.id, 0)
    assert pad_row(conn, pad.id) == {**before[0], "deleted_at": pad_row(conn, pad.id)["deleted_at"]}
    assert take_out(conn, pad)
    assert (pad_row(conn, pad.id), backups_of(conn, pad.id)) == before


def test_what_is_due_goes_and_nothing_else(conn: Connection) -> None:
    pad = trashed(conn, backups=2)
    live = new_pad(conn, pad.owner_id)
    other = trashed(conn)
    assert purge(conn, pad.owner_id, THIRTY_DAYS) == Purged(0, 0)
    assert purge(conn, pad.owner_id, NO_TIME) == Purged(1, 2)
    assert purge(conn, pad.owner_id, NO_TIME) == Purged(0, 0)
    assert [row_of(conn, "pads", each.id) is None for each in (pad, live, other)] == [1, 0, 0]


def test_what_an_earlier_release_still_draws_in_is_kept(conn: Connection) -> None:
    """It does not know the trash: its pads are in use, however long ago they were deleted."""
    pad = trashed(conn)
    conn.execute(
        "UPDATE pad_ws.pads SET deleted_at = deleted_at - interval '40 days' WHERE id = %s",
        [pad.id],
    )
    assert purge(conn, pad.owner_id, THIRTY_DAYS) == Purged(0, 0)
    assert listed(conn, pad.owner_id) == [pad.id]
    assert take_out(conn, pad)


def test_much_goes_in_lots_and_what_is_begun_does_not_come_back(conn: Connection) -> None:
    pad = trashed(conn, backups=5)
    assert purge_one(conn, pad, most=2) == pads.DeletedPad(pad.id, 0)
    assert len(backups_of(conn, pad.id)) == 3
    assert listed(conn, pad.owner_id) == []
    assert take_out(conn, pad, timedelta(days=10_000)) is None
    assert purge_one(conn, pad) is None
    lots = [purge(conn, pad.owner_id, THIRTY_DAYS, most=2) for _ in range(3)]
    assert lots == [Purged(0, 2), Purged(1, 1), Purged(0, 0)]


def test_of_many_pads_some_go_at_a_time(conn: Connection) -> None:
    owner_id = new_user(conn)
    for _ in range(5):
        assert delete(conn, new_pad(conn, owner_id))
    assert trash.empty_trash(conn, owner_id=owner_id, trash_for=THIRTY_DAYS, most=2) == 2
    assert listed(conn, owner_id) == []
    lots = [purge(conn, owner_id, THIRTY_DAYS, most=2).pads for _ in range(3)]
    assert lots == [2, 1, 0]


def test_every_user_with_something_in_the_trash_is_found(conn: Connection) -> None:
    new_pad(conn)
    owners = sorted(trashed(conn).owner_id for _ in range(3))
    found = [UUID(int=0)]
    while following := trash.get_next_owner_of_trash(conn, after=found[-1]):
        found.append(following)
    assert found[1:] == owners


def test_the_first_pad_is_made_where_all_others_are_in_the_trash(conn: Connection) -> None:
    pad = trashed(conn)
    first = partial(
        pads.insert_first_pad,
        conn,
        owner_id=pad.owner_id,
        display_name="Untitled",
        template_name="default",
        new_pictures=True,
    )
    assert first() is False
    assert first() is None


# Who meets whom


@pytest.fixture
def pad(database: Database) -> pads.Pad:
    with database.connection() as conn:
        return new_pad(conn)


def state_of(database: Database, pad: pads.Pad) -> tuple[bool, int, int]:
    """Whether it is in the trash, its version, its number of backups."""
    with database.connection() as conn:
        row = pad_row(conn, pad.id)
        return row["deleted_at"] is not None, row["version"], len(backups_of(conn, pad.id))


def test_a_save_that_waits_for_a_deletion_saves_nothing(database: Database, pad: pads.Pad) -> None:
    results = overtaken(
        database,
        lambda conn: delete(conn, pad),
        lambda conn: save(conn, pad, scene=scene(late=True)),
    )
    assert results == [None]
    assert state_of(database, pad) == (True, 1, 0)


def test_what_was_saved_before_a_deletion_that_waits_is_in_the_trash(
    database: Database, pad: pads.Pad
) -> None:
    assert overtaken(
        database,
        lambda conn: save(conn, pad, scene=scene(last=True)),
        lambda conn: delete(conn, pad),
    ) == [pads.DeletedPad(pad.id, 0)]
    assert state_of(database, pad) == (True, 2, 1)
    with database.connection() as conn:
        assert b'"last"' in bytes(take_out(conn, pad).data.json)


def test_a_version_that_a_save_has_overtaken_is_not_deleted(
    database: Database, pad: pads.Pad
) -> None:
    assert overtaken(
        database,
        lambda conn: save(conn, pad),
        lambda conn: delete(conn, pad, accepted_versions="{[1,1]}"),
    ) == [None]
    assert state_of(database, pad) == (False, 2, 1)


def test_of_two_restores_one_restores(database: Database, pad: pads.Pad) -> None:
    with database.connection() as conn:
        delete(conn, pad)
    assert overtaken(
        database, lambda conn: take_out(conn, pad), lambda conn: take_out(conn, pad)
    ) == [None]
    assert state_of(database, pad) == (False, 1, 0)


def test_what_comes_back_is_not_deleted_for_good(database: Database, pad: pads.Pad) -> None:
    """Not by one who wanted that one, nor by one who empties the trash or removes what is due."""
    with database.connection() as conn:
        delete(conn, pad)
    results = overtaken(
        database,
        lambda conn: take_out(conn, pad),
        lambda conn: purge_one(conn, pad),
        lambda conn: trash.empty_trash(
            conn, owner_id=pad.owner_id, trash_for=THIRTY_DAYS, most=100
        ),
    )
    assert results == [None, 0]
    assert state_of(database, pad) == (False, 1, 0)
    with database.connection() as conn:
        delete(conn, pad)
    with database.transaction() as conn, database.connection() as other:
        take_out(conn, pad)
        assert purge(other, pad.owner_id, NO_TIME) == Purged(0, 0), "it waits for nobody"
    assert state_of(database, pad) == (False, 1, 0)


def test_what_is_deleted_for_good_does_not_come_back(database: Database, pad: pads.Pad) -> None:
    with database.connection() as conn:
        delete(conn, pad)
    assert overtaken(
        database, lambda conn: purge_one(conn, pad), lambda conn: take_out(conn, pad)
    ) == [None]
    with database.connection() as conn:
        assert count(conn, "pads") == 0


def test_two_who_remove_take_different_lots(database: Database) -> None:
    with database.connection() as conn:
        owner_id = new_user(conn)
        for _ in range(4):
            delete(conn, new_pad(conn, owner_id))
    with database.transaction() as first, database.connection() as second:
        assert purge(first, owner_id, NO_TIME, most=2) == Purged(2, 0)
        assert purge(second, owner_id, NO_TIME) == Purged(2, 0)


def test_everything_at_once_leaves_a_pad_as_it_was_or_none(
    database: Database, pad: pads.Pad
) -> None:
    with database.connection() as conn:
        backup_id = new_backup(conn, pad.id, NOW)
    source = random.Random(1)
    calls: list[Callable[[Connection], object]] = [
        partial(delete, pad=pad),
        partial(take_out, pad=pad),
        partial(save, pad=pad),
        partial(restore, pad=pad, backup_id=backup_id),
        lambda conn: purge(conn, pad.owner_id, THIRTY_DAYS),
    ]
    at_once(database, source.sample(calls * 8, 40))
    with database.connection() as conn:
        take_out(conn, pad)
        rows = pads.list_pads(
            conn, owner_id=pad.owner_id, with_data=True, with_pictures=True, known_etags=[]
        ).rows
        assert [each.id for each in rows] == [pad.id]
        assert 1 <= len(backups_of(conn, pad.id)) <= 10
