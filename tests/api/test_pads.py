"""/api/pad: listing, making, reading, renaming and deleting pads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import (
    Client,
    assert_problem,
    assert_refused,
    check_pad,
    ok,
    time_of,
)
from tests.helpers.drawings import drawing, without_mark

LONGEST_NAME = "ä" * 99 + "😀"
ANY_ID = "00000000-0000-4000-8000-000000000000"


class TestList:
    def test_a_new_user_gets_one_pad_from_the_default_template(
        self, alice: Client, sql: SqlConnection
    ) -> None:
        (pad,) = ok(alice.get("/api/pad"))
        check_pad(pad)
        assert pad["display_name"] == "Untitled"
        assert pad["version"] == 1
        template = sql.execute("SELECT data FROM pad_ws.template_pads WHERE name = 'default'")
        (row,) = template.fetchall()
        assert without_mark(pad["data"]) == without_mark(row["data"])
        assert ok(alice.get("/api/pad")) == [pad]

    def test_the_names_of_the_first_pad_and_its_template_are_settings(
        self, configure: Configure, client_of: ClientOf, admin: Client
    ) -> None:
        template = {"name": "start", "display_name": "Start", "data": {"elements": ["mine"]}}
        ok(admin.post("/api/templates", json=template), 201)
        app = configure(DEFAULT_PAD_NAME="Blank sheet", DEFAULT_TEMPLATE_NAME="start")
        (pad,) = ok(client_of(app, "alice").get("/api/pad"))
        assert pad["display_name"] == "Blank sheet"
        assert pad["data"]["elements"] == ["mine"]

    def test_without_the_template_the_list_is_still_not_empty(
        self, configure: Configure, client_of: ClientOf
    ) -> None:
        app = configure(DEFAULT_TEMPLATE_NAME="nowhere")
        (pad,) = ok(client_of(app, "alice").get("/api/pad"))
        check_pad(pad)
        assert pad["display_name"] == "Untitled"

    def test_a_user_who_deletes_the_last_pad_gets_a_new_first_one(self, alice: Client) -> None:
        (first,) = ok(alice.get("/api/pad"))
        ok(alice.delete(f"/api/pad/{first['id']}"))
        (second,) = ok(alice.get("/api/pad"))
        assert second["id"] != first["id"]

    def test_all_pads_are_listed_oldest_first_whatever_was_done_to_them(
        self, alice: Client
    ) -> None:
        made = [make_pad(alice, f"Plan {number}", drawing(number)) for number in range(5)]
        ok(alice.post(f"/api/pad/{made[0]['id']}", json=drawing(9)))
        ok(alice.patch(f"/api/pad/{made[1]['id']}", json={"display_name": "A"}))
        listed = ok(alice.get("/api/pad"))
        assert [pad["id"] for pad in listed] == [pad["id"] for pad in made]
        for pad in listed:
            check_pad(pad)
        assert listed[2:] == made[2:]

    def test_another_users_pads_are_not_in_it(self, alice: Client, bob: Client) -> None:
        make_pad(alice, "Secret")
        assert [pad["display_name"] for pad in ok(bob.get("/api/pad"))] == ["Untitled"]

    @pytest.mark.parametrize("value", ["false", "0"])
    def test_scenes_are_left_out_on_request(self, alice: Client, value: str) -> None:
        pad = make_pad(alice)
        (listed,) = ok(alice.get(f"/api/pad?data={value}"))
        check_pad(listed, data=False)
        assert listed == {name: pad[name] for name in pad if name != "data"}

    @pytest.mark.parametrize("query", ["data=true", "data=1", "unknown=1", ""])
    def test_scenes_are_there_otherwise(self, alice: Client, query: str) -> None:
        pad = make_pad(alice)
        assert ok(alice.get(f"/api/pad?{query}")) == [pad]

    def test_a_slash_at_the_end_redirects_nowhere(self, alice: Client) -> None:
        assert alice.get("/api/pad/").status_code in (200, 404)
        assert alice.get("/api//pad").status_code in (200, 404)


class TestCreate:
    def test_a_pad_is_made_of_a_name_and_a_scene(self, alice: Client) -> None:
        answer = alice.post("/api/pad", json={"display_name": "Plan", "data": drawing(3)})
        pad = ok(answer, 201)
        check_pad(pad)
        assert pad["display_name"] == "Plan"
        assert pad["version"] == 1
        assert pad["created_at"] == pad["updated_at"]
        assert pad["owner_id"] == ok(alice.get("/api/users/me"))["id"]
        assert without_mark(pad["data"]) == drawing(3)
        assert urlsplit(answer.headers["Location"]).path == f"/api/pad/{pad['id']}"
        read = alice.get(answer.headers["Location"])
        assert ok(read) == pad
        assert read.headers["ETag"] == answer.headers["ETag"]

    def test_two_pads_may_have_the_same_name_and_scene(self, alice: Client) -> None:
        assert make_pad(alice)["id"] != make_pad(alice)["id"]

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("  Plan \t\n", "Plan"),
            (f"  {LONGEST_NAME}  ", LONGEST_NAME),
            ("<b>Robert'); DROP TABLE pads;--", "<b>Robert'); DROP TABLE pads;--"),
        ],
    )
    def test_a_name_is_trimmed_and_else_kept(self, alice: Client, given: str, kept: str) -> None:
        pad = make_pad(alice, given)
        assert pad["display_name"] == kept
        assert pad["data"]["appState"]["pad"]["displayName"] == kept

    @pytest.mark.parametrize("field", ["display_name", "data"])
    def test_a_missing_field_is_named(self, alice: Client, field: str) -> None:
        body = {"display_name": "Plan", "data": drawing()}
        del body[field]
        assert_refused(alice.post("/api/pad", json=body), field)

    def test_an_unknown_field_is_named(self, alice: Client) -> None:
        body = {"display_name": "Plan", "data": drawing(), "owner_id": ANY_ID}
        assert_refused(alice.post("/api/pad", json=body), "owner_id")

    def test_every_wrong_field_is_named_at_once(self, alice: Client) -> None:
        body = {"display_name": "", "colour": 1}
        problem = assert_problem(alice.post("/api/pad", json=body), 422, "invalid")
        assert problem["errors"].keys() == {"display_name", "data", "colour"}

    def test_it_has_no_backup(self, alice: Client) -> None:
        pad = make_pad(alice)
        assert ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"] == []

    def test_a_missing_user_row_is_made_again(self, alice: Client, sql: SqlConnection) -> None:
        before = ok(alice.get("/api/users/me"))
        sql.execute("DELETE FROM pad_ws.users WHERE id = %s", [before["id"]])
        assert make_pad(alice)["owner_id"] == before["id"]
        after = ok(alice.get("/api/users/me"))
        assert {**after, "created_at": 0, "updated_at": 0} == {
            **before,
            "created_at": 0,
            "updated_at": 0,
        }


class TestCreateFromTemplate:
    @pytest.fixture(autouse=True)
    def template(self, admin: Client) -> dict[str, Any]:
        scene = {**drawing(5), "appState": {"pad": {"displayName": "Board", "mine": 1}}}
        body = {"name": "board", "display_name": "Board", "data": scene}
        template: dict[str, Any] = ok(admin.post("/api/templates", json=body), 201)
        return template

    def test_the_pad_has_the_templates_scene_and_its_own_id(
        self, alice: Client, template: dict[str, Any]
    ) -> None:
        answer = alice.post("/api/pad/from-template/board")
        pad = ok(answer, 201)
        check_pad(pad)
        assert pad["version"] == 1
        assert pad["display_name"] == "Untitled"
        assert without_mark(pad["data"]) == without_mark(template["data"])
        assert pad["data"]["appState"]["pad"]["mine"] == 1
        assert urlsplit(answer.headers["Location"]).path == f"/api/pad/{pad['id']}"
        assert ok(alice.get(f"/api/pad/{pad['id']}")) == pad

    def test_it_starts_with_a_backup(self, alice: Client) -> None:
        pad = ok(alice.post("/api/pad/from-template/board"), 201)
        (backup,) = ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"]
        assert backup["data"] == pad["data"]

    def test_the_name_may_stand_in_the_body(self, alice: Client) -> None:
        answer = alice.post("/api/pad/from-template/board", json={"display_name": " Mine "})
        assert ok(answer, 201)["display_name"] == "Mine"

    def test_the_name_may_stand_in_the_query(self, alice: Client) -> None:
        answer = alice.post("/api/pad/from-template/board?display_name=%20M%C3%BCne%20")
        assert ok(answer, 201)["display_name"] == "Müne"

    def test_an_empty_object_gives_the_default_name(self, alice: Client) -> None:
        answer = alice.post("/api/pad/from-template/board", json={})
        assert ok(answer, 201)["display_name"] == "Untitled"

    @pytest.mark.parametrize("name", ["", "a%00b"])
    def test_a_bad_name_in_the_query_is_refused(self, alice: Client, name: str) -> None:
        answer = alice.post(f"/api/pad/from-template/board?display_name={name}")
        assert_refused(answer, "display_name")

    @pytest.mark.parametrize("name", ["", 5])
    def test_a_bad_name_in_the_body_is_refused(self, alice: Client, name: Any) -> None:
        answer = alice.post("/api/pad/from-template/board", json={"display_name": name})
        assert_refused(answer, "display_name")

    def test_a_body_that_is_no_json_is_refused(self, alice: Client) -> None:
        path = "/api/pad/from-template/board"
        assert_problem(alice.post(path, data="name=x"), 415, "not_json")
        answer = alice.post(path, data="{", content_type="application/json")
        assert_problem(answer, 400, "invalid_json")

    @pytest.mark.parametrize("name", ["nowhere", "Board", "..", "%FF", "x" * 3000])
    def test_an_unknown_template_is_not_found(self, alice: Client, name: str) -> None:
        answer = alice.post(f"/api/pad/from-template/{name}")
        assert_problem(answer, 404, "template_not_found")

    def test_a_name_that_no_template_can_have_is_not_found(self, alice: Client) -> None:
        assert alice.post("/api/pad/from-template/%00").status_code == 404

    def test_a_missing_user_row_is_made_again(self, alice: Client, sql: SqlConnection) -> None:
        sql.execute("DELETE FROM pad_ws.users WHERE username = 'alice'")
        pad = ok(alice.post("/api/pad/from-template/board"), 201)
        (row,) = sql.execute("SELECT id FROM pad_ws.users WHERE username = 'alice'").fetchall()
        assert str(row["id"]) == pad["owner_id"]

    def test_nothing_is_left_of_a_failure(self, alice: Client, sql: SqlConnection) -> None:
        sql.execute("DELETE FROM pad_ws.users WHERE username = 'alice'")
        assert_problem(alice.post("/api/pad/from-template/no"), 404, "template_not_found")
        assert sql.execute("SELECT FROM pad_ws.users WHERE username = 'alice'").rowcount == 0


class TestRename:
    def test_the_name_changes_in_the_row_and_in_the_scene(self, alice: Client) -> None:
        pad = make_pad(alice)
        answer = alice.patch(f"/api/pad/{pad['id']}", json={"display_name": "  New 🎨 "})
        content = ok(answer)
        assert content.keys() == {"status", "pad"}
        assert content["status"] == "success"
        renamed = content["pad"]
        check_pad(renamed)
        assert renamed["display_name"] == "New 🎨"
        assert renamed["version"] == 2
        assert time_of(renamed["updated_at"]) > time_of(pad["updated_at"])
        assert renamed["created_at"] == pad["created_at"]
        assert without_mark(renamed["data"]) == without_mark(pad["data"])
        assert ok(alice.get(f"/api/pad/{pad['id']}")) == renamed

    def test_the_stored_scene_carries_the_name(self, alice: Client, sql: SqlConnection) -> None:
        pad = make_pad(alice)
        ok(alice.patch(f"/api/pad/{pad['id']}", json={"display_name": "New"}))
        (row,) = sql.execute("SELECT data FROM pad_ws.pads").fetchall()
        assert row["data"]["appState"]["pad"] == {"uniqueId": pad["id"], "displayName": "New"}

    def test_it_takes_no_backup(self, alice: Client) -> None:
        pad = make_pad(alice)
        ok(alice.patch(f"/api/pad/{pad['id']}", json={"display_name": "New"}))
        assert ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"] == []

    @pytest.mark.parametrize("body", [{}, {"display_name": "x", "data": {"a": 1}}, {"name": "x"}])
    def test_anything_but_one_name_is_refused(self, alice: Client, body: Any) -> None:
        pad = make_pad(alice)
        assert_problem(alice.patch(f"/api/pad/{pad['id']}", json=body), 422, "invalid")
        assert ok(alice.get(f"/api/pad/{pad['id']}")) == pad


class TestDelete:
    def test_without_a_trash_the_pad_goes_with_its_backups(
        self, configure: Configure, client_of: ClientOf, sql: SqlConnection
    ) -> None:
        alice = client_of(configure(TRASH_DAYS="0"), "alice")
        pad, other = make_pad(alice, "Old"), make_pad(alice, "Other")
        ok(alice.post(f"/api/pad/{pad['id']}/backups"), 201)
        ok(alice.post(f"/api/pad/{other['id']}/backups"), 201)
        assert ok(alice.delete(f"/api/pad/{pad['id']}")) == {"status": "success"}
        assert_problem(alice.get(f"/api/pad/{pad['id']}"), 404, "pad_not_found")
        assert_problem(alice.delete(f"/api/pad/{pad['id']}"), 404, "pad_not_found")
        assert ok(alice.get("/api/pad/trash")) == []
        left = sql.execute("SELECT source_id FROM pad_ws.backups").fetchall()
        assert [str(row["source_id"]) for row in left] == [other["id"]]


class TestAdopted:
    """Pads that pad.ws itself has written: without a version, and with what it left in scenes."""

    @pytest.fixture
    def adopted(self, alice: Client, sql: SqlConnection) -> str:
        """The path of one whose scene does not name its pad."""
        owner = ok(alice.get("/api/users/me"))["id"]
        (row,) = sql.execute(
            "INSERT INTO pad_ws.pads (id, owner_id, display_name, data) VALUES "
            "(gen_random_uuid(), %s, 'Old', %s) RETURNING id",
            [owner, json.dumps({"elements": ["old"], "appState": {"theme": "dark"}})],
        ).fetchall()
        return f"/api/pad/{row['id']}"

    def test_its_first_change_is_its_first_version(self, alice: Client, adopted: str) -> None:
        tag = alice.get(adopted).headers["ETag"]
        answer = alice.post(adopted, json=drawing(2), headers={"If-Match": tag})
        assert ok(answer)["version"] == 1
        check_pad(ok(alice.get(adopted)))
        kept = ok(alice.get(f"{adopted}/backups"))["backups"]
        assert [(each["reason"], each["version"]) for each in kept] == [
            ("interval", 1),
            ("replaced", 0),
        ]


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", 5, None], ids=repr)
def test_a_bad_name_is_refused_and_nothing_changes(alice: Client, name: Any) -> None:
    pad = make_pad(alice)
    create = {"display_name": name, "data": drawing()}
    assert_refused(alice.post("/api/pad", json=create), "display_name")
    rename = {"display_name": name}
    assert_refused(alice.patch(f"/api/pad/{pad['id']}", json=rename), "display_name")
    assert ok(alice.get("/api/pad")) == [pad]


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\udc00"', '"a\\u0000b"', '"\\ud800\\u0041"'])
def test_a_name_that_is_no_text_is_refused(alice: Client, text: str) -> None:
    pad = make_pad(alice)
    answer = alice.patch(
        f"/api/pad/{pad['id']}",
        data=f'{{"display_name": {text}}}',
        content_type="application/json",
    )
    assert answer.status_code in (400, 422)
    assert ok(alice.get(f"/api/pad/{pad['id']}")) == pad
