"""Signing in: the way to the provider and back, and attempts to get in without it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
import redis
from flask import Response

from padws.embedded import temporary
from padws.embedded.directory import DataDirectory
from padws.embedded.servers import Provider
from padws.embedded.startup import free_port
from tests.auth import forged
from tests.auth.conftest import ServeApp
from tests.auth.sessions import session_of
from tests.helpers.browser import COOKIE, Browser, problem, signed_in
from tests.helpers.parallel import Gate
from tests.providers.own import (
    CLIENT,
    SECRET,
    Claims,
    Grant,
    OwnProvider,
    SigningKey,
    new_curve_key,
    new_key,
    subject_of,
)


def query_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


# The way there and back


def test_the_browser_is_sent_with_state_nonce_and_challenge(
    anyone: Browser, provider: OwnProvider
) -> None:
    location = anyone.begin()
    assert location.startswith(f"{provider.issuer}/authorize?")
    query = query_of(location)
    assert query["response_type"] == "code"
    assert query["client_id"] == CLIENT
    assert "openid" in query["scope"].split()
    assert query["redirect_uri"] == f"{anyone.url}/auth/callback"
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 22  # characters of base64 for 128 bits
    assert len(query["nonce"]) >= 20
    assert len(query["code_challenge"]) == 43
    assert SECRET not in location
    assert not {"popup", "next", "kc_idp_hint"} & query.keys()


def test_whoever_has_signed_in_is_there_on_every_instance(
    anyone: Browser, other_url: str, provider: OwnProvider
) -> None:
    problem(anyone.get("/api/workspace/state"), 401, "sign_in_required")
    back = anyone.sign_in("alice")
    assert back.status_code == 302
    assert back.headers["Location"] == "/"
    for browser in (anyone, anyone.at(other_url)):
        assert browser.get("/api/workspace/state").status_code == 200
        me = browser.who()
        assert me["username"] == "alice"
        assert me["id"] == subject_of("alice")


def test_what_the_provider_says_is_no_markup_here(anyone: Browser) -> None:
    anyone.begin()
    answer = anyone.get("/auth/callback?error=<script>alert(1)</script>&error_description=<b>")
    problem(answer, 401, "sign_in_failed")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# Cookies


def cookie_of(response: Any) -> dict[str, str]:
    """The attributes of the session cookie that an answer sets."""
    (line,) = (
        each for each in response.raw.headers.getlist("Set-Cookie") if each.startswith(f"{COOKIE}=")
    )
    pairs = (part.strip().partition("=") for part in line.split(";"))
    return {name.lower(): value for name, _, value in pairs}


def test_the_cookie_is_opaque_and_kept_from_scripts_and_other_sites(anyone: Browser) -> None:
    for answer in (anyone.get("/auth/login"), anyone.sign_in("alice")):
        cookie = cookie_of(answer)
        assert "httponly" in cookie
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert "domain" not in cookie
        assert "secure" not in cookie  # this instance is not behind TLS
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", cookie[COOKIE])  # 256 bits and nothing else


def test_a_session_gets_a_new_id_at_sign_in(anyone: Browser, redis_client: redis.Redis) -> None:
    anyone.begin()
    before = anyone.cookie
    anyone.sign_in("alice")
    assert anyone.cookie != before
    assert redis_client.exists(f"padws:session:{before}") == 0


def test_a_planted_session_id_leads_nowhere(url: str, redis_client: redis.Redis) -> None:
    planted = Browser(url)
    planted.begin()
    assert planted.cookie
    for sid in (planted.cookie, "chosen-by-the-attacker"):
        victim, attacker = Browser(url), Browser(url)
        for browser in (victim, attacker):
            browser.here.cookies.set(COOKIE, sid, domain="127.0.0.1")
        victim.sign_in("alice")
        assert victim.who()["username"] == "alice"
        problem(attacker.get("/api/users/me"), 401, "sign_in_required")
        assert redis_client.exists(f"padws:session:{sid}") == 0


@pytest.mark.parametrize(
    "tamper",
    [
        lambda sid: sid[:-1] + ("A" if sid[-1] != "A" else "B"),
        lambda sid: sid[1:],
        lambda sid: sid + "A",
        lambda sid: sid.swapcase(),
        lambda sid: f" {sid}x",
        lambda sid: "",
        lambda sid: "*",
        lambda sid: "[a-z]*",
        lambda sid: "../" + sid,
        lambda sid: sid + "%00",
        lambda sid: '"' + sid + '\\000"',
        lambda sid: "A" * 4000,
        lambda sid: "\xff\xfe",
        lambda sid: "{}",
        lambda sid: "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiMSJ9.",
    ],
)
def test_a_cookie_that_was_tampered_with_is_no_session(
    alice: Browser, tamper: Callable[[str], str]
) -> None:
    assert alice.cookie
    forged = Browser(alice.url)
    header = f"{COOKIE}={tamper(alice.cookie)}".encode("latin-1")
    problem(forged.get("/api/users/me", headers={"Cookie": header}), 401, "sign_in_required")


# Where to go afterwards

LEADS_AWAY = [
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:/\\evil.example",
    "HtTpS://evil.example",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example\\@pad.example.com",
    "/\uff0fevil.example",
    "\uff0f\uff0fevil.example",
    "//evil%E3%80%82example",
    "@evil.example",
    ".evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "evil.example",
    "/a\r\nLocation: https://evil.example",
    "/a\r\nSet-Cookie: session_id=planted",
    "/\u2028/evil.example",
    "/\x7f/evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/%2e%2e//evil.example",
    "/%5cevil.example",
    "/%2fevil.example",
    "/a\u202eb",
    "/%09/evil.example",
    "/a%0d%0aX:y",
    "/" + "a" * 600,
    "",
    "pad/1",
    "/\\/evil.example",
    "/\x00/evil.example",
    "\x01//evil.example",
    "https:/evil.example",
    ":80",
    "http://127.0.0.1@evil.example",
    "http://127.0.0.1.evil.example",
    "/x\r\n\r\n<script>",
    "\ud800",
]
#: `next` → where it leads, as it must be written in a header.
STAYS_HERE = {
    "/": "/",
    "/pads/1?tab=a,b": "/pads/1?tab=a,b",
    "/a%20b": "/a%20b",
    "/@home": "/@home",
    "/a/b.c-d_e~f": "/a/b.c-d_e~f",
    "/a:b": "/a:b",
    "/?x=1&y=a%2Fb": "/?x=1&y=a%2Fb",
    "/%C3%A4": "/%C3%A4",
    "/x#part": "/x#part",
    "/x?y=1#/a/b?c": "/x?y=1#/a/b?c",
    "/x#a#b": "/x#a#b",
    "/b\u00fccher/\u6f22": "/b%C3%BCcher/%E6%BC%A2",
    "/ /evil.example": "/%20/evil.example",
    "/\u3002/evil.example": "/%E3%80%82/evil.example",
    '/a[1]|{b}"^`<c>': "/a%5B1%5D%7C%7Bb%7D%22%5E%60%3Cc%3E",
    "/100%": "/100%",
    "/x?to=//evil.example\\y": "/x?to=//evil.example%5Cy",
    "/x#//evil.example": "/x#//evil.example",
}


@pytest.mark.parametrize("wish", [*LEADS_AWAY, *STAYS_HERE], ids=ascii)
def test_no_spelling_of_next_leads_to_another_site(anyone: Browser, wish: str) -> None:
    begun = anyone.get(f"/auth/login?next={quote(wish.encode('utf-8', 'surrogatepass'), safe='')}")
    back = anyone.get(anyone.approve(begun.headers["Location"], "alice"))
    location = back.headers["Location"]
    assert location == STAYS_HERE.get(wish, "/")
    assert _where_a_browser_goes(anyone.url, location) == urlsplit(anyone.url).netloc
    assert "planted" not in str(back.headers)


def _where_a_browser_goes(url: str, location: str) -> str:
    """The host, by the rules of the URL standard that make a difference here."""
    seen = re.sub(r"[\t\r\n]", "", location).strip("\x00 ").replace("\\", "/")
    return urlsplit(urljoin(url + "/auth/callback", seen)).netloc


def test_naming_next_twice_is_no_way_round(anyone: Browser) -> None:
    assert anyone.sign_in("alice", "?next=/&next=//evil.example").headers["Location"] == "/"
    assert anyone.sign_in("alice", "?next=//evil.example&next=/").headers["Location"] == "/"


def test_signing_out_leads_only_where_settings_say(alice: Browser, provider: OwnProvider) -> None:
    wishes = "?next=//evil.example&post_logout_redirect_uri=//evil.example&redirect=//evil.example"
    answer = alice.get(f"/auth/logout{wishes}", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert "evil" not in answer.json()["logout_url"]
    assert answer.json()["logout_url"].startswith(f"{provider.issuer}/logout?")


def test_forwarded_hosts_are_not_believed(anyone: Browser) -> None:
    response = anyone.get(
        "/auth/login",
        headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    )
    assert "evil" not in response.headers["Location"]


# Codes that belong to somebody else


def injected(url: str, provider: OwnProvider, grant: Callable[[dict[str, str]], Grant]) -> Any:
    """The answer when a code of another sign-in is put into a victim's callback."""
    victim = Browser(url)
    query = query_of(victim.begin())
    code = provider.grant_code(grant(query))
    return victim.get(f"/auth/callback?code={code}&state={query['state']}")


