"""Backups: when a save takes one, how many are kept, and what can be brought back."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import CheckViolation

from padws.database import Connection, Database
from padws.json_text import JsonText
from padws.paging import place_after
from padws.queries import backups, pads
from tests.helpers.rows import (
    ALWAYS_DUE,
    FIVE_MINUTES,
    NEVER_DUE,
    NOON,
    NOW,
    NULL_TIMES,
    Times,
    at_once,
    backups_of,
    new_backup,
    new_pad,
    new_user,
    overtaken,
    pad_row,
    parsed,
    plain,
    remove_user,
    restore,
    retention,
    save,
    scene,
    violates,
)

SECOND = timedelta(seconds=1)


def say_newest(conn: Connection, pad: pads.Pad, at: datetime | None) -> None:
    conn.execute("UPDATE pad_ws.pads SET last_backup_at = %s WHERE id = %s", [at, pad.id])


def back_up(
    conn: Connection, pad: pads.Pad, keep: int = 10, *, changed: bool = True
) -> backups.TakenBackup:
    """A backup by hand, of a scene that no other has unless it is not to be changed."""
    if changed:
        conn.execute(
            "UPDATE pad_ws.pads SET data = data || jsonb_build_object('change', %s::text)"
            " WHERE id = %s AND owner_id = %s",
            [str(uuid4()), pad.id, pad.owner_id],
        )
    (taken,) = backups.insert_backup(
        conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(keep)
    ).rows
    return taken


def ever_new() -> JsonText:
    """A scene like no other."""
    return scene(step=str(uuid4()))


def read(conn: Connection, pad: pads.Pad, backup_id: UUID) -> backups.Backup:
    ids = {"backup_id": backup_id, "pad_id": pad.id, "owner_id": pad.owner_id}
    (backup,) = backups.get_backup(conn, with_pictures=True, **ids).rows
    return backup


def delete(conn: Connection, pad: pads.Pad, backup_id: UUID) -> UUID | None:
    return backups.delete_backup(conn, backup_id=backup_id, pad_id=pad.id, owner_id=pad.owner_id)


def listed(conn: Connection, pad: pads.Pad, **changes: Any) -> list[backups.ListedBackup]:
    arguments: dict[str, Any] = {
        "pad_id": pad.id,
        "owner_id": pad.owner_id,
        "with_data": True,
        "with_pictures": True,
        "from_time": "-infinity",
        "to_time": "infinity",
        "limit": 10,
        **place_after(None),
    }
    arguments |= changes
    return backups.list_backups(conn, **arguments).rows[: arguments["limit"]]


def steps_of(conn: Connection, pad: pads.Pad) -> list[Any]:
    """The mark `step` of each backup's scene, newest first."""
    return [parsed(row["data"]).get("step") for row in backups_of(conn, pad.id)]


# Whether a save takes one


def test_the_first_save_takes_a_backup_of_what_it_saves(conn: Connection) -> None:
    pad = new_pad(conn, step="made")
    saved = save(conn, pad, scene=scene(step="saved"))
    (backup,) = backups_of(conn, pad.id)
    row = pad_row(conn, pad.id)
    assert saved
    assert (backup["created_at"], backup["updated_at"]) == (saved.updated_at, saved.updated_at)
    assert row["last_backup_at"] == saved.updated_at
    assert parsed(backup["data"]) == parsed(row["data"])
    assert saved.pruned == 0


@pytest.mark.parametrize("adopted", [False, True], ids=["padws's own", "written by pad.ws"])
@pytest.mark.parametrize(
    ("age", "due"),
    [
        (FIVE_MINUTES - 30 * SECOND, False),
        (FIVE_MINUTES, True),
        (timedelta(days=400), True),
        (timedelta(0), False),
        (-timedelta(hours=1), True),
    ],
    ids=["almost due", "due", "long due", "just taken", "from the future"],
)
def test_a_save_takes_a_backup_when_the_newest_is_old_enough(
    conn: Connection, age: timedelta, due: bool, adopted: bool
) -> None:
    """A pad that pad.ws wrote does not say when its newest backup was taken."""
    pad = new_pad(conn)
    new_backup(conn, pad.id, NOON, step="older")
    newest_at = datetime.now(NOW.tzinfo) - age
    new_backup(conn, pad.id, newest_at, step="newest")
    say_newest(conn, pad, None if adopted else newest_at)
    saved = save(conn, pad, scene=scene(step="saved"))
    assert saved
    assert sorted(steps_of(conn, pad)) == sorted(["older", "newest"] + ["saved"] * due)
    assert saved.pruned == (0 if due else None)
    newest = saved.updated_at if due else newest_at
    assert pad_row(conn, pad.id)["last_backup_at"] == newest
    assert save(conn, pad)
    assert len(backups_of(conn, pad.id)) == (3 if due else 2)


