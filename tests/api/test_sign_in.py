"""/auth: signing in at the provider, coming back, and signing out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
import redis
from flask import Flask
from werkzeug.test import TestResponse

from padws.embedded.startup import free_port
from tests.api import people
from tests.api.conftest import Configure, SqlConnection
from tests.api.contract import Client, assert_problem, check_user, ok
from tests.api.test_pads import make_pad

Newcomer = Callable[..., str]


@pytest.fixture
def newcomer(oidc_issuer: str) -> Newcomer:
    """Make subjects that nobody has seen before."""
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
    def test_the_browser_is_sent_to_the_provider(self, anyone: Client, oidc_issuer: str) -> None:
        location = begin(anyone)
        assert location.startswith(f"{oidc_issuer}/")
        sent = parameters(location)
        assert sent["response_type"] == "code"
        assert sent["client_id"] == "padws"
        assert "openid" in sent["scope"].split()
        assert sent["redirect_uri"] == "http://localhost/auth/callback"
        assert sent["code_challenge_method"] == "S256"
        assert len(sent["code_challenge"]) == 43
        assert not {"popup", "next", "kc_idp_hint"} & sent.keys()

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

    def test_the_cookie_is_kept_from_scripts_and_other_sites(self, anyone: Client) -> None:
        cookie = session_cookie(anyone.get("/auth/login"))
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert not cookie["secure"]
        assert len(cookie.value) >= 32

    def test_the_cookie_is_secure_behind_tls(self, configure: Configure) -> None:
        app = configure(REDIRECT_URI="https://pad.example/auth/callback")
        assert session_cookie(app.test_client().get("/auth/login"))["secure"]

    def test_a_provider_that_does_not_answer_is_a_503(self, configure: Configure) -> None:
        app = configure(OIDC_ISSUER=f"http://127.0.0.1:{free_port()}")
        answer = app.test_client().get("/auth/login")
        assert_problem(answer, 503, "sign_in_unavailable")

    def test_a_provider_with_another_name_is_a_503(
        self, configure: Configure, oidc_issuer: str
    ) -> None:
        app = configure(OIDC_ISSUER=oidc_issuer.replace("127.0.0.1", "localhost"))
        first = app.test_client().get("/auth/login")
        if first.status_code == 302:  # it goes by the name it is asked by
            assert parameters(first.headers["Location"])["client_id"] == "padws"
        else:
            assert_problem(first, 503, "sign_in_unavailable")


class TestCallback:
    def test_a_person_is_signed_in_and_sent_on(self, anyone: Client, someone: str) -> None:
        answer = people.sign_in(anyone, someone)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/"
        user = ok(anyone.get("/api/users/me"))
        check_user(user)
        assert user["username"] == "erin"

    def test_the_session_has_a_new_id(
        self, anyone: Client, someone: str, redis_client: redis.Redis
    ) -> None:
        location = begin(anyone)
        before = people.cookie_of(anyone)
        answer = anyone.get(people.approve(location, someone))
        cookie = session_cookie(answer)
        assert cookie.value == people.cookie_of(anyone) != before
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert redis_client.keys(f"*{before}*") == []

    def test_an_id_that_somebody_else_chose_is_not_taken(
        self, anyone: Client, app: Flask, someone: str
    ) -> None:
        anyone.set_cookie(people.COOKIE, "chosen-by-an-attacker")
        people.sign_in(anyone, someone)
        assert people.cookie_of(anyone) != "chosen-by-an-attacker"
        attacker = app.test_client()
        attacker.set_cookie(people.COOKIE, "chosen-by-an-attacker")
        assert_problem(attacker.get("/api/users/me"), 401, "sign_in_required")

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

    def test_another_browsers_code_signs_nobody_in(
        self, anyone: Client, app: Flask, someone: str
    ) -> None:
        attacker = app.test_client()
        begin(anyone)
        answer = anyone.get(people.approve(begin(attacker), someone))  # type: ignore[arg-type]
        assert_problem(answer, 401, "sign_in_failed")
        assert_problem(anyone.get("/api/users/me"), 401, "sign_in_required")

    def test_a_code_of_another_sign_in_signs_nobody_in(
        self, anyone: Client, app: Flask, someone: str
    ) -> None:
        """Though the state is right: nonce and PKCE bind the code to its own sign-in."""
        other = parameters(people.approve(begin(app.test_client()), someone))  # type: ignore[arg-type]
        state = parameters(begin(anyone))["state"]
        answer = anyone.get(f"/auth/callback?code={other['code']}&state={state}")
        assert_problem(answer, 401, "sign_in_failed")

    def test_a_code_works_once_and_its_session_stays(self, anyone: Client, someone: str) -> None:
        path = people.approve(begin(anyone), someone)
        assert anyone.get(path).status_code == 302
        session = people.cookie_of(anyone)
        assert anyone.get(path).headers["Location"] == "/"
        assert people.cookie_of(anyone) == session
        assert ok(anyone.get("/api/users/me"))["username"] == "erin"

    def test_a_no_at_the_provider_is_a_no_here(self, anyone: Client) -> None:
        answer = anyone.get(people.deny(begin(anyone)))
        problem = assert_problem(answer, 401, "sign_in_failed")
        assert "access_denied" in problem["detail"]
        assert_problem(anyone.get("/api/users/me"), 401, "sign_in_required")

    def test_two_sign_ins_begun_side_by_side_can_both_be_finished(
        self, anyone: Client, someone: str
    ) -> None:
        first, second = begin(anyone, "?next=/a"), begin(anyone, "?next=/b")
        for location, name, there in ((second, someone, "/b"), (first, "bob", "/a")):
            assert anyone.get(people.approve(location, name)).headers["Location"] == there
        assert ok(anyone.get("/api/users/me"))["username"] == "bob"


class TestNext:
    @pytest.mark.parametrize(
        "path", ["/pad/1", "/?x=1&y=a%2Fb", "/a/b.c-d_e~f", "/api/docs", "/@me", "/a:b", "/%C3%A4"]
    )
    def test_a_path_on_this_site_is_gone_back_to(
        self, anyone: Client, someone: str, path: str
    ) -> None:
        answer = people.sign_in(anyone, someone, f"?next={quote(path, safe='')}")
        assert answer.headers["Location"] == path

    @pytest.mark.parametrize(
        "target",
        [
            "",
            "pad/1",
            "//evil.example",
            "///evil.example",
            "////evil.example/x",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\n/evil.example",
            "/\x00/evil.example",
            " //evil.example",
            "\t//evil.example",
            "\x01//evil.example",
            "http://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "HTTPS://evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "evil.example",
            "@evil.example",
            ":80",
            "?x",
            "\uff0f\uff0fevil.example",
            "/\u2028/evil.example",
            "/x\r\nSet-Cookie: session_id=planted",
            "/x\r\n\r\n<script>",
            "http://localhost@evil.example",
            "http://localhost.evil.example",
            "\ud800",
        ],
        ids=ascii,
    )
    def test_any_other_address_ends_at_the_start_page(
        self, anyone: Client, someone: str, target: str
    ) -> None:
        query = quote(target.encode("utf-8", "surrogatepass"), safe="")
        answer = people.sign_in(anyone, someone, f"?next={query}")
        assert answer.headers["Location"] == "/"
        assert "planted" not in str(answer.headers)

    def test_no_spelling_leads_off_the_site(self, anyone: Client, someone: str) -> None:
        for target in ("/%5Cevil.example", "/.//evil.example", "/..//evil.example", "/%2F%2Fevil"):
            query = quote(target, safe="")
            location = people.sign_in(anyone, someone, f"?next={query}").headers["Location"]
            assert (
                urlsplit(urljoin("http://localhost/auth/callback", location)).netloc == "localhost"
            )
            assert not location.startswith(("//", "/\\"))


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
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_the_session_ends_here(self, alice: Client, app: Flask, method: str) -> None:
        cookie = people.cookie_of(alice)
        answer = alice.open("/auth/logout", method=method)
        content = ok(answer)
        assert content.keys() == {"status", "logout_url"}
        assert content["status"] == "success"
        assert session_cookie(answer).value == ""
        assert people.cookie_of(alice) is None
        again = app.test_client()
        again.set_cookie(people.COOKIE, str(cookie))
        assert_problem(again.get("/api/users/me"), 401, "sign_in_required")

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

    def test_no_address_sends_people_elsewhere(self, alice: Client) -> None:
        url = ok(alice.get("/auth/logout?next=//evil.example&redirect_uri=//evil.example"))
        assert "evil" not in url["logout_url"]


class TestRoles:
    @pytest.mark.parametrize(
        ("claims", "expected"),
        [
            ({"realm_access": {"roles": ["admin"]}}, 200),
            ({"realm_access": {"roles": ["editor", "admin"]}}, 200),
            ({"realm_access": {"roles": ["not-an-admin", "administrator", "Admin"]}}, 403),
            ({"realm_access": {"roles": "not-an-admin"}}, 403),
            ({"realm_access": {"roles": [["admin"], {"admin": 1}, None, 5]}}, 403),
            ({"realm_access": {"roles": {"admin": True}}}, 403),
            ({"realm_access": ["admin"]}, 403),
            ({"realm_access": "admin"}, 403),
            ({"roles": ["admin"]}, 403),
            ({"realm_access": None}, 403),
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
    """What signing in makes of the user's row."""

    def test_a_subject_that_is_a_uuid_is_the_id(self, anyone: Client, oidc_issuer: str) -> None:
        subject = str(uuid.uuid4())
        people.describe(oidc_issuer, subject, **people.claims_of("erin"))
        people.sign_in(anyone, subject)
        assert ok(anyone.get("/api/users/me"))["id"] == subject

    def test_another_subject_gives_an_id_of_its_own_each_time(
        self, anyone: Client, app: Flask, someone: str
    ) -> None:
        ids = []
        for client in (anyone, app.test_client()):
            people.sign_in(client, someone)
            ids.append(ok(client.get("/api/users/me"))["id"])
        assert ids[0] == ids[1]
        assert uuid.UUID(ids[0]).version == 5

    def test_what_the_provider_leaves_out_gets_placeholders(
        self, anyone: Client, newcomer: Newcomer
    ) -> None:
        people.sign_in(anyone, newcomer())
        user = ok(anyone.get("/api/users/me"))
        check_user(user)
        assert user["username"] == f"user_{user['id']}"
        assert user["email"] == f"user_{user['id']}@example.com"
        assert (user["email_verified"], user["name"], user["roles"]) == (False, "", [])

    @pytest.mark.parametrize("value", [None, 5, ["x"], {"x": 1}, "", " ", "\x00"], ids=ascii)
    def test_claims_of_other_kinds_harm_nothing(
        self, anyone: Client, newcomer: Newcomer, value: Any
    ) -> None:
        names = ("preferred_username", "name", "given_name", "family_name", "email_verified")
        people.sign_in(anyone, newcomer(**dict.fromkeys(names, value)))
        user = ok(anyone.get("/api/users/me"))
        check_user(user)
        assert user["username"]
        assert user["email_verified"] is False

    def test_claims_that_are_too_long_are_cut(self, anyone: Client, newcomer: Newcomer) -> None:
        claims = dict.fromkeys(people.claims_of("x"), "ü" * 300) | {"email_verified": True}
        people.sign_in(anyone, newcomer(**claims))
        check_user(ok(anyone.get("/api/users/me")))

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

    def test_username_and_email_may_be_taken_from_two_people(
        self, anyone: Client, newcomer: Newcomer, sql: SqlConnection
    ) -> None:
        claims = people.claims_of("alice") | {"email": "bob@example.com"}
        people.sign_in(anyone, newcomer(**claims))
        rows = sql.execute("SELECT id, username, email FROM pad_ws.users").fetchall()
        found = {(row["username"], row["email"]) for row in rows}
        assert ("alice", "bob@example.com") in found
        assert len(rows) == len(found) == 5

    def test_who_lost_a_name_gets_it_back_by_signing_in_again(
        self, anyone: Client, app: Flask, newcomer: Newcomer
    ) -> None:
        people.sign_in(anyone, newcomer(**people.claims_of("alice")))
        back = app.test_client()
        people.sign_in(back, "alice")
        assert ok(back.get("/api/users/me"))["username"] == "alice"
        other = ok(anyone.get("/api/users/me"))
        assert other["username"] == f"user_{other['id']}"

    def test_many_first_sign_ins_of_one_person_at_once_all_succeed(
        self, app: Flask, someone: str, sql: SqlConnection
    ) -> None:
        clients = [app.test_client() for _ in range(6)]
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda client: people.sign_in(client, someone), clients))
        assert [answer.status_code for answer in answers] == [302] * 6
        assert sql.execute("SELECT FROM pad_ws.users WHERE username = 'erin'").rowcount == 1

    def test_many_people_who_want_one_name_at_once_all_get_in(
        self, app: Flask, newcomer: Newcomer, sql: SqlConnection
    ) -> None:
        subjects = [newcomer(**people.claims_of("erin")) for _ in range(6)]
        with ThreadPoolExecutor(6) as threads:
            answers = list(
                threads.map(lambda each: people.sign_in(app.test_client(), each), subjects)
            )
        assert [answer.status_code for answer in answers] == [302] * 6
        assert sql.execute("SELECT FROM pad_ws.users WHERE username = 'erin'").rowcount == 1
        assert sql.execute("SELECT FROM pad_ws.users").rowcount == 10


def test_no_answer_but_the_provider_s_address_carries_a_token(anyone: Client, someone: str) -> None:
    answers = [people.sign_in(anyone, someone)]
    paths = ("/api/users/me", "/api/pad", "/api/workspace/state", "/", "/readyz")
    answers += [anyone.get(path) for path in paths]
    for answer in answers:
        assert "eyJ" not in str(answer.headers)
        assert b"eyJ" not in answer.data
    assert json.loads(anyone.get("/auth/logout").data)["logout_url"].count("eyJ") >= 1
