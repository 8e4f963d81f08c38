"""Templates: those of administrators, and those that are loaded from files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import CheckViolation, UniqueViolation

from padws.database import Connection, Database
from padws.json_text import JsonText
from padws.queries import templates
from padws.uuid7 import uuid7
from tests.helpers.rows import (
    NULL_TIMES,
    Times,
    at_once,
    new_pad,
    overtaken,
    pad_row,
    parsed,
    plain,
    row_of,
    scene,
    violates,
)


def insert(conn: Connection, name: str = "grid", **members: Any) -> templates.Template:
    return templates.insert_template(
        conn, template_id=uuid7(), name=name, display_name="Grid", scene=scene(**members)
    )


def load(conn: Connection, name: str = "grid", digest: str = "1", title: str = "Grid") -> str:
    """Load a file whose scene tells which digest it has."""
    return templates.load_template(
        conn,
        template_id=uuid7(),
        name=name,
        display_name=title,
        scene=scene(step=digest),
        file_digest=digest,
    )


def update(conn: Connection, name: str = "grid", **changes: Any) -> templates.Template | None:
    arguments: dict[str, Any] = {"new_name": None, "display_name": None, "scene": None}
    return templates.update_template(conn, name=name, **(arguments | changes))


def read(conn: Connection, name: str = "grid") -> templates.Template:
    template = templates.get_template(conn, name=name)
    assert template
    return template


def digest_of(conn: Connection, template_id: UUID) -> str | None:
    row = row_of(conn, "template_pads", template_id)
    assert row
    return row["file_digest"]  # type: ignore[no-any-return]


# An administrator's


def test_a_new_template_is_read_as_it_was_made(conn: Connection) -> None:
    """Unlike a pad's scene, it is not given an id and a name."""
    made = insert(conn, appState={"pad": {"displayName": "then"}})
    assert (made.name, made.display_name) == ("grid", "Grid")
    assert parsed(made.data) == {"elements": [], "appState": {"pad": {"displayName": "then"}}}
    assert made.created_at == made.updated_at
    assert plain(made) == plain(read(conn))


def test_what_is_not_there_is_none(conn: Connection) -> None:
    assert templates.get_template(conn, name="grid") is None
    assert templates.delete_template(conn, name="grid") is None
    assert update(conn, display_name="Grid") is None
    assert templates.list_templates(conn, with_data=True) == []


def test_the_list_is_by_name_with_scenes_or_without(conn: Connection) -> None:
    for name in ("maps", "arrows", "grid"):
        insert(conn, name, step=name)
    whole = templates.list_templates(conn, with_data=True)
    bare = templates.list_templates(conn, with_data=False)
    assert [row.name for row in whole] == ["arrows", "grid", "maps"]
    assert [parsed(row.data)["step"] for row in whole] == ["arrows", "grid", "maps"]
    assert [plain(row) for row in bare] == [{**plain(row), "data": None} for row in whole]


def test_a_name_that_is_taken_is_told_by_its_constraint(conn: Connection) -> None:
    insert(conn)
    insert(conn, "maps")
    attempts: list[Callable[[], object]] = [
        lambda: insert(conn),
        lambda: update(conn, "maps", new_name="grid"),
    ]
    for attempt in attempts:
        with pytest.raises(UniqueViolation) as caught:
            attempt()
        assert violates(caught.value, "template_pads_name_key")


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"appState": 1}'])
def test_what_is_no_scene_is_refused(conn: Connection, text: str) -> None:
    before = insert(conn)
    no_scene = JsonText(text.encode())
    for attempt in (
        lambda: update(conn, scene=no_scene),
        lambda: templates.insert_template(
            conn, template_id=uuid7(), name="x", display_name="x", scene=no_scene
        ),
        lambda: templates.load_template(
            conn,
            template_id=uuid7(),
            name="x",
            display_name="x",
            scene=no_scene,
            file_digest="1",
        ),
    ):
        with pytest.raises(CheckViolation) as caught:
            attempt()
        assert violates(caught.value, "template_pads_data_is_scene")
    (left,) = templates.list_templates(conn, with_data=True)
    assert plain(left) == plain(before)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"new_name": "dots"}, {"name": "dots"}),
        ({"display_name": "Dots"}, {"display_name": "Dots"}),
        ({"scene": scene(dots=1)}, {"data": {"elements": [], "dots": 1}}),
        ({}, {}),
    ],
    ids=["name", "display name", "scene", "nothing"],
)
def test_update_changes_what_is_given_and_nothing_else(
    conn: Connection, change: dict[str, Any], changed: dict[str, Any]
) -> None:
    before = insert(conn)
    bystander = insert(conn, "maps")
    after = update(conn, **change)
    assert after
    assert plain(after) == {**plain(before), **changed, "updated_at": after.updated_at}
    assert after.updated_at > before.updated_at
    assert plain(read(conn, "maps")) == plain(bystander)


