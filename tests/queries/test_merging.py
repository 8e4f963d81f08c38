"""Merging: what comes of a drawing and a part of one, and what a pad says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import DatabaseError

from padws.database import Connection, Database
from padws.error_handler import problem_of
from padws.json_text import JsonText
from padws.queries import backups, pads
from tests.helpers.rows import (
    ALWAYS_DUE,
    ANY_VERSION,
    FIVE_MINUTES,
    NEVER_DUE,
    NOON,
    NOW,
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

Element = dict[str, Any]
Scene = dict[str, Any]

HUGE = 10**40


def element(name: str, version: object = 1, nonce: object = 0, **more: Any) -> Element:
    return {"id": name, "version": version, "versionNonce": nonce, **more}


def at(name: str, index: object, version: object = 1) -> Element:
    """An element with an index."""
    return element(name, version, index=index)


def merge(conn: Connection, stored: object, part: object) -> tuple[Scene | None, bool | None]:
    """What comes of the two, None if nothing does; and whether something drawn was replaced."""
    values = [JsonText(json.dumps(each).encode()) for each in (stored, part)]
    row = conn.execute("SELECT scene, replaced FROM pad_ws.merge_scene(%s, %s)", values).fetchone()
    assert row
    merged, replaced = row
    return None if merged is None else json.loads(bytes(merged.json)), replaced


def merged_elements(
    conn: Connection, stored: Sequence[Any], sent: Sequence[Element]
) -> list[Any] | None:
    """The elements of a drawing of these after others have come; None if nothing has changed."""
    found, _ = merge(conn, {"elements": stored}, {"elements": sent})
    return None if found is None else found["elements"]


# Which of two elements stays: the stored one, the one that is sent, and whether that one does.
VERSIONS: dict[str, tuple[Element, Element, bool]] = {
    "higher": (element("a", 1), element("a", 2), True),
    "lower": (element("a", 2), element("a", 1), False),
    "equal": (element("a", 1, x=1), element("a", 1, x=2), False),
    "lower nonce": (element("a", 1, 5), element("a", 1, 4), True),
    "higher nonce": (element("a", 1, 4), element("a", 1, 5), False),
    "a lower nonce does not help a lower version": (element("a", 2, 5), element("a", 1, 4), False),
    "a higher nonce does not harm a higher version": (element("a", 1, 4), element("a", 2, 5), True),
    "no version is 1": ({"id": "a", "x": 1}, element("a", 2), True),
    "no version loses to 2": (element("a", 2), {"id": "a"}, False),
    "no version wins over 0": (element("a", 0), {"id": "a"}, True),
    "no version ties with 1": (element("a", 1), {"id": "a", "x": 1}, False),
    "no nonce is 0": (element("a", 1, 1), {"id": "a", "version": 1}, True),
    "null": (element("a", 1), element("a", None, x=1), False),
    "a string is 1": (element("a", 2), element("a", "99"), False),
    "a stored string is 1": (element("a", "99"), element("a", 2), True),
    "true, an array and an object are 1": (element("a", [9]), element("a", 1.5), True),
    "a fraction": (element("a", 1), element("a", 1.5), True),
    "a smaller fraction": (element("a", 1.5), element("a", 1.25), False),
    "1.0 is 1": (element("a", 1, 1), element("a", 1.0, 0), True),
    "negative": (element("a", -2), element("a", -1), True),
    "zero": (element("a", 0), element("a", 1), True),
    "larger than any integer": (element("a", HUGE), element("a", HUGE + 1), True),
    "smaller than a huge one": (element("a", HUGE), element("a", 2**63), False),
    "digits, not text, are compared": (element("a", 9), element("a", 10), True),
    "a deletion": (element("a", 1), element("a", 2, isDeleted=True), True),
    "what was deleted comes back": (element("a", 2, isDeleted=True), element("a", 3), True),
    "an old copy brings nothing back": (element("a", 2, isDeleted=True), element("a", 1), False),
}


@pytest.mark.parametrize(("stored", "sent", "wins"), VERSIONS.values(), ids=VERSIONS)
def test_the_newer_element_stays(
    conn: Connection, stored: Element, sent: Element, wins: bool
) -> None:
    other = element("b", 7)
    expected = [other, sent] if wins else None
    assert merged_elements(conn, [other, stored], [sent]) == expected
    # Where nothing is to be put in order, and where everything is, it is the same.
    many = [element(f"new {n}") for n in range(5)]
    found = merged_elements(conn, [other, stored], [*many, sent])
    assert found == [other, sent if wins else stored, *many]


A1, B2, C3, D4 = at("a", "a1"), at("b", "a2"), at("c", "a3"), at("d", "a4")
A9 = at("a", "a9", 2)

UNREADABLE: list[Any] = ["", " ", "a-1", "a1 ", "ä1", "a1\n", "a,b", 1, 1.5, None, True, ["a1"], {}]

# Stored elements, sent ones, and what comes of them.
ORDERS: dict[str, tuple[list[Any], list[Element], list[Any]]] = {
    "nothing is there": ([], [B2, A1], [A1, B2]),
    "one at the end": ([A1, B2], [C3], [A1, B2, C3]),
    "one in between": ([A1, C3], [B2], [A1, B2, C3]),
    "one at the beginning": ([B2, C3], [A1], [A1, B2, C3]),
    "several": ([B2], [D4, A1, C3], [A1, B2, C3, D4]),
    "one moves": ([A1, B2, C3], [A9], [B2, C3, A9]),
    "one stays": ([A1, B2], [at("a", "a1", 2)], [at("a", "a1", 2), B2]),
    "as bytes: capitals first": ([at("a", "a")], [at("b", "Z")], [at("b", "Z"), at("a", "a")]),
    "as bytes: no language's order": (
        [at("x", "aB"), at("y", "aa")],
        [at("z", "ab")],
        [at("x", "aB"), at("y", "aa"), at("z", "ab")],
    ),
    "as bytes: a beginning first": ([at("b", "a10")], [A1], [A1, at("b", "a10")]),
    "equal ones by id": (
        [at("b", "a1"), at("d", "a2")],
        [at("a", "a1"), at("c", "a1")],
        [at("a", "a1"), at("b", "a1"), at("c", "a1"), at("d", "a2")],
    ),
    "equal ones by id as bytes": (
        [at("a", "a1")],
        [at("B", "a1"), at("é", "a1"), at("z", "a1")],
        [at("B", "a1"), at("a", "a1"), at("z", "a1"), at("é", "a1")],
    ),
    "a disorder is put in order": ([B2, A1], [C3], [A1, B2, C3]),
    "a disorder is put in order for one that stays": (
        [B2, A1],
        [at("a", "a1", 2)],
        [at("a", "a1", 2), B2],
    ),
    "none has an index": (
        [element("b"), element("a")],
        [element("d"), element("c")],
        [element("b"), element("a"), element("d"), element("c")],
    ),
    "one stored has none": (
        [B2, element("x"), A1],
        [D4, C3],
        [B2, element("x"), A1, D4, C3],
    ),
    "one sent has none": ([B2, A1], [element("x"), C3], [B2, A1, element("x"), C3]),
    "the one without is replaced": (
        [B2, element("a"), D4],
        [at("a", "a1", 2)],
        [at("a", "a1", 2), B2, D4],
    ),
    "one loses its index": ([A1, B2], [element("a", 2)], [element("a", 2), B2]),
    **{
        f"{unreadable!r} cannot be read": (
            [B2, at("x", unreadable), A1],
            [C3],
            [B2, at("x", unreadable), A1, C3],
        )
        for unreadable in UNREADABLE
    },
    "of several that were sent the last counts": (
        [A1],
        [at("b", "a2", 9), C3, at("b", "a2", 3)],
        [A1, at("b", "a2", 3), C3],
    ),
    "of several that were sent the last keeps its turn": (
        [],
        [element("b"), element("a"), element("b", 2)],
        [element("a"), element("b", 2)],
    ),
    "of several that are stored the last counts": (
        [at("a", "a1", 9), B2, at("a", "a1", 3)],
        [at("a", "a1", 5)],
        [at("a", "a1", 5), B2],
    ),
    "of several that are stored the last stays": (
        [at("a", "a1", 9), B2, at("a", "a1", 3)],
        [C3],
        [at("a", "a1", 3), B2, C3],
    ),
    "of several that are stored, without indexes, the last stays": (
        [element("a", 9), element("b"), element("a", 3)],
        [element("c")],
        [element("b"), element("a", 3), element("c")],
    ),
    "what is no element stays where it is": (
        [1, B2, None, {"id": 5}, ["a"], {}, A1],
        [at("5", "a0"), at("a", "a1", 2)],
        [1, B2, None, {"id": 5}, ["a"], {}, at("a", "a1", 2), at("5", "a0")],
    ),
    "elements without an id are not one": (
        [{"index": "a2"}, {"index": "a1"}, {"id": 7, "index": "a0"}],
        [at("a", "a3")],
        [{"id": 7, "index": "a0"}, {"index": "a1"}, {"index": "a2"}, at("a", "a3")],
    ),
}


@pytest.mark.parametrize(("stored", "sent", "expected"), ORDERS.values(), ids=ORDERS)
def test_elements_are_in_order(
    conn: Connection, stored: list[Any], sent: list[Element], expected: list[Any]
) -> None:
    assert merged_elements(conn, stored, sent) == expected
    assert merged_elements(conn, expected, sent) is None


@pytest.mark.parametrize("stored", [[B2, A1], [A1, A1, B2], [element("b"), 5, element("a")]])
def test_what_changes_nothing_puts_nothing_in_order(conn: Connection, stored: list[Any]) -> None:
    for sent in ([], [stored[0]], [each for each in stored if each != 5]):
        assert merge(conn, {"elements": stored}, {"elements": sent}) == (None, None)
    kept, _ = merge(conn, {"elements": stored}, {"appState": {"theme": "dark"}})
    assert kept == {"elements": stored, "appState": {"theme": "dark"}}


IMAGE = {"mimeType": "image/png", "dataURL": "data:image/png;base64,AAAA", "created": 1}
OTHER = IMAGE | {"dataURL": "data:image/png;base64,BBBB"}
EMPTY = {"mimeType": "image/png"}

NO_CONTENT: list[Any] = [EMPTY, {}, None, "", 1, [], IMAGE | {"dataURL": ""}, {"dataURL": 1}]

# Stored members of a scene, sent ones, and what comes of them; None: nothing changes.
MEMBERS: dict[str, tuple[Scene, Scene, Scene | None]] = {
    "files are united": (
        {"files": {"a": IMAGE}},
        {"files": {"b": OTHER}},
        {"files": {"a": IMAGE, "b": OTHER}},
    ),
    "the same file": ({"files": {"a": IMAGE}}, {"files": {"a": IMAGE}}, None),
    "no file": ({"files": {"a": IMAGE}}, {"files": {}}, None),
    "another content": (
        {"files": {"a": IMAGE}},
        {"files": {"a": OTHER}},
        {"files": {"a": OTHER}},
    ),
    "another time": (
        {"files": {"a": IMAGE}},
        {"files": {"a": IMAGE | {"lastRetrieved": 2}}},
        {"files": {"a": IMAGE | {"lastRetrieved": 2}}},
    ),
    **{
        f"{empty!r} does not go over a full file": (
            {"files": {"a": IMAGE}},
            {"files": {"a": empty}},
            None,
        )
        for empty in NO_CONTENT
    },
    "a full file goes over an empty one": (
        {"files": {"a": EMPTY}},
        {"files": {"a": IMAGE}},
        {"files": {"a": IMAGE}},
    ),
    "nothing does not go over an empty file": (
        {"files": {"a": EMPTY}},
        {"files": {"a": {}, "b": {}}},
        {"files": {"a": EMPTY, "b": {}}},
    ),
    "stored files that are no object": (
        {"files": [1]},
        {"files": {"a": IMAGE}},
        {"files": {"a": IMAGE}},
    ),
    "members of appState go over the stored ones": (
        {"appState": {"theme": "light", "zoom": {"value": 1}, "gridSize": 20}},
        {"appState": {"theme": "dark", "zoom": {"v": 2}, "gridSize": None}},
        {"appState": {"theme": "dark", "zoom": {"v": 2}, "gridSize": None}},
    ),
    "the rest of appState stays": (
        {"appState": {"theme": "light", "gridSize": 20}},
        {"appState": {"theme": "dark"}},
        {"appState": {"theme": "dark", "gridSize": 20}},
    ),
    "collaborators are not taken over": (
        {"appState": {"collaborators": [1]}},
        {"appState": {"collaborators": [2]}},
        None,
    ),
    "new collaborators are not taken over": (
        {"appState": {}},
        {"appState": {"collaborators": [2], "a": 1}},
        {"appState": {"a": 1}},
    ),
    "the pad keeps its id and name": (
        {"appState": {"pad": {"uniqueId": "x", "displayName": "X", "a": 1}}},
        {"appState": {"pad": {"uniqueId": "y", "displayName": "Y", "b": 2}}},
        {"appState": {"pad": {"uniqueId": "x", "displayName": "X", "a": 1, "b": 2}}},
    ),
    "another pad's mark alone changes nothing": (
        {"appState": {"pad": {"uniqueId": "x", "displayName": "X"}}},
        {"appState": {"pad": {"uniqueId": "y", "displayName": "Y"}}},
        None,
    ),
    "other members go over the stored ones": (
        {"type": "a", "source": {"x": 1}, "more": 1},
        {"type": "b", "source": {"y": 2}},
        {"type": "b", "source": {"y": 2}, "more": 1},
    ),
    "the same members": ({"type": "a", "n": [1]}, {"type": "a", "n": [1.0]}, None),
    "no elements are there": ({"type": "a"}, {"elements": [A1]}, {"type": "a", "elements": [A1]}),
    "no elements come": ({"type": "a"}, {"elements": []}, None),
    "stored elements that are no array": (
        {"elements": {"x": 1}},
        {"elements": [A1]},
        {"elements": [A1]},
    ),
    "everything at once": (
        {"elements": [A1], "appState": {"a": 1}, "files": {}, "type": "x"},
        {"elements": [A9, B2], "appState": {"b": 2}, "files": {"f": IMAGE}, "type": "y"},
        {
            "elements": [B2, A9],
            "appState": {"a": 1, "b": 2},
            "files": {"f": IMAGE},
            "type": "y",
        },
    ),
}


@pytest.mark.parametrize(("stored", "sent", "expected"), MEMBERS.values(), ids=MEMBERS)
def test_members_are_merged(
    conn: Connection, stored: Scene, sent: Scene, expected: Scene | None
) -> None:
    assert merge(conn, stored, sent)[0] == expected
    if expected is not None:
        assert merge(conn, expected, sent) == (None, None)


@pytest.mark.parametrize("stored", [None, [], 1, "x", {}, {"appState": None, "files": None}])
def test_what_pad_ws_has_stored_and_is_no_scene_is_merged_into(
    conn: Connection, stored: object
) -> None:
    part = {"elements": [A1], "appState": {"theme": "dark"}, "files": {"a": IMAGE}}
    assert merge(conn, stored, part)[0] == part


@pytest.mark.parametrize(
    ("stored", "sent", "replaced"),
    [
        ({"elements": [A1]}, {"elements": [B2]}, False),
        ({"elements": [A1]}, {"elements": [B2, A9]}, True),
        ({"elements": [A1]}, {"elements": [at("a", "a1", 2)]}, True),
        ({"elements": [A1]}, {"appState": {"a": 1}}, False),
        ({"files": {"a": IMAGE}}, {"files": {"b": OTHER}}, False),
        ({"files": {"a": IMAGE}}, {"files": {"a": IMAGE | {"created": 2}}}, False),
        ({"files": {"a": EMPTY}}, {"files": {"a": IMAGE}}, False),
        ({"files": {"a": IMAGE, "b": EMPTY}}, {"files": {"a": OTHER}}, True),
    ],
)
def test_it_says_whether_something_drawn_was_replaced(
    conn: Connection, stored: Scene, sent: Scene, replaced: bool
) -> None:
    found, is_replaced = merge(conn, stored, sent)
    assert found
    assert bool(is_replaced) == replaced


NO_SCENES: list[Any] = [{}, [], 1, "x", None, {"appState": None}, {"appState": {"pad": 1}}]
NO_ELEMENTS: list[Any] = [None, 1, "x", [], ["id"], [A1], {}, {"ID": "a"}]
NO_ELEMENTS += [{"id": None}, {"id": 1}, {"id": True}, {"id": []}, {"id": ["a"]}, {"id": {}}]
NO_PARTS: list[Any] = [
    {"elements": None},
    {"elements": {}},
    {"elements": "x"},
    *({"elements": [A1, other]} for other in NO_ELEMENTS),
    {"files": None},
    {"files": []},
    {"files": "x"},
    {"elements": [A1], "files": 1},
]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        *((part, "scene_invalid") for part in NO_SCENES),
        *((part, "cannot_merge") for part in NO_PARTS),
    ],
)
def test_what_cannot_be_merged_is_refused(conn: Connection, part: object, code: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        merge(conn, {"elements": [A1]}, part)
    problem = problem_of(caught.value)
    assert (problem.status, problem.code) == (422, code)
    assert list(problem.members["errors"]) == ["data"]


# The rule in plain Python


def rank(one: Element) -> tuple[float, float]:
    """The higher one stays."""
    numbers = (one.get("version"), one.get("versionNonce"))
    version, nonce = (
        each if isinstance(each, int | float) and not isinstance(each, bool) else default
        for each, default in zip(numbers, (1, 0), strict=True)
    )
    return version, -nonce


def expected_of(stored: Sequence[Element], sent: Sequence[Element]) -> dict[str, Element]:
    """The elements by id."""
    result = {each["id"]: each for each in stored}
    for each in {one["id"]: one for one in sent}.values():
        if each["id"] not in result or rank(each) > rank(result[each["id"]]):
            result[each["id"]] = each
    return result


def in_order(elements: Sequence[Element]) -> bool:
    """Whether elements are by index and id, or cannot be."""
    keys = [(each.get("index"), each["id"]) for each in elements]
    if not all(isinstance(index, str) and re.fullmatch("[0-9A-Za-z]+", index) for index, _ in keys):
        return True
    return keys == sorted(keys)


odd = st.sampled_from([0, 1, 2, 2.5, -1, HUGE, "2", None, True])
drawn = st.builds(
    lambda **members: {name: each for name, each in members.items() if each != "absent"},
    id=st.sampled_from("abcdefgh"),
    version=odd | st.just("absent"),
    versionNonce=odd | st.just("absent"),
    index=st.sampled_from(["a0", "a1", "Zz", "a1V", "b", "", "-", 7, None, "absent"])
    | st.sampled_from(["a0", "a1", "a2", "a3"]),
)


def told_apart(elements: list[Element]) -> list[Element]:
    """Elements of one id, version and nonce are one: as clients make them."""
    return [each | {"content": f"{each['id']} {rank(each)}"} for each in elements]


some_elements = st.lists(drawn, max_size=9).map(told_apart)


@pytest.mark.parametrize("cached", [True, False])
@settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(stored=some_elements, first=some_elements, second=some_elements)
def test_the_elements_are_the_same_whichever_comes_first(
    conn: Connection,
    cached: bool,
    stored: list[Element],
    first: list[Element],
    second: list[Element],
) -> None:
    mode = "force_generic_plan" if cached else "auto"
    conn.execute(f"SET plan_cache_mode = {mode}".encode())
    results = []
    for parts in permutations([first, second]):
        elements = stored
        for sent in parts:
            found = merged_elements(conn, elements, sent)
            expected = expected_of(elements, sent)
            if found is None:
                assert {each["id"]: each for each in elements} == expected
                continue
            assert {each["id"]: rank(each) for each in found} == {
                name: rank(each) for name, each in expected.items()
            }
            assert len(found) == len(expected)
            assert in_order(found)
            assert merged_elements(conn, found, sent) is None
            elements = found
        results.append({each["id"]: rank(each) for each in elements})
    assert results[0] == results[1]


# Twenty thousand elements: a tenth of a second, or minutes where each meets all the others.

MANY = range(20_000)
HOSTILE: dict[str, tuple[list[Element], list[Element], int]] = {
    "one id": ([element("a", n) for n in MANY], [element("a", 10**6 + n) for n in MANY], 1),
    "one index": (
        [at(f"e{n:05}", "a1") for n in MANY],
        [at(f"e{n:05}", "a1", 2) for n in reversed(MANY)],
        len(MANY),
    ),
    "all new": ([at(f"e{n}", "b") for n in MANY], [at(f"f{n}", "a") for n in MANY], 2 * len(MANY)),
}


@pytest.mark.parametrize(("stored", "sent", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_in_it_the_work_is_in_proportion(
    conn: Connection, stored: list[Element], sent: list[Element], expected: int
) -> None:
    with conn.transaction():
        conn.execute("SET LOCAL statement_timeout = '20s'")
        found = merged_elements(conn, stored, sent)
    assert found
    assert len(found) == expected


# Pads


def merge_into(conn: Connection, pad: pads.Pad, **arguments: Any) -> pads.MergedPad | None:
    """Merge an element, as the pad's owner by default."""
    defaults: dict[str, Any] = {
        "pad_id": pad.id,
        "owner_id": pad.owner_id,
        "scene": scene(elements=[A1]),
        "pictures": None,
        "contents": None,
        "new_pictures": True,
        "base_versions": ANY_VERSION,
        "backup_interval": NEVER_DUE,
        "retention": retention(10),
        "most_bytes": 1_000_000,
        "most_values": 100_000,
    }
    return pads.merge_pad(conn, **(defaults | arguments))


