"""POST and PUT /api/pad/{id}: the scene is kept as it came, marked with its pad's id and name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.conftest import SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, check_pad, ok, time_of
from tests.helpers.drawings import SCENES, drawing, exact, nested, without_mark

JSON = "application/json"


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    return make_pad(alice)


def save(client: Client, pad: dict[str, Any], text: str | bytes, method: str = "POST") -> Any:
    return client.open(f"/api/pad/{pad['id']}", method=method, data=text, content_type=JSON)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_save_answers_the_new_version(alice: Client, pad: dict[str, Any], method: str) -> None:
    answer = save(alice, pad, json.dumps(drawing(2)), method)
    content = ok(answer)
    assert content.keys() == {"status", "version", "updated_at", "kept"}
    assert content["status"] == "success"
    assert content["version"] == 2
    assert time_of(content["updated_at"]) > time_of(pad["updated_at"])
    read = alice.get(f"/api/pad/{pad['id']}")
    assert read.headers["ETag"] == answer.headers["ETag"]
    saved = ok(read)
    check_pad(saved)
    assert without_mark(saved["data"]) == drawing(2)
    same = ("id", "owner_id", "display_name", "created_at")
    assert [saved[name] for name in same] == [pad[name] for name in same]
    assert (saved["version"], saved["updated_at"]) == (2, content["updated_at"])


@pytest.mark.parametrize("text", SCENES.values(), ids=SCENES)
class TestScenes:
    def test_a_saved_scene_comes_back_equal(
        self, alice: Client, pad: dict[str, Any], text: str
    ) -> None:
        ok(save(alice, pad, text))
        expected = without_mark(exact(text))
        for path in (f"/api/pad/{pad['id']}", "/api/pad", f"/api/pad/{pad['id']}/backups"):
            answer = exact(alice.get(path).data)
            found = answer["backups"][0] if "backups" in answer else answer
            thing = found[0] if isinstance(found, list) else found
            assert without_mark(thing["data"]) == expected

    def test_a_new_pads_scene_comes_back_equal(self, alice: Client, text: str) -> None:
        body = f'{{"display_name": "Plan", "data": {text}}}'
        answer = alice.post("/api/pad", data=body, content_type=JSON)
        assert answer.status_code == 201
        read = exact(alice.get(answer.headers["Location"]).data)
        assert exact(answer.data) == read
        assert without_mark(read["data"]) == without_mark(exact(text))


class TestMark:
    def test_the_pads_id_and_name_replace_what_the_scene_says(
        self, alice: Client, pad: dict[str, Any]
    ) -> None:
        mark = {"uniqueId": "another", "displayName": "Another", "mine": {"a": [1]}}
        scene = {"appState": {"theme": "dark", "pad": mark}}
        ok(alice.post(f"/api/pad/{pad['id']}", json=scene))
        app_state = ok(alice.get(f"/api/pad/{pad['id']}"))["data"]["appState"]
        assert app_state == {
            "theme": "dark",
            "pad": {"uniqueId": pad["id"], "displayName": "Plan", "mine": {"a": [1]}},
        }

    def test_they_are_stored_so_that_reading_needs_no_work(
        self, alice: Client, pad: dict[str, Any], sql: SqlConnection
    ) -> None:
        ok(alice.post(f"/api/pad/{pad['id']}", json={"elements": []}))
        (row,) = sql.execute("SELECT data FROM pad_ws.pads").fetchall()
        mark = {"uniqueId": pad["id"], "displayName": "Plan"}
        assert row["data"] == {"elements": [], "appState": {"pad": mark}}

    def test_a_renamed_pads_next_save_carries_the_new_name(
        self, alice: Client, pad: dict[str, Any]
    ) -> None:
        ok(alice.patch(f"/api/pad/{pad['id']}", json={"display_name": "New"}))
        ok(alice.post(f"/api/pad/{pad['id']}", json=pad["data"]))
        check_pad(ok(alice.get(f"/api/pad/{pad['id']}")))

    def test_a_scene_of_another_pad_becomes_this_pads(
        self, alice: Client, pad: dict[str, Any]
    ) -> None:
        other = make_pad(alice, "Other", drawing(7))
        ok(alice.post(f"/api/pad/{pad['id']}", json=other["data"]))
        check_pad(ok(alice.get(f"/api/pad/{pad['id']}")))
        assert ok(alice.get(f"/api/pad/{other['id']}")) == other


def assert_data_refused(answer: Any, code: str = "scene_invalid") -> None:
    """Assert that a scene is refused, and which member of the request is to blame."""
    assert list(assert_problem(answer, 422, code)["errors"]) == ["data"]


NOT_SCENES = ["{}", "[]", "[1]", "1", '"text"', "null", "true", "-0.5", " {} "]
NOT_SCENES += [f'{{"appState": {value}}}' for value in ("1", "[]", "null", '"x"', "true")]
NOT_SCENES += [f'{{"appState": {{"pad": {value}}}}}' for value in ("1", "[1]", "null", '"x"')]


@pytest.mark.parametrize("text", NOT_SCENES)
def test_what_is_no_scene_is_refused_everywhere(
    alice: Client, admin: Client, pad: dict[str, Any], text: str
) -> None:
    assert_data_refused(save(alice, pad, text))
    assert_data_refused(save(alice, pad, text, "PUT"))
    create = f'{{"display_name": "Plan", "data": {text}}}'
    answer = alice.post("/api/pad", data=create, content_type=JSON)
    assert_data_refused(answer)
    template = f'{{"name": "t", "display_name": "T", "data": {text}}}'
    answer = admin.post("/api/templates", data=template, content_type=JSON)
    assert_data_refused(answer)
    change = f'{{"data": {text}}}'
    assert_data_refused(admin.put("/api/templates/default", data=change, content_type=JSON))
    answer = admin.put("/api/templates/default/data", data=text, content_type=JSON)
    assert_data_refused(answer)
    assert ok(alice.get("/api/pad")) == [pad]


CROWDED = json.dumps({"elements": [{f"key {number}": 0 for number in range(9000)}]})


def test_a_scene_that_is_too_much_work_is_refused_everywhere(
    alice: Client, admin: Client, pad: dict[str, Any]
) -> None:
    """Before PostgreSQL sees it, so even if garbage follows, which it would find too late."""
    for text in (CROWDED, f"{CROWDED} and more"):
        assert_data_refused(save(alice, pad, text), "too_complex")
        create = f'{{"display_name": "Plan", "data": {text}}}'
        answer = alice.post("/api/pad", data=create, content_type=JSON)
        assert_data_refused(answer, "too_complex")
        change = f'{{"data": {text}}}'
        answer = admin.put("/api/templates/default", data=change, content_type=JSON)
        assert_data_refused(answer, "too_complex")
        answer = admin.put("/api/templates/default/data", data=text, content_type=JSON)
        assert_data_refused(answer, "too_complex")
    assert ok(alice.get("/api/pad")) == [pad]


def test_a_drawing_with_a_thousand_pictures_is_kept(alice: Client, pad: dict[str, Any]) -> None:
    files = {f"{number:040x}": {"mimeType": "image/png"} for number in range(1000)}
    ok(alice.post(f"/api/pad/{pad['id']}", json={"files": files}))
    assert ok(alice.get(f"/api/pad/{pad['id']}"))["data"]["files"] == files


def test_the_last_of_equal_keys_counts_as_in_a_browser(alice: Client, pad: dict[str, Any]) -> None:
    ok(save(alice, pad, '{"a": 1, "a": 2, "appState": 1, "appState": {"x": 3, "x": 4}}'))
    data = ok(alice.get(f"/api/pad/{pad['id']}"))["data"]
    assert data["a"] == 2
    assert data["appState"]["x"] == 4


@pytest.mark.parametrize("levels", [2000, 4000, 8000, 16_000, 32_000])
def test_a_scene_is_either_refused_for_its_depth_or_kept(
    alice: Client, pad: dict[str, Any], levels: int
) -> None:
    answer = save(alice, pad, nested(levels))
    read = alice.open(f"/api/pad/{pad['id']}", headers={"If-None-Match": pad["id"]})
    if answer.status_code == 200:
        assert b"[" * levels + b"]" * levels in read.data
    else:
        assert_problem(answer, 400, "invalid_json")
        assert ok(read) == pad


@pytest.mark.parametrize("coding", ["", " ", "identity", "Identity "])
def test_a_body_in_no_coding_is_taken(alice: Client, coding: str) -> None:
    pad = make_pad(alice)
    headers = {"Content-Encoding": coding}
    ok(alice.post(f"/api/pad/{pad['id']}", json={"elements": []}, headers=headers))
