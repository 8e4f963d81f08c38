"""Connections of the commands."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from padws.config import Settings
from padws.database import Connection, connection_options, prepare_connection
from padws.migrations import pending
from padws.migrations.connection import require_utf8
from padws.recovery.errors import CannotLook

_TIMEOUTS = ("statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout")


@contextmanager
def connected(settings: Settings, url: str) -> Iterator[Connection]:
    """A connection with the service's parameters and time-outs; each statement is a transaction."""
    own = replace(settings, database_url=url)
    name = f"padws check, {socket.gethostname()}, process {os.getpid()}"
    options = connection_options(own) | {"fallback_application_name": name}
    with psycopg.connect(url, **options) as conn:
        prepare_connection(conn)
        yield conn


def allow_any_time(conn: Connection) -> None:
    """Lift the time-outs of a session, for what takes long and cannot be divided."""
    conn.execute(
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = ANY(%s)",
        [list(_TIMEOUTS)],  # an older server does not know all of them
    )


def require_this_release(conn: Connection) -> None:
    """Raise CannotLook for a database that is not at the newest migration of this release."""
    require_utf8(conn)
    if lacking := pending(conn):
        raise CannotLook(
            f"The database lacks {', '.join(lacking)}: run `flask db-upgrade` with this release, "
            "or this command with the release that has migrated it."
        )