def test_a_stolen_code_is_stopped_by_the_challenge_alone(url: str, provider: OwnProvider) -> None:
    def others_code_with_our_nonce(query: dict[str, str]) -> Grant:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(b"another").digest()).decode()
        return Grant("bob", query["nonce"], query["redirect_uri"], challenge.rstrip("="))

    problem(injected(url, provider, others_code_with_our_nonce), 401, "sign_in_failed")
    assert provider.refused == ["another verifier"]


def test_a_stolen_code_is_stopped_by_the_nonce_alone(url: str, provider: OwnProvider) -> None:
    provider.conduct.checks_challenges = False

    def others_code(query: dict[str, str]) -> Grant:
        return Grant("bob", "another", query["redirect_uri"], "another")

    problem(injected(url, provider, others_code), 401, "sign_in_failed")
    assert provider.asked["authorization_code"] == 1
    assert provider.refused == []


# ID tokens that are not for us


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "http://127.0.0.1:9/other"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": {"$ne": 1}},
        {"azp": "another-client", "aud": [CLIENT, "another-client"]},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_right_signs_nobody_in(
    anyone: Browser, provider: OwnProvider, change: Claims
) -> None:
    def alter(claims: Claims) -> Claims:
        merged = claims | change
        return {name: value for name, value in merged.items() if value is not None}

    provider.conduct.alter_id_token = alter
    problem(anyone.sign_in("alice"), 401, "sign_in_failed")
    problem(anyone.get("/api/users/me"), 401, "sign_in_required")


