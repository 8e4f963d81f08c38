"""PostgreSQL's advisory lock, which guards a migration; the connection that migrates holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from padws.migrations.errors import WaitedTooLong
from padws.migrations.history import Connection
from padws.migrations.stopping import Stop
from padws.migrations.waiting import Patience

LOCK_KEY = int.from_bytes(b"pad_ws")
POLL_EVERY = 1.0

HOLDER = """
    SELECT a.pid, a.application_name, extract(epoch FROM now() - a.backend_start)::float
    FROM pg_locks AS l
    LEFT JOIN pg_stat_activity AS a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = %(key)s >> 32 AND l.objid = %(key)s & 4294967295
"""


@contextmanager
def advisory_lock(conn: Connection, stop: Stop, patience: Patience) -> Iterator[None]:
    """Hold PostgreSQL's lock: nobody else migrates this database. Raises WaitedTooLong.

    Polled: a session that is blocked inside PostgreSQL deadlocks with CREATE INDEX CONCURRENTLY.
    """
    with stop.interruptible():
        while not _try_lock(conn):
            holder = holder_of_lock(conn) or "a session that has just ended"
            if patience.over:
                raise WaitedTooLong(
                    f"Waited {patience.waited:.0f} s for PostgreSQL's migration lock, "
                    f"which {holder} holds."
                )
            patience.report("PostgreSQL's migration lock", f", which {holder} holds")
            stop.sleep(POLL_EVERY)
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError):  # a lost connection has lost the lock as well
            conn.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def _try_lock(conn: Connection) -> bool:
    return conn.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() == (True,)


def holder_of_lock(conn: Connection) -> str:
    """Who holds PostgreSQL's lock, in words; empty when it is free."""
    row = conn.execute(HOLDER, {"key": LOCK_KEY}).fetchone()
    if row is None:
        return ""
    pid, name, age = row
    connected_for = f", connected for {age:.0f} s" if age is not None else ""
    return f"server process {pid} ({name or 'of another role'}{connected_for})"
