"""Many runs at once, a Redis that is gone or has lost its data, locks that others hold, signals."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping

import pytest
import redis

from padws.migrations.advisory_lock import LOCK_KEY
from padws.migrations.files import known
from padws.migrations.functions import release_target
from padws.migrations.redis_lock import LOCK, status_key
from tests.helpers import databases
from tests.helpers.commands import Forks
from tests.helpers.redis_servers import OwnRedis
from tests.helpers.waiting import wait_until
from tests.migrations.locks import (
    LOCK_PADS,
    SOMEBODY,
    is_waiting,
    is_waiting_in,
    nobody_holds_a_lock,
    stuck,
    transaction,
)

ALL = [each.id for each in known()]
Settings = Mapping[str, str]


def test_eight_at_once_migrate_an_empty_database_once(settings: Settings, forker: Forks) -> None:
    commands = [forker.start(settings, "db-upgrade") for _ in range(8)]

    assert [each.wait() for each in commands] == [0] * 8, [each.output for each in commands]
    assert databases.marks(settings["DATABASE_URL"]) == ALL
    ran = [each.output for each in commands if "create_tables.sql: done" in each.output]
    assert len(ran) == 1
    assert nobody_holds_a_lock(settings["DATABASE_URL"])
    with redis.Redis.from_url(settings["REDIS_URL"]) as client:
        assert client.get(LOCK) is None
        assert b'"completed"' in (client.get(status_key(release_target())) or b"")


def test_without_redis_postgresql_alone_keeps_eight_apart(
    settings: Settings, own_redis: OwnRedis, forker: Forks
) -> None:
    own_redis.stop()
    commands = [forker.start(settings, "db-upgrade") for _ in range(8)]

    assert [each.wait() for each in commands] == [0] * 8, [each.output for each in commands]
    assert databases.marks(settings["DATABASE_URL"]) == ALL
    warned = [each for each in commands if "Redis cannot be used" in each.output]
    ran = [each for each in commands if "create_tables.sql: done" in each.output]
    assert ran
    assert set(map(id, ran)) <= set(map(id, warned))


@pytest.mark.parametrize("mishap", ["stopped", "flushed", "restarted empty"])
def test_redis_failing_in_the_middle_lets_nobody_else_in(
    mishap: str, pad_ws_settings: dict[str, str], own_redis: OwnRedis, forker: Forks
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    settings = {**pad_ws_settings, "MIGRATION_LOCK_TTL": "0.6"}
    with stuck(forker, settings) as (first, session):
        if mishap != "stopped":
            with redis.Redis.from_url(settings["REDIS_URL"]) as client:
                client.flushall()
        if mishap != "flushed":
            own_redis.stop()
        if mishap == "restarted empty":
            own_redis.start()
        first.says("cannot be renewed" if mishap == "stopped" else "Redis lock is lost")
        second = forker.start(settings, "db-upgrade")
        second.says("Waiting for PostgreSQL's migration lock, which server process")
        session.rollback()

    assert (first.wait(), second.wait()) == (0, 0), first.output + second.output
    assert databases.marks(url) == ALL
    assert "done in" not in second.output


@pytest.mark.parametrize("outcome", ["completed", "failed"])
@pytest.mark.parametrize("taken", [True, False])
def test_a_lock_that_was_lost_between_two_renewals_is_noticed_at_the_end(
    outcome: str, taken: bool, pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    """The run that has it by then keeps it, and sets the status."""
    with (
        stuck(forker, pad_ws_settings) as (run, session),
        redis.Redis.from_url(pad_ws_settings["REDIS_URL"]) as client,
    ):
        client.flushall()
        if taken:
            client.set(LOCK, SOMEBODY, ex=100)
        if outcome == "failed":
            session.execute("ALTER TABLE pad_ws.users ADD CHECK (username = 'carol') NOT VALID")
            session.commit()
        session.rollback()
        assert run.wait() == (outcome == "failed"), run.output
        to = " to host web.2, process 17" if taken else ""
        (line,) = (each for each in run.output.splitlines() if "Redis lock is lost" in each)
        assert line.endswith(f"restarted){to}; PostgreSQL's lock keeps others out.")
        status = client.get(status_key(release_target()))
        assert (status is None) == taken
        assert taken or f'"{outcome}"'.encode() in (status or b"")
        assert client.get(LOCK) == (SOMEBODY.encode() if taken else None)


def test_a_lock_that_lives_shorter_than_the_work_is_renewed(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    settings = {**pad_ws_settings, "MIGRATION_LOCK_TTL": "1.5"}
    with (
        stuck(forker, settings) as (first, session),
        redis.Redis.from_url(settings["REDIS_URL"]) as client,
    ):
        holder = client.get(LOCK)
        lives, left = 0.0, client.pttl(LOCK)
        while lives < 2:  # so many times its time to live
            now = client.pttl(LOCK)
            assert now > 0, "the lock has ended"
            lives, left = lives + max(0, left - now) / 1500, now
            time.sleep(0.02)
        assert client.get(LOCK) == holder
        session.rollback()
    assert first.wait() == 0, first.output
    assert "lost" not in first.output


def test_killed_in_the_middle_of_a_statement(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    settings = {**pad_ws_settings, "MIGRATION_LOCK_TTL": "0.5"}
    with stuck(forker, settings) as (first, session):
        first.signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
        second = forker.start(settings, "db-upgrade")
        # The server notices by itself that the client has died, before the statement ends.
        wait_until(lambda: is_waiting_in(url, second), "the second is where the first was")
        session.rollback()
    assert second.wait() == 0, second.output
    assert databases.marks(url) == ALL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_rolls_back_and_frees_both_locks(
    number: signal.Signals, pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    before = databases.own_catalogue(url)
    with stuck(forker, pad_ws_settings) as (first, _):
        first.signal(number)
        assert first.wait() == 1, first.output
        assert f"Stopped by {number.name}" in first.output
        assert "Traceback" not in first.output
        assert nobody_holds_a_lock(url)
        with redis.Redis.from_url(pad_ws_settings["REDIS_URL"]) as client:
            assert client.get(LOCK) is None
    assert databases.own_catalogue(url) == before
    forker.run(pad_ws_settings, "db-upgrade")


def test_whoever_waits_takes_over_from_one_that_is_stopped(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    with stuck(forker, pad_ws_settings) as (first, _):
        second = forker.start(pad_ws_settings, "db-upgrade")
        second.says(f"process {first.pid}, which has been migrating for")
        first.signal(signal.SIGTERM)
        assert first.wait() == 1
    assert second.wait() == 0, second.output
    assert databases.marks(url) == ALL


@pytest.mark.parametrize("value", [b"somebody", b'{"host": "\xff"}'])
def test_a_signal_ends_waiting(settings: dict[str, str], forker: Forks, value: bytes) -> None:
    with redis.Redis.from_url(settings["REDIS_URL"]) as client:
        client.set(LOCK, value, ex=100)
        waiting = forker.start(settings, "db-upgrade")
        waiting.says("Waiting for host unknown")
        waiting.signal(signal.SIGTERM)
        assert waiting.wait() == 1
        assert client.get(LOCK) == value


def test_waiting_for_an_instance_ends_with_exit_code_2(
    settings: dict[str, str], forker: Forks
) -> None:
    with redis.Redis.from_url(settings["REDIS_URL"]) as client:
        client.set(LOCK, SOMEBODY, ex=100)
    waiting = forker.run({**settings, "MIGRATION_MAX_WAIT": "0.1"}, "db-upgrade", code=2)
    assert "for host web.2, process 17" in waiting.output
    assert databases.catalogue(settings["DATABASE_URL"]) == "\n"


def test_waiting_for_postgresqls_lock_ends_with_exit_code_2(
    settings: dict[str, str], forker: Forks
) -> None:
    hold = f"SELECT pg_advisory_lock({LOCK_KEY})"
    with transaction(settings["DATABASE_URL"], hold) as session:
        waiting = forker.run({**settings, "MIGRATION_MAX_WAIT": "0.1"}, "db-upgrade", code=2)
        assert f"server process {session.info.backend_pid}" in waiting.output


def test_waiting_for_a_table_ends_with_exit_code_2_and_names_who_uses_it(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    with transaction(pad_ws_settings["DATABASE_URL"], LOCK_PADS) as session:
        waiting = forker.run({**pad_ws_settings, "MIGRATION_MAX_WAIT": "0.1"}, "db-upgrade", code=2)
        assert "A rehearsal of what padws writes: waited" in waiting.output
        assert f"server process {session.info.backend_pid}" in waiting.output


def test_a_table_in_use_is_tried_again_and_nobody_queues_meanwhile(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    with transaction(url, "SELECT FROM pad_ws.pads") as session:  # as a long query holds it
        command = forker.start(pad_ws_settings, "db-upgrade")
        command.says("Trying again in 0.5 s")
        # Between two attempts; a waiting ALTER TABLE would stop every later reader.
        wait_until(lambda: not is_waiting(url), "nobody waits")
        session.rollback()
    assert command.wait() == 0, command.output


def test_a_dead_instances_status_stops_nobody(settings: dict[str, str], forker: Forks) -> None:
    run = '{"host": "gone", "pid": 1, "started": 0, "token": "t"}'
    with redis.Redis.from_url(settings["REDIS_URL"]) as client:
        for state in ("in_progress", "completed", "failed"):
            status = f'{{"state": "{state}", "run": {run}, "reason": "reported"}}'
            client.set(status_key(release_target()), status)
            forker.run(settings, "db-upgrade")
            forker.run(settings, "db-rollback", "--to", "none", "--yes")
