"""Sessions and their ends: here, by an administrator, at the provider, with Redis."""

from __future__ import annotations

import threading
import time
from uuid import uuid4

import pytest
import redis

from tests.auth import forged
from tests.auth.conftest import Deployment, ScriptOf, ServeApp
from tests.auth.sessions import change_session, session_of
from tests.helpers.browser import COOKIE, Browser, Script, problem, signed_in
from tests.helpers.parallel import at_once
from tests.helpers.redis_servers import counted_commands
from tests.providers.own import CLIENT, SECRET, Claims, OwnProvider, new_key, subject_of

ME = "/api/users/me"
BACKCHANNEL = "/auth/backchannel-logout"


def is_over(browser: Browser) -> None:
    """Assert that nobody is signed in in this browser."""
    problem(browser.get(ME), 401, "sign_in_required")


def copy_of(browser: Browser) -> Browser:
    """Somebody who has a copy of a browser's cookie."""
    thief = Browser(browser.url)
    thief.here.cookies.update(browser.here.cookies)
    return thief


# Signing out


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_signing_out_ends_the_session_on_every_instance(
    alice: Browser, other_url: str, redis_client: redis.Redis, method: str
) -> None:
    thief = copy_of(alice)
    assert thief.at(other_url).who()["username"] == "alice"
    answer = alice.request(method, "/auth/logout")
    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    assert answer.json().keys() == {"status", "logout_url"}
    assert alice.cookie is None
    for browser in (thief, thief.at(other_url)):
        is_over(browser)
    assert redis_client.keys("padws:session:*") == []
    assert redis_client.zcard("padws:sessions") == 0