def test_with_interval_0_every_save_takes_one(conn: Connection) -> None:
    pad = new_pad(conn)
    for step in range(4):
        save(conn, pad, scene=scene(step=step), backup_interval=ALWAYS_DUE)
    assert steps_of(conn, pad) == [3, 2, 1, 0]


def test_backups_without_a_time_do_not_keep_a_new_one_from_being_taken(adopted: Connection) -> None:
    pad = new_pad(adopted)
    new_backup(adopted, pad.id, None, step="no time")
    save(adopted, pad, scene=scene(step="saved"))
    assert steps_of(adopted, pad) == ["saved", "no time"]
    save(adopted, pad, scene=scene(step="again"))
    assert steps_of(adopted, pad) == ["saved", "no time"]


def test_other_pads_backups_do_not_count(conn: Connection) -> None:
    pad = new_pad(conn)
    neighbour = new_pad(conn, pad.owner_id)
    save(conn, neighbour)
    assert save(conn, pad)
    assert len(backups_of(conn, pad.id)) == 1


@pytest.mark.parametrize("adopted", [False, True], ids=["padws's own", "written by pad.ws"])
def test_of_many_saves_at_once_one_takes_the_backup_that_is_due(
    database: Database, adopted: bool
) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
        if adopted:
            new_backup(conn, pad.id, NOON, step="older")
    outcomes = at_once(database, [partial(save, pad=pad)] * 20)
    assert [each.pruned for each in outcomes if each and each.took_backup] == [0]
    with database.connection() as conn:
        assert len(backups_of(conn, pad.id)) == 1 + adopted