def merged_into(conn: Connection, pad: pads.Pad, *elements: Element, **more: Any) -> pads.MergedPad:
    merged = merge_into(conn, pad, scene=scene(elements=elements or [A1]), **more)
    assert merged
    return merged


def stored(conn: Connection, pad: pads.Pad) -> Scene:
    found: Scene = parsed(pad_row(conn, pad.id)["data"])
    return found


def reasons(conn: Connection, pad: pads.Pad) -> list[str | None]:
    """Why a pad's backups were taken, the newest first."""
    return [each["reason"] for each in backups_of(conn, pad.id)]


def version(*numbers: int) -> str:
    return "{" + ",".join(f"[{number},{number}]" for number in numbers) + "}"


def test_a_merge_is_a_save(conn: Connection) -> None:
    pad = new_pad(conn, elements=[B2])
    merged = merged_into(conn, pad, backup_interval=ALWAYS_DUE)
    assert (merged.version, merged.others, merged.kept, merged.refusal) == (2, None, None, None)
    assert merged.pruned == 0
    row = pad_row(conn, pad.id)
    assert (row["version"], row["updated_at"], row["last_backup_at"]) == (
        2,
        merged.updated_at,
        merged.updated_at,
    )
    assert stored(conn, pad)["elements"] == [A1, B2]
    assert stored(conn, pad)["appState"] == parsed(pad.data)["appState"]
    (backup,) = backups_of(conn, pad.id)
    assert (backup["reason"], backup["created_at"]) == ("interval", merged.updated_at)
    assert backup["data"] == row["data"]


