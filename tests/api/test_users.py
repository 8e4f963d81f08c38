"""/api/users: the caller, and what administrators do with users."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
import redis
from flask import Flask

from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers import people
from tests.helpers.contract import Client, assert_problem, assert_refused, check_user, ok, time_of
from tests.helpers.drawings import drawing

NEW_ID = "0b0e6c3c-7f0e-4a56-9f0a-7d3d5c6b8a90"


def body(**changes: Any) -> dict[str, Any]:
    return {"id": NEW_ID, "username": "dora", "email": "dora@example.com", **changes}


def user_of(client: Client) -> dict[str, Any]:
    user: dict[str, Any] = ok(client.get("/api/users/me"))
    return user


class TestMe:
    def test_it_is_what_the_provider_says(self, alice: Client) -> None:
        user = user_of(alice)
        check_user(user)
        assert user["username"] == "alice"
        assert user["email"] == "alice@example.com"
        assert user["email_verified"] is True
        assert (user["name"], user["given_name"]) == ("Alice Liddell", "Alice")
        assert user["family_name"] == "Liddell"
        assert user["roles"] == []

    def test_an_administrators_roles_are_told(self, admin: Client) -> None:
        assert user_of(admin)["roles"] == ["admin"]

    def test_the_row_is_brought_in_line(self, alice: Client, sql: SqlConnection) -> None:
        before = user_of(alice)
        sql.execute(
            "UPDATE pad_ws.users SET username = 'x', email = 'x', email_verified = false, "
            "name = null, given_name = 'x', family_name = 'x', roles = '[\"admin\"]' "
            "WHERE id = %s",
            [before["id"]],
        )
        after = user_of(alice)
        assert after == {**before, "updated_at": after["updated_at"]}
        assert user_of(alice) == after

    def test_a_missing_row_is_made_again(self, alice: Client, sql: SqlConnection) -> None:
        before = user_of(alice)
        sql.execute("DELETE FROM pad_ws.users WHERE id = %s", [before["id"]])
        assert user_of(alice)["id"] == before["id"]

    def test_a_name_that_a_later_sign_in_took_is_not_taken_back(
        self, alice: Client, sql: SqlConnection
    ) -> None:
        before = user_of(alice)
        sql.execute(
            "UPDATE pad_ws.users SET username = 'user_' || id WHERE id = %s", [before["id"]]
        )
        sql.execute("UPDATE pad_ws.users SET username = 'alice' WHERE username = 'bob'")
        after = user_of(alice)
        check_user(after)
        assert after["username"] == f"user_{before['id']}"
        taken = sql.execute("SELECT email FROM pad_ws.users WHERE username = 'alice'")
        assert [row["email"] for row in taken] == ["bob@example.com"]

    def test_nobody_is_told_to_sign_in(self, anyone: Client) -> None:
        assert_problem(anyone.get("/api/users/me"), 401, "sign_in_required")


class TestList:
    def test_it_is_a_bare_array_of_everybody(self, admin: Client) -> None:
        answer = admin.get("/api/users")
        users = ok(answer)
        for user in users:
            check_user(user)
        assert {user["username"] for user in users} == {"alice", "bob", "charlie", "admin"}
        assert "Link" not in answer.headers

    def test_pages_have_at_most_a_hundred_and_name_the_next(
        self, admin: Client, sql: SqlConnection
    ) -> None:
        sql.execute(
            "INSERT INTO pad_ws.users (id, username, email, email_verified, roles) "
            "SELECT gen_random_uuid(), 'u' || n, 'u' || n || '@example.com', false, '[]' "
            "FROM generate_series(1, 226) AS n"
        )
        pages = self.all_pages(admin, "/api/users?limit=1000")
        assert [len(page) for page in pages] == [100, 100, 30]
        assert len({user["id"] for page in pages for user in page}) == 230
        assert self.all_pages(admin, "/api/users") == pages
        exact = self.all_pages(admin, "/api/users?limit=46")
        assert [len(page) for page in exact] == [46] * 5

    def all_pages(self, admin: Client, path: str) -> list[list[dict[str, Any]]]:
        answer = admin.get(path)
        pages = [ok(answer)]
        while "Link" in answer.headers:
            target, _, parameters = answer.headers["Link"].partition(">")
            assert parameters.replace(" ", "") == ';rel="next"'
            parts = urlsplit(target.strip("<"))
            answer = admin.get(f"{parts.path}?{parts.query}")
            pages.append(ok(answer))
        return pages

    @pytest.mark.parametrize("query", ["limit=0", "limit=x"])
    def test_a_bad_limit_is_refused(self, admin: Client, query: str) -> None:
        assert_refused(admin.get(f"/api/users?{query}"), "limit")


class TestCreate:
    def test_a_user_is_made_with_what_is_given(self, admin: Client) -> None:
        given = body(
            email_verified=True,
            name="Dora Díaz",
            given_name="Dora",
            family_name="Díaz",
            roles=["admin", "editor"],
        )
        answer = admin.post("/api/users", json=given)
        user = ok(answer, 201)
        check_user(user)
        assert given.items() <= user.items()
        assert urlsplit(answer.headers["Location"]).path == f"/api/users/{NEW_ID}"
        assert ok(admin.get(answer.headers["Location"])) == user

    def test_id_username_and_email_are_enough(self, admin: Client) -> None:
        user = ok(admin.post("/api/users", json=body()), 201)
        check_user(user)
        assert (user["email_verified"], user["roles"]) == (False, [])

    @pytest.mark.parametrize("field", ["id", "username", "email"])
    def test_a_missing_one_is_named(self, admin: Client, field: str) -> None:
        incomplete = body()
        del incomplete[field]
        assert_refused(admin.post("/api/users", json=incomplete), field)

    @pytest.mark.parametrize(
        ("field", "code"),
        [("id", "id_taken"), ("username", "username_taken"), ("email", "email_taken")],
    )
    def test_a_taken_one_is_a_conflict(self, admin: Client, field: str, code: str) -> None:
        alices = next(user for user in ok(admin.get("/api/users")) if user["username"] == "alice")
        answer = admin.post("/api/users", json=body(**{field: alices[field]}))
        assert_problem(answer, 409, code)
        assert len(ok(admin.get("/api/users"))) == 4

    @pytest.mark.parametrize(
        "wrong",
        [
            {"id": None},
            {"username": " "},
            {"email": "no address"},
            {"name": "a\u0000"},
            {"roles": [1]},
            {"password": "x"},
        ],
        ids=repr,
    )
    def test_bad_input_is_refused(self, admin: Client, wrong: dict[str, Any]) -> None:
        answer = admin.post("/api/users", json=body(**wrong))
        assert answer.status_code in (400, 422)
        if answer.status_code == 422:
            assert wrong.keys() == ok_errors(answer).keys()
        assert len(ok(admin.get("/api/users"))) == 4

    def test_the_longest_texts_are_kept(self, admin: Client) -> None:
        given = body(username="ü" * 254, name="😀" * 254, given_name="", family_name=" x ")
        user = ok(admin.post("/api/users", json=given), 201)
        assert (user["username"], user["name"]) == ("ü" * 254, "😀" * 254)

    def test_the_first_sign_in_of_a_user_made_before_finds_the_row(
        self, admin: Client, app: Flask, oidc_issuer: str
    ) -> None:
        subject = str(uuid.uuid4())
        ok(admin.post("/api/users", json=body(id=subject)), 201)
        people.describe(oidc_issuer, subject, **people.claims_of("theodora"))
        client = app.test_client()
        people.sign_in(client, subject)
        user = ok(client.get("/api/users/me"))
        assert (user["id"], user["username"]) == (subject, "theodora")


def ok_errors(answer: Any) -> dict[str, Any]:
    errors: dict[str, Any] = assert_problem(answer, 422, "invalid")["errors"]
    return errors


class TestOne:
    def test_an_administrator_reads_one(self, admin: Client, alice: Client) -> None:
        user = user_of(alice)
        assert ok(admin.get(f"/api/users/{user['id']}")) == user

    @pytest.mark.parametrize(
        "change",
        [
            {"username": "alicia"},
            {"email": "alicia@example.org"},
            {"email_verified": False},
            {"name": "", "given_name": "Alicia", "family_name": "L."},
            {"roles": ["editor"]},
            {},
        ],
        ids=repr,
    )
    def test_what_is_given_changes_and_the_rest_stays(
        self, admin: Client, alice: Client, change: dict[str, Any]
    ) -> None:
        user = user_of(alice)
        changed = ok(admin.patch(f"/api/users/{user['id']}", json=change))
        check_user(changed)
        assert changed == {**user, **change, "updated_at": changed["updated_at"]}
        assert time_of(changed["updated_at"]) >= time_of(user["updated_at"])
        assert ok(admin.get(f"/api/users/{user['id']}")) == changed

    def test_a_taken_name_is_a_conflict(self, admin: Client, alice: Client) -> None:
        user = user_of(alice)
        path = f"/api/users/{user['id']}"
        assert_problem(admin.patch(path, json={"username": "bob"}), 409, "username_taken")
        for taken in ("bob@example.com", "Bob@EXAMPLE.com"):
            assert_problem(admin.patch(path, json={"email": taken}), 409, "email_taken")
        assert ok(admin.get(path)) == user

    @pytest.mark.parametrize(
        "change", [{"id": NEW_ID}, {"username": ""}, {"name": None}, {"roles": ["a\nb"]}, {"x": 1}]
    )
    def test_bad_input_changes_nothing(
        self, admin: Client, alice: Client, change: dict[str, Any]
    ) -> None:
        user = user_of(alice)
        assert (
            ok_errors(admin.patch(f"/api/users/{user['id']}", json=change)).keys() == change.keys()
        )
        assert ok(admin.get(f"/api/users/{user['id']}")) == user

    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    def test_an_unknown_one_is_not_found(self, admin: Client, method: str) -> None:
        answer = admin.open(f"/api/users/{NEW_ID}", method=method, json={"name": "x"})
        assert_problem(answer, 404, "user_not_found")


class TestDelete:
    def test_pads_and_backups_go_along_and_sessions_end(
        self, admin: Client, alice: Client, bob: Client, sql: SqlConnection
    ) -> None:
        for client in (alice, bob):
            pad = make_pad(client)
            ok(client.post(f"/api/pad/{pad['id']}", json=drawing(2)))
        user, other = user_of(alice), user_of(bob)
        assert ok(admin.delete(f"/api/users/{user['id']}")) == {"status": "success"}
        assert_problem(alice.get("/api/pad"), 401, "sign_in_required")
        assert_problem(alice.post("/api/pad", json={}), 401, "sign_in_required")
        owners = sql.execute("SELECT owner_id FROM pad_ws.pads").fetchall()
        assert [str(row["owner_id"]) for row in owners] == [other["id"]]
        owners = sql.execute("SELECT DISTINCT owner_id FROM pad_ws.backups").fetchall()
        assert [str(row["owner_id"]) for row in owners] == [other["id"]]
        assert user_of(bob) == other

    def test_all_that_there_is_goes_into_a_file_first_and_the_trash_as_well(
        self, configure: Configure, client_of: ClientOf, tmp_path: Path
    ) -> None:
        app = configure(TAKEOUT_DIR=str(tmp_path))
        alice, admin = client_of(app, "alice"), client_of(app, "admin")
        made = [make_pad(alice)["id"] for _ in range(2)]
        ok(alice.delete(f"/api/pad/{made[1]}"))
        ok(admin.delete(f"/api/users/{user_of(alice)['id']}"))
        (path,) = tmp_path.iterdir()
        with ZipFile(path) as file:
            names = [name for name in file.namelist() if name.endswith("drawing.excalidraw")]
        assert names == [f"pads/{pad_id}/drawing.excalidraw" for pad_id in made]

    def test_administrators_keep_their_own_account(self, admin: Client) -> None:
        user = user_of(admin)
        assert_problem(admin.delete(f"/api/users/{user['id']}"), 409, "own_account")
        assert user_of(admin) == user

    def test_who_is_being_deleted_cannot_sign_in_and_is_not_there(
        self, admin: Client, app: Flask, sql: SqlConnection
    ) -> None:
        """As after a process was killed that had begun to delete the user."""
        client = app.test_client()
        people.sign_in(client, "bob")
        user = ok(client.get("/api/users/me"))
        token = ok(client.post("/api/users/me/tokens", json={"name": "script"}), 201)["token"]
        sql.execute("UPDATE pad_ws.users SET deleted_at = now() WHERE id = %s", [user["id"]])
        assert_problem(client.get("/api/users/me"), 403, "user_deleted")
        bearer = {"Authorization": f"Bearer {token}"}
        assert app.test_client().get("/api/pad", headers=bearer).status_code == 401
        assert_problem(admin.get(f"/api/users/{user['id']}"), 404, "user_not_found")
        assert user not in ok(admin.get("/api/users"))
        ok(admin.delete(f"/api/users/{user['id']}"))
        assert sql.execute("SELECT FROM pad_ws.users WHERE id = %s", [user["id"]]).rowcount == 0

    def test_every_session_of_the_user_ends(self, admin: Client, app: Flask) -> None:
        clients = [app.test_client() for _ in range(3)]
        for client in clients:
            people.sign_in(client, "bob")
        user = ok(clients[0].get("/api/users/me"))
        ok(admin.delete(f"/api/users/{user['id']}"))
        assert [client.get("/api/users/me").status_code for client in clients] == [401] * 3


class TestOnline:
    def test_sessions_are_counted(self, admin: Client, alice: Client, app: Flask) -> None:
        assert ok(admin.get("/api/users/count")) == {"active_sessions": 4}
        people.sign_in(app.test_client(), "bob")
        assert ok(admin.get("/api/users/count")) == {"active_sessions": 5}
        ok(alice.post("/auth/logout"))
        assert ok(admin.get("/api/users/count")) == {"active_sessions": 4}

    def test_a_sign_in_that_was_not_finished_does_not_count(
        self, admin: Client, anyone: Client
    ) -> None:
        anyone.get("/auth/login")
        assert ok(admin.get("/api/users/count")) == {"active_sessions": 4}

    def test_a_session_that_has_run_out_does_not_count(
        self, admin: Client, bob: Client, redis_client: redis.Redis
    ) -> None:
        session = people.cookie_of(bob)
        (key,) = redis_client.keys(f"*{session}")
        redis_client.delete(key)
        assert ok(admin.get("/api/users/count")) == {"active_sessions": 3}
        content = ok(admin.get("/api/users/online"))
        assert "bob" not in {user["username"] for user in content["online_users"]}

    def test_users_with_a_session_are_online_once(self, admin: Client, app: Flask) -> None:
        people.sign_in(app.test_client(), "bob")
        content = ok(admin.get("/api/users/online"))
        assert content.keys() == {"online_users", "count"}
        for user in content["online_users"]:
            check_user(user)
        names = sorted(user["username"] for user in content["online_users"])
        assert names == ["admin", "alice", "bob", "charlie"]
        assert content["count"] == 4

    def test_who_signs_out_is_not_online(
        self, admin: Client, app: Flask, client_of: ClientOf
    ) -> None:
        for name in ("alice", "bob", "charlie"):
            ok(client_of(app, name).post("/auth/logout"))
        content = ok(admin.get("/api/users/online"))
        assert [user["username"] for user in content["online_users"]] == ["admin"]
        assert content["count"] == 1


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/api/pad", None),
        ("POST", "/api/pad", {"display_name": "x", "data": {"a": 1}}),
        ("POST", "/api/pad/from-template/default", None),
        ("POST", "/api/users/me/tokens", {"name": "script"}),
    ],
)
def test_whose_user_is_deleted_before_anything_can_be_added_is_told_so(
    alice: Client, sql: SqlConnection, method: str, path: str, content: Any
) -> None:
    """Again and again: each time the row has been made, somebody deletes it."""
    sql.execute("DELETE FROM pad_ws.users WHERE username = 'alice'")
    sql.execute(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM pad_ws.users WHERE id = new.id; RETURN NULL; END';"
        "CREATE TRIGGER lose AFTER INSERT ON pad_ws.users FOR EACH ROW EXECUTE FUNCTION lose()"
    )
    try:
        answer = alice.open(path, method=method, json=content)
    finally:
        sql.execute("DROP FUNCTION lose CASCADE")
    assert_problem(answer, 409, "deleted_meanwhile")


@pytest.mark.parametrize("query", ["", "?limit=1", "?q=x"])
def test_a_first_pad_that_is_gone_before_it_is_listed_is_no_failure(
    alice: Client, sql: SqlConnection, query: str
) -> None:
    sql.execute(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM pad_ws.pads WHERE id = new.id; RETURN NULL; END';"
        "CREATE TRIGGER lose AFTER INSERT ON pad_ws.pads FOR EACH ROW EXECUTE FUNCTION lose()"
    )
    try:
        answer = alice.get(f"/api/pad{query}")
    finally:
        sql.execute("DROP FUNCTION lose CASCADE")
    assert_problem(answer, 409, "deleted_meanwhile")


class TestMove:
    def test_everything_goes_with_its_history_and_the_trash(
        self, admin: Client, alice: Client, bob: Client, sql: SqlConnection
    ) -> None:
        scene = drawing(2)
        scene["files"]["a"] = {"mimeType": "image/png", "dataURL": f"data:,{'A' * 3000}"}
        make_pad(bob, "Other", scene)  # who has the picture already
        paths = [f"/api/pad/{make_pad(alice, name, scene)['id']}" for name in "ABC"]
        for path in paths:
            ok(alice.post(path, json=scene))
            ok(alice.post(path, json=drawing(3)))
        ok(alice.delete(paths[2]))
        asked = [*paths[:2], *(f"{path}/backups" for path in paths[:2])]
        before = [ok(alice.get(each)) for each in asked]
        tag = alice.get(paths[0]).headers["ETag"]
        trash = ok(alice.get("/api/pad/trash?data=true"))
        ids = [user_of(client)["id"] for client in (alice, bob)]
        answer = admin.post(f"/api/users/{ids[0]}/pads/move", json={"to": ids[1]})
        assert ok(answer) == {"status": "success", "pads": 3}
        for pad in before[:2]:
            pad["owner_id"] = ids[1]
        assert [ok(bob.get(each)) for each in asked] == before
        assert bob.get(paths[0]).headers["ETag"] == tag
        assert ok(bob.get("/api/pad/trash?data=true")) == trash
        assert len(ok(bob.get("/api/pad"))) == 3
        assert_problem(alice.get(paths[0]), 404, "pad_not_found")
        assert [pad["display_name"] for pad in ok(alice.get("/api/pad"))] == ["Untitled"]
        owners = sql.execute(
            "SELECT DISTINCT owner_id FROM pad_ws.pad_pictures "
            "UNION SELECT owner_id FROM pad_ws.backup_pictures"
        ).fetchall()
        assert [str(row["owner_id"]) for row in owners] == [ids[1]]
        again = admin.post(f"/api/users/{ids[0]}/pads/move", json={"to": ids[1]})
        assert ok(again)["pads"] == 1, "the new first one"

    def test_it_takes_two_users(self, admin: Client, alice: Client) -> None:
        user_id = user_of(alice)["id"]
        for to in (user_id, NEW_ID, "x"):
            answer = admin.post(f"/api/users/{user_id}/pads/move", json={"to": to})
            assert_problem(answer, 422, "invalid")
        answer = admin.post(f"/api/users/{NEW_ID}/pads/move", json={"to": user_id})
        assert_problem(answer, 404, "user_not_found")


ADMINISTRATION: list[tuple[str, str, Any]] = [
    ("GET", "/api/users", None),
    ("POST", "/api/users", body()),
    ("GET", "/api/users/{id}", None),
    ("PATCH", "/api/users/{id}", {"name": "x"}),
    ("DELETE", "/api/users/{id}", None),
    ("POST", "/api/users/{id}/pads/move", {"to": NEW_ID}),
    ("GET", "/api/users/{id}/usage", None),
    ("DELETE", "/api/users/{id}/links", None),
    ("DELETE", "/api/users/{id}/sessions", None),
    ("GET", "/api/users/count", None),
    ("GET", "/api/users/online", None),
]


@pytest.mark.parametrize(("method", "path", "content"), ADMINISTRATION)
def test_only_administrators_administer(
    alice: Client, anyone: Client, sql: SqlConnection, method: str, path: str, content: Any
) -> None:
    path = path.format_map(user_of(alice))
    before = sql.execute("SELECT * FROM pad_ws.users ORDER BY id").fetchall()
    for options in ({"json": content}, {"data": "{", "content_type": "application/json"}):
        answer = alice.open(path, method=method, **options)
        assert_problem(answer, 403, "not_administrator")
        assert_problem(anyone.open(path, method=method, **options), 401, "sign_in_required")
    assert sql.execute("SELECT * FROM pad_ws.users ORDER BY id").fetchall() == before


def test_the_list_of_users_cannot_be_learned_from_conflicts(alice: Client) -> None:
    answer = alice.post("/api/users", json=body(username="bob"))
    assert_problem(answer, 403, "not_administrator")