def test_an_id_token_without_the_providers_signature_signs_nobody_in(
    served: ServeApp, provider: OwnProvider
) -> None:
    def lists_weak_algorithms(metadata: Claims) -> Claims:
        return metadata | {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}

    provider.conduct.alter_discovery = lists_weak_algorithms
    browser = Browser(served())
    for sign in (
        forged.unsigned,
        partial(forged.by_secret, secret=SECRET),
        partial(forged.by_secret, secret=forged.public_pem(provider)),
    ):
        provider.conduct.sign_id_token = sign
        problem(browser.sign_in("alice"), 401, "sign_in_failed")


def test_an_id_token_with_another_key_signs_nobody_in(
    anyone: Browser, provider: OwnProvider
) -> None:
    other = new_key()
    other.ensure_kid()
    provider.conduct.sign_id_token = lambda claims: provider.signed(claims, key=other)
    problem(anyone.sign_in("alice"), 401, "sign_in_failed")


@pytest.mark.parametrize("make", [new_key, new_curve_key])
def test_a_new_key_under_the_id_of_the_old_one_signs_in_at_once(
    served: ServeApp, provider: OwnProvider, make: Callable[[str], SigningKey]
) -> None:
    url = served()
    for name in "alice", "bob", "alice":
        assert Browser(url).sign_in(name).status_code == 302
        provider.replace_key(make)
    assert provider.asked["/jwks"] == 3


