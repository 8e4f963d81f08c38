"""A Redis that has no room left: those who are signed in go on, and nobody else signs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis

from padws.auth.session_index import SessionIndex
from padws.auth.sessions import Session, Sessions
from tests.auth.refreshing import REFRESH, hold_refreshes
from tests.auth.sessions import make_refresh_due, session_of
from tests.helpers.browser import Browser, problem, signed_in
from tests.helpers.parallel import Gate, in_background
from tests.helpers.people import A_PAGE
from tests.providers.own import OwnProvider, subject_of

Fill = Callable[[bool], None]


@pytest.fixture
def fill(redis_client: redis.Redis) -> Iterator[Fill]:
    """Make Redis full, or not."""

    def change(full: bool) -> None:
        redis_client.config_set("maxmemory", 1 if full else 0)

    yield change
    change(False)


def test_whoever_is_signed_in_goes_on(alice: Browser, fill: Fill) -> None:
    pad = alice.new_pad()
    fill(True)
    assert alice.save(pad).status_code == 200
    assert alice.who()["username"] == "alice"
    ready = alice.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["checks"]["redis"] == "degraded: full"
    assert ready.json()["checks"]["sign_in"] == "degraded: Redis is full"
    fill(False)
    assert alice.get("/readyz").json()["checks"]["redis"] == "ok"


def test_nobody_signs_in_and_is_told_why(url: str, fill: Fill) -> None:
    browser = Browser(url)
    callback = browser.approve(browser.begin(), "alice")
    fill(True)
    for path in ("/auth/login", callback):
        answer = browser.get(path)
        problem(answer, 503, "redis_full")
        assert int(answer.headers["Retry-After"]) > 0
    assert "Redis is full" in browser.get("/auth/login", headers=A_PAGE).text
    fill(False)
    assert browser.get(callback).status_code == 302
    assert browser.who()["username"] == "alice"


def test_sessions_still_end(alice: Browser, admin: Browser, fill: Fill) -> None:
    bob = signed_in(alice.url, "bob")
    fill(True)
    assert alice.post("/auth/logout").status_code == 200
    problem(alice.get("/api/users/me"), 401, "sign_in_required")
    ended = admin.request("DELETE", f"/api/users/{subject_of('bob')}/sessions")
    assert ended.json() == {"status": "success", "ended": 1}
    problem(bob.get("/api/users/me"), 401, "sign_in_required")
    assert admin.get("/api/users/count").json() == {"active_sessions": 1}


@pytest.mark.parametrize("rotates", [True, False])
def test_a_refresh_that_cannot_be_kept_waits(
    alice: Browser, fill: Fill, redis_client: redis.Redis, provider: OwnProvider, rotates: bool
) -> None:
    provider.conduct.rotates = rotates
    pad = alice.new_pad()
    make_refresh_due(redis_client, alice)
    fill(True)
    for _ in range(3):
        assert alice.save(pad).status_code == 200
    assert provider.asked[REFRESH] == 0
    fill(False)
    for _ in range(3):
        assert alice.save(pad).status_code == 200
    assert provider.asked[REFRESH] == 1
    assert provider.refused == []


def test_a_redis_that_fills_up_during_a_refresh_fails_no_save(
    alice: Browser, fill: Fill, redis_client: redis.Redis, provider: OwnProvider
) -> None:
    pad = alice.new_pad()
    gate = Gate()
    hold_refreshes(provider, gate)
    make_refresh_due(redis_client, alice)
    thread, answers = in_background(lambda: alice.save(pad))
    gate.wait_for_somebody()
    fill(True)
    gate.open()
    thread.join()
    assert answers[0].status_code == 200
    assert session_of(redis_client, alice)
    for _ in range(3):
        assert alice.save(pad).status_code == 200
    assert provider.asked[REFRESH] == 1


def test_what_a_full_redis_has_refused_is_written_by_the_next_write(
    redis_client: redis.Redis, fill: Fill
) -> None:
    """A refresh writes twice: the token that replaces a used one must not be lost in between."""
    sessions = Sessions(redis_client, SessionIndex(redis_client), "session_id", timedelta(hours=1))
    session = Session()
    session.record.refresh_token = "used up"
    sessions.write(session)
    session.record.refresh_token = "new"
    fill(True)
    with pytest.raises(redis.ResponseError):
        sessions.write(session)
    fill(False)
    session.record.refresh_at = 1.0
    sessions.write(session)
    read = Session(session.sid)
    sessions.reload(read)
    assert (read.record.refresh_token, read.record.refresh_at) == ("new", 1.0)
