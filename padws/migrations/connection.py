"""The migrating connection, and the advisory lock it holds."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from padws.config import Settings
from padws.migrations.errors import MigrationFailed, WaitedTooLong, in_words
from padws.migrations.marks import Connection
from padws.migrations.stopping import Stop
from padws.migrations.waiting import Patience

LOCK_KEY = int.from_bytes(b"pad_ws")  # the key of PostgreSQL's advisory lock
POLL_EVERY = 1.0
CONNECT_WITHIN = 10

LOCK_TIMEOUT = 4.0
LOOK_TIMEOUT = 0.5  # whoever only looks does not queue up behind a migration

SESSION = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # The server soon notices when this process or its machine dies, and lets go of the lock.
    "client_connection_check_interval": "2s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}

HOLDER = """
    SELECT a.pid, a.application_name, extract(epoch FROM now() - a.backend_start)::float
    FROM pg_locks AS l
    LEFT JOIN pg_stat_activity AS a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = %(key)s >> 32 AND l.objid = %(key)s & 4294967295
"""


@contextmanager
def connected(
    settings: Settings, stop: Stop, *, only_to_look: bool = False
) -> Iterator[Connection]:
    """A connection for migrating, autocommit. Raises MigrationFailed when there is none.

    One that is `only_to_look` with waits LOOK_TIMEOUT for a lock, and no longer.
    """
    try:
        with stop.interruptible():
            conn = psycopg.connect(
                settings.migration_database_url,
                autocommit=True,
                connect_timeout=CONNECT_WITHIN,
                application_name=f"padws migration, {socket.gethostname()}, process {os.getpid()}",
                options=_options_to_look(settings) if only_to_look else None,
            )
    except psycopg.Error as error:
        raise MigrationFailed(f"No connection to PostgreSQL: {in_words(error)}") from None
    except UnicodeError as error:  # from the resolver, about `db..example.org`
        raise MigrationFailed(
            f"No connection to PostgreSQL: the host's name can not be one: {error}."
        ) from None
    with conn:
        yield conn


def shares_the_pooler(settings: Settings) -> bool:
    """Whether migrations, too, have to go through a pooler in transaction mode."""
    return (
        settings.db_transaction_pooler and settings.migration_database_url == settings.database_url
    )


def _options_to_look(settings: Settings) -> str | None:
    """The session's own options, and LOOK_TIMEOUT: so it costs no statement.

    None through a pooler in transaction mode, which refuses options.
    """
    if shares_the_pooler(settings):
        return None
    # Ours would otherwise replace what the URL or, without any there, PGOPTIONS says.
    defaults = {each.keyword: each.val or b"" for each in Conninfo.get_defaults()}
    given = conninfo_to_dict(settings.migration_database_url).get("options")
    own = given or defaults[b"options"].decode()
    return f"{own} -c lock_timeout={LOOK_TIMEOUT * 1000:.0f}ms".strip()


def set_up_session(conn: Connection) -> None:
    """The time-outs of a migration, whatever the role's own are."""
    conn.execute(
        "SELECT set_config(name, value, false) "
        "FROM unnest(%s::text[], %s::text[]) AS settings (name, value)",
        [list(SESSION), list(SESSION.values())],
    )
    set_lock_timeout(conn, LOCK_TIMEOUT)


def set_lock_timeout(conn: Connection, seconds: float) -> None:
    """How long a statement waits for a lock before it is given up."""
    conn.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1000:.0f}ms"])


@contextmanager
def advisory_lock(conn: Connection, stop: Stop, patience: Patience) -> Iterator[None]:
    """Hold PostgreSQL's lock: nobody else migrates this database. Raises WaitedTooLong.

    Polled: a session that is blocked inside PostgreSQL deadlocks with CREATE INDEX CONCURRENTLY.
    """
    with stop.interruptible():
        set_up_session(conn)
        while not _try_lock(conn):
            holder = holder_of_lock(conn) or "a session that has just ended"
            if patience.over:
                raise WaitedTooLong(
                    f"Waited {patience.waited:.0f} s for PostgreSQL's migration lock, "
                    f"which {holder} holds."
                )
            patience.tell("PostgreSQL's migration lock", f", which {holder} holds")
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
