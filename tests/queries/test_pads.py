"""Pads: scenes and versions, and what saves that come at the same moment make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.errors import CheckViolation, ForeignKeyViolation

from padws.database import Connection, Database
from padws.error_handler import problem_of
from padws.json_text import JsonText
from padws.queries import backups, pads, templates
from padws.queries.users import record_sign_in
from padws.scene_counts import count_scene
from padws.statements import SQL_DIR
from padws.uuid7 import uuid7
from tests.helpers.rows import (
    ALWAYS_DUE,
    ANY_VERSION,
    NOON,
    NOW,
    NULL_TIMES,
    THIRTY_DAYS,
    Times,
    at_once,
    backups_of,
    count,
    delete,
    new_backup,
    new_pad,
    new_user,
    overtaken,
    pad_row,
    parsed,
    plain,
    restore,
    retention,
    row_of,
    save,
    scene,
    user_row,
    violates,
)


def stamp(pad: pads.Pad) -> dict[str, Any]:
    """The appState of a scene that says nothing but whose it is."""
    return {"pad": {"uniqueId": str(pad.id), "displayName": pad.display_name}}


def read(conn: Connection, pad: pads.Pad, known_versions: str = "{}") -> pads.Pad | None:
    ids = {"pad_id": pad.id, "owner_id": pad.owner_id}
    return pads.get_pad(conn, known_versions=known_versions, with_pictures=True, **ids).row


def listed(
    conn: Connection, owner_id: UUID, *known_etags: str, with_data: bool = True
) -> list[pads.ListedPad]:
    return pads.list_pads(
        conn,
        owner_id=owner_id,
        with_data=with_data,
        with_pictures=True,
        known_etags=list(known_etags),
    ).rows


def etag_of(conn: Connection, owner_id: UUID) -> str:
    return listed(conn, owner_id, with_data=False)[0].etag


def rename(conn: Connection, pad: pads.Pad, name: str, accepted: str = ANY_VERSION) -> Any:
    return pads.rename_pad(
        conn,
        pad_id=pad.id,
        owner_id=pad.owner_id,
        display_name=name,
        accepted_versions=accepted,
    ).row


def write_as_pad_ws(conn: Connection, pad: pads.Pad, data: JsonText) -> None:
    """Make a pad's row one that pad.ws has written."""
    conn.execute(
        "UPDATE pad_ws.pads SET data = %s, version = 0, last_backup_at = NULL WHERE id = %s",
        [data, pad.id],
    )


# Making


def test_a_new_pad_is_at_version_1_and_its_scene_says_whose_it_is(conn: Connection) -> None:
    owner_id = new_user(conn)
    (pad,) = pads.insert_pad(
        conn,
        pad_id=uuid7(),
        owner_id=owner_id,
        display_name="Läufer ♞",
        scene=scene(files={"a": {"b": 1}}),
        pictures=None,
        contents=None,
        reason=None,
    ).rows
    assert (pad.owner_id, pad.display_name, pad.version) == (owner_id, "Läufer ♞", 1)
    assert pad.created_at == pad.updated_at
    assert parsed(pad.data) == {"elements": [], "files": {"a": {"b": 1}}, "appState": stamp(pad)}
    assert plain(pad) == plain(read(conn, pad))
    assert backups_of(conn, pad.id) == []


def test_a_pad_needs_an_owner(conn: Connection) -> None:
    with pytest.raises(ForeignKeyViolation) as caught:
        new_pad(conn, uuid4())
    assert violates(caught.value, "pads_owner_id_fkey")


NO_SCENES = ["{}", "[]", "[{}]", "null", "1", '"text"', "true"]
NO_SCENES += ['{"appState": []}', '{"appState": null}', '{"appState": {"pad": "x"}}']
NO_SCENES += ['[{"appState": {}}]', '{"appState": [{"pad": {}}]}', '{"appState": {"pad": [{}]}}']


