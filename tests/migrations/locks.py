"""Locks that a test holds in PostgreSQL, and who waits for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from tests.helpers import databases
from tests.helpers.commands import Command, Forks
from tests.helpers.waiting import wait_until

LOCK_PADS = "LOCK TABLE pad_ws.pads IN ACCESS EXCLUSIVE MODE"
#: Another instance, as it has the lock in Redis.
SOMEBODY = '{"host": "web.2", "pid": 17, "started": 0, "token": "t"}'
WRITE_USERS = "LOCK TABLE pad_ws.users IN ROW EXCLUSIVE MODE"  # as every transaction that writes


@contextmanager
def transaction(url: str, sql: str) -> Iterator[psycopg.Connection]:
    """A session in whose transaction `sql` was run."""
    with psycopg.connect(url) as conn:
        conn.execute(sql.encode())
        yield conn


def is_waiting(url: str) -> bool:
    """Whether a session in the database waits for a table."""
    sql = """
        SELECT count(*) FROM pg_locks
        WHERE NOT granted AND locktype = 'relation'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    return databases.query(url, sql) != [(0,)]


def is_waiting_in(url: str, command: Command) -> bool:
    """Whether the session of `command` waits for a lock."""
    sql = """
        SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND application_name LIKE %s
    """
    return databases.query(url, sql, f"padws migration%process {command.pid}") != [(0,)]


def nobody_holds_a_lock(url: str) -> bool:
    """Whether no session in the database has an advisory lock, or waits for one."""
    sql = """
        SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    return databases.query(url, sql) == [(0,)]


@contextmanager
def stuck(
    forker: Forks, settings: Mapping[str, str]
) -> Iterator[tuple[Command, psycopg.Connection]]:
    """A run on pad.ws's tables that waits for one of them, and the session that holds it."""
    url = settings["DATABASE_URL"]
    with transaction(url, LOCK_PADS) as session:
        command = forker.start(settings, "db-upgrade")
        wait_until(lambda: is_waiting(url), "the run waits for a table")
        yield command, session