def test_backups_are_taken_when_they_are_due_and_pruned(conn: Connection) -> None:
    pad = new_pad(conn)
    first = merged_into(conn, pad, at("a", "a1"), backup_interval=FIVE_MINUTES)
    again = merged_into(conn, pad, at("a", "a1", 2), backup_interval=FIVE_MINUTES)
    assert (first.pruned, again.pruned) == (0, None)
    for number in range(3, 6):
        merged = merged_into(
            conn, pad, at("a", "a1", number), backup_interval=ALWAYS_DUE, retention=retention(2)
        )
    assert merged.pruned == 1
    kept = [parsed(each["data"])["elements"][0]["version"] for each in backups_of(conn, pad.id)]
    assert kept == [5, 4]


def test_a_pad_that_does_not_say_when_it_was_backed_up_is_asked(conn: Connection) -> None:
    pad = new_pad(conn)
    new_backup(conn, pad.id, NOW)
    assert merged_into(conn, pad, backup_interval=NEVER_DUE).pruned is None
    assert pad_row(conn, pad.id)["last_backup_at"] == NOW


@pytest.mark.parametrize("elements", [[], [A1], [A1, B2], [at("a", "a5", 0)]])
def test_a_merge_that_changes_nothing_writes_nothing(
    conn: Connection, elements: list[Element]
) -> None:
    pad = new_pad(conn, elements=[B2, A1], appState={"theme": "dark"})
    save(conn, pad, scene=pad.data)
    before = pad_row(conn, pad.id), backups_of(conn, pad.id)
    place = conn.execute("SELECT ctid FROM pad_ws.pads").fetchall()
    part = scene(elements=elements, appState={"theme": "dark"})
    merged = merge_into(conn, pad, scene=part, base_versions=version(1), backup_interval=ALWAYS_DUE)
    assert merged
    assert (merged.version, merged.others) == (2, True)
    assert merged.updated_at == before[0]["updated_at"]
    assert (merged.pruned, merged.kept, merged.refusal) == (None, None, None)
    assert (pad_row(conn, pad.id), backups_of(conn, pad.id)) == before
    assert conn.execute("SELECT ctid FROM pad_ws.pads").fetchall() == place


