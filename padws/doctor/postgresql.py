"""PostgreSQL: whether it can be reached, suits padws, and has room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from padws import postgres_parameters
from padws.config import Settings
from padws.database import connection_options
from padws.doctor import citus
from padws.doctor.findings import Finding, error, ok, warning
from padws.migrations import MigrationError, adoption, broken_constraints, pending
from padws.migrations.errors import in_words
from padws.migrations.fitness import compression, unsuitable_database
from padws.migrations.rehearsal import REHEARSAL

Connection = psycopg.Connection[Any]

_POSTGRESQL = "PostgreSQL"
_OLDEST = 15
_CLOCK = 5.0  # seconds
_OTHERS = 10  # connections left for migrations, dumps and people

_PRIVILEGES = {
    "users": "SELECT INSERT UPDATE DELETE",
    "pads": "SELECT INSERT UPDATE DELETE",
    "backups": "SELECT INSERT DELETE",
    "template_pads": "SELECT INSERT UPDATE DELETE",
    "access_tokens": "SELECT INSERT UPDATE DELETE",
    "_yoyo_migration": "SELECT",
    "functions": "SELECT",
    "checks": "SELECT INSERT UPDATE",
}
_LACKING = """
    SELECT privilege || ' on pad_ws.' || name
    FROM unnest(%s::text[], %s::text[]) AS needed (name, privilege)
    JOIN pg_class AS c ON c.relname = name
    JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'pad_ws'
    WHERE NOT has_table_privilege(c.oid, privilege)
    UNION ALL
    SELECT 'USAGE on schema pad_ws' FROM pg_namespace
    WHERE nspname = 'pad_ws' AND NOT has_schema_privilege(oid, 'USAGE')
    UNION ALL
    SELECT 'EXECUTE on ' || p.oid::regprocedure FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = 'pad_ws'
    WHERE NOT has_function_privilege(p.oid, 'EXECUTE')
"""
_KEEPS_FROM_DELETING = """
    SELECT DISTINCT k.conrelid::regclass || ' refers to ' || k.confrelid::regclass
    FROM pg_constraint AS k
    JOIN pg_class AS c ON c.oid = k.confrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.confdeltype IN ('a', 'r')
    AND n.nspname = 'pad_ws' AND c.relname = ANY(%s)
"""
_ROOM = """
    SELECT
        current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int,
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
"""


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about PostgreSQL."""
    try:
        conn = psycopg.connect(settings.database_url, **connection_options(settings))
    except (psycopg.Error, UnicodeError) as problem:  # the latter for a host such as `a..b`
        yield error(
            _POSTGRESQL,
            f"no connection: {_reason(problem)}",
            "Check DATABASE_URL (or the POSTGRES_ variables), the server and its pg_hba.conf.",
        )
        return
    with conn:
        info = conn.info
        yield ok(_POSTGRESQL, f"{info.dbname} on {info.host}:{info.port} as {info.user}")
        room = partial(_room, settings=settings)
        for each in (_server, _settings, _schema, _rights, citus.look, _writing, _storage, room):
            try:
                yield from each(conn)
            except psycopg.Error as problem:
                yield error(_POSTGRESQL, in_words(problem))
    yield from _migrating(settings)


def _reason(problem: psycopg.Error | UnicodeError) -> str:
    return in_words(problem) if isinstance(problem, psycopg.Error) else f"{problem}."


def _server(conn: Connection) -> Iterator[Finding]:
    version = str(conn.info.parameter_status("server_version"))
    if conn.info.server_version < _OLDEST * 10_000:
        yield error("PostgreSQL version", version, f"PostgreSQL {_OLDEST} or newer is needed.")
    else:
        yield ok("PostgreSQL version", version)
    before = time.time()
    ((there, standby, read_only),) = conn.execute(
        "SELECT extract(epoch FROM clock_timestamp())::float, pg_is_in_recovery(), "
        "current_setting('transaction_read_only') = 'on'"
    ).fetchall()
    if standby:
        yield error("writing", "the server is a standby.", "DATABASE_URL must name the primary.")
    elif read_only:
        yield error("writing", "sessions are read-only.", "Check default_transaction_read_only.")
    ahead = (before + time.time()) / 2 - there
    if abs(ahead) > _CLOCK:
        yield warning(
            "clock",
            f"this machine is {ahead:+.0f} s from PostgreSQL's.",
            "Run NTP on both.",
        )
    else:
        yield ok("clock", "as PostgreSQL's")


