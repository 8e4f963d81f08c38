"""Commands that go past redis-py's client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.exceptions import LockNotOwnedError

from padws import redis_client
from padws.config import load_settings
from padws.redis_client import Shortcut
from tests.helpers.waiting import wait_until


def stays_open(kind: Any) -> Any:
    """Connections that stay open after a failure, as those to a master named by Sentinel do."""

    class StaysOpen(kind):  # type: ignore[misc]
        def read_response(self, *args: Any, **options: Any) -> Any:
            return super().read_response(*args, **{**options, "disconnect_on_error": False})

    return StaysOpen


@pytest.fixture(params=[lambda kind: kind, stays_open], ids=["plain", "stays_open"])
def client(redis_url: str, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    settings = load_settings({"REDIS_URL": redis_url})
    connected = redis_client.connect(settings, within=0.5, retries=1)
    pool = connected.connection_pool
    pool.connection_class = request.param(pool.connection_class)
    yield connected
    connected.close()


@pytest.fixture
def shortcut(client: redis.Redis) -> Shortcut:
    return Shortcut(client)


def test_a_lock_is_given_back_by_its_holder_alone(client: redis.Redis) -> None:
    lock = redis_client.Lock(client, "lock", timeout=30)
    assert lock.acquire(blocking=False)
    assert not redis_client.Lock(client, "lock", timeout=30).acquire(blocking=False)
    client.set("lock", "another's")
    for give_back_or_renew in (lock.reacquire, lock.release):
        with pytest.raises(LockNotOwnedError):
            give_back_or_renew()
    assert (client.get("lock"), client.pttl("lock")) == (b"another's", -1)


def test_a_lock_is_renewed_by_its_holder(client: redis.Redis) -> None:
    lock = redis_client.Lock(client, "lock", timeout=30)
    assert lock.acquire(blocking=False)
    client.pexpire("lock", 5000)
    assert lock.reacquire()
    assert 25_000 < int(client.pttl("lock")) <= 30_000


def test_an_answer_that_comes_too_late_is_nobody_elses(
    client: redis.Redis, shortcut: Shortcut
) -> None:
    client.mset({"one": "of one", "the other": "of the other"})
    assert shortcut.ask("GET", "one") == b"of one"
    client.client_pause(1500, all=True)
    with pytest.raises(redis.TimeoutError):
        shortcut.ask("GET", "one")

    def answers(name: str) -> bool:
        """Whether there is an answer in time, which is the right one."""
        try:
            assert shortcut.ask("GET", name) == f"of {name}".encode()
        except redis.TimeoutError:
            return False
        return True

    for _ in range(5):
        wait_until(lambda: answers("the other"))
        wait_until(lambda: answers("one"))


def test_a_connection_that_the_server_has_closed_costs_no_error(
    client: redis.Redis, shortcut: Shortcut
) -> None:
    shortcut.ask("SET", "one", "here")
    client.client_kill_filter(_type="normal", skipme=True)
    assert shortcut.ask("GET", "one") == b"here"


def test_what_redis_refuses_is_raised_and_the_next_command_answered(shortcut: Shortcut) -> None:
    shortcut.ask("SET", "one", "text")
    with pytest.raises(redis.ResponseError):
        shortcut.ask("HGET", "one", "field")
    assert shortcut.ask("GET", "one") == b"text"