# What the caller knows of a pad at version 3, whether there were others, and the refusal.
BASES: dict[str, tuple[str, bool | None, str | None]] = {
    "does not say": (ANY_VERSION, None, None),
    "current": (version(3), False, None),
    "older": (version(1), True, None),
    "before any change of padws's own": (version(0), True, None),
    "several": (version(1, 3), False, None),
    "several old ones": (version(1, 2), True, None),
    "some that were never given out": (version(2, 9), True, None),
    "newer": (version(4), None, "stale_version"),
    "much newer": (version(10**17), None, "stale_version"),
    "no version at all": ("{}", None, "stale_version"),
}


@pytest.mark.parametrize(("base", "others", "refusal"), BASES.values(), ids=BASES)
def test_it_says_what_the_caller_did_not_know(
    conn: Connection, base: str, others: bool | None, refusal: str | None
) -> None:
    pad = new_pad(conn, elements=[B2])
    save(conn, pad, scene=scene(elements=[B2]))
    save(conn, pad, scene=scene(elements=[B2]))
    merged = merged_into(conn, pad, base_versions=base)
    assert (merged.others, merged.refusal) == (others, refusal)
    assert merged.version == (3 if refusal else 4)
    assert stored(conn, pad)["elements"] == ([B2] if refusal else [A1, B2])