def test_a_restart_of_a_provider_that_keeps_no_keys_signs_in_at_once(
    served: ServeApp, data_directory: DataDirectory
) -> None:
    embedded = Provider(data_directory, free_port())
    url = served(**embedded.environment())
    for _ in range(2):
        with temporary.running(embedded):
            assert Browser(url).sign_in("alice").status_code == 302


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": "x"}, {"id_token": "x.y.z"}, {"error": "no"}], ids=str
)
def test_a_token_answer_that_lacks_something_signs_nobody_in(
    anyone: Browser, provider: OwnProvider, answer: Claims
) -> None:
    provider.conduct.alter_token_answer = lambda _: {**answer, "token_type": "Bearer"}
    response = anyone.sign_in("alice")
    assert response.status_code in (401, 503), response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem(anyone.get("/api/users/me"), 401, "sign_in_required")


def test_user_info_of_somebody_else_signs_nobody_in(anyone: Browser, provider: OwnProvider) -> None:
    provider.conduct.alter_userinfo = lambda claims: claims | {"sub": subject_of("bob")}
    problem(anyone.sign_in("alice"), 401, "sign_in_failed")


def test_user_info_without_a_subject_signs_nobody_in(
    anyone: Browser, provider: OwnProvider
) -> None:
    provider.conduct.alter_userinfo = lambda claims: {
        name: value for name, value in claims.items() if name != "sub"
    }
    problem(anyone.sign_in("alice"), 401, "sign_in_failed")


def test_another_issuer_than_the_configured_one_is_not_used(
    served: ServeApp, provider: OwnProvider
) -> None:
    provider.conduct.alter_discovery = lambda metadata: (
        metadata | {"issuer": "http://127.0.0.1:9/evil"}
    )
    url = served()
    problem(Browser(url).get("/auth/login"), 503, "sign_in_unavailable")


# The provider away


def test_without_the_provider_nobody_is_sent_to_a_dead_address(
    served: ServeApp, provider: OwnProvider
) -> None:
    url = served()
    provider.stop()
    answer = Browser(url).get("/auth/login")
    problem(answer, 503, "sign_in_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    provider.start()
    assert signed_in(url, "alice").who()["username"] == "alice"  # without a restart


def test_a_provider_that_goes_away_on_the_way_back_is_a_503(
    anyone: Browser, provider: OwnProvider
) -> None:
    callback = anyone.approve(anyone.begin(), "alice")
    provider.stop()
    problem(anyone.get(callback), 503, "sign_in_unavailable")
    provider.start()
    assert anyone.sign_in("alice").status_code == 302


def test_a_provider_that_does_not_answer_is_a_503(served: ServeApp, provider: OwnProvider) -> None:
    gate = Gate()

    def never() -> Response | None:
        gate.wait()
        return None

    url = served(OIDC_TIMEOUT="0.3")
    provider.conduct.instead["/.well-known/openid-configuration"] = never
    problem(Browser(url).get("/auth/login"), 503, "sign_in_unavailable")
    gate.open()


def test_the_session_keeps_no_access_token(alice: Browser, redis_client: redis.Redis) -> None:
    session = session_of(redis_client, alice)
    assert session
    assert "access_token" not in str(session)