def test_a_save_that_waited_for_one_with_a_backup_takes_none(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
    task = partial(save, pad=pad)
    assert None not in overtaken(database, task, task, task)
    with database.connection() as conn:
        assert len(backups_of(conn, pad.id)) == 1


# How many are kept


@pytest.mark.parametrize("keep", [1, 3, 10])
def test_saves_keep_the_newest(conn: Connection, keep: int) -> None:
    pad = new_pad(conn)
    pruned = []
    for step in range(keep + 3):
        saved = save(
            conn, pad, scene=scene(step=step), backup_interval=ALWAYS_DUE, retention=retention(keep)
        )
        assert saved
        pruned.append(saved.pruned)
    assert steps_of(conn, pad) == list(range(keep + 2, 2, -1))
    assert pruned == [0] * keep + [1] * 3


def test_a_smaller_number_to_keep_holds_with_the_next_backup(conn: Connection) -> None:
    pad = new_pad(conn)
    for step in range(8):
        save(conn, pad, scene=scene(step=step), backup_interval=ALWAYS_DUE)
    saved = save(
        conn, pad, scene=scene(step="last"), backup_interval=NEVER_DUE, retention=retention(3)
    )
    assert saved
    assert (saved.pruned, len(backups_of(conn, pad.id))) == (None, 8)
    assert back_up(conn, pad, 3, changed=False).pruned == 6
    assert steps_of(conn, pad) == ["last", 7, 6]


def test_backups_without_a_time_go_first(adopted: Connection) -> None:
    pad = new_pad(adopted)
    new_backup(adopted, pad.id, None, step="no time")
    for n in range(3):
        new_backup(adopted, pad.id, NOON + n * SECOND, step=n)
    save(adopted, pad, scene=scene(step="saved"), retention=retention(4))
    assert steps_of(adopted, pad) == ["saved", 2, 1, 0]


def test_other_pads_backups_are_not_pruned(conn: Connection) -> None:
    pad = new_pad(conn)
    neighbour = new_pad(conn, pad.owner_id)
    for _ in range(3):
        save(conn, neighbour, scene=ever_new(), backup_interval=ALWAYS_DUE)
    back_up(conn, pad, 1)
    back_up(conn, pad, 1)
    assert (len(backups_of(conn, pad.id)), len(backups_of(conn, neighbour.id))) == (1, 3)


KEEP = 5


def a_busy_editor(pad: pads.Pad, seed: int) -> Callable[[Connection], list[int]]:
    """Does everything that makes or ends backups, in an order of its own.

    Gives how many backups there were after each step, as another connection would see it.
    """

    def run(conn: Connection) -> list[int]:
        chance = random.Random(seed)
        return [step(conn, pad, chance) for _ in range(30)]

    return run


def unreplaced(conn: Connection, pad: pads.Pad) -> int:
    """How many backups a pad has, without what saves replaced: that has a number of its own."""
    return len([row for row in backups_of(conn, pad.id) if row["reason"] != "replaced"])


def step(conn: Connection, pad: pads.Pad, chance: random.Random) -> int:
    there = [row["id"] for row in backups_of(conn, pad.id)] or [uuid4()]
    actions: list[Callable[[], object]] = [
        lambda: save(conn, pad, ever_new(), backup_interval=ALWAYS_DUE, retention=retention(KEEP)),
        lambda: save(conn, pad, retention=retention(KEEP)),
        lambda: backups.insert_backup(
            conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(KEEP)
        ),
        lambda: restore(conn, pad, chance.choice(there), retention=retention(KEEP)),
        lambda: delete(conn, pad, chance.choice(there)),
    ]
    chance.choices(actions, weights=[6, 1, 3, 3, 1])[0]()
    return unreplaced(conn, pad)


@pytest.mark.parametrize("seed", range(3))
def test_never_more_are_kept_whatever_happens_at_once(database: Database, seed: int) -> None:
    with database.connection() as conn:
        owner_id = new_user(conn)
        editors = [new_pad(conn, owner_id) for _ in range(2)]
    tasks = [a_busy_editor(pad, 100 * seed + n) for pad in editors for n in range(6)]
    seen = [number for numbers in at_once(database, tasks) for number in numbers]
    assert max(seen) == KEEP
    with database.connection() as conn:
        for pad in editors:
            for _ in range(KEEP):
                back_up(conn, pad, KEEP)
            assert unreplaced(conn, pad) == KEEP


def test_exactly_as_many_are_kept_after_saves_at_once(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)

    def saves(conn: Connection) -> None:
        for _ in range(10):
            assert save(conn, pad, ever_new(), backup_interval=ALWAYS_DUE)

    at_once(database, [saves] * 10)
    with database.connection() as conn:
        assert unreplaced(conn, pad) == 10
        assert backups_of(conn, pad.id)[0]["created_at"] == pad_row(conn, pad.id)["updated_at"]


def test_a_user_is_deleted_while_the_pads_are_busy(database: Database) -> None:
    """Requests that come too late find nothing; none fails."""
    with database.connection() as conn:
        pad = new_pad(conn)
        back_up(conn, pad)

    tasks: list[Callable[[Connection], object]] = [a_busy_editor(pad, n) for n in range(8)]
    tasks.append(partial(remove_user, user_id=pad.owner_id))
    at_once(database, tasks)
    with database.connection() as conn:
        assert backups_of(conn, pad.id) == []
        assert listed(conn, pad) == []


# By hand


def test_a_backup_by_hand_is_of_the_pad_as_it_is(conn: Connection) -> None:
    pad = new_pad(conn, step="made")
    before = pad_row(conn, pad.id)
    taken = back_up(conn, pad, changed=False)
    (row,) = backups_of(conn, pad.id)
    after = pad_row(conn, pad.id)
    assert (taken.id, taken.timestamp, taken.pruned) == (row["id"], row["created_at"], 0)
    assert parsed(taken.data) == parsed(row["data"]) == parsed(pad.data)
    assert after["last_backup_at"] == taken.timestamp
    assert (after["version"], after["updated_at"]) == (before["version"], before["updated_at"])


def test_after_a_backup_by_hand_no_save_takes_one_for_a_while(conn: Connection) -> None:
    pad = new_pad(conn)
    back_up(conn, pad)
    save(conn, pad)
    assert len(backups_of(conn, pad.id)) == 1


def test_a_backup_by_hand_that_waited_is_of_what_was_saved(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
    first = partial(save, pad=pad, scene=scene(step="saved"), backup_interval=NEVER_DUE)
    (taken,) = overtaken(database, first, partial(back_up, pad=pad))
    assert parsed(taken.data)["step"] == "saved"


# Deleting


def says_its_newest(conn: Connection, pad: pads.Pad) -> bool:
    """Whether a pad's row says when its newest backup was taken."""
    times = [row["created_at"] for row in backups_of(conn, pad.id)]
    return bool(pad_row(conn, pad.id)["last_backup_at"] == max(times, default=None))


def test_deleting_the_newest_backup_lets_the_pad_say_the_one_before(conn: Connection) -> None:
    pad = new_pad(conn)
    taken = [back_up(conn, pad).id for _ in range(3)]
    for backup_id in reversed(taken):
        assert delete(conn, pad, backup_id) == backup_id
        assert delete(conn, pad, backup_id) is None
        assert says_its_newest(conn, pad)
    assert pad_row(conn, pad.id)["last_backup_at"] is None


def test_deleting_an_older_backup_leaves_the_newest_said(conn: Connection) -> None:
    pad = new_pad(conn)
    oldest, _, newest = (back_up(conn, pad) for _ in range(3))
    before = pad_row(conn, pad.id)
    delete(conn, pad, oldest.id)
    assert pad_row(conn, pad.id)["last_backup_at"] == newest.timestamp
    assert pad_row(conn, pad.id)["version"] == before["version"]
    assert pad_row(conn, pad.id)["updated_at"] == before["updated_at"]


def test_after_deleting_the_newest_a_save_takes_a_backup_when_that_is_due(conn: Connection) -> None:
    pad = new_pad(conn)
    new_backup(conn, pad.id, NOON, step="first")
    delete(conn, pad, back_up(conn, pad).id)
    save(conn, pad, scene=scene(step="saved"))
    assert steps_of(conn, pad) == ["saved", "first"]


@pytest.mark.parametrize("which", ["newest", "older"])
def test_a_delete_that_waited_for_a_save_knows_its_backup(database: Database, which: str) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
        older, newest = back_up(conn, pad), back_up(conn, pad)
    backup_id = {"newest": newest, "older": older}[which].id
    first = partial(save, pad=pad, scene=ever_new(), backup_interval=ALWAYS_DUE)
    assert overtaken(database, first, partial(delete, pad=pad, backup_id=backup_id)) == [backup_id]
    with database.connection() as conn:
        assert len(backups_of(conn, pad.id)) == 2
        assert says_its_newest(conn, pad)


def test_a_delete_that_waited_finds_a_pruned_backup_gone(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
        backup_id = back_up(conn, pad).id
    first = partial(back_up, pad=pad, keep=1)
    assert overtaken(database, first, partial(delete, pad=pad, backup_id=backup_id)) == [None]
    with database.connection() as conn:
        assert says_its_newest(conn, pad)


def test_deleting_a_backup_of_pad_ws_leaves_the_others_to_tell(conn: Connection) -> None:
    pad = new_pad(conn)
    older, newer = new_backup(conn, pad.id, NOW - SECOND), new_backup(conn, pad.id, NOW)
    say_newest(conn, pad, None)
    assert delete(conn, pad, newer) == newer
    save(conn, pad, backup_interval=NEVER_DUE)
    assert [row["id"] for row in backups_of(conn, pad.id)] == [older]


# Restoring


def test_restoring_brings_the_scene_back_and_keeps_what_it_replaced(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene=scene(step="first"))
    wanted = backups_of(conn, pad.id)[0]["id"]
    save(conn, pad, scene=scene(step="replaced"))
    restored = restore(conn, pad, wanted)
    row = pad_row(conn, pad.id)
    assert (restored.version, restored.updated_at) == (row["version"], row["updated_at"])
    assert row["version"] == 4
    assert parsed(row["data"])["step"] == "first"
    assert steps_of(conn, pad) == ["replaced", "first"]
    assert says_its_newest(conn, pad)


def test_the_oldest_of_ten_can_be_restored(conn: Connection) -> None:
    pad = new_pad(conn)
    for number in range(10):
        save(conn, pad, scene=scene(step=number), backup_interval=ALWAYS_DUE)
    save(conn, pad, scene=scene(step="replaced"), backup_interval=NEVER_DUE)
    oldest = backups_of(conn, pad.id)[-1]["id"]
    restored = restore(conn, pad, oldest)
    assert restored.pruned == 1
    assert parsed(pad_row(conn, pad.id)["data"])["step"] == 0
    assert steps_of(conn, pad) == ["replaced", 9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_the_only_one_kept_can_be_restored(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene=scene(step="first"), retention=retention(1))
    save(conn, pad, scene=scene(step="replaced"), retention=retention(1))
    assert restore(conn, pad, backups_of(conn, pad.id)[0]["id"], retention=retention(1))
    assert parsed(pad_row(conn, pad.id)["data"])["step"] == "first"
    assert steps_of(conn, pad) == ["replaced"]


@pytest.mark.parametrize(
    "changes",
    [
        {"backup_id": uuid4()},
        {"pad_id": uuid4()},
        {"owner_id": uuid4()},
        {"accepted_versions": "{[1,1]}"},
        {"accepted_versions": "{}"},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_when_nothing_is_restored_nothing_changes(
    conn: Connection, changes: dict[str, Any]
) -> None:
    pad = new_pad(conn)
    for number in range(10):
        save(conn, pad, scene=scene(step=number), backup_interval=ALWAYS_DUE)
    oldest = backups_of(conn, pad.id)[-1]["id"]
    before = pad_row(conn, pad.id)["version"], steps_of(conn, pad)
    assert restore(conn, pad, **({"backup_id": oldest} | changes)) is None
    assert (pad_row(conn, pad.id)["version"], steps_of(conn, pad)) == before


def test_a_backup_of_pad_ws_that_is_no_scene_cannot_be_restored(conn: Connection) -> None:
    pad = new_pad(conn)
    backup_id = new_backup(conn, pad.id, NOON)
    conn.execute("UPDATE pad_ws.backups SET data = '{}' WHERE id = %s", [backup_id])
    with pytest.raises(CheckViolation) as caught:
        restore(conn, pad, backup_id)
    assert violates(caught.value, "pads_data_is_scene")
    assert pad_row(conn, pad.id)["version"] == 1
    assert len(backups_of(conn, pad.id)) == 1


def test_of_two_restores_of_one_version_one_is_done(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
        backup_id = back_up(conn, pad).id
        conn.execute("UPDATE pad_ws.pads SET data = %s", [ever_new()])
    task = partial(restore, pad=pad, backup_id=backup_id, accepted_versions="{[1,1]}")
    outcomes = at_once(database, [task] * 10)
    assert [each.version for each in outcomes if each] == [2]
    with database.connection() as conn:
        assert len(backups_of(conn, pad.id)) == 2


def test_a_restore_and_the_deletion_of_its_user_do_not_wait_for_each_other(
    database: Database,
) -> None:
    """Both wait for a save; what comes second then waits for the first alone."""
    with database.connection() as conn:
        pad = new_pad(conn)
        backup_id = back_up(conn, pad).id
    restored, deleted = overtaken(
        database,
        partial(save, pad=pad),
        partial(restore, pad=pad, backup_id=backup_id),
        partial(remove_user, user_id=pad.owner_id),
    )
    assert (restored.version, deleted) == (3, True)


# Reading


def test_the_list_is_newest_first_beside_the_pads_name(conn: Connection) -> None:
    pad = new_pad(conn)
    ids = [new_backup(conn, pad.id, NOON + n * SECOND, step=n) for n in (1, 0, 2)]
    rows = listed(conn, pad)
    assert [row.id for row in rows] == [ids[2], ids[0], ids[1]]
    assert [row.timestamp for row in rows] == [NOON + n * SECOND for n in (2, 1, 0)]
    assert [parsed(row.data)["step"] for row in rows] == [2, 1, 0]
    assert {row.pad_name for row in rows} == {pad.display_name}
    assert [row.id for row in listed(conn, pad, limit=2)] == [ids[2], ids[0]]
    assert [row.data for row in listed(conn, pad, with_data=False)] == [None] * 3


def test_a_pad_without_backups_still_has_a_name(conn: Connection) -> None:
    pad = new_pad(conn)
    (row,) = listed(conn, pad)
    nothing = dict.fromkeys(backups.ListedBackup.__struct_fields__)
    assert plain(row) == nothing | {"pad_name": pad.display_name}
    assert listed(conn, pad, pad_id=uuid4()) == []


def test_one_more_than_the_limit_follows_without_its_scene(conn: Connection) -> None:
    pad = new_pad(conn)
    for n in range(3):
        new_backup(conn, pad.id, NOON + n * SECOND, step=n)
    for limit, shown in ((1, 1), (2, 2), (3, 3), (4, 3)):
        found = backups.list_backups(
            conn,
            pad_id=pad.id,
            owner_id=pad.owner_id,
            with_data=True,
            with_pictures=True,
            from_time="-infinity",
            to_time="infinity",
            limit=limit,
            **place_after(None),
        )
        assert [row.data is None for row in found.rows] == [False] * shown + [True] * (limit < 3)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, [4, 3, 2, 1, 0]),
        ({"from_time": NOON + 3 * SECOND}, [4, 3]),
        ({"to_time": NOON + 3 * SECOND}, [2, 1, 0]),
        ({"from_time": NOON + SECOND, "to_time": NOON + 3 * SECOND}, [2, 1]),
        ({"from_time": NOON + SECOND, "to_time": NOON + SECOND}, []),
        ({"from_time": NOON + 9 * SECOND}, []),
        ({"to_time": NOON + 4 * SECOND, "limit": 2}, [3, 2]),
    ],
)
def test_a_list_within_a_time_has_its_start_and_not_its_end(
    conn: Connection, limits: dict[str, Any], expected: list[int]
) -> None:
    pad = new_pad(conn)
    for n in range(5):
        new_backup(conn, pad.id, NOON + n * SECOND, step=n)
    rows = [row for row in listed(conn, pad, **limits) if row.id]
    assert [parsed(row.data)["step"] for row in rows] == expected


def test_a_backup_is_read_as_it_is_stored(conn: Connection) -> None:
    """Unlike a pad's scene, it is not given the pad's id and name."""
    pad = new_pad(conn)
    backup_id = new_backup(conn, pad.id, NOON, appState={"pad": {"displayName": "then"}})
    backup = read(conn, pad, backup_id)
    assert (backup.id, backup.timestamp) == (backup_id, NOON)
    assert parsed(backup.data) == {"elements": [], "appState": {"pad": {"displayName": "then"}}}


def test_recent_backups_are_the_newest_over_all_pads_of_the_user(conn: Connection) -> None:
    owner_id = new_user(conn)
    own = [new_pad(conn, owner_id) for _ in range(3)]
    new_backup(conn, new_pad(conn).id, NOW, step="a stranger's")
    for n in range(9):
        new_backup(conn, own[n % 3].id, NOON + n * SECOND, step=n)

    def recent(limit: int) -> list[Any]:
        found = backups.list_recent_backups(
            conn, owner_id=owner_id, with_data=True, with_pictures=True, limit=limit
        )
        return [parsed(row.data)["step"] for row in found.rows]

    assert recent(4) == [8, 7, 6, 5]
    assert recent(100) == list(range(8, -1, -1))


@pytest.mark.parametrize("times", NULL_TIMES)
def test_null_times_of_adopted_backups(adopted: Connection, times: Times) -> None:
    pad = new_pad(adopted)
    backup_id = new_backup(adopted, pad.id, NOW)
    adopted.execute("UPDATE pad_ws.backups SET (created_at, updated_at) = (%s, %s)", times)
    (in_list,) = listed(adopted, pad)
    (recent,) = backups.list_recent_backups(
        adopted, owner_id=pad.owner_id, with_data=True, with_pictures=True, limit=10
    ).rows
    alone = read(adopted, pad, backup_id)
    assert {in_list.timestamp, recent.timestamp, alone.timestamp} == {NULL_TIMES[times][0]}


def test_a_scene_of_many_numbers_is_backed_up_as_it_was(conn: Connection) -> None:
    numbers = b"[" + b",".join(str(n / 7).encode() for n in range(5000)) + b"]"
    pad = new_pad(conn)
    save(conn, pad, scene=JsonText(b'{"elements": ' + numbers + b"}"))
    (row,) = backups_of(conn, pad.id)
    assert parsed(row["data"])["elements"] == [n / 7 for n in range(5000)]