def test_what_was_drawn_before_a_restore_is_not_merged_into_it(conn: Connection) -> None:
    pad = new_pad(conn, elements=[A1])
    (taken,) = backups.insert_backup(
        conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(10)
    ).rows
    save(conn, pad, scene=scene(elements=[A1, B2]))
    restored = restore(conn, pad, taken.id)
    assert restored.version == 3
    for base in (version(1), version(2), version(0, 2)):
        for part in ([at("b", "a2", 2)], []):
            merged = merged_into(conn, pad, *part, base_versions=base)
            assert (merged.refusal, merged.version) == ("restored_since", 3)
    assert stored(conn, pad)["elements"] == [A1]
    for number, base in enumerate((version(2, 3), version(3), ANY_VERSION)):
        merged = merged_into(conn, pad, at("b", "a2", number), base_versions=base)
        assert merged.refusal is None
    assert merged.version == 6


class TestReplaced:
    """What an old copy replaces is kept."""

    @pytest.fixture
    def pad(self, conn: Connection) -> pads.Pad:
        """A pad at version 2, whose only backup is of version 1."""
        pad = new_pad(conn, elements=[A1, B2])
        assert backups.insert_backup(
            conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(10)
        ).rows
        save(conn, pad, scene=scene(elements=[at("a", "a1", 5), B2]))
        return pad

    def test_it_is_the_newest_backup_but_one_that_is_due(
        self, conn: Connection, pad: pads.Pad
    ) -> None:
        before = pad_row(conn, pad.id)["data"]
        merged = merged_into(
            conn, pad, at("a", "a1", 6), base_versions=version(1), backup_interval=ALWAYS_DUE
        )
        newest, kept, *_ = backups_of(conn, pad.id)
        assert (newest["reason"], kept["reason"]) == ("interval", "merge")
        assert (kept["id"], kept["data"]) == (merged.kept, before)
        assert newest["data"] == pad_row(conn, pad.id)["data"]
        assert kept["created_at"] < newest["created_at"] == merged.updated_at

    def test_they_push_nothing_else_out(self, conn: Connection, pad: pads.Pad) -> None:
        for number in range(6, 30):
            merged = merged_into(
                conn, pad, at("a", "a1", number), base_versions=version(0), retention=retention(2)
            )
            assert merged.kept
        kept = [parsed(each["data"])["elements"][0]["version"] for each in backups_of(conn, pad.id)]
        assert kept == [*range(28, 8, -1), 1]
        assert reasons(conn, pad) == ["merge"] * 20 + ["manual"]
        assert pad_row(conn, pad.id)["last_backup_at"] == backups_of(conn, pad.id)[0]["created_at"]

    def test_what_the_newest_backup_holds_is_not_kept_again(
        self, conn: Connection, pad: pads.Pad
    ) -> None:
        assert backups.insert_backup(
            conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(10)
        ).rows
        merged = merged_into(conn, pad, at("a", "a1", 6), base_versions=version(1))
        assert (merged.kept, reasons(conn, pad)) == (None, ["manual", "manual"])

    @pytest.mark.parametrize(
        ("part", "base"),
        [
            ([at("a", "a1", 6)], version(2)),
            ([at("a", "a1", 6)], ANY_VERSION),
            ([C3], version(1)),
        ],
        ids=["nothing is unknown", "nobody says", "nothing is replaced"],
    )
    def test_nothing_is_kept(
        self, conn: Connection, pad: pads.Pad, part: list[Element], base: str
    ) -> None:
        merged = merged_into(conn, pad, *part, base_versions=base)
        assert (merged.kept, merged.version) == (None, 3)
        assert reasons(conn, pad) == ["manual"]