def _settings(conn: Connection) -> Iterator[Finding]:
    wrong = unsuitable_database(conn)
    for each in wrong:
        yield error("settings", f"{each}.", "See ALTER ROLE … SET and ALTER DATABASE … SET.")
    if not wrong:
        yield ok("settings", "as statements need them; UTF8")
    if conn.execute("SELECT current_setting('synchronous_commit')").fetchone() == ("off",):
        yield warning("settings", "synchronous_commit is off: a crash loses what was saved.")


def _schema(conn: Connection) -> Iterator[Finding]:
    try:
        waiting = pending(conn)
    except MigrationError as problem:
        yield error("schema", str(problem))
        return
    if waiting:
        yield error("schema", f"pending: {', '.join(waiting)}.", "Run db-upgrade.")
    else:
        yield ok("schema", "at the newest migration")
        for each in broken_constraints.descriptions(conn):
            yield warning("rules", f"{each}.")
    # On a cluster, keys contain the owner: not what padws looks for in tables of somebody else's.
    look_for = adoption.obstacles if citus.version(conn) else adoption.mistakes
    for each in look_for(conn):
        yield error("tables", f"{each}.")
    for (each,) in conn.execute(_KEEPS_FROM_DELETING, [list(adoption.COLUMNS)]).fetchall():
        yield warning("tables", f"{each}, and keeps rows from being deleted.", "ON DELETE CASCADE?")


def _rights(conn: Connection) -> Iterator[Finding]:
    pairs = [(name, each) for name, all_of in _PRIVILEGES.items() for each in all_of.split()]
    tables, privileges = zip(*pairs, strict=True)
    lacking = [each for (each,) in conn.execute(_LACKING, [list(tables), list(privileges)])]
    if lacking:
        yield error(
            "rights",
            f"this role lacks {', '.join(lacking)}.",
            "See deploy/postgresql/roles.sql.",
        )
    else:
        yield ok("rights", "all that the service needs")


def _writing(conn: Connection) -> Iterator[Finding]:
    """What requests write, rolled back."""
    if len(adoption.tables(conn)) < len(adoption.COLUMNS):
        return
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(REHEARSAL)
    except psycopg.Error as problem:
        yield error("writing", f"a rehearsal failed: {in_words(problem)}")
    else:
        yield ok("writing", "a user, pads and backups can be written (rolled back)")


def _storage(conn: Connection) -> Iterator[Finding]:
    used, has_lz4 = compression(conn)
    if has_lz4 and used not in ("lz4", ""):
        yield warning(
            "compression",
            f"scenes are compressed by {used}, and this server has lz4.",
            "With lz4 a save costs PostgreSQL much less (docs/dba.md#vacuuming).",
        )
    else:
        yield ok("compression", used)


def _room(conn: Connection, settings: Settings) -> Iterator[Finding]:
    """Whether there is room for one instance's connections; a pooler manages that itself."""
    if settings.db_transaction_pooler:
        return
    limits = [each for each in conn.execute(_ROOM).fetchall()[0] if each is not None]
    workers = settings.web_concurrency
    wanted = workers * settings.db_pool_max_size
    text = f"{workers} workers may want {wanted}, and the server allows {min(limits)}"
    if wanted + _OTHERS > min(limits):
        yield warning(
            "connections", f"{text}.", "Lower DB_POOL_MAX_SIZE or WEB_CONCURRENCY, or allow more."
        )
    else:
        yield ok("connections", f"{text}; the same for each further instance")


def _migrating(settings: Settings) -> Iterator[Finding]:
    """Whether the migrations' own database URL works, where there is one."""
    url = settings.migration_database_url
    if url == settings.database_url:
        return
    try:
        parameters = postgres_parameters.parameters(url, {"connect_timeout": 10})
        psycopg.connect(url, **parameters).close()
    except psycopg.Error as problem:
        yield error(
            "migrations", f"no connection: {in_words(problem)}", "See MIGRATION_DATABASE_URL."
        )
    else:
        there = conninfo_to_dict(url)
        yield ok("migrations", f"reached as {there.get('user', 'the default role')}")
