"""Sessions that outlive their access tokens, with refresh tokens that may be used once."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from itertools import cycle
from typing import Any

import psutil
import pytest
import redis
import requests
from flask import Response

from tests.auth.conftest import ServeApp, StartInstance
from tests.auth.refreshing import REFRESH, hold_refreshes
from tests.auth.sessions import change_session, make_refresh_due, session_of
from tests.helpers.browser import Browser, problem, signed_in
from tests.helpers.parallel import Gate, at_once, in_background
from tests.helpers.waiting import wait_until
from tests.providers.own import OwnProvider


def unavailable() -> Response:
    return Response(status=503)


# Exactly once


@pytest.mark.parametrize("number", [8, 64])
def test_parallel_saves_on_two_instances_refresh_once(
    alice: Browser, other_url: str, provider: OwnProvider, redis_client: redis.Redis, number: int
) -> None:
    pads = [alice.new_pad() for _ in range(8)]
    gate = Gate()
    hold_refreshes(provider, gate)
    for round_ in range(1, 4):
        make_refresh_due(redis_client, alice)
        browsers = [alice, alice.at(other_url)] * (number // 2)
        threading.Timer(0.3, gate.open).start()  # most of them have arrived by then
        answers = at_once(
            [partial(browser.save, pad) for browser, pad in zip(browsers, cycle(pads))]
        )
        assert [answer.status_code for answer in answers] == [200] * number
        assert provider.asked[REFRESH] == round_
    assert provider.refused == []


def test_while_one_request_refreshes_the_others_go_on(
    alice: Browser, other_url: str, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    """However long the provider takes: otherwise a hanging one would hold up every thread."""
    pad = alice.new_pad()
    gate = Gate()
    hold_refreshes(provider, gate)
    change_session(redis_client, alice, refresh_at=time.time() - 1)
    thread, held = in_background(lambda: alice.save(pad))
    gate.wait_for_somebody()
    answers = at_once([lambda: alice.save(pad), lambda: alice.at(other_url).save(pad)] * 16)
    assert {answer.status_code for answer in answers} == {200}
    assert not held
    gate.open()
    thread.join()
    assert held[0].status_code == 200
    assert provider.asked[REFRESH] == 1


def test_a_session_goes_on_and_on_with_tokens_of_a_moment(url: str, provider: OwnProvider) -> None:
    provider.conduct.access_token_seconds = 0.05
    alice = signed_in(url, "alice")
    pad = alice.new_pad()
    began = provider.asked[REFRESH]
    for number in range(10):
        time.sleep(0.05)
        assert alice.save(pad, number=number).status_code == 200
    assert provider.asked[REFRESH] == began + 10
    assert provider.refused == []


def test_a_refresh_that_is_not_due_does_not_happen(alice: Browser, provider: OwnProvider) -> None:
    for _ in range(5):
        alice.who()
    assert provider.asked[REFRESH] == 0


def test_a_provider_that_keeps_its_refresh_token_is_asked_with_it_again(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    provider.conduct.rotates = False
    provider.conduct.alter_token_answer = lambda answer: {
        name: value for name, value in answer.items() if name not in (REFRESH, "id_token")
    }
    for number in range(1, 4):
        make_refresh_due(redis_client, alice)
        alice.who()
        assert provider.asked[REFRESH] == number
    assert provider.refused == []


def test_a_provider_without_refresh_tokens_gives_sessions_all_the_same(
    url: str, provider: OwnProvider
) -> None:
    provider.conduct.issues_refresh_tokens = False
    provider.conduct.access_token_seconds = 0.05
    alice = signed_in(url, "alice")
    time.sleep(0.1)
    assert alice.who()["username"] == "alice"
    assert provider.asked[REFRESH] == 0


def test_a_provider_that_tells_no_lifetime_is_not_asked_for_every_request(
    url: str, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    alice = signed_in(url, "alice")
    provider.conduct.access_token_seconds = None
    make_refresh_due(redis_client, alice)
    for _ in range(5):
        alice.who()
    assert provider.asked[REFRESH] == 1


def test_a_provider_that_tells_no_lifetime_is_asked_now_and_then(
    url: str, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    provider.conduct.access_token_seconds = None
    alice = signed_in(url, "alice")
    session = session_of(redis_client, alice)
    assert session
    assert session["refresh_at"] > time.time()


# Refused


def test_a_refused_refresh_is_a_401_and_the_save_can_be_repeated(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    pad = alice.new_pad()
    provider.conduct.nobody = {"alice"}
    make_refresh_due(redis_client, alice)
    refused = alice.save(pad, number=1)
    problem(refused, 401, "session_expired")
    assert "WWW-Authenticate" in refused.headers
    assert "Location" not in refused.headers
    assert alice.cookie is None
    assert redis_client.keys("padws:session:*") == []

    problem(alice.save(pad, number=1), 401, "sign_in_required")
    provider.conduct.nobody = set()
    alice.sign_in("alice")
    saved = alice.save(pad, number=1)
    assert saved.status_code == 200
    assert saved.json()["version"] == 2  # the refused save has changed nothing


def test_parallel_saves_of_a_refused_session_are_all_told_so(
    alice: Browser, other_url: str, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    pad = alice.new_pad()
    provider.conduct.nobody = {"alice"}
    gate = Gate()
    hold_refreshes(provider, gate)
    make_refresh_due(redis_client, alice)
    threading.Timer(0.3, gate.open).start()
    answers = at_once([lambda: alice.save(pad), lambda: alice.at(other_url).save(pad)] * 4)
    assert {answer.status_code for answer in answers} == {401}
    codes = [answer.json()["code"] for answer in answers]
    assert set(codes) <= {"session_expired", "sign_in_required"}
    assert "session_expired" in codes
    assert provider.asked[REFRESH] == 1


def test_a_session_never_becomes_somebody_elses(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis, url: str
) -> None:
    bob = signed_in(url, "bob")
    stolen = session_of(redis_client, bob)
    assert stolen
    change_session(redis_client, alice, refresh_at=0, refresh_token=stolen[REFRESH])
    problem(alice.get("/api/users/me"), 401, "session_expired")


# The provider away


def test_a_provider_that_is_away_stops_no_session(
    alice: Browser, other_url: str, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    pad = alice.new_pad()
    make_refresh_due(redis_client, alice)
    provider.stop()
    answers = at_once([lambda: alice.save(pad), lambda: alice.at(other_url).save(pad)] * 8)
    assert {answer.status_code for answer in answers} == {200}

    provider.start()
    make_refresh_due(redis_client, alice)
    assert alice.save(pad).status_code == 200
    assert provider.asked[REFRESH] == 1
    assert provider.refused == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response(status=500),
        lambda: Response("<h1>Bad Gateway</h1>", 502),
        lambda: Response("<h1>Sorry</h1>", 200),
        lambda: Response("[]", 200, mimetype="application/json"),
        lambda: Response('"no"', 400, mimetype="application/json"),
        lambda: Response('{"error": "invalid_client"}', 401, mimetype="application/json"),
        lambda: Response('{"error": "slow_down"}', 429, mimetype="application/json"),
        lambda: Response("{}", 200, mimetype="application/json"),
    ],
    ids=["500", "502", "html", "list", "string", "client", "429", "empty"],
)
def test_a_provider_out_of_order_stops_no_session_and_is_left_in_peace(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis, answer: Any
) -> None:
    provider.conduct.instead["/token"] = answer
    make_refresh_due(redis_client, alice)
    before = provider.asked["/token"]
    for _ in range(5):
        alice.who()
    assert provider.asked["/token"] == before + 1

    provider.conduct.instead.clear()
    make_refresh_due(redis_client, alice)
    alice.who()
    assert provider.refused == []


@pytest.mark.parametrize("endpoint", ["/userinfo", "/jwks"])
def test_a_refresh_that_breaks_off_half_way_does_not_lose_the_new_refresh_token(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis, endpoint: str
) -> None:
    if endpoint == "/jwks":
        provider.rotate_keys()  # so that the keys are fetched
    provider.conduct.instead[endpoint] = unavailable
    make_refresh_due(redis_client, alice)
    alice.who()
    assert provider.asked[REFRESH] == 1

    provider.conduct.instead.clear()
    make_refresh_due(redis_client, alice)
    alice.who()
    assert provider.refused == []


def test_a_worker_that_is_killed_while_it_refreshes_keeps_no_session_waiting_for_ever(
    instance: StartInstance, url: str, provider: OwnProvider, own_redis: Any
) -> None:
    service = instance(OIDC_TIMEOUT="0.5", WEB_CONCURRENCY="1")
    provider.conduct.rotates = False  # what is answered too late is asked for again
    alice = signed_in(url, "alice").at(service.url)
    pad = alice.new_pad()
    gate = Gate()

    def keep_waiting() -> Response:
        gate.wait()
        return unavailable()  # the refresh token has not been used

    provider.conduct.instead["/token"] = keep_waiting
    with own_redis.client() as client:
        make_refresh_due(client, alice)
        thread, _ = in_background(lambda: _answer_or_none(alice, pad))
        gate.wait_for_somebody()
        (worker,) = psutil.Process(service.server.pid).children()
        os.kill(worker.pid, signal.SIGKILL)
        thread.join()
        gate.open()
        provider.conduct.instead.clear()
        wait_until(lambda: bool(psutil.Process(service.server.pid).children()))
        for _ in range(2):
            wait_until(lambda: alice.save(pad).status_code == 200, "a save")
            make_refresh_due(client, alice)


def _answer_or_none(browser: Browser, pad: str) -> requests.Response | None:
    try:
        return browser.save(pad)
    except requests.ConnectionError:
        return None


# What changes meanwhile


def test_a_role_taken_away_at_the_provider_is_gone_after_the_next_refresh(
    admin: Browser, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    assert admin.get("/api/users").status_code == 200
    provider.conduct.roles = {}
    assert admin.get("/api/users").status_code == 200
    make_refresh_due(redis_client, admin)
    problem(admin.get("/api/users"), 403, "not_administrator")
    assert admin.who()["roles"] == []


def test_a_role_given_at_the_provider_is_there_after_the_next_refresh(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    problem(alice.get("/api/users"), 403, "not_administrator")
    provider.conduct.roles = {"alice": ["admin"]}
    make_refresh_due(redis_client, alice)
    assert alice.get("/api/users").status_code == 200


def test_roles_outlast_a_change_of_keys(
    admin: Browser, other_url: str, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    other = admin.at(other_url)
    for browser in (admin, other) * 4:  # on whichever worker
        provider.rotate_keys()
        make_refresh_due(redis_client, admin)
        assert browser.get("/api/users").status_code == 200


@pytest.mark.parametrize("way", ["logout", "administrator", "provider"])
def test_a_session_that_ends_during_its_refresh_does_not_come_back(
    alice: Browser,
    admin: Browser,
    other_url: str,
    provider: OwnProvider,
    redis_client: redis.Redis,
    way: str,
) -> None:
    alice_id = alice.who()["id"]
    cookies = alice.here.cookies.copy()
    gate = Gate()
    hold_refreshes(provider, gate)
    make_refresh_due(redis_client, alice)
    thread, answers = in_background(lambda: alice.at(other_url).get("/api/users/me"))
    gate.wait_for_somebody()
    if way == "logout":
        ended = alice.post("/auth/logout")
    elif way == "administrator":
        ended = admin.request("DELETE", f"/api/users/{alice_id}/sessions")
    else:
        token = provider.logout_token(sub=alice_id)
        ended = Browser(alice.url).post("/auth/backchannel-logout", data={"logout_token": token})
    assert ended.status_code == 200, ended.text
    gate.open()
    thread.join()
    assert answers[0].status_code in (200, 401)
    again = Browser(alice.url)
    again.here.cookies.update(cookies)
    problem(again.get("/api/users/me"), 401, "sign_in_required")
    assert session_of(redis_client, again) is None


def test_asking_to_sign_in_again_during_a_refresh_does_not_put_the_old_token_back(
    alice: Browser, served: ServeApp, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    cold = served()  # has not read the provider's metadata
    gate = Gate()
    provider.conduct.instead["/.well-known/openid-configuration"] = gate.wait
    thread, answers = in_background(lambda: alice.at(cold).get("/auth/login"))
    gate.wait_for_somebody()
    make_refresh_due(redis_client, alice)
    alice.who()
    assert provider.asked[REFRESH] == 1
    gate.open()
    thread.join()
    assert answers[0].status_code == 302
    make_refresh_due(redis_client, alice)
    alice.who()
    assert provider.refused == []
