"""Sessions in Redis: what a cookie is worth, and what it is not."""

from __future__ import annotations

import time

import msgspec
import pytest
import redis

from tests.api.conftest import Configure, SqlConnection
from tests.helpers import people
from tests.helpers.contract import Client, assert_problem, ok
from tests.helpers.drawings import drawing

#: Every route that needs somebody who has signed in, one of each kind.
ROUTES = [
    ("GET", "/api/pad"),
    ("POST", "/api/pad"),
    ("GET", "/api/pad/00000000-0000-4000-8000-000000000000"),
    ("POST", "/api/pad/00000000-0000-4000-8000-000000000000"),
    ("GET", "/api/pad/recent"),
    ("POST", "/api/pad/from-template/default"),
    ("GET", "/api/templates"),
    ("GET", "/api/users/me"),
    ("GET", "/api/users/count"),
    ("GET", "/api/workspace/state"),
    ("POST", "/api/workspace/start"),
]

#: What anybody may request, whatever the cookie says.
OPEN = [
    "/api/app/config",
    "/api/app/build-info",
    "/api/openapi.json",
    "/api/docs",
    "/healthz",
    "/readyz",
    "/",
]


def everywhere_401(client: Client) -> None:
    for method, path in ROUTES:
        answer = client.open(path, method=method, json=drawing() if method == "POST" else None)
        assert_problem(answer, 401, "sign_in_required")
    for path in OPEN:
        assert client.get(path).status_code == 200


def test_nobody_gets_a_401_where_somebody_is_needed(anyone: Client) -> None:
    everywhere_401(anyone)


def test_an_emptied_redis_means_to_sign_in_again(
    alice: Client, redis_client: redis.Redis, sql: SqlConnection
) -> None:
    ok(alice.get("/api/users/me"))
    redis_client.flushdb()
    everywhere_401(alice)
    people.sign_in(alice, "alice")
    assert ok(alice.get("/api/users/me"))["username"] == "alice"
    assert len(ok(alice.get("/api/pad"))) == 1


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xfe", b"{}", b"\x80", b"\x93\x01", b"x" * 9]
)
def test_a_session_that_cannot_be_read_is_none(
    alice: Client, redis_client: redis.Redis, content: bytes
) -> None:
    (key,) = redis_client.keys(f"*{people.cookie_of(alice)}")
    redis_client.set(key, content)
    everywhere_401(alice)


def test_a_session_ends_however_much_it_is_used(
    configure: Configure, redis_client: redis.Redis
) -> None:
    """The test does not wait an hour: it changes the session as if it had begun an hour earlier."""
    client = configure(SESSION_MAX_HOURS="1").test_client()
    people.sign_in(client, "bob")
    (key,) = redis_client.keys(f"*{people.cookie_of(client)}")
    session = msgspec.msgpack.decode(redis_client.get(key))  # type: ignore[arg-type]
    left = session["expires_at"] - time.time()
    assert 3500 < left <= 3600
    session["expires_at"] -= 3600
    redis_client.set(key, msgspec.msgpack.encode(session))
    assert_problem(client.get("/api/users/me"), 401, "sign_in_required")


def test_reading_sets_no_cookie(alice: Client) -> None:
    for path in ("/api/pad", "/api/users/me", *OPEN):
        assert "Set-Cookie" not in alice.get(path).headers
    assert "Set-Cookie" not in alice.post("/api/pad", json={}).headers


def test_a_visitor_gets_no_cookie_before_signing_in(
    anyone: Client, redis_client: redis.Redis
) -> None:
    before = set(redis_client.scan_iter("padws:session*"))
    for path in ("/api/pad", "/auth/callback", "/auth/logout", *OPEN):
        assert people.cookie_of(anyone) is None, path
        anyone.get(path)
    assert set(redis_client.scan_iter("padws:session*")) == before