def test_signing_out_works_without_the_provider(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    provider.stop()
    assert alice.post("/auth/logout").status_code == 200
    assert redis_client.keys("padws:session:*") == []


def test_a_provider_without_a_way_out_is_left_in_peace(
    served: ServeApp, provider: OwnProvider
) -> None:
    provider.conduct.alter_discovery = lambda metadata: {
        name: value for name, value in metadata.items() if name != "end_session_endpoint"
    }
    browser = signed_in(served(FRONTEND_URL="https://pad.example.com/app"), "alice")
    logout = browser.post("/auth/logout")
    assert logout.json() == {"status": "success", "logout_url": "https://pad.example.com/app"}


def test_an_id_token_that_is_long_is_not_in_the_address_for_signing_out(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    usual = alice.post("/auth/logout").json()["logout_url"]
    assert "id_token_hint=" in usual
    provider.conduct.alter_id_token = lambda claims: claims | {"roles": ["x" * 50] * 200}
    alice.sign_in("alice")
    session = session_of(redis_client, alice)
    assert session
    assert "id_token" not in session
    change_session(redis_client, alice, id_token="x" * 13_000)  # as another release kept it
    logout_url = alice.post("/auth/logout").json()["logout_url"]
    assert len(logout_url) < 1000
    assert f"client_id={CLIENT}" in logout_url
    assert "post_logout_redirect_uri=" in logout_url
    assert "id_token_hint" not in logout_url


# How long


def test_the_lives_of_a_session_are_settings(served: ServeApp, redis_client: redis.Redis) -> None:
    browser = signed_in(served(SESSION_IDLE_MINUTES="7", SESSION_MAX_HOURS="3"), "alice")
    session = session_of(redis_client, browser)
    assert session
    assert 3 * 3600 - 60 < session["expires_at"] - time.time() <= 3 * 3600
    key = f"padws:session:{browser.cookie}"
    assert 0 < redis_client.ttl(key) <= 7 * 60
    redis_client.expire(key, 10)
    browser.who()
    assert 6 * 60 < redis_client.ttl(key) <= 7 * 60


def test_a_sign_in_that_is_not_finished_leaves_little(
    anyone: Browser, redis_client: redis.Redis
) -> None:
    for _ in range(5):
        browser = Browser(anyone.url)
        browser.begin()
        problem(browser.get("/api/workspace/state"), 401, "sign_in_required")
    keys = redis_client.keys("padws:session:*")
    assert len(keys) == 5
    assert all(0 < redis_client.ttl(key) <= 600 for key in keys)
    assert redis_client.zcard("padws:sessions") == 0


# An administrator


def test_an_administrator_ends_all_sessions_of_somebody(
    alice: Browser, admin: Browser, other_url: str
) -> None:
    further, bob = signed_in(other_url, "alice"), signed_in(other_url, "bob")
    answer = admin.request("DELETE", f"/api/users/{subject_of('alice')}/sessions")
    assert answer.status_code == 200
    assert answer.json() == {"status": "success", "ended": 2}
    for browser in (alice, further, alice.at(other_url)):
        is_over(browser)
    assert bob.who()["username"] == "bob"
    assert admin.who()["username"] == "admin"
    alice.sign_in("alice")
    assert alice.who()["username"] == "alice"


def test_nobody_else_ends_sessions(alice: Browser, anyone: Browser, url: str) -> None:
    bob = signed_in(url, "bob")
    path = f"/api/users/{subject_of('alice')}/sessions"
    problem(bob.request("DELETE", path), 403, "not_administrator")
    problem(alice.request("DELETE", path), 403, "not_administrator")
    problem(anyone.request("DELETE", path), 401, "sign_in_required")
    assert alice.who()["username"] == "alice"


def test_ending_somebodys_sessions_looks_at_nobody_elses(
    alice: Browser, admin: Browser, redis_client: redis.Redis
) -> None:
    later = time.time() + 1000
    others = [f"{uuid4()}:{number}" for number in range(500)]
    neighbour = f"{subject_of('alice')}0:x"
    redis_client.zadd("padws:sessions", dict.fromkeys([*others, neighbour], later))
    redis_client.zadd("padws:sessions:by-user", dict.fromkeys([*others, neighbour], 0))
    for rounds in range(2):  # the second time there are none
        with counted_commands(redis_client) as counted:
            ended = admin.request("DELETE", f"/api/users/{subject_of('alice')}/sessions").json()
        assert ended["ended"] == 1 - rounds
        assert not {"exists", "zrange"} & counted.keys()
        assert counted["zrangebylex"] == 1
        assert counted["zscan"] == 1  # as long as the release without that index may run
    assert redis_client.zcard("padws:sessions") == redis_client.zcard("padws:sessions:by-user")
    assert redis_client.zcard("padws:sessions:by-user") == 502


def test_sessions_of_a_release_without_that_index_end_all_the_same(
    alice: Browser, admin: Browser, other_url: str, redis_client: redis.Redis
) -> None:
    """It wrote the session and the set that is sorted by time, in the form that this one reads."""
    further = signed_in(other_url, "alice")
    session = session_of(redis_client, further)
    assert session
    change_session(redis_client, further, _permanent=False, next="/", popup=False)
    change_session(redis_client, further, _state_oidc_x={"data": {"url": "x"}, "exp": 1.5})
    assert further.who()["username"] == "alice"
    redis_client.zrem("padws:sessions:by-user", f"{subject_of('alice')}:{further.cookie}")
    answer = admin.request("DELETE", f"/api/users/{subject_of('alice')}/sessions")
    assert answer.json()["ended"] == 2
    for browser in (alice, further):
        is_over(browser)
    assert admin.get("/api/users/count").json() == {"active_sessions": 1}


def test_sessions_that_are_over_leave_both_indexes(
    alice: Browser, redis_client: redis.Redis
) -> None:
    for key, score in (("padws:sessions", 1.0), ("padws:sessions:by-user", 0.0)):
        redis_client.zadd(key, {f"{uuid4()}:{number}": score for number in range(10)})
    signed_in(alice.url, "bob")
    assert redis_client.zcard("padws:sessions") == 2
    redis_client.zadd("padws:sessions", {f"{uuid4()}:x": 1.0})
    signed_in(alice.url, "bob")
    assert redis_client.zcard("padws:sessions") == 3


# The provider


def test_the_provider_ends_one_session(
    alice: Browser, other_url: str, redis_client: redis.Redis, provider: OwnProvider
) -> None:
    further = signed_in(other_url, "alice")
    assert _logout(alice.url, provider, sid=_provider_session(redis_client, provider, alice)) == 200
    is_over(alice)
    assert further.who()["username"] == "alice"


def test_the_provider_ends_all_sessions_of_somebody(
    alice: Browser, other_url: str, provider: OwnProvider
) -> None:
    further, bob = signed_in(other_url, "alice"), signed_in(other_url, "bob")
    assert _logout(alice.url, provider, sub=subject_of("alice")) == 200
    is_over(alice)
    is_over(further)
    assert bob.who()["username"] == "bob"


def test_a_logout_token_need_not_say_when_it_ends(alice: Browser, provider: OwnProvider) -> None:
    """The first versions of the standard did not require it, and not every provider does it."""
    token = provider.logout_token(sub=subject_of("alice"), exp=None)
    assert Browser(alice.url).post(BACKCHANNEL, data={"logout_token": token}).status_code == 200
    is_over(alice)


def _provider_session(client: redis.Redis, provider: OwnProvider, browser: Browser) -> str:
    """The session at the provider that a session here belongs to."""
    session = session_of(client, browser)
    assert session
    return provider.session_of(session["refresh_token"])


def _logout(url: str, provider: OwnProvider, **claims: str) -> int:
    token = provider.logout_token(**claims)
    answer = Browser(url).post(BACKCHANNEL, data={"logout_token": token})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    return answer.status_code


@pytest.mark.parametrize(
    "claims", [{"sub": "nobody"}, {"sid": "none"}, {"sub": subject_of("charlie")}]
)
def test_the_end_of_what_is_not_here_is_no_failure(
    url: str, provider: OwnProvider, claims: dict[str, str]
) -> None:
    assert _logout(url, provider, **claims) == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:9/other"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"exp": 1},
        {"exp": "soon"},
        {"iat": None},
        {"iat": 1_700_000_000},
        {"iat": 1_700_000_000, "exp": None},
        {"iat": 4_000_000_000},
        {"events": None},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/another": {}}},
        {"events": "http://schemas.openid.net/event/backchannel-logout"},
        {"events": ["http://schemas.openid.net/event/backchannel-logout"]},
        {"nonce": "n"},
        {"sub": None},
    ],
    ids=str,
)
def test_a_logout_token_that_is_not_right_ends_nothing(
    alice: Browser, provider: OwnProvider, claims: Claims
) -> None:
    token = provider.logout_token(**{"sub": subject_of("alice"), **claims})
    problem(
        Browser(alice.url).post(BACKCHANNEL, data={"logout_token": token}), 400, "invalid_token"
    )
    assert alice.who()["username"] == "alice"


