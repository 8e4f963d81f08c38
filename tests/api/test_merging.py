"""PATCH /api/pad/{id}/data: what has changed of a scene, merged into the pad.

Which element stays, and in which order, is in tests/queries/test_merging.py.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.api.conftest import Browser, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, check_pad, ok
from tests.helpers.drawings import SCENES, drawing, exact, without_mark
from tests.helpers.parallel import at_once

JSON = "application/json"


def box(name: str, version: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "rectangle", "version": version, "versionNonce": 7, **more}


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    """A pad at version 2, with a backup of that."""
    made = make_pad(alice)
    ok(alice.post(f"/api/pad/{made['id']}", json={"elements": [box("a"), box("b")], "x": 1}))
    pad: dict[str, Any] = ok(alice.get(f"/api/pad/{made['id']}"))
    return pad


def merge(client: Client, pad: dict[str, Any], part: Any, base: int | str | None = None) -> Any:
    headers = {} if base is None else {"If-Match": f'"{base}"' if isinstance(base, int) else base}
    return client.patch(f"/api/pad/{pad['id']}/data", json=part, headers=headers)


def read(client: Client, pad: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = ok(client.get(f"/api/pad/{pad['id']}"))
    check_pad(content)
    return content


def elements_of(client: Client, pad: dict[str, Any]) -> list[Any]:
    found: list[Any] = read(client, pad)["data"]["elements"]
    return found


def test_a_merge_answers_as_a_save_and_whether_there_were_others(
    alice: Client, pad: dict[str, Any]
) -> None:
    answer = merge(alice, pad, {"elements": [box("b", 2), box("c")], "appState": {"theme": "dark"}})
    content = ok(answer)
    assert content.keys() == {"status", "version", "updated_at", "others"}
    assert (content["status"], content["version"], content["others"]) == ("success", 3, None)
    assert answer.headers["ETag"] == alice.get(f"/api/pad/{pad['id']}").headers["ETag"]
    merged = read(alice, pad)
    assert (merged["version"], merged["updated_at"]) == (3, content["updated_at"])
    mark = pad["data"]["appState"]["pad"]
    assert merged["data"] == {
        "elements": [box("a"), box("b", 2), box("c")],
        "appState": {"theme": "dark", "pad": mark},
        "x": 1,
    }


def test_others_are_told_of(alice: Client, pad: dict[str, Any]) -> None:
    for base, others in ((2, False), (2, True), (4, False), ("*", None), ('W/"1"', True)):
        version = read(alice, pad)["version"]
        content = ok(merge(alice, pad, {"elements": [box("c", version)]}, base))
        assert (content["others"], content["version"]) == (others, version + 1)


def test_a_merge_that_changes_nothing_is_no_change(alice: Client, pad: dict[str, Any]) -> None:
    before = read(alice, pad), ok(alice.get(f"/api/pad/{pad['id']}/backups"))
    parts: list[Any] = [{"elements": [box("b"), box("a", 0)]}, {"elements": []}, {"x": 1.0}]
    for part in (*parts, pad["data"]):
        answer = merge(alice, pad, part, 2)
        content = ok(answer)
        assert (content["version"], content["updated_at"]) == (2, pad["updated_at"])
        assert content["others"] is False
        assert answer.headers["ETag"] == alice.get(f"/api/pad/{pad['id']}").headers["ETag"]
    assert (read(alice, pad), ok(alice.get(f"/api/pad/{pad['id']}/backups"))) == before


def test_a_merge_sent_twice_is_one(alice: Client, pad: dict[str, Any]) -> None:
    """As a client does that has got no answer."""
    part = {"elements": [box("c")]}
    assert ok(merge(alice, pad, part, 2))["version"] == 3
    assert ok(merge(alice, pad, part, 2)).items() >= {"version": 3, "others": True}.items()
    assert elements_of(alice, pad) == [box("a"), box("b"), box("c")]


@pytest.mark.parametrize("base", ['"3"', '"999999"', '"abc"', '""', '"02"', '"3", "4"'])
def test_a_version_that_was_never_given_out_is_refused(
    alice: Client, pad: dict[str, Any], base: str
) -> None:
    answer = merge(alice, pad, {"elements": [box("c")]}, base)
    assert assert_problem(answer, 412, "stale_version")["version"] == 2
    assert read(alice, pad) == pad


@pytest.mark.parametrize("base", ["2", "", '"2', '*, "2"'])
def test_an_unreadable_version_is_a_bad_request(
    alice: Client, pad: dict[str, Any], base: str
) -> None:
    assert_problem(merge(alice, pad, {"elements": [box("c")]}, base), 400, "invalid_if_match")
    assert read(alice, pad) == pad


class TestRestored:
    @pytest.fixture
    def restored(self, alice: Client, pad: dict[str, Any]) -> dict[str, Any]:
        """The pad at version 4, which is as it was at version 2."""
        path = f"/api/pad/{pad['id']}"
        backup = ok(alice.get(f"{path}/backups"))["backups"][0]
        ok(alice.post(path, json={"elements": [box("d")]}))
        ok(alice.post(f"{path}/backups/{backup['id']}/restore"))
        return read(alice, pad)

    @pytest.mark.parametrize("base", [1, 2, 3])
    def test_what_is_older_is_refused(
        self, alice: Client, restored: dict[str, Any], base: int
    ) -> None:
        for elements in ([box("d", 2)], []):
            answer = merge(alice, restored, {"elements": elements}, base)
            assert assert_problem(answer, 412, "restored_since")["version"] == 4
        assert read(alice, restored) == restored

    def test_what_is_newer_is_merged(self, alice: Client, restored: dict[str, Any]) -> None:
        assert ok(merge(alice, restored, {"elements": [box("c")]}, 4))["version"] == 5
        assert ok(merge(alice, restored, {"elements": [box("d")]}))["version"] == 6
        assert elements_of(alice, restored) == [box("a"), box("b"), box("c"), box("d")]


def test_what_an_old_copy_replaces_is_kept(alice: Client, pad: dict[str, Any]) -> None:
    path = f"/api/pad/{pad['id']}/backups"
    ok(merge(alice, pad, {"elements": [box("a", 2)]}, 2))
    before = read(alice, pad)
    content = ok(merge(alice, pad, {"elements": [box("a", 3)]}, 2))
    assert content["others"] is True
    listed = ok(alice.get(path))["backups"]
    assert [each["reason"] for each in listed] == ["merge", "interval", "replaced"]
    newest = listed[0]
    assert newest["id"] == content["kept"]
    assert newest["data"] == before["data"]
    assert ok(alice.get(f"{path}/{content['kept']}")) == newest
    assert ok(alice.get("/api/pad/recent"))["backups"] == listed
    ok(alice.post(f"{path}/{content['kept']}/restore"))
    assert elements_of(alice, pad) == before["data"]["elements"]


@pytest.mark.parametrize("text", SCENES.values(), ids=SCENES)
def test_a_whole_scene_can_be_merged_and_comes_back_equal(alice: Client, text: str) -> None:
    """If what is in it can be told apart."""
    pad = make_pad(alice, data={"x": 1})
    answer = alice.patch(f"/api/pad/{pad['id']}/data", data=text, content_type=JSON)
    part = exact(text)
    if not is_mergeable(part):
        assert_problem(answer, 422, "cannot_merge")
        assert read(alice, pad) == pad
        return
    ok(answer)
    part.get("appState", {}).pop("collaborators", None)
    if part.get("elements") == []:
        del part["elements"]
    part.get("elements", []).sort(key=lambda each: each.get("index", "").encode())
    merged = without_mark(exact(alice.get(f"/api/pad/{pad['id']}").data)["data"])
    assert merged == {"x": 1, **without_mark(part)}


def is_mergeable(part: Any) -> bool:
    elements, files = part.get("elements", []), part.get("files", {})
    return (
        isinstance(elements, list)
        and isinstance(files, dict)
        and all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in elements)
    )


@pytest.mark.parametrize("part", [{}, [], 1, {"appState": []}, {"appState": {"pad": None}}])
def test_what_is_no_scene_is_refused(alice: Client, pad: dict[str, Any], part: object) -> None:
    answer = merge(alice, pad, part)
    assert list(assert_problem(answer, 422, "scene_invalid")["errors"]) == ["data"]
    assert read(alice, pad) == pad


@pytest.mark.parametrize(
    "part",
    [
        {"elements": {"a": 1}},
        {"elements": [box("c"), {"type": "text"}]},
        {"elements": [box("c") | {"id": 5}]},
        {"elements": [box("c")], "files": []},
    ],
)
def test_what_cannot_be_told_apart_is_refused(
    alice: Client, pad: dict[str, Any], part: object
) -> None:
    answer = merge(alice, pad, part)
    assert list(assert_problem(answer, 422, "cannot_merge")["errors"]) == ["data"]
    assert read(alice, pad) == pad


DEEP = '{"files": {"b": {"x": ' + "[" * 1_000 + "]" * 1_000 + "}%}}"
PICTURE = ', "f": {"dataURL": "data:image/png;base64,' + "A" * 3_000 + '"}'


@pytest.mark.parametrize(
    ("stored", "part", "status"),
    [
        (DEEP.replace("%", PICTURE), '{"elements": [{"id": "a"}]}', 200),
        (DEEP.replace("%", PICTURE), DEEP.replace("%", PICTURE), 200),
        ('{"files": {%}}'.replace("%", PICTURE[2:]), DEEP.replace("%", ""), 422),
        (DEEP.replace("%", ""), '{"files": {%}}'.replace("%", PICTURE[2:]), 422),
    ],
)
def test_pictures_are_not_kept_apart_beside_files_that_are_too_deep(
    alice: Client, sql: SqlConnection, stored: str, part: str, status: int
) -> None:
    """Whichever comes first; and what is stored can be read by all who read it."""
    path = f"/api/pad/{make_pad(alice)['id']}"
    assert alice.post(path, data=stored, content_type=JSON).status_code == 200
    before = alice.get(path).data
    answer = alice.patch(f"{path}/data", data=part, content_type=JSON)
    if status == 422:
        assert_problem(answer, 422, "cannot_merge")
        assert alice.get(path).data == before
    assert answer.status_code == status
    apart = sql.execute(
        "SELECT FROM pad_ws.pads WHERE data::text ~ '\\[{9}' AND pictures IS NOT NULL"
    )
    assert not apart.fetchall()
    for each in ("/api/pad", "/api/pad/recent", f"{path}/export", "/api/users/me/takeout"):
        assert alice.get(each).status_code == 200


@pytest.mark.parametrize("text", ["", "{", '{"elements": [{"id": "\\u0000"}]}', '{"a": 1e200000}'])
def test_what_cannot_be_stored_is_a_bad_request(
    alice: Client, pad: dict[str, Any], text: str
) -> None:
    answer = alice.patch(f"/api/pad/{pad['id']}/data", data=text, content_type=JSON)
    assert_problem(answer, 400, "invalid_json")
    assert read(alice, pad) == pad


def test_a_drawing_that_many_parts_would_make_too_large_is_refused(
    alice: Client, pad: dict[str, Any], configure: Configure, sql: SqlConnection
) -> None:
    """What can be merged can be saved whole, too."""
    client = configure(MAX_BODY_BYTES="5000").test_client()
    client.set_cookie("session_id", alice.get_cookie("session_id").value)  # type: ignore[union-attr]
    version = 2
    for number in range(9):
        answer = merge(client, pad, {"elements": [box(f"c{number}", text="x" * 900)]})  # type: ignore[arg-type]
        if answer.status_code != 200:
            break
        version += 1
    assert_problem(answer, 413, "scene_too_large")
    whole = read(alice, pad)
    assert whole["version"] == version > 5
    assert len(json.dumps(whole["data"], separators=(",", ":"))) <= 5000
    ok(client.post(f"/api/pad/{pad['id']}", json=whole["data"]))


def test_thirty_two_that_add_to_one_pad_at_once_lose_nothing(
    alice: Client, alices_browser: Browser
) -> None:
    path = f"/api/pad/{make_pad(alice, data={'elements': []})['id']}"
    parts = [
        {"elements": [box(f"{number} {n}", index=f"a{number:02}{n}") for n in range(3)]}
        for number in range(32)
    ]
    headers = {"If-Match": '"1"'}
    answers = at_once(
        [
            partial(alices_browser, "PATCH", f"{path}/data", json=part, headers=headers)
            for part in parts
        ]
    )
    versions = {ok(answer)["version"]: answer.json()["others"] for answer in answers}
    assert versions == {version: version > 2 for version in range(2, 34)}
    pad = ok(alices_browser("GET", path))
    assert pad["version"] == 33
    assert pad["data"]["elements"] == [each for part in parts for each in part["elements"]]


def test_merges_saves_and_renames_at_once_each_count(
    alice: Client, alices_browser: Browser
) -> None:
    path = f"/api/pad/{make_pad(alice)['id']}"

    def send(number: int) -> Any:
        if number % 4 == 0:
            return alices_browser("POST", path, json=drawing(number))
        if number % 4 == 1:
            return alices_browser("PATCH", path, json={"display_name": f"Plan {number}"})
        return alices_browser("PATCH", f"{path}/data", json={"elements": [box(f"{number}")]})

    answers = at_once([partial(send, number) for number in range(24)])
    assert [answer.status_code for answer in answers] == [200] * 24
    pad = ok(alices_browser("GET", path))
    check_pad(pad)
    assert pad["version"] == 25
