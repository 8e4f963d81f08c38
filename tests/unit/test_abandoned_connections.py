"""A connection that was given up counts against the pool until the server is done with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from padws import abandoned_connections
from padws.config import load_settings
from padws.database import Connection, Database
from tests.helpers.waiting import PATIENCE, wait_until


@pytest.fixture
def a_database(empty_database_url: str) -> Iterator[Callable[..., Database]]:
    """Make databases with a pool of two that is tired of waiting after a moment; all are closed."""
    made: list[Database] = []

    def make(**environ: str) -> Database:
        small = {"DB_POOL_MIN_SIZE": "2", "DB_POOL_MAX_SIZE": "2", "DB_POOL_TIMEOUT": "0.3"}
        settings = load_settings({"DATABASE_URL": empty_database_url, **small, **environ})
        made.append(Database(settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check for processes that have ended more often than once a second."""
    monkeypatch.setattr(abandoned_connections, "_LATER", 0.1)


@pytest.fixture
def observer(empty_database_url: str) -> Iterator[Connection]:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        yield connection


def busy(observer: Connection) -> int:
    """How many others are at work."""
    row = observer.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state <> 'idle' AND pid <> pg_backend_pid() AND query LIKE '%busy%'"
    ).fetchone()
    assert row
    return int(row[0])


@contextmanager
def not_to_be_ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make it impossible to end a process, as while PostgreSQL sorts."""
    with monkeypatch.context() as patch:
        statement = abandoned_connections._BUSY.replace("SELECT pid,", "SELECT -pid,")
        patch.setattr(abandoned_connections, "_BUSY", statement)
        yield


def give_up(database: Database, seconds: int = 60) -> None:
    with database.connection(PATIENCE) as connection:
        connection.answer_within = 0.3  # type: ignore[attr-defined]
        with pytest.raises(psycopg.OperationalError, match="not answered"):
            connection.execute(f"SELECT pg_sleep({seconds}) AS busy")


def serves(database: Database, timeout: float | None = None) -> bool:
    try:
        with database.connection(timeout) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except PoolTimeout:
        return False


def test_what_can_be_ended_is_ended_and_its_place_is_free(
    a_database: Callable[..., Database], observer: Connection
) -> None:
    database = a_database()
    for _ in range(4):
        give_up(database)
    wait_until(lambda: busy(observer) == 0)
    with database.connection(PATIENCE), database.connection(PATIENCE) as second:
        assert second.execute("SELECT 1").fetchone() == (1,)


def test_no_more_pile_up_than_the_pool_has_places(
    a_database: Callable[..., Database], observer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = a_database()
    with not_to_be_ended(monkeypatch):
        give_up(database)
        assert serves(database, PATIENCE)
        give_up(database)
        for _ in range(3):
            assert not serves(database)
        assert busy(observer) == 2
        observer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE '%pg_sleep%busy%' AND pid <> pg_backend_pid()"
        )
        wait_until(lambda: serves(database))
        with database.connection(PATIENCE), database.connection(PATIENCE):
            pass


def test_one_process_at_work_keeps_one_place(
    a_database: Callable[..., Database], observer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = a_database()
    with not_to_be_ended(monkeypatch):
        give_up(database, 60)
        give_up(database, 1)
        wait_until(lambda: serves(database))
        assert busy(observer) == 1
        with database.connection(PATIENCE), pytest.raises(PoolTimeout), database.connection():
            pass


def test_work_that_was_not_given_up_is_left_alone(
    a_database: Callable[..., Database], observer: Connection
) -> None:
    database, other = a_database(), a_database()

    def work() -> None:
        with other.connection(PATIENCE) as connection:
            done.append(connection.execute("SELECT pg_advisory_lock(1) AS busy").fetchone())

    done: list[object] = []
    thread = threading.Thread(target=work)
    observer.execute("SELECT pg_advisory_lock(1)")
    thread.start()
    wait_until(lambda: busy(observer) == 1)
    give_up(database)
    assert serves(database, PATIENCE)
    wait_until(lambda: busy(observer) == 1)
    observer.execute("SELECT pg_advisory_unlock(1)")
    thread.join(PATIENCE)
    assert done == [("",)]


def test_places_come_back_when_the_server_was_away(
    a_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = a_database()
    attempts = 0
    connect = database._abandoned._connect

    def away() -> Connection:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise psycopg.OperationalError("connection refused")
        return connect()

    monkeypatch.setattr(database._abandoned, "_connect", away)
    give_up(database)
    give_up(database)
    wait_until(lambda: serves(database))
    assert attempts >= 3


def test_nobody_watches_when_nothing_is_given_up(a_database: Callable[..., Database]) -> None:
    def watchers() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "given-up"]

    database = a_database()
    assert serves(database, PATIENCE)
    assert not watchers()
    give_up(database)
    assert serves(database, PATIENCE)
    wait_until(lambda: not watchers())
