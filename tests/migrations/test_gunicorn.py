"""gunicorn migrates before it listens: what it does when that fails, or is stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests

from padws.embedded.startup import LOOPBACK, free_port, http_status, is_free
from padws.migrations.advisory_lock import LOCK_KEY
from padws.migrations.redis_lock import LOCK
from tests.helpers import databases
from tests.helpers.commands import THIS, Command, Release
from tests.helpers.waiting import wait_until
from tests.migrations.locks import (
    LOCK_PADS,
    SOMEBODY,
    is_waiting_in,
    nobody_holds_a_lock,
    transaction,
)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def settings(settings: dict[str, str], oidc_issuer: str, port: int) -> dict[str, str]:
    """The settings of a gunicorn on an empty database."""
    return {
        **settings,
        "OIDC_ISSUER": oidc_issuer,
        "OIDC_CLIENT_ID": "padws",
        "PORT": str(port),
    }


@pytest.fixture
def going_on(settings: dict[str, str]) -> dict[str, str]:
    """The same, for a gunicorn that starts after a failed migration."""
    return {**settings, "PADWS_ON_MIGRATION_FAILURE": "continue"}


def why_not_ready(port: int) -> str:
    """What /readyz says about the database of a service that is up, but not ready."""
    wait_until(lambda: http_status(port, "/healthz") == 200, "healthz")
    answer = requests.get(f"http://{LOOPBACK}:{port}/readyz", timeout=60)
    assert answer.status_code == 503
    why = answer.json()["checks"]["schema"]
    assert isinstance(why, str)
    return why


def test_nothing_listens_after_a_failure_unless_told_to_go_on(
    settings: dict[str, str],
    going_on: dict[str, str],
    port: int,
    release: Release,
    logs: Iterator[Path],
) -> None:
    release.add("20990101_0000_broken", "SELECT 1 / 0;")
    failed = "20990101_0000_broken.sql, statement 1 (line 3) failed: division by zero."
    with release.gunicorn(next(logs), settings) as stopped:
        assert stopped.wait() == 1
        assert stopped.complaint == failed
        assert is_free(port)

    with release.gunicorn(next(logs), going_on) as serving:
        assert why_not_ready(port) == "pending migrations: 20990101_0000_broken"
        assert f"{failed} Starting anyway" in serving.output


def test_nothing_listens_after_waiting_too_long_unless_told_to_go_on(
    settings: dict[str, str], going_on: dict[str, str], port: int, logs: Iterator[Path]
) -> None:
    with redis.Redis.from_url(settings["REDIS_URL"]) as client:
        client.set(LOCK, SOMEBODY, ex=100)
    impatient = {"MIGRATION_MAX_WAIT": "0.1"}
    with THIS.gunicorn(next(logs), {**settings, **impatient}) as stopped:
        assert stopped.wait() == 2
        assert stopped.is_one_line
        assert "for host web.2, process 17" in stopped.complaint
        assert is_free(port)

    with THIS.gunicorn(next(logs), {**going_on, **impatient}) as serving:
        assert why_not_ready(port).startswith("pending migrations: ")
        assert "still holds the lock. Starting anyway" in serving.output


def ends_when_stopped(command: Command, port: int) -> None:
    """A signal means that it should not start, whatever it is to do after a failure."""
    command.signal(signal.SIGTERM)
    assert command.wait() == 1
    assert command.is_one_line
    assert command.complaint.startswith("Stopped by SIGTERM: ")
    assert "Starting anyway" not in command.output
    assert is_free(port)


def test_a_stop_while_it_waits_for_an_instance_is_no_failure_to_go_on_after(
    going_on: dict[str, str], port: int, logs: Iterator[Path]
) -> None:
    with redis.Redis.from_url(going_on["REDIS_URL"]) as client:
        client.set(LOCK, SOMEBODY, ex=100)
        with THIS.gunicorn(next(logs), going_on) as waiting:
            waiting.says("Waiting for host web.2, process 17")
            ends_when_stopped(waiting, port)
        assert client.get(LOCK) == SOMEBODY.encode()


def test_a_stop_while_it_waits_for_postgresqls_lock_is_no_failure_to_go_on_after(
    going_on: dict[str, str], port: int, logs: Iterator[Path]
) -> None:
    hold = f"SELECT pg_advisory_lock({LOCK_KEY})"
    with (
        transaction(going_on["DATABASE_URL"], hold),
        THIS.gunicorn(next(logs), going_on) as waiting,
    ):
        waiting.says("Waiting for PostgreSQL's migration lock")
        ends_when_stopped(waiting, port)
    with redis.Redis.from_url(going_on["REDIS_URL"]) as client:
        assert client.get(LOCK) is None


def test_a_stop_while_it_migrates_is_no_failure_to_go_on_after(
    going_on: dict[str, str], port: int, logs: Iterator[Path]
) -> None:
    url = going_on["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF)
    before = databases.own_catalogue(url)
    with (
        transaction(url, LOCK_PADS),
        THIS.gunicorn(next(logs), going_on) as migrating,
    ):
        wait_until(lambda: is_waiting_in(url, migrating), "it waits for a table")
        ends_when_stopped(migrating, port)
        assert nobody_holds_a_lock(url)
    assert databases.own_catalogue(url) == before
    with redis.Redis.from_url(going_on["REDIS_URL"]) as client:
        assert client.get(LOCK) is None