def test_a_logout_token_that_is_not_the_providers_ends_nothing(
    alice: Browser, provider: OwnProvider
) -> None:
    subject = subject_of("alice")
    good = provider.logout_token(sub=subject)
    header, payload, signature = good.split(".")
    claims: Claims = {
        "iss": provider.issuer,
        "aud": CLIENT,
        "iat": int(time.time()),
        "exp": int(time.time()) + 120,
        "jti": "1",
        "sub": subject,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    access = provider.signed(provider.access_claims("alice"))
    tokens = [
        forged.unsigned(claims),
        forged.by_secret(claims, SECRET),
        forged.by_secret(claims, forged.public_pem(provider), kid=provider.keys[0].kid),
        provider.signed(claims, key=new_key()),
        f"{header}.{payload}.{signature[::-1]}",
        f"{header}.{payload}.",
        access,
        "",
        "x",
        "x.y.z",
        "....",
        "\x00",
        "ü",
        "a" * 60_000,
        "eyJhbGciOiJSUzI1NiIsImNyaXQiOjF9.e30.x",  # {"alg":"RS256","crit":1}
    ]
    for token in tokens:
        answer = Browser(alice.url).post(BACKCHANNEL, data={"logout_token": token})
        problem(answer, 400, "invalid_token")
    long = Browser(alice.url).post(BACKCHANNEL, data={"logout_token": "a" * 70_000})
    problem(long, 413, "body_too_large")
    problem(Browser(alice.url).post(BACKCHANNEL), 400, "invalid_token")
    problem(Browser(alice.url).post(BACKCHANNEL, json={"logout_token": good}), 400, "invalid_token")
    problem(Browser(alice.url).get(BACKCHANNEL), 405, "method_not_allowed")
    assert alice.who()["username"] == "alice"


def test_a_logout_that_comes_with_a_browsers_cookie_is_the_providers_all_the_same(
    alice: Browser, provider: OwnProvider
) -> None:
    token = provider.logout_token(sub=subject_of("bob"))
    assert alice.post(BACKCHANNEL, data={"logout_token": token}).status_code == 200
    assert alice.who()["username"] == "alice"


# Counting


def test_a_session_that_begins_while_others_are_counted_is_counted_too(
    admin: Browser, url: str, other_url: str
) -> None:
    done = threading.Event()

    def count() -> None:
        while not done.is_set():
            admin.get("/api/users/count")

    counting = [threading.Thread(target=count) for _ in range(3)]
    for thread in counting:
        thread.start()
    browsers = at_once([lambda: signed_in(url, "alice"), lambda: signed_in(other_url, "bob")] * 12)
    done.set()
    for thread in counting:
        thread.join()
    assert admin.get("/api/users/count").json() == {"active_sessions": len(browsers) + 1}


# Redis


def test_with_redis_empty_everybody_signs_in_again_and_nothing_breaks(
    alice: Browser, admin: Browser, other_url: str, redis_client: redis.Redis
) -> None:
    pad = alice.new_pad()
    away = alice.begin()  # on the way to the provider
    redis_client.flushall()
    redis_client.script_flush()
    for browser in (alice, alice.at(other_url), admin):
        is_over(browser)
        is_over(browser)
    problem(alice.save(pad), 401, "sign_in_required")
    problem(alice.get(alice.approve(away, "alice")), 401, "sign_in_failed")
    alice.sign_in("alice")
    assert alice.save(pad).status_code == 200
    admin.sign_in("admin")
    assert admin.get("/api/users/count").json() == {"active_sessions": 2}


def test_without_redis_sessions_wait_and_tokens_work(
    alice: Browser, script: ScriptOf, deployment: Deployment, provider: OwnProvider
) -> None:
    pad = alice.new_pad()
    token = alice.post(f"{ME}/tokens", json={"name": "backup", "scope": "write"}).json()["token"]
    deployment.redis.stop()
    for answer in (alice.get(ME), alice.save(pad), alice.get("/auth/login")):
        problem(answer, 503, "redis_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    problem(
        Browser(alice.url).post("/auth/logout", headers={"Cookie": f"{COOKIE}=x"}),
        503,
        "redis_unavailable",
    )
    by_provider = script(provider.signed(provider.access_claims("alice")))
    for client in (script(token), by_provider):
        assert client.save(pad).status_code == 200
    deployment.redis.start()
    assert alice.save(pad).status_code == 200  # without a restart, and without signing in again


def test_a_browser_that_sends_both_is_who_the_token_says(
    alice: Browser, provider: OwnProvider
) -> None:
    token = provider.signed(provider.access_claims("bob"))
    both = Script(alice.url, token)
    both.here.cookies.update(alice.here.cookies)
    assert both.who()["username"] == "bob"
    assert alice.who()["username"] == "alice"