@pytest.mark.parametrize("text", NO_SCENES)
def test_what_is_no_scene_is_refused_and_changes_nothing(conn: Connection, text: str) -> None:
    pad = new_pad(conn)
    before = pad_row(conn, pad.id)
    no_scene = JsonText(text.encode())
    for attempt in (
        lambda: save(conn, pad, scene=no_scene),
        lambda: pads.insert_pad(
            conn,
            pad_id=uuid7(),
            owner_id=pad.owner_id,
            display_name="x",
            scene=no_scene,
            pictures=None,
            contents=None,
            reason=None,
        ),
    ):
        with pytest.raises(CheckViolation) as caught:
            attempt()
        assert violates(caught.value, "pads_data_is_scene")
    assert pad_row(conn, pad.id)["version"] == before["version"]
    assert count(conn, "pads") == 1


UNKEEPABLE = {
    "syntax": b'{"a": }',
    "cut short": b'{"a": 1',
    "nothing": b"",
    "two": b"{} {}",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "byte 0": b'{"a": 1}\0',
    "escaped NUL": rb'{"a": "\u0000"}',
    "lone surrogate": rb'{"a": "\ud800"}',
    "too large a number": b'{"a": 1e200000}',
    "too small a number": b'{"a": 1e-200000}',
    "not a number": b'{"a": NaN}',
    "too deep": b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
}


@pytest.mark.parametrize("text", UNKEEPABLE.values(), ids=UNKEEPABLE)
def test_what_cannot_be_kept_as_json_is_the_clients_mistake(conn: Connection, text: bytes) -> None:
    pad = new_pad(conn)
    with pytest.raises(psycopg.Error) as caught:
        save(conn, pad, scene=JsonText(text))
    assert (problem_of(caught.value).status, problem_of(caught.value).code) == (400, "invalid_json")
    assert pad_row(conn, pad.id)["version"] == 1


def test_scenes_come_back_equal(conn: Connection) -> None:
    sent = {
        "elements": [{"x": -0.1 + n / 3, "y": 1e-7, "big": 2**60 + n} for n in range(50)],
        "appState": {"theme": "dark", "a\tb": "\u2028 \U0001f58d", "": [[], {}, None, True]},
        "files": {"image": {"dataURL": "data:image/png;base64," + "A" * 100_000}},
    }
    pad = new_pad(conn)
    save(conn, pad, scene=JsonText(json.dumps(sent).encode()))
    came_back = read(conn, pad)
    assert came_back
    assert parsed(came_back.data) == {**sent, "appState": {**sent["appState"], **stamp(pad)}}  # type: ignore[dict-item]


# Stamping