def test_pads_that_started_from_a_deleted_template_stay(conn: Connection) -> None:
    template, pad = insert(conn), new_pad(conn)
    assert templates.delete_template(conn, name="grid") == template.id
    assert templates.delete_template(conn, name="grid") is None
    assert pad_row(conn, pad.id)


@pytest.mark.parametrize("times", NULL_TIMES)
def test_null_times_of_adopted_rows(adopted: Connection, times: Times) -> None:
    insert(adopted)
    adopted.execute("UPDATE pad_ws.template_pads SET (created_at, updated_at) = (%s, %s)", times)
    (in_list,) = templates.list_templates(adopted, with_data=True)
    assert (in_list.created_at, in_list.updated_at) == NULL_TIMES[times]
    assert plain(in_list) == plain(read(adopted))


# From files


def test_a_new_file_is_added_and_then_unchanged(conn: Connection) -> None:
    assert [load(conn), load(conn)] == ["added", "unchanged"]
    template = read(conn)
    assert (template.display_name, parsed(template.data)["step"]) == ("Grid", "1")
    assert template.created_at == template.updated_at
    assert digest_of(conn, template.id) == "1"


def test_a_changed_file_replaces_what_it_had_loaded(conn: Connection) -> None:
    load(conn)
    before = read(conn)
    assert load(conn, digest="2", title="Dots") == "replaced"
    after = read(conn)
    assert (after.id, after.created_at) == (before.id, before.created_at)
    assert after.updated_at > before.updated_at
    assert (after.display_name, parsed(after.data)["step"]) == ("Dots", "2")
    assert digest_of(conn, after.id) == "2"


@pytest.mark.parametrize("change", [{"display_name": "Mine"}, {"scene": scene(mine=1)}, {}])
def test_what_an_administrator_has_edited_is_kept(conn: Connection, change: dict[str, Any]) -> None:
    load(conn)
    edited = update(conn, **change)
    assert edited
    for digest in ("1", "2"):
        assert load(conn, digest=digest) == "kept"
        assert plain(read(conn)) == plain(edited)
    assert digest_of(conn, edited.id) is None


def test_what_an_administrator_has_made_or_pad_ws_had_is_kept(conn: Connection) -> None:
    made = insert(conn)
    assert load(conn) == "kept"
    assert plain(read(conn)) == plain(made)


def test_a_file_is_loaded_again_beside_what_an_administrator_has_renamed(conn: Connection) -> None:
    load(conn)
    update(conn, new_name="mine")
    assert load(conn) == "added"
    assert [row.name for row in templates.list_templates(conn, with_data=False)] == ["grid", "mine"]
    assert load(conn, "mine") == "kept"


def test_a_deleted_template_is_loaded_again(conn: Connection) -> None:
    load(conn)
    templates.delete_template(conn, name="grid")
    assert load(conn) == "added"


def test_of_many_instances_that_load_a_new_file_one_adds_it(database: Database) -> None:
    outcomes = at_once(database, [load] * 20)
    assert sorted(outcomes) == ["added"] + ["unchanged"] * 19


def test_an_instance_that_waited_for_another_finds_the_file_unchanged(database: Database) -> None:
    assert overtaken(database, load, load, load) == ["unchanged", "unchanged"]
    with database.connection() as conn:
        assert parsed(read(conn).data)["step"] == "1"


def test_an_instance_that_waited_for_an_administrator_keeps_the_edit(database: Database) -> None:
    with database.connection() as conn:
        load(conn)
    edit = partial(update, display_name="Mine")
    overtaken(database, edit, partial(load, digest="2"))
    with database.connection() as conn:
        assert read(conn).display_name == "Mine"
        assert load(conn, digest="2") == "kept"
