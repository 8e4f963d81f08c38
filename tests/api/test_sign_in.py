"""/auth: signing in at the provider, coming back, and signing out."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.api.conftest import Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers import people
from tests.helpers.contract import Client, assert_problem, check_user, ok
from tests.helpers.parallel import at_once

Newcomer = Callable[..., str]


@pytest.fixture
def newcomer(oidc_issuer: str) -> Newcomer:
    """Make subjects that are new here."""
    return lambda **claims: people.newcomer(oidc_issuer, **claims)


@pytest.fixture
def someone(newcomer: Newcomer) -> str:
    """The subject of a newcomer named Erin."""
    return newcomer(**people.claims_of("erin"))


def begin(client: Client, query: str = "") -> str:
    """Ask to sign in; the address at the provider where the browser is sent."""
    answer = client.get(f"/auth/login{query}")
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def parameters(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def session_cookie(answer: TestResponse) -> Any:
    """The cookie that an answer sets."""
    cookies = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        cookies.load(line)
    assert list(cookies) == [people.COOKIE]
    return cookies[people.COOKIE]


class TestLogin:
    def test_nothing_of_it_is_the_same_twice(self, anyone: Client, app: Flask) -> None:
        sent = [parameters(begin(client)) for client in (anyone, anyone, app.test_client())]  # type: ignore[arg-type]
        for name in ("state", "nonce", "code_challenge"):
            values = {each[name] for each in sent}
            assert len(values) == 3
            assert min(map(len, values)) >= 20

    def test_the_address_to_come_back_to_is_a_setting(self, configure: Configure) -> None:
        app = configure(REDIRECT_URI="https://pad.example/auth/callback")
        sent = parameters(app.test_client().get("/auth/login").headers["Location"])
        assert sent["redirect_uri"] == "https://pad.example/auth/callback"

    def test_the_hint_for_keycloak_is_passed_on(self, anyone: Client) -> None:
        sent = parameters(begin(anyone, "?kc_idp_hint=git%20hub%26x%3D1"))
        assert sent["kc_idp_hint"] == "git hub&x=1"
        assert "x" not in sent

    def test_the_cookie_is_secure_behind_tls(self, configure: Configure) -> None:
        app = configure(REDIRECT_URI="https://pad.example/auth/callback")
        assert session_cookie(app.test_client().get("/auth/login"))["secure"]


class TestCallback:
    def test_signing_in_again_ends_the_session_before(
        self, anyone: Client, app: Flask, someone: str
    ) -> None:
        people.sign_in(anyone, someone)
        before = people.cookie_of(anyone)
        people.sign_in(anyone, "bob")
        assert ok(anyone.get("/api/users/me"))["username"] == "bob"
        old = app.test_client()
        old.set_cookie(people.COOKIE, str(before))
        assert_problem(old.get("/api/users/me"), 401, "sign_in_required")

    @pytest.mark.parametrize(
        "change",
        [
            lambda query: query.replace("state=", "state=x"),
            lambda query: query.replace("state=", "other="),
            lambda query: f"code={parse_qs(query)['code'][0]}",
            lambda query: f"{query}&error=access_denied",
            lambda query: query.replace("code=", "code=x"),
            lambda query: query.replace("code=", "other="),
            lambda query: "",
            lambda query: "state=&code=",
            lambda query: f"code={parse_qs(query)['code'][0]}&state=",
            lambda query: f"code={parse_qs(query)['code'][0]}&state=None",
            lambda query: f"code={parse_qs(query)['code'][0]}&state=%00",
            lambda query: "code=%00&state=%FF",
        ],
    )
    def test_what_the_provider_did_not_send_signs_nobody_in(
        self, anyone: Client, someone: str, sql: SqlConnection, change: Callable[[str], str]
    ) -> None:
        path, _, query = people.approve(begin(anyone), someone).partition("?")
        assert_problem(anyone.get(f"{path}?{change(query)}"), 401, "sign_in_failed")
        assert_problem(anyone.get("/api/users/me"), 401, "sign_in_required")
        assert sql.execute("SELECT FROM pad_ws.users").rowcount == 4

    def test_a_no_at_the_provider_is_a_no_here(self, anyone: Client) -> None:
        answer = anyone.get(people.deny(begin(anyone)))
        problem = assert_problem(answer, 401, "sign_in_failed")
        assert "access_denied" in problem["detail"]
        assert_problem(anyone.get("/api/users/me"), 401, "sign_in_required")


class TestPopup:
    def test_a_popup_gets_a_page_that_tells_its_opener_and_closes(
        self, anyone: Client, someone: str
    ) -> None:
        answer = people.sign_in(anyone, someone, "?popup=1&next=/pad")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        script = anyone.get("/pages/signed_in.js")
        assert b'src="/pages/signed_in.js"' in answer.data
        assert b'localStorage.setItem("auth_completed"' in script.data
        assert b"window.close()" in script.data
        assert ok(anyone.get("/api/users/me"))["username"] == "erin"

    def test_the_next_sign_in_is_no_popup_any_more(self, anyone: Client, someone: str) -> None:
        people.sign_in(anyone, someone, "?popup=1")
        assert people.sign_in(anyone, someone).status_code == 302

    def test_only_a_one_asks_for_a_popup(self, anyone: Client, someone: str) -> None:
        assert people.sign_in(anyone, someone, "?popup=0").status_code == 302


class TestLogout:
    def test_the_address_ends_the_session_at_the_provider(
        self, configure: Configure, someone: str, oidc_issuer: str
    ) -> None:
        client = configure(FRONTEND_URL="https://pad.example/app").test_client()
        people.sign_in(client, someone)
        url = ok(client.post("/auth/logout"))["logout_url"]
        assert url.startswith(f"{oidc_issuer}/oauth2/end_session?")
        sent = parameters(url)
        assert sent["post_logout_redirect_uri"] == "https://pad.example/app"
        assert sent["id_token_hint"].count(".") == 2

    def test_without_a_front_end_people_come_back_here(self, anyone: Client, someone: str) -> None:
        people.sign_in(anyone, someone)
        sent = parameters(ok(anyone.post("/auth/logout"))["logout_url"])
        assert sent["post_logout_redirect_uri"] == "http://localhost/"

    def test_who_is_not_signed_in_may_sign_out(self, anyone: Client) -> None:
        for _ in range(2):
            content = ok(anyone.get("/auth/logout"))
            assert content["status"] == "success"
            assert content["logout_url"]

    def test_other_sessions_of_the_same_person_go_on(self, alice: Client, app: Flask) -> None:
        other = app.test_client()
        people.sign_in(other, "alice")
        ok(alice.post("/auth/logout"))
        assert ok(other.get("/api/users/me"))["username"] == "alice"


class TestRoles:
    @pytest.mark.parametrize(
        ("claims", "expected"),
        [
            ({"realm_access": {"roles": ["editor", "admin"]}}, 200),
            ({"realm_access": {"roles": ["not-an-admin", "administrator", "Admin"]}}, 403),
            ({}, 403),
        ],
        ids=repr,
    )
    def test_the_role_admin_makes_an_administrator(
        self, anyone: Client, newcomer: Newcomer, claims: dict[str, Any], expected: int
    ) -> None:
        people.sign_in(anyone, newcomer(**people.claims_of("erin"), **claims))
        assert anyone.get("/api/users").status_code == expected

    @pytest.mark.parametrize(
        ("path", "claims"),
        [
            ("groups", {"groups": ["admin"]}),
            ("resource_access.padws.roles", {"resource_access": {"padws": {"roles": ["admin"]}}}),
        ],
    )
    def test_the_claim_is_a_setting(
        self, configure: Configure, newcomer: Newcomer, path: str, claims: dict[str, Any]
    ) -> None:
        client = configure(OIDC_ROLES_CLAIM=path).test_client()
        people.sign_in(client, newcomer(**people.claims_of("erin"), **claims))
        assert ok(client.get("/api/users/me"))["roles"] == ["admin"]
        assert client.get("/api/users").status_code == 200

    def test_a_role_taken_away_is_gone_at_the_next_sign_in(
        self, anyone: Client, newcomer: Newcomer, oidc_issuer: str
    ) -> None:
        claims = people.claims_of("erin")
        subject = newcomer(**claims, realm_access={"roles": ["admin"]})
        people.sign_in(anyone, subject)
        assert anyone.get("/api/users").status_code == 200
        people.describe(oidc_issuer, subject, **claims)
        people.sign_in(anyone, subject)
        assert_problem(anyone.get("/api/users"), 403, "not_administrator")


class TestRow:
    """What signing in does to the user's row."""

    def test_what_the_provider_leaves_out_gets_placeholders(
        self, anyone: Client, newcomer: Newcomer
    ) -> None:
        people.sign_in(anyone, newcomer())
        user = ok(anyone.get("/api/users/me"))
        check_user(user)
        assert user["username"] == f"user_{user['id']}"
        assert user["email"] == f"user_{user['id']}@example.com"
        assert (user["email_verified"], user["name"], user["roles"]) == (False, "", [])

    @pytest.mark.parametrize("value", [{"x": 1}, "\x00"], ids=ascii)
    def test_claims_of_other_kinds_harm_nothing(
        self, anyone: Client, newcomer: Newcomer, value: Any
    ) -> None:
        names = ("preferred_username", "name", "given_name", "family_name", "email_verified")
        people.sign_in(anyone, newcomer(**dict.fromkeys(names, value)))
        user = ok(anyone.get("/api/users/me"))
        check_user(user)
        assert user["username"]
        assert user["email_verified"] is False

    def test_a_changed_claim_changes_the_row_at_sign_in(
        self, anyone: Client, someone: str, oidc_issuer: str
    ) -> None:
        people.sign_in(anyone, someone)
        before = ok(anyone.get("/api/users/me"))
        people.describe(oidc_issuer, someone, **people.claims_of("erin") | {"name": "E. Tester"})
        people.sign_in(anyone, someone)
        after = ok(anyone.get("/api/users/me"))
        assert after == {**before, "name": "E. Tester", "updated_at": after["updated_at"]}

    @pytest.mark.parametrize("claim", ["preferred_username", "email"])
    def test_the_latest_sign_in_takes_a_name_and_the_accounts_stay_two(
        self, anyone: Client, alice: Client, newcomer: Newcomer, sql: SqlConnection, claim: str
    ) -> None:
        pad = make_pad(alice, "Mine")
        before = ok(alice.get("/api/users/me"))
        column = {"preferred_username": "username"}.get(claim, claim)
        claims = people.claims_of("erin") | {claim: before[column]}
        people.sign_in(anyone, newcomer(**claims))
        (loser,) = sql.execute(
            "SELECT * FROM pad_ws.users WHERE id = %s", [before["id"]]
        ).fetchall()
        placeholder = {"username": "user_{}", "email": "user_{}@example.com"}[column]
        assert loser[column] == placeholder.format(before["id"])
        kept = {"username", "email", "name", "given_name"} - {column}
        assert {name: loser[name] for name in kept} == {name: before[name] for name in kept}
        assert ok(anyone.get("/api/users/me"))[column] == before[column]
        assert [each["id"] for each in ok(alice.get("/api/pad"))] == [pad["id"]]
        assert pad["id"] not in {each["id"] for each in ok(anyone.get("/api/pad"))}

    def test_many_first_sign_ins_of_one_person_at_once_all_succeed(
        self, app: Flask, someone: str, sql: SqlConnection
    ) -> None:
        clients = [app.test_client() for _ in range(6)]
        answers = at_once([partial(people.sign_in, client, someone) for client in clients])
        assert [answer.status_code for answer in answers] == [302] * 6
        assert sql.execute("SELECT FROM pad_ws.users WHERE username = 'erin'").rowcount == 1

    def test_many_people_who_want_one_name_at_once_all_get_in(
        self, app: Flask, newcomer: Newcomer, sql: SqlConnection
    ) -> None:
        subjects = [newcomer(**people.claims_of("erin")) for _ in range(6)]
        answers = at_once(
            [partial(people.sign_in, app.test_client(), subject) for subject in subjects]
        )
        assert [answer.status_code for answer in answers] == [302] * 6
        assert sql.execute("SELECT FROM pad_ws.users WHERE username = 'erin'").rowcount == 1
        assert sql.execute("SELECT FROM pad_ws.users").rowcount == 10


def test_only_logout_url_carries_a_token(anyone: Client, someone: str) -> None:
    answers = [people.sign_in(anyone, someone)]
    paths = ("/api/users/me", "/api/pad", "/api/workspace/state", "/", "/readyz")
    answers += [anyone.get(path) for path in paths]
    for answer in answers:
        assert "eyJ" not in str(answer.headers)
        assert b"eyJ" not in answer.data
    assert json.loads(anyone.get("/auth/logout").data)["logout_url"].count("eyJ") >= 1
