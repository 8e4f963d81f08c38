"""What a save replaces, and when that is kept; equal backups; which ones stay, and for how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import DatabaseError

from padws.database import Connection, Database
from padws.json_text import JsonText
from padws.queries import backups, pads
from padws.scene_counts import SceneCounts
from tests.helpers.rows import (
    ALWAYS_DUE,
    FIVE_MINUTES,
    ONLY_NEWEST,
    at_once,
    backups_of,
    new_backup,
    new_pad,
    overtaken,
    pad_row,
    parsed,
    restore,
    retention,
    save,
    scene,
)

NOT_COUNTED = SceneCounts().columns()
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
Element = dict[str, Any]


def elements(*ids: object, version: int = 1, **members: Any) -> list[Element]:
    return [{"id": f"e{each}", "version": version, **members} for each in ids]


def of(drawn: Sequence[Element], **members: Any) -> JsonText:
    return scene(elements=drawn, **members)


def picture(text: str) -> dict[str, Any]:
    return {"files": {"f": {"dataURL": text}}}


def drawn_pad(conn: Connection, drawing: JsonText) -> pads.Pad:
    """A pad on which this has been saved, over an interval backup of something else."""
    pad = new_pad(conn)
    save(conn, pad, scene(step="first"))
    save(conn, pad, drawing)
    return pad


def age(conn: Connection, by: timedelta) -> None:
    """Let time pass."""
    for table, columns in (
        ("backups", ("created_at", "updated_at")),
        (
            "pads",
            (
                *("created_at", "updated_at", "last_backup_at", "counted_at", "saved_at"),
                *("arrived_at", "overwritten_at"),
            ),
        ),
    ):
        changes = ", ".join(f"{column} = {column} - %(by)s" for column in columns)
        conn.execute(f"UPDATE pad_ws.{table} SET {changes}".encode(), {"by": by})


def reasons(conn: Connection, pad: pads.Pad) -> list[str | None]:
    """Newest first."""
    return [row["reason"] for row in backups_of(conn, pad.id)]


def kept(conn: Connection, saved: pads.SaveAttempt | None) -> Any:
    """The scene that a save has kept; None if it has kept nothing."""
    assert saved
    if saved.kept is None:
        return None
    (row,) = conn.execute(
        "SELECT reason, data FROM pad_ws.backups WHERE id = %s", [saved.kept]
    ).fetchall()
    assert row[0] == "replaced"
    return parsed(row[1])


# When what is replaced is kept

ONE_PICTURE = picture("data:,one")
REPLACED: dict[str, tuple[JsonText, JsonText, bool]] = {
    "half is gone, and ten": (of(elements(*range(20))), of(elements(*range(10))), True),
    "half is gone, but nine": (of(elements(*range(18))), of(elements(*range(9), version=2)), False),
    "less than half is gone": (
        of(elements(*range(21))),
        of(elements(*range(11), version=2)),
        False,
    ),
    "all are gone": (of(elements(1)), of([]), True),
    "all are others": (of(elements(1, 2, 3)), of(elements(4, 5, 6)), True),
    "two of three are gone": (of(elements(1, 2, 3)), of(elements(3, version=3)), False),
    "there was none": (of([]), of(elements(1)), False),
    "all were deleted before": (
        of(elements(1, 2, isDeleted=True)),
        of(elements(3, version=2)),
        False,
    ),
    "all are deleted now": (
        of(elements(*range(3))),
        of(elements(*range(3), version=2, isDeleted=True)),
        True,
    ),
    "hundreds are gone": (of(elements(*range(1000))), of(elements(*range(500))), True),
    "many of hundreds stay": (
        of(elements(*range(1000))),
        of(elements(*range(499, 1400), version=2)),
        False,
    ),
    "half of hundreds are others": (
        of(elements(*range(1000))),
        of(elements(*range(500, 5000))),
        True,
    ),
    "many of one id are gone": (
        of(elements(*[1] * 30, *range(10, 14))),
        of(elements(*range(10, 14), version=9)),
        False,
    ),
    "elements without ids are gone": (of([{"x": n} for n in range(12)]), of([{"x": 1}]), True),
    "an old copy": (of(elements(1, 2, version=9)), of(elements(1, 2, version=8)), True),
    "an old copy of one of them": (
        of(elements(1, version=5) + elements(2, version=9)),
        of(elements(1, version=6) + elements(2, version=7)),
        True,
    ),
    "a newer copy": (of(elements(1, 2, version=8)), of(elements(1, 2, version=9)), False),
    "versions that are no numbers count as one": (
        of(elements(1, version="9")),  # type: ignore[arg-type]
        of(elements(1, version=1)),
        False,
    ),
    "versions with fractions": (
        of(elements(1, version=1.75)),  # type: ignore[arg-type]
        of(elements(1, version=1.5)),  # type: ignore[arg-type]
        True,
    ),
    "enormous versions": (
        of(elements(1, version=10**30 + 1)),
        of(elements(1, version=10**30)),
        True,
    ),
    "a picture is gone": (of([], **ONE_PICTURE), of([], files={}), True),
    "a picture is another": (of([], **ONE_PICTURE), of([], **picture("data:,another")), True),
    "one as long is another": (of([], **ONE_PICTURE), of([], **picture("data:,two")), True),
    "a picture has another id": (
        of([], **ONE_PICTURE),
        of([], files={"g": {"dataURL": "data:,one"}}),
        False,
    ),
    "a picture has come": (of([], files={}), of([], **ONE_PICTURE), False),
    "an empty picture is gone": (of([], **picture("")), of([], files={}), False),
    "what is no picture is gone": (of([], files={"f": [1], "g": 2}), of([], files={}), False),
    "nothing is": (of(elements(*range(30))), of(elements(*range(30))), False),
    "elements are no list": (scene(elements={"a": 1}), scene(elements=None), False),
    "elements are no objects": (of([1, "a", None]), of([]), True),  # type: ignore[list-item]
}


@pytest.mark.parametrize("is_counted", [True, False], ids=["counted", "not counted"])
@pytest.mark.parametrize(("before", "after", "expected"), REPLACED.values(), ids=list(REPLACED))
def test_what_a_save_replaces_is_kept_if_that_matters(
    conn: Connection, before: JsonText, after: JsonText, expected: bool, is_counted: bool
) -> None:
    """Whether the row knows what there was, or the old scene must be opened."""
    pad = drawn_pad(conn, before)
    if not is_counted:
        conn.execute("UPDATE pad_ws.pads SET elements = NULL, counted_at = NULL")
    stored = parsed(pad_row(conn, pad.id)["data"])
    saved = save(conn, pad, after, **({} if is_counted else NOT_COUNTED))
    assert kept(conn, saved) == (stored if expected else None)


@pytest.mark.parametrize("number", range(20))
def test_the_row_never_says_less_than_the_scenes(conn: Connection, number: int) -> None:
    """Scenes at random, near the limit of a half: as if the old one had been opened."""
    chance = random.Random(number)
    size = chance.choice([1, 2, 9, 10, 19, 20, 21, 63, 64, 65, 128, 700])
    ids = [str(uuid4()) for _ in range(size)]
    stays = ids[: max(0, size // 2 + chance.choice([-1, 0, 1]))]
    new = [str(uuid4()) for _ in range(chance.choice([0, 1, size, 5 * size]))]
    before, after = of(elements(*ids)), of(elements(*stays, *new, version=9))
    pad = drawn_pad(conn, before)
    (exact,) = conn.execute(
        "SELECT pad_ws.loses_elements(%s::jsonb, %s::jsonb)", [before, after]
    ).fetchone() or (None,)
    assert (kept(conn, save(conn, pad, after)) is not None) == exact


def test_a_picture_apart_that_is_gone_keeps_the_drawing(conn: Connection) -> None:
    pad = new_pad(conn)
    file = of([], files={"f": {}})
    digests = [uuid4().hex * 2 for _ in range(2)]
    maps = [JsonText(b'{"f": "%b"}' % digest.encode()) for digest in digests]
    texts = [JsonText(b'{"%b": "text"}' % digest.encode()) for digest in digests]
    save(conn, pad, scene(step="first"))
    assert kept(conn, save(conn, pad, file, pictures=maps[0], contents=texts[0])) is None
    assert kept(conn, save(conn, pad, of([], files={"f": {"n": 2}}), pictures=maps[0])) is None
    second = save(conn, pad, file, pictures=maps[1], contents=texts[1])
    assert kept(conn, second)["files"] == {"f": {"n": 2}}
    assert kept(conn, save(conn, pad, of([])))["files"] == {"f": {}}
    assert conn.execute("SELECT FROM pad_ws.backup_pictures").rowcount == 2


def test_after_a_rest_what_there_was_is_kept_and_what_is_saved_as_well(conn: Connection) -> None:
    pad = drawn_pad(conn, of(elements(1)))
    before = parsed(pad_row(conn, pad.id)["data"])
    age(conn, FIVE_MINUTES - MINUTE / 2)
    assert kept(conn, save(conn, pad, of(elements(1)))) is None
    age(conn, FIVE_MINUTES)
    saved = save(conn, pad, of(elements(1, version=2)))
    assert saved
    assert kept(conn, saved) == before
    interval, replaced, _ = backups_of(conn, pad.id)
    assert (interval["reason"], replaced["reason"]) == ("interval", "replaced")
    assert replaced["created_at"] < interval["created_at"] == saved.updated_at
    assert (interval["version"], replaced["version"]) == (5, 4)
    assert (interval["elements"], replaced["elements"]) == (1, 1)
    assert pad_row(conn, pad.id)["last_backup_at"] == saved.updated_at


def test_a_rename_is_no_end_of_a_rest(conn: Connection) -> None:
    pad = drawn_pad(conn, of(elements(1)))
    age(conn, FIVE_MINUTES)
    ids = {"pad_id": pad.id, "owner_id": pad.owner_id}
    assert pads.rename_pad(conn, display_name="New", accepted_versions="{(,)}", **ids).rows
    row = pad_row(conn, pad.id)
    assert row["counted_at"] == row["updated_at"]
    assert kept(conn, save(conn, pad, of(elements(1, version=2))))["elements"] == elements(1)


def test_what_the_newest_backup_holds_is_not_kept_again(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, of(elements(1)))
    for drawn in ([], elements(1), [], elements(1)):
        assert kept(conn, save(conn, pad, of(drawn))) is None
    assert reasons(conn, pad) == ["interval"]


def test_an_old_copy_over_and_over_is_kept_once_a_minute(conn: Connection) -> None:
    pad = drawn_pad(conn, of(elements(1, version=100)))
    assert kept(conn, save(conn, pad, of(elements(1, version=99))))
    assert kept(conn, save(conn, pad, of(elements(1, version=98)))) is None
    age(conn, MINUTE)
    assert kept(conn, save(conn, pad, of(elements(1, version=97))))["elements"][0]["version"] == 98
    assert kept(conn, save(conn, pad, of([])))["elements"][0]["version"] == 97


@pytest.mark.parametrize("by", [timedelta(days=30), -timedelta(days=30)], ids=["back", "forward"])
def test_a_clock_that_was_set_keeps_nothing_from_being_saved(
    conn: Connection, by: timedelta
) -> None:
    pad = drawn_pad(conn, of(elements(1, version=9)))
    age(conn, -by)
    for version in (8, 7, 6):
        saved = save(conn, pad, of(elements(1, version=version)))
        assert saved
        assert not saved.overtaken
        assert parsed(pad_row(conn, pad.id)["data"])["elements"] == elements(1, version=version)
    newest = [parsed(row["data"]).get("elements") for row in backups_of(conn, pad.id)]
    assert elements(1, version=9) in newest


def test_a_clock_that_was_set_back_under_a_save_keeps_no_other_from_being_saved(
    conn: Connection,
) -> None:
    """That save came at the one time and was written at the other."""
    pad = new_pad(conn)
    save(conn, pad, scene(step="first"))
    conn.execute("UPDATE pad_ws.pads SET arrived_at = arrived_at + interval '2 hours'")
    for step in ("second", "third"):
        saved = save(conn, pad, scene(step=step))
        assert saved
        assert not saved.overtaken
        assert parsed(pad_row(conn, pad.id)["data"])["step"] == step


def test_what_pad_ws_writes_meanwhile_is_known_not_to_be_counted(conn: Connection) -> None:
    """It knows nothing of versions, but sets updated_at."""
    pad = drawn_pad(conn, of([]))
    conn.execute(
        "UPDATE pad_ws.pads SET data = %s, updated_at = clock_timestamp()", [of(elements(1, 2))]
    )
    assert kept(conn, save(conn, pad, of([])))["elements"] == elements(1, 2)


# The order in which saves came


def late(conn: Connection, pad: pads.Pad, drawing: JsonText, waited: timedelta) -> Any:
    """Save what began to arrive some time ago."""
    return save(conn, pad, drawing, waited=waited)


def test_what_was_written_while_a_save_arrived_is_kept(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene(step="first"))
    age(conn, MINUTE)
    save(conn, pad, scene(step="small"), waited=10 * SECOND)
    saved = late(conn, pad, scene(step="big"), 5 * SECOND)
    assert kept(conn, saved)["step"] == "small"
    assert not saved.overtaken
    assert parsed(pad_row(conn, pad.id)["data"])["step"] == "big"
    assert kept(conn, late(conn, pad, scene(step="next"), SECOND)) is None, "once a minute"


def test_who_names_the_version_has_seen_what_is_replaced(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene(step="first"))
    save(conn, pad, scene(step="second"))
    saved = save(conn, pad, scene(step="big"), waited=5 * SECOND, accepted_versions="{[3,3]}")
    assert saved
    assert (saved.version, saved.kept, saved.overtaken) == (4, None, False)


def test_a_save_that_came_later_stays_and_what_it_overtook_is_kept(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene(step="first"))
    save(conn, pad, scene(step="small"))
    before = pad_row(conn, pad.id)
    for _ in range(2):
        saved = late(conn, pad, of(elements(1, 2), step="big"), 10 * SECOND)
        assert saved.overtaken
        assert (saved.version, saved.updated_at) == (before["version"], before["updated_at"])
        assert kept(conn, saved)["step"] == "big"
        row = pad_row(conn, pad.id)
        assert (row["version"], parsed(row["data"])["step"]) == (before["version"], "small")
    overtaken, _ = backups_of(conn, pad.id)
    assert (overtaken["version"], overtaken["elements"]) == (None, 2)
    mark = parsed(overtaken["data"])["appState"]["pad"]
    assert mark == {"uniqueId": str(pad.id), "displayName": pad.display_name}


def test_of_one_that_was_overtaken_nothing_is_kept_that_is_there(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene(step="small"))
    saved = late(conn, pad, scene(step="small"), 10 * SECOND)
    assert (saved.overtaken, saved.kept) == (True, None)


def test_one_that_was_overtaken_brings_its_pictures_along(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene(step="small"))
    digest = (uuid4().hex * 2).encode()
    saved = save(
        conn,
        pad,
        of([], files={"f": {}}),
        pictures=JsonText(b'{"f": "%b"}' % digest),
        contents=JsonText(b'{"%b": "text"}' % digest),
        waited=10 * SECOND,
    )
    assert kept(conn, saved)["files"] == {"f": {}}
    assert conn.execute("SELECT FROM pad_ws.backup_pictures").rowcount == 1
    assert conn.execute("SELECT FROM pad_ws.pad_pictures").rowcount == 0


def test_what_is_no_scene_is_refused_even_if_it_was_overtaken(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, scene(step="small"))
    with pytest.raises(Exception, match="pads_data_is_scene"):
        late(conn, pad, JsonText(b'{"appState": []}'), 10 * SECOND)


# No two neighbours are equal


def test_an_unchanged_scene_is_backed_up_once(conn: Connection) -> None:
    pad = new_pad(conn)
    for _ in range(4):
        assert save(conn, pad, of(elements(1)), backup_interval=ALWAYS_DUE)
    ids = {"pad_id": pad.id, "owner_id": pad.owner_id}
    for _ in range(2):
        (taken,) = backups.insert_backup(conn, retention=retention(), **ids).rows
        assert taken.pruned is None
    assert reasons(conn, pad) == ["interval"]


def test_a_scene_is_the_same_under_another_name(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, of(elements(1)))
    ids = {"pad_id": pad.id, "owner_id": pad.owner_id}
    pads.rename_pad(conn, display_name="New", accepted_versions="{(,)}", **ids)
    (taken,) = backups.insert_backup(conn, retention=retention(), **ids).rows
    assert (taken.pruned, taken.version) == (None, 2)


@pytest.mark.parametrize("digest", [None, 7])
def test_a_digest_is_but_a_hint(conn: Connection, digest: int | None) -> None:
    """Older releases wrote none, and two scenes may have one."""
    pad = new_pad(conn)
    backup_id = new_backup(conn, pad.id, datetime.now(UTC))
    conn.execute("UPDATE pad_ws.backups SET digest = %s", [digest])
    ids = {"pad_id": pad.id, "owner_id": pad.owner_id}
    if digest:
        conn.execute(
            "UPDATE pad_ws.backups SET data = data || '{\"other\": 1}', digest ="
            " (SELECT pad_ws.digest_scene(data, pictures) FROM pad_ws.pads)"
        )
    (taken,) = backups.insert_backup(conn, retention=retention(), **ids).rows
    assert (taken.id == backup_id) == (digest is None)


def test_ten_restores_through_a_history_of_ten_leave_it_whole(conn: Connection) -> None:
    pad = new_pad(conn)
    for step in range(10):
        save(conn, pad, scene(step=step), backup_interval=ALWAYS_DUE)
    before = backups_of(conn, pad.id)
    for row in before:
        assert restore(conn, pad, row["id"], retention=retention(10, 0, 0, 0, 0))
        assert parsed(pad_row(conn, pad.id)["data"])["step"] == parsed(row["data"])["step"]
    assert [row["id"] for row in backups_of(conn, pad.id)] == [row["id"] for row in before]


# What stays, and for how long


def history(conn: Connection, pad: pads.Pad, ages: Sequence[timedelta], **columns: Any) -> None:
    """Backups of these ages, beside those that there are."""
    now = datetime.now(UTC)
    for each in ages:
        backup_id = new_backup(conn, pad.id, now - each, age=str(each))
        for column, value in columns.items():
            conn.execute(
                f"UPDATE pad_ws.backups SET {column} = %s WHERE id = %s".encode(),
                [value, backup_id],
            )


def prune(conn: Connection, pad: pads.Pad, **changes: int) -> list[datetime]:
    """When those were taken that are left, newest first."""
    settings = {"newest": 1, "hourly": 0, "daily": 0, "weekly": 0, "replaced_days": 0}
    conn.execute(
        "SELECT pruned FROM pad_ws.prune_history(%s, %s, %s::jsonb)",
        [pad.owner_id, pad.id, retention(**(settings | changes))],
    )
    return [row["created_at"] for row in backups_of(conn, pad.id)]


def expected(times: Sequence[datetime], unit: str, number: int) -> list[datetime]:
    """The newest of all, and of each of the last so many hours, days or weeks."""

    def start(time: datetime) -> datetime:
        day = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if unit == "hourly":
            return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return day if unit == "daily" else day - timedelta(days=day.weekday())

    length = {"hourly": 1, "daily": 24, "weekly": 168}[unit]
    first = start(datetime.now(UTC)) - timedelta(hours=length * (number - 1))
    newest: dict[datetime, datetime] = {}
    for time in sorted(times):
        newest[start(time)] = time
    left = {time for begin, time in newest.items() if begin >= first} | {max(times)}
    return sorted(left, reverse=True)


@pytest.mark.parametrize(
    ("unit", "step"),
    [
        ("hourly", timedelta(minutes=17)),
        ("daily", timedelta(hours=5)),
        ("weekly", timedelta(hours=41)),
    ],
)
def test_the_newest_of_each_hour_day_and_week_stays(
    conn: Connection, unit: str, step: timedelta
) -> None:
    pad = new_pad(conn)
    history(conn, pad, [step * number + SECOND for number in range(60)])
    times = [row["created_at"] for row in backups_of(conn, pad.id)]
    for number in (6, 1):
        before = expected(times, unit, number)  # or after, if an hour ends in between
        assert prune(conn, pad, **{unit: number}) in (before, expected(times, unit, number))
    assert len(prune(conn, pad)) == 1


def test_what_was_replaced_has_a_time_and_a_number_of_its_own(conn: Connection) -> None:
    pad = new_pad(conn)
    day = timedelta(days=1)
    for reason in ("replaced", "merge"):
        history(conn, pad, [n * MINUTE + day for n in range(25)], reason=reason)
        history(conn, pad, [29 * day, 31 * day], reason=reason)
    history(conn, pad, [2 * day, 3 * day], reason="interval")
    prune(conn, pad, newest=1, replaced_days=30)
    assert sorted(map(str, reasons(conn, pad))) == ["interval"] + ["merge"] * 20 + ["replaced"] * 20
    conn.execute("DELETE FROM pad_ws.backups WHERE created_at > now() - interval '25 hours'")
    history(conn, pad, [29 * day, 31 * day], reason="replaced")
    prune(conn, pad, newest=1, replaced_days=30)
    newest, *_, oldest = backups_of(conn, pad.id)
    assert datetime.now(UTC) - oldest["created_at"] < 30 * day
    assert newest["reason"] != "replaced"


def test_labelled_ones_stay(conn: Connection) -> None:
    pad = new_pad(conn)
    history(conn, pad, [timedelta(days=400 + n) for n in range(3)], label="First draft")
    history(conn, pad, [-timedelta(days=2)], label="Of the future")
    history(conn, pad, [n * SECOND for n in range(5)])
    assert len(prune(conn, pad, newest=2)) == 6


def test_times_that_are_null_or_to_come_go_first(adopted: Connection) -> None:
    pad = new_pad(adopted)
    new_backup(adopted, pad.id, None, step="no time")
    history(adopted, pad, [-timedelta(hours=1), SECOND, MINUTE])
    left = prune(adopted, pad, newest=1, hourly=24, daily=30, weekly=52, replaced_days=30)
    assert [time < datetime.now(UTC) for time in left].count(True) == len(left) >= 1


# At once


def test_savers_and_restorers_at_once_keep_within_the_limits(database: Database) -> None:
    """The limits hold, and no two neighbours are equal."""
    with database.connection() as conn:
        pad = new_pad(conn)
        save(conn, pad, of(elements(*range(30))))

    def draw(number: int, conn: Connection) -> list[Any]:
        chance, found = random.Random(number), list[Any]()
        for step in range(12):
            ids = chance.choice([range(30), range(100, 130), ()])
            drawing = of(elements(*ids), step=f"{number} {step}")
            saved = save(conn, pad, drawing, waited=chance.choice([0, 0, 1, 5]) * SECOND)
            assert saved
            found.append(saved.kept)
            there = backups_of(conn, pad.id)
            if chance.random() < 0.3:
                restore(conn, pad, chance.choice(there)["id"])
        return found

    results = at_once(database, [partial(draw, number) for number in range(6)])
    assert sum(each is not None for found in results for each in found) > 0
    with database.connection() as conn:
        rows = backups_of(conn, pad.id)
        assert len([row for row in rows if row["reason"] == "replaced"]) <= 20 + 10
        assert len([row for row in rows if row["reason"] != "replaced"]) <= 10 + 2
        shown = [parsed(row["data"]) for row in rows]
        assert all(one != other for one, other in pairwise(shown))


def label(conn: Connection, pad: pads.Pad, backup_id: UUID) -> object:
    return backups.label_backup(
        conn, owner_id=pad.owner_id, pad_id=pad.id, backup_id=backup_id, label="First draft"
    )


def test_a_save_that_waits_for_a_label_does_not_prune_what_has_it(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
        history(conn, pad, [timedelta(days=400 + n) for n in range(3)])
        old = backups_of(conn, pad.id)[1]["id"]
    few: dict[str, Any] = {"retention": retention(1, **ONLY_NEWEST), "backup_interval": ALWAYS_DUE}
    overtaken(database, partial(label, pad=pad, backup_id=old), partial(save, pad=pad, **few))
    with database.connection() as conn:
        assert [row["label"] for row in backups_of(conn, pad.id)] == [None, "First draft"]


def test_of_two_labels_at_once_that_are_one_too_many_one_is_refused(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
        history(conn, pad, [n * MINUTE for n in range(21)])
        first, second, *others = [row["id"] for row in backups_of(conn, pad.id)]
        for backup_id in others:
            label(conn, pad, backup_id)
    with pytest.raises(DatabaseError, match="too many backups"):
        overtaken(database, *(partial(label, pad=pad, backup_id=each) for each in (first, second)))


class Labeller:
    """Names backups of its own, takes names away, and deletes some; knows which must have one."""

    def __init__(self, pad: pads.Pad, seed: int, mine: Sequence[UUID]):
        self._pad = pad
        self._chance = random.Random(seed)
        self._mine = mine
        self.labelled = set[UUID]()
        self.deleted = set[UUID]()

    def label(self, conn: Connection, backup_id: UUID, label: str | None) -> None:
        """Whoever has a name cannot have gone; of the others some have been pruned."""
        ids = {"owner_id": self._pad.owner_id, "pad_id": self._pad.id, "backup_id": backup_id}
        try:
            found = backups.label_backup(conn, label=label, **ids)
        except DatabaseError as error:
            if error.sqlstate == "PW004":  # twenty others have one
                return
            raise
        assert found or backup_id not in self.labelled
        (self.labelled.add if found and label else self.labelled.discard)(backup_id)

    def delete(self, conn: Connection, backup_id: UUID) -> None:
        ids = {"owner_id": self._pad.owner_id, "pad_id": self._pad.id, "backup_id": backup_id}
        assert backups.delete_backup(conn, **ids) or backup_id not in self.labelled
        self.labelled.discard(backup_id)
        self.deleted.add(backup_id)

    def __call__(self, conn: Connection) -> None:
        for _ in range(50):
            backup_id = self._chance.choice(self._mine)
            if self._chance.random() < 0.02:
                self.delete(conn, backup_id)
            if self._chance.random() < 0.5:
                self.label(conn, backup_id, None)
            self.label(conn, backup_id, self._chance.choice(["One", "Another"]))
            there = [row for row in backups_of(conn, self._pad.id) if row["label"]]
            assert len(there) <= 20


def test_labels_hold_exactly_those_that_have_one_whatever_happens_at_once(
    database: Database,
) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
        history(conn, pad, [timedelta(days=400 + n) for n in range(30)])
        old = [row["id"] for row in backups_of(conn, pad.id)]
        labellers = [Labeller(pad, n, old[n::3]) for n in range(3)]
        for each, backup_id in zip(labellers * 7, old, strict=False):
            each.label(conn, backup_id, "First draft")
    few = {"retention": retention(newest=2, **ONLY_NEWEST)}

    def draw(number: int, conn: Connection) -> None:
        chance = random.Random(number)
        for step in range(40):
            drawing = of(elements(1), step=f"{number} {step}")
            assert save(conn, pad, drawing, backup_interval=ALWAYS_DUE, **few)
            restore(conn, pad, chance.choice(backups_of(conn, pad.id))["id"], **few)

    tasks: list[Callable[[Connection], None]] = [*labellers]
    tasks += [partial(draw, number) for number in range(2)]
    at_once(database, tasks)
    labelled = set[UUID]().union(*(each.labelled for each in labellers))
    deleted = set[UUID]().union(*(each.deleted for each in labellers))
    with database.connection() as conn:
        save(conn, pad, of(elements(2)), backup_interval=ALWAYS_DUE, **few)
        rows = backups_of(conn, pad.id)
    assert {row["id"] for row in rows if row["label"]} == labelled
    assert {row["id"] for row in rows[:2]} == {row["id"] for row in rows} - labelled
    assert deleted
    assert not deleted & {row["id"] for row in rows}
