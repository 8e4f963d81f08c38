"""The connection that migrates."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from padws import postgres_parameters
from padws.config import Settings
from padws.migrations.errors import LoginRefused, MigrationFailed, in_words
from padws.migrations.history import Connection
from padws.migrations.stopping import Stop

CONNECT_WITHIN = 10

LOCK_TIMEOUT = 4.0
LOOK_TIMEOUT = 0.5  # so that looking does not queue behind a migration

# Of a migration, whatever the role's are; the operator's `options` take precedence.
SESSION = {
    "client_min_messages": "notice",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # The server soon notices when this process or its machine dies, and releases the lock.
    "client_connection_check_interval": "2s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
    # On a Citus cluster, a migration may change several tables in one transaction.
    "citus.multi_shard_modify_mode": "sequential",
}

# How PostgreSQL refuses a login; psycopg has no SQLSTATE at this point.
REFUSAL = re.compile(
    r"password authentication failed|authentication failed for user|no password supplied"
    r"|role \".*\" does not exist|is not permitted to log in|no pg_hba\.conf entry"
)


@contextmanager
def connected(
    settings: Settings, stop: Stop, *, only_to_look: bool = False
) -> Iterator[Connection]:
    """A connection for migrating, autocommit. Raises MigrationFailed when there is none.

    With `only_to_look` it waits for a lock no longer than LOOK_TIMEOUT.
    """
    try:
        with stop.interruptible():
            conn = psycopg.connect(
                settings.migration_database_url, **_connection_options(settings, only_to_look)
            )
    except psycopg.Error as error:
        kind = LoginRefused if REFUSAL.search(str(error)) else MigrationFailed
        raise kind(f"No connection to PostgreSQL: {in_words(error)}") from None
    except UnicodeError as error:  # from the resolver, about `db..example.org`
        raise MigrationFailed(
            f"No connection to PostgreSQL: the host name is not valid: {error}."
        ) from None
    with conn:
        require_utf8(conn)
        if not (only_to_look or shares_the_pooler(settings)):
            _set_up_session(conn, settings)
        yield conn


def require_utf8(conn: Connection) -> None:
    """Raise MigrationFailed where drawings cannot be kept; the server reports it on connecting."""
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise MigrationFailed(
            f"The database's encoding is {encoding}; it must be UTF8: create another (CREATE "
            "DATABASE … ENCODING 'UTF8' TEMPLATE template0) and move the data there with "
            "pg_dump and pg_restore."
        )


def shares_the_pooler(settings: Settings) -> bool:
    """Whether migrations, too, go through a pooler in transaction mode."""
    return (
        settings.db_transaction_pooler and settings.migration_database_url == settings.database_url
    )


def _connection_options(settings: Settings, only_to_look: bool) -> dict[str, Any]:
    """What `psycopg.connect` takes besides the URL; to look, the settings too, without a statement.

    A pooler in transaction mode refuses `options`; one in session mode may refuse them.
    """
    url = settings.migration_database_url
    name = f"padws migration, {socket.gethostname()}, process {os.getpid()}"
    parameters = postgres_parameters.parameters(
        url, {"connect_timeout": CONNECT_WITHIN, "fallback_application_name": name}
    )
    if only_to_look and not shares_the_pooler(settings):
        fixed = {**postgres_parameters.FIXED, "lock_timeout": f"{LOOK_TIMEOUT * 1000:.0f}ms"}
        parameters["options"] = postgres_parameters.options(url, {}, fixed)
    return parameters


def _set_up_session(conn: Connection, settings: Settings) -> None:
    """The settings of a migration."""
    named = postgres_parameters.named_settings(settings.migration_database_url)
    own = {name: value for name, value in SESSION.items() if name not in named}
    own |= postgres_parameters.FIXED | {"lock_timeout": f"{LOCK_TIMEOUT * 1000:.0f}ms"}
    if "statement_timeout" in own:  # by itself: the role's may be too short for the rest
        conn.execute("SET statement_timeout = 0")
    conn.execute(
        "SELECT set_config(name, settings.value, false) "
        "FROM unnest(%s::text[], %s::text[]) AS settings (name, value) "
        "JOIN pg_settings USING (name)",  # an older server does not know all of them
        [list(own), list(own.values())],
    )


def set_lock_timeout(conn: Connection, seconds: float) -> None:
    """How long a statement waits for a lock before it is given up."""
    conn.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1000:.0f}ms"])