class TestOfPadWs:
    """A pad that pad.ws wrote, and padws has never changed."""

    @pytest.fixture
    def pad(self, conn: Connection) -> pads.Pad:
        pad = new_pad(conn, elements=[A1])
        conn.execute("UPDATE pad_ws.pads SET version = 0, data = data - 'appState'")
        return pad

    def test_is_merged_into(self, conn: Connection, pad: pads.Pad) -> None:
        merged = merged_into(conn, pad, B2, base_versions=version(0))
        assert (merged.version, merged.others) == (1, False)
        assert stored(conn, pad) == parsed(pad.data) | {"elements": [A1, B2]}

    def test_stays_when_nothing_changes(self, conn: Connection, pad: pads.Pad) -> None:
        ids = {"pad_id": pad.id, "owner_id": pad.owner_id}
        (shown,) = pads.get_pad(conn, known_versions="{}", with_pictures=True, **ids).rows
        merged = merge_into(conn, pad, scene=shown.data)
        assert merged
        assert merged.version == 0
        assert "appState" not in stored(conn, pad)


def test_a_merge_tells_a_stranger_nothing(conn: Connection) -> None:
    pad, other = new_pad(conn), new_pad(conn)
    assert merge_into(conn, pad, owner_id=other.owner_id) is None
    assert merge_into(conn, pad, pad_id=other.id) is None
    assert stored(conn, pad) == parsed(pad.data)


