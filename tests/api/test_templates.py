"""/api/templates."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import SqlConnection
from tests.helpers.contract import (
    Client,
    assert_problem,
    assert_refused,
    check_template,
    ok,
    time_of,
)
from tests.helpers.drawings import drawing

JSON = "application/json"


def body(**changes: Any) -> dict[str, Any]:
    return {"name": "board", "display_name": "Board", "data": drawing(4), **changes}


@pytest.fixture
def board(admin: Client) -> dict[str, Any]:
    template: dict[str, Any] = ok(admin.post("/api/templates", json=body()), 201)
    return template


class TestReading:
    def test_everybody_sees_all_of_them(self, alice: Client, board: dict[str, Any]) -> None:
        listed = ok(alice.get("/api/templates"))
        for template in listed:
            check_template(template)
        assert {template["name"] for template in listed} == {"board", "default"}
        assert board in listed

    @pytest.mark.parametrize("value", ["false", "0"])
    def test_scenes_are_left_out_on_request(
        self, alice: Client, board: dict[str, Any], value: str
    ) -> None:
        for template in ok(alice.get(f"/api/templates?data={value}")):
            check_template(template, data=False)

    def test_one_is_found_by_its_name(self, alice: Client, board: dict[str, Any]) -> None:
        assert ok(alice.get("/api/templates/board")) == board
        check_template(board)

    def test_a_scene_is_sent_as_it_is_stored(self, board: dict[str, Any]) -> None:
        assert board["data"] == drawing(4)

    @pytest.mark.parametrize("name", ["nowhere", "Board", "board%20", "%00", "%FF", "x" * 3000])
    def test_an_unknown_name_is_not_found(
        self, alice: Client, admin: Client, board: dict[str, Any], name: str
    ) -> None:
        path = f"/api/templates/{name}"
        assert alice.get(path).status_code == 404
        assert admin.put(path, json={"display_name": "x"}).status_code == 404
        assert admin.put(f"{path}/data", json={"a": 1}).status_code == 404
        assert admin.delete(path).status_code == 404
        assert len(ok(alice.get("/api/templates"))) == 2


class TestCreate:
    def test_an_administrator_makes_one(self, admin: Client) -> None:
        answer = admin.post("/api/templates", json=body(display_name="  Board 🎨 "))
        template = ok(answer, 201)
        check_template(template)
        assert template["name"] == "board"
        assert template["display_name"] == "Board 🎨"
        assert template["created_at"] == template["updated_at"]
        assert urlsplit(answer.headers["Location"]).path == "/api/templates/board"
        assert ok(admin.get(answer.headers["Location"])) == template

    def test_a_taken_name_is_a_conflict(self, admin: Client, board: dict[str, Any]) -> None:
        answer = admin.post("/api/templates", json=body(display_name="Other"))
        assert_problem(answer, 409, "template_taken")
        assert ok(admin.get("/api/templates/board")) == board

    @pytest.mark.parametrize("name", ["A.b_c-d", "x" * 100])
    def test_good_names(self, admin: Client, name: str) -> None:
        ok(admin.post("/api/templates", json=body(name=name)), 201)
        assert ok(admin.get(f"/api/templates/{name}"))["name"] == name

    @pytest.mark.parametrize("name", ["", "a b", 5, None])
    def test_bad_names(self, admin: Client, name: Any) -> None:
        assert_refused(admin.post("/api/templates", json=body(name=name)), "name")

    @pytest.mark.parametrize("name", ["", 5])
    def test_bad_display_names(self, admin: Client, name: Any) -> None:
        answer = admin.post("/api/templates", json=body(display_name=name))
        assert_refused(answer, "display_name")

    @pytest.mark.parametrize("field", ["name", "display_name", "data"])
    def test_a_missing_field_is_named(self, admin: Client, field: str) -> None:
        incomplete = body()
        del incomplete[field]
        assert_refused(admin.post("/api/templates", json=incomplete), field)

    def test_an_unknown_field_is_named(self, admin: Client) -> None:
        assert_refused(admin.post("/api/templates", json=body(id="x")), "id")


class TestUpdate:
    @pytest.mark.parametrize(
        "change",
        [{"display_name": "New"}, {"data": {"a": 1}}, {"display_name": "New", "data": {"a": 1}}],
    )
    def test_what_is_given_changes_and_the_rest_stays(
        self, admin: Client, board: dict[str, Any], change: dict[str, Any]
    ) -> None:
        changed = ok(admin.put("/api/templates/board", json=change))
        check_template(changed)
        assert time_of(changed["updated_at"]) > time_of(board["updated_at"])
        assert changed == {**board, **change, "updated_at": changed["updated_at"]}
        assert ok(admin.get("/api/templates/board")) == changed

    def test_it_may_be_given_another_name(self, admin: Client, board: dict[str, Any]) -> None:
        changed = ok(admin.put("/api/templates/board", json={"name": "plan"}))
        assert (changed["name"], changed["id"]) == ("plan", board["id"])
        assert_problem(admin.get("/api/templates/board"), 404, "template_not_found")
        assert ok(admin.get("/api/templates/plan")) == changed

    def test_a_taken_name_is_a_conflict(self, admin: Client, board: dict[str, Any]) -> None:
        answer = admin.put("/api/templates/board", json={"name": "default"})
        assert_problem(answer, 409, "template_taken")
        assert ok(admin.get("/api/templates/board")) == board

    @pytest.mark.parametrize(
        "change", [{"name": "a b"}, {"display_name": " "}, {"id": "x"}, {"name": None}]
    )
    def test_bad_input_changes_nothing(
        self, admin: Client, board: dict[str, Any], change: dict[str, Any]
    ) -> None:
        (field,) = change
        assert_refused(admin.put("/api/templates/board", json=change), field)
        assert ok(admin.get("/api/templates/board")) == board

    def test_the_scene_alone_may_be_the_body(self, admin: Client, board: dict[str, Any]) -> None:
        changed = ok(admin.put("/api/templates/board/data", json=drawing(6)))
        check_template(changed)
        assert changed == {**board, "data": drawing(6), "updated_at": changed["updated_at"]}

    def test_a_pad_made_before_stays_as_it_was(
        self, admin: Client, alice: Client, board: dict[str, Any]
    ) -> None:
        pad = ok(alice.post("/api/pad/from-template/board"), 201)
        ok(admin.put("/api/templates/board/data", json={"other": 1}))
        ok(admin.delete("/api/templates/board"))
        assert ok(alice.get(f"/api/pad/{pad['id']}")) == pad


class TestDelete:
    def test_it_is_gone(self, admin: Client, board: dict[str, Any]) -> None:
        content = ok(admin.delete("/api/templates/board"))
        assert content.keys() == {"status", "message"}
        assert content["status"] == "success"
        assert content["message"]
        for method in ("GET", "DELETE"):
            answer = admin.open("/api/templates/board", method=method)
            assert_problem(answer, 404, "template_not_found")


#: What only administrators may do, with a body with which they would succeed.
WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/api/templates", body(name="new")),
    ("PUT", "/api/templates/board", {"display_name": "New"}),
    ("PUT", "/api/templates/board/data", {"a": 1}),
    ("DELETE", "/api/templates/board", None),
]


@pytest.mark.parametrize(("method", "path", "content"), WRITES)
def test_others_may_not_write(
    alice: Client,
    anyone: Client,
    sql: SqlConnection,
    board: dict[str, Any],
    method: str,
    path: str,
    content: Any,
) -> None:
    before = sql.execute("SELECT * FROM pad_ws.template_pads ORDER BY name").fetchall()
    for options in ({"json": content}, {"data": "{", "content_type": JSON}, {"data": "x"}):
        answer = alice.open(path, method=method, **options)
        assert_problem(answer, 403, "not_administrator")
        assert_problem(anyone.open(path, method=method, **options), 401, "sign_in_required")
    missing = alice.open(path.replace("board", "nowhere"), method=method, json=content)
    assert_problem(missing, 403, "not_administrator")
    assert sql.execute("SELECT * FROM pad_ws.template_pads ORDER BY name").fetchall() == before