@pytest.mark.parametrize(
    "app_state",
    [
        {},
        {"zoom": 2},
        {"zoom": 2, "pad": {}},
        {"pad": {"moduleBorderOffset": {"left": 1}, "uniqueId": "other", "displayName": "other"}},
        {"pad": {"uniqueId": 7, "displayName": None}},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("how", ["inserted", "saved", "renamed", "restored", "written by pad.ws"])
def test_what_is_read_says_id_and_name_and_keeps_the_rest(
    conn: Connection, app_state: dict[str, Any], how: str
) -> None:
    members = {"appState": app_state} if how == "inserted" else {}
    pad = new_pad(conn, None, **members)
    name = pad.display_name
    if how == "saved":
        save(conn, pad, scene=scene(appState=app_state))
    elif how == "renamed":
        write_as_pad_ws(conn, pad, scene(appState=app_state))
        name = rename(conn, pad, "Renamed").display_name
    elif how == "restored":
        backup_id = new_backup(conn, pad.id, NOW, appState=app_state)
        with conn.transaction():
            restore(conn, pad, backup_id)
    elif how == "written by pad.ws":
        write_as_pad_ws(conn, pad, scene(appState=app_state))
    stamped = {**app_state.get("pad", {}), "uniqueId": str(pad.id), "displayName": name}
    expected = {"elements": [], "appState": {**app_state, "pad": stamped}}
    alone = read(conn, pad)
    (in_list,) = listed(conn, pad.owner_id)
    assert alone
    assert parsed(alone.data) == parsed(in_list.data) == expected


def test_reading_leaves_a_row_of_pad_ws_as_it_is(conn: Connection) -> None:
    pad = new_pad(conn)
    write_as_pad_ws(conn, pad, scene(appState={"pad": {"displayName": "old"}}))
    before = plain_row(pad_row(conn, pad.id))
    assert read(conn, pad)
    assert listed(conn, pad.owner_id)
    assert plain_row(pad_row(conn, pad.id)) == before


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "data": parsed(row["data"])}


def test_a_row_of_pad_ws_is_at_version_0_until_it_changes(conn: Connection) -> None:
    pad = new_pad(conn)
    write_as_pad_ws(conn, pad, scene())
    at_0 = read(conn, pad)
    assert at_0
    assert at_0.version == 0
    saved = save(conn, pad, accepted_versions="{[0,0]}")
    assert saved
    assert saved.version == 1
    assert parsed(pad_row(conn, pad.id)["data"])["appState"] == stamp(pad)


@pytest.mark.parametrize("text", NO_SCENES)
def test_what_pad_ws_kept_that_is_no_scene_is_read_as_it_is_and_can_be_saved_over(
    conn: Connection, text: str
) -> None:
    pad = new_pad(conn)
    write_as_pad_ws(conn, pad, JsonText(text.encode()))
    kept = read(conn, pad)
    assert kept
    assert parsed(kept.data) == json.loads(text)
    assert save(conn, pad)
    assert parsed(pad_row(conn, pad.id)["data"])["appState"] == stamp(pad)


# Versions


def test_every_change_of_scene_or_name_raises_the_version_by_one(conn: Connection) -> None:
    pad = new_pad(conn)
    backup_id = new_backup(conn, pad.id, NOON)
    versions = [save(conn, pad), rename(conn, pad, "Other"), save(conn, pad)]
    with conn.transaction():
        versions.append(restore(conn, pad, backup_id))
    assert [each.version for each in versions if each] == [2, 3, 4, 5]
    backups.insert_backup(conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(10))
    assert pads.get_pad_version(conn, pad_id=pad.id, owner_id=pad.owner_id) == 5


@pytest.mark.parametrize("known", ["{[1,1]}", "{[0,0],[1,1]}", "{[0,9]}", "{(,)}"])
def test_a_known_version_is_read_without_its_scene(conn: Connection, known: str) -> None:
    pad = new_pad(conn)
    again = read(conn, pad, known)
    assert again
    assert plain(again) == {**plain(pad), "data": None}


@pytest.mark.parametrize(
    "known", ["{}", "{[2,2]}", "{[0,0],[999999999999999999,999999999999999999]}"]
)
def test_another_version_is_read_whole(conn: Connection, known: str) -> None:
    pad = new_pad(conn)
    assert plain(read(conn, pad, known)) == plain(pad)


@pytest.mark.parametrize("change", [save, rename, delete], ids=lambda each: each.__name__)
@pytest.mark.parametrize("accepted", ["{}", "{[1,1]}", "{[1,1],[3,3]}", "{(2,9]}"])
def test_a_version_that_is_not_accepted_is_not_changed(
    conn: Connection, change: Callable[..., object], accepted: str
) -> None:
    pad = new_pad(conn)
    save(conn, pad)
    before = plain_row(pad_row(conn, pad.id))
    arguments: dict[str, Any] = {
        save: {"accepted_versions": accepted},
        rename: {"name": "Other", "accepted": accepted},
        delete: {"accepted_versions": accepted},
    }[change]
    assert change(conn, pad, **arguments) is None
    assert plain_row(pad_row(conn, pad.id)) == before
    assert len(backups_of(conn, pad.id)) == 1


@pytest.mark.parametrize("accepted", ["{[1,1]}", "{[0,0],[1,1]}", "{(,)}"])
def test_a_version_that_is_accepted_is_changed(conn: Connection, accepted: str) -> None:
    assert save(conn, new_pad(conn), accepted_versions=accepted)
    assert rename(conn, new_pad(conn), "Other", accepted)
    assert delete(conn, new_pad(conn), accepted_versions=accepted)


def test_of_many_saves_of_one_version_one_is_written(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
    task = partial(save, pad=pad, accepted_versions="{[1,1]}")
    outcomes = at_once(database, [task] * 20)
    assert [each.version for each in outcomes if each] == [2]


def test_a_save_that_waited_for_another_sees_its_version(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)
    stale = partial(save, pad=pad, accepted_versions="{[1,1]}")
    assert overtaken(database, partial(save, pad=pad), stale) == [None]
    with database.connection() as conn:
        assert pad_row(conn, pad.id)["version"] == 2


def test_versions_have_no_gaps_and_times_never_run_backwards(database: Database) -> None:
    with database.connection() as conn:
        pad = new_pad(conn)

    def saves(conn: Connection) -> list[pads.SavedPad | None]:
        return [
            save(conn, pad, backup_interval=ALWAYS_DUE, retention=retention(3)) for _ in range(25)
        ]

    def renames(conn: Connection) -> list[pads.Pad | None]:
        return [rename(conn, pad, f"Name {n}") for n in range(25)]

    tasks: list[Callable[[Connection], list[Any]]] = [saves] * 6 + [renames] * 2
    changes = [change for made in at_once(database, tasks) for change in made]
    changes.sort(key=lambda change: int(change.version))
    assert [change.version for change in changes] == list(range(2, 2 + 8 * 25))
    times = [change.updated_at for change in changes]
    assert times == sorted(times)
    assert times[0] >= pad.updated_at


# Renaming and deleting


def test_a_renamed_pad_has_its_name_in_row_and_scene(conn: Connection) -> None:
    pad = new_pad(conn, appState={"zoom": 2})
    renamed = rename(conn, pad, "Quite other")
    stamped = {"uniqueId": str(pad.id), "displayName": "Quite other"}
    assert (renamed.display_name, renamed.created_at) == ("Quite other", pad.created_at)
    assert renamed.updated_at > pad.updated_at
    assert parsed(renamed.data)["appState"] == {"zoom": 2, "pad": stamped}
    assert plain(renamed) == plain(read(conn, pad))
    assert backups_of(conn, pad.id) == []


def stored_values(conn: Connection, table: str) -> set[int]:
    """Which values of a table are stored outside its rows: each that is written gets another id."""
    found = conn.execute(
        "SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = %s::regclass", [table]
    ).fetchone()
    assert found
    return {row[0] for row in conn.execute(f"SELECT DISTINCT chunk_id FROM {found[0]}".encode())}


def test_an_equal_scene_is_saved_without_being_written(conn: Connection) -> None:
    pad = new_pad(conn)
    stroke = {"id": "a", "version": 3, "points": [random() for _ in range(1_000)]}
    drawing = scene(elements=[stroke])
    save(conn, pad, scene=drawing)
    stored = stored_values(conn, "pad_ws.pads")
    before = pad_row(conn, pad.id)
    saved = save(conn, pad, scene=drawing)
    after = pad_row(conn, pad.id)
    assert saved
    assert (saved.version, after["version"]) == (3, before["version"] + 1)
    assert after["data"].json == before["data"].json
    assert after["updated_at"] == after["counted_at"] == saved.updated_at > before["updated_at"]
    assert stored_values(conn, "pad_ws.pads") == stored != set()

    moved = parsed(drawing) | {"appState": {"scrollX": 1}}  # of which nothing is counted
    save(conn, pad, scene=JsonText(json.dumps(moved).encode()))
    assert stored_values(conn, "pad_ws.pads").isdisjoint(stored)
    assert parsed(pad_row(conn, pad.id)["data"])["appState"]["scrollX"] == 1


def test_a_save_keeps_the_name_and_the_time_of_making(conn: Connection) -> None:
    pad = new_pad(conn)
    saved = save(conn, pad, scene=scene(appState={"pad": {"displayName": "Other"}}))
    after = read(conn, pad)
    assert saved
    assert after
    assert (after.display_name, after.created_at) == (pad.display_name, pad.created_at)
    assert after.updated_at == saved.updated_at > pad.updated_at


def test_deleting_a_pad_takes_its_backups_along_and_nothing_else(conn: Connection) -> None:
    """Where there is no trash."""
    pad, other = new_pad(conn), new_pad(conn)
    for each in (pad, other):
        new_backup(conn, each.id, NOW)
    assert delete(conn, pad, trash_for=timedelta(0)) == pads.DeletedPad(pad.id, 1)
    assert delete(conn, pad, trash_for=timedelta(0)) is None
    assert [count(conn, table) for table in ("users", "pads", "backups")] == [2, 1, 1]
    assert row_of(conn, "pads", other.id)


# Ownership


def stranger_calls(pad: pads.Pad, backup_id: UUID, stranger: UUID) -> dict[str, dict[str, Any]]:
    """Everything that can be asked of a pad, by somebody whose it is not."""
    pad_of = {"pad_id": pad.id, "owner_id": stranger}
    backup = {**pad_of, "backup_id": backup_id}
    accepted = {"accepted_versions": ANY_VERSION}
    return {
        "get_pad": {**pad_of, "known_versions": "{}", "with_pictures": True},
        "get_pad_version": pad_of,
        "save_pad": {
            **pad_of,
            **accepted,
            "scene": scene(),
            "pictures": None,
            "contents": None,
            **count_scene(scene().json).columns(),
            "waited": timedelta(0),
            "backup_interval": ALWAYS_DUE,
            "retention": retention(1),
        },
        "rename_pad": {**pad_of, **accepted, "display_name": "Mine"},
        "delete_pad": {**pad_of, **accepted, "trash_for": THIRTY_DAYS, "most": 100},
        "restore_backup": {**backup, **accepted, "retention": retention(1), "new_pictures": True},
        "insert_backup": {**pad_of, "retention": retention(1)},
        "get_backup": {**backup, "with_pictures": True},
        "delete_backup": backup,
        "list_backups": {
            **pad_of,
            "with_data": True,
            "with_pictures": True,
            "from_time": "-infinity",
            "to_time": "infinity",
            "before": "infinity",
            "before_id": UUID(int=0),
            "limit": 10,
        },
    }


def test_a_stranger_sees_and_changes_nothing(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad)
    backup_id = new_backup(conn, pad.id, NOON)
    stranger = new_pad(conn).owner_id
    before = plain_row(pad_row(conn, pad.id)), backups_of(conn, pad.id)
    for name, arguments in stranger_calls(pad, backup_id, stranger).items():
        query = getattr(pads, name, None) or getattr(backups, name)
        found = query(conn, **arguments)
        assert found is None or found.rows == [], name
        after = plain_row(pad_row(conn, pad.id)), backups_of(conn, pad.id)
        assert [after[0], len(after[1])] == [before[0], len(before[1])], name
    assert [each.owner_id for each in listed(conn, stranger)] == [stranger]
    recent = backups.list_recent_backups(
        conn, owner_id=stranger, with_data=True, with_pictures=True, limit=10
    )
    assert recent.rows == []


def test_a_backup_is_reached_only_through_its_own_pad(conn: Connection) -> None:
    """The owner's other pad does not lead to it either."""
    pad = new_pad(conn)
    other = new_pad(conn, pad.owner_id)
    backup_id = new_backup(conn, pad.id, NOON)
    ids = {"backup_id": backup_id, "pad_id": other.id, "owner_id": pad.owner_id}
    assert backups.get_backup(conn, with_pictures=True, **ids).rows == []
    assert backups.delete_backup(conn, **ids) is None
    accepted = {"accepted_versions": ANY_VERSION, "retention": retention(1), "new_pictures": True}
    assert backups.restore_backup(conn, **ids, **accepted) is None  # type: ignore[arg-type]
    assert pad_row(conn, other.id)["version"] == 1
    assert len(backups_of(conn, pad.id)) == 1


# Moving


def test_whatever_refers_to_a_pad_and_its_owner_moves_with_it(conn: Connection) -> None:
    """A new table of this kind needs its part in move_pad."""
    text = (SQL_DIR / "functions" / "move_pad.sql").read_text(encoding="utf-8")
    tables = conn.execute(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND "
        "confrelid IN ('pad_ws.pads'::regclass, 'pad_ws.backups'::regclass)"
    ).fetchall()
    assert [table for (table,) in tables if f" {table} AS" not in text] == []


def test_a_save_that_waits_for_a_move_saves_nothing(database: Database) -> None:
    with database.connection() as conn:
        pad, other = new_pad(conn), new_user(conn)
    results = overtaken(
        database,
        lambda conn: pads.move_pads(conn, owner_id=pad.owner_id, new_owner_id=other),
        lambda conn: save(conn, pad),
    )
    assert results == [None]
    with database.connection() as conn:
        assert pad_row(conn, pad.id)["owner_id"] == other
        assert pad_row(conn, pad.id)["version"] == 1


def test_a_move_that_is_begun_again_moves_the_rest(conn: Connection) -> None:
    owner_id, other = new_user(conn), new_user(conn)
    for _ in range(3):
        new_backup(conn, new_pad(conn, owner_id).id, NOW)
    assert pads.move_pad(conn, owner_id=owner_id, new_owner_id=other)
    assert pads.move_pads(conn, owner_id=owner_id, new_owner_id=other) == 2
    assert len(listed(conn, other)) == 3


# Lists


def test_the_list_is_oldest_first_and_the_owners_alone(conn: Connection) -> None:
    owner_id = new_user(conn)
    made = [new_pad(conn, owner_id) for _ in range(4)]
    new_pad(conn)
    conn.execute("UPDATE pad_ws.pads SET created_at = '2001-01-01' WHERE id = %s", [made[2].id])
    rows = listed(conn, owner_id)
    assert [row.id for row in rows] == [made[n].id for n in (2, 0, 1, 3)]
    assert [row.version for row in rows] == [1] * 4
    assert listed(conn, new_user(conn)) == []


def test_the_list_without_data_is_the_same_without_scenes(conn: Connection) -> None:
    pad = new_pad(conn)
    (whole,), (bare,) = listed(conn, pad.owner_id), listed(conn, pad.owner_id, with_data=False)
    assert plain(bare) == {**plain(whole), "data": None}
    assert plain(whole) == {**plain(pad), "etag": whole.etag}


@pytest.mark.parametrize("known", [None, "*"])
def test_of_a_known_list_comes_the_first_pad_without_its_scene(
    conn: Connection, known: str | None
) -> None:
    first = new_pad(conn)
    owner_id = first.owner_id
    new_pad(conn, owner_id)
    etag = etag_of(conn, owner_id)
    (row,) = listed(conn, owner_id, "other", known or etag)
    assert (row.id, row.data, row.etag) == (first.id, None, etag)
    assert None not in [row.data for row in listed(conn, owner_id, "other", "")]


def test_the_lists_etag_changes_with_every_change_and_no_other(conn: Connection) -> None:
    pad = new_pad(conn)
    second = new_pad(conn, pad.owner_id)
    seen = [etag_of(conn, pad.owner_id)]
    changes: list[Callable[[], object]] = [
        lambda: save(conn, second),
        lambda: rename(conn, second, "Other"),
        lambda: delete(conn, second),
        lambda: new_pad(conn, pad.owner_id),
    ]
    for change in changes:
        assert change()
        seen.append(etag_of(conn, pad.owner_id))
    assert len(set(seen)) == len(seen)
    assert backups.insert_backup(
        conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(1)
    ).rows
    assert save(conn, new_pad(conn))
    assert etag_of(conn, pad.owner_id) == seen[-1]


@pytest.mark.parametrize("times", NULL_TIMES)
def test_null_times_of_adopted_rows(adopted: Connection, times: Times) -> None:
    pad = new_pad(adopted)
    adopted.execute("UPDATE pad_ws.pads SET (created_at, updated_at) = (%s, %s)", times)
    alone, (in_list,) = read(adopted, pad), listed(adopted, pad.owner_id)
    assert alone
    assert (alone.created_at, alone.updated_at) == NULL_TIMES[times]
    assert (in_list.created_at, in_list.updated_at) == NULL_TIMES[times]
    assert in_list.etag
    renamed = rename(adopted, pad, "Other")
    assert renamed.created_at == (times[0] or renamed.updated_at)
    assert pad_row(adopted, pad.id)["created_at"] == times[0]


def test_pads_without_a_time_come_first(adopted: Connection) -> None:
    owner_id = new_user(adopted)
    made = [new_pad(adopted, owner_id) for _ in range(3)]
    adopted.execute("UPDATE pad_ws.pads SET created_at = NULL WHERE id = %s", [made[2].id])
    assert listed(adopted, owner_id)[0].id == made[2].id


# Templates, and the first pad


def new_template(conn: Connection, name: str = "default") -> templates.Template:
    return templates.insert_template(
        conn,
        template_id=uuid7(),
        name=name,
        display_name="Template",
        scene=scene(appState={"zoom": 2}),
    )


def from_template(conn: Connection, owner_id: UUID, name: str = "default") -> pads.Pad | None:
    return pads.insert_pad_from_template(
        conn, owner_id=owner_id, display_name="Drawing", template_name=name, new_pictures=True
    ).row


def test_a_pad_from_a_template_has_its_scene_and_a_first_backup(conn: Connection) -> None:
    template = new_template(conn)
    pad = from_template(conn, new_user(conn))
    assert pad
    expected = {"elements": [], "appState": {"zoom": 2, **stamp(pad)}}
    assert (parsed(pad.data), pad.version) == (expected, 1)
    (backup,) = backups_of(conn, pad.id)
    assert parsed(backup["data"]) == expected
    assert backup["created_at"] == pad_row(conn, pad.id)["last_backup_at"] == pad.created_at
    assert plain(pad) == plain(read(conn, pad))
    stored = templates.get_template(conn, name="default")
    assert stored
    assert parsed(stored.data) == parsed(template.data)


def test_without_the_template_there_is_no_pad(conn: Connection) -> None:
    owner_id = new_user(conn)
    assert from_template(conn, owner_id, "missing") is None
    assert (count(conn, "pads"), count(conn, "backups")) == (0, 0)


def first_pad(conn: Connection, owner_id: UUID) -> bool | None:
    return pads.insert_first_pad(
        conn,
        owner_id=owner_id,
        display_name="Untitled",
        template_name="default",
        new_pictures=True,
    )


def make_first_pad(conn: Connection, owner_id: UUID) -> None:
    with conn.transaction():
        first_pad(conn, owner_id)


@pytest.mark.parametrize("has_template", [True, False])
def test_of_fifty_first_requests_one_makes_the_pad(database: Database, has_template: bool) -> None:
    with database.connection() as conn:
        owner_id, other_id = new_user(conn), new_user(conn)
        if has_template:
            new_template(conn)
    at_once(database, [partial(make_first_pad, owner_id=owner_id)] * 50)
    with database.connection() as conn:
        (pad,) = listed(conn, owner_id)
        assert (pad.display_name, pad.version) == ("Untitled", 1)
        assert parsed(pad.data)["appState"]["pad"] == stamp(pad)["pad"]
        assert len(backups_of(conn, pad.id)) == (1 if has_template else 0)
        assert listed(conn, other_id) == []


def test_of_fifty_first_requests_of_somebody_unknown_one_makes_the_pad(database: Database) -> None:
    """The row may be missing though somebody is signed in: then it is made on the way."""
    row = user_row()

    def first_request(conn: Connection) -> None:
        with conn.transaction():
            record_sign_in(conn, row)
            first_pad(conn, row["user_id"])

    at_once(database, [first_request] * 50)
    with database.connection() as conn:
        assert len(listed(conn, row["user_id"])) == 1
        assert count(conn, "users") == 1


def test_who_has_a_pad_gets_no_first_one(conn: Connection) -> None:
    pad = new_pad(conn)
    make_first_pad(conn, pad.owner_id)
    assert [each.id for each in listed(conn, pad.owner_id)] == [pad.id]