LONG_NUMBER = JsonText(b'{"elements": [{"id": "b", "x": 1e2000}]}')
BRACES = scene(elements=[element("b", x=[{}] * 500)])


@pytest.mark.parametrize(
    ("part", "limits"),
    [
        (scene(elements=[element("b", text="x" * 600)]), {"most_bytes": 1000}),
        (LONG_NUMBER, {"most_bytes": 2000}),
        (BRACES, {"most_bytes": 5000, "most_values": 4000}),
    ],
    ids=["bytes", "bytes written out", "values"],
)
def test_a_drawing_does_not_grow_without_bounds(
    conn: Connection, part: JsonText, limits: dict[str, int]
) -> None:
    pad = new_pad(conn, elements=[element("a", text="y" * 600)])
    before = stored(conn, pad)
    with pytest.raises(DatabaseError) as caught:
        merge_into(conn, pad, scene=part, **limits)
    problem = problem_of(caught.value)
    assert (problem.status, problem.code) == (413, "scene_too_large")
    assert stored(conn, pad) == before
    assert merge_into(conn, pad, scene=part)


def test_every_backup_says_why_it_was_taken(conn: Connection) -> None:
    pad = new_pad(conn)
    save(conn, pad, backup_interval=ALWAYS_DUE)
    save(conn, pad, scene=scene(step="by hand"))
    (taken,) = backups.insert_backup(
        conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(10)
    ).rows
    save(conn, pad, scene=scene(step="replaced"))
    restore(conn, pad, taken.id)
    new_backup(conn, pad.id, NOON)
    assert reasons(conn, pad) == ["restore", "manual", "interval", None]


def test_many_merges_at_once_lose_nothing(database: Database, conn: Connection) -> None:
    pad = new_pad(conn)
    names = [f"element {number:02}" for number in range(32)]

    def add(name: str, connection: Connection) -> int:
        return merged_into(connection, pad, element(name), backup_interval=ALWAYS_DUE).version

    versions = at_once(database, [partial(add, name) for name in names])
    assert sorted(versions) == list(range(2, 34))
    assert sorted(each["id"] for each in stored(conn, pad)["elements"]) == names
    assert len(backups_of(conn, pad.id)) == 10


def test_a_merge_that_waited_is_merged_into_what_it_waited_for(
    database: Database, conn: Connection
) -> None:
    pad = new_pad(conn, elements=[A1])

    def add(*elements: Element) -> Any:
        return lambda connection: merged_into(connection, pad, *elements, base_versions=version(1))

    def save_another(connection: Connection) -> object:
        return save(connection, pad, scene=scene(elements=[at("a", "a1", 3)]))

    older, newer = overtaken(database, save_another, add(at("a", "a1", 2)), add(B2))
    assert (older.version, newer.version) == (2, 3)
    assert stored(conn, pad)["elements"] == [at("a", "a1", 3), B2]
