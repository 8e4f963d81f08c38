"""`flask db-upgrade --plan`: the SQL that would run, what it locks, and how big that is."""

from __future__ import annotations

from collections.abc import Iterator

from padws.migrations.files import Migration, Statement
from padws.migrations.locks import locks_of
from padws.migrations.marks import Connection, applied, missing

SIZE = """
    SELECT pg_size_pretty(pg_total_relation_size(c.oid)), c.reltuples::bigint
    FROM pg_class AS c
    WHERE c.oid = to_regclass(%s)
"""


def plan(conn: Connection) -> Iterator[str]:
    """The lines of the plan: SQL with comments, to be read or kept. Only reads the catalogue."""
    todo = missing(applied(conn))
    if not todo:
        yield "-- Nothing is pending."
    for migration in todo:
        yield from _migration(conn, migration)


def _migration(conn: Connection, migration: Migration) -> Iterator[str]:
    script = migration.script
    how = "in one transaction" if script.transactional else "each committed by itself"
    yield f"-- {migration.path.name}: {len(script.statements)} statements, {how}"
    yield ""
    for statement in script.statements:
        yield from _statement(conn, statement)


def _statement(conn: Connection, statement: Statement) -> Iterator[str]:
    yield f"-- {statement}"
    for table, lock in locks_of(statement.sql).items():
        yield f"-- locks {table}: {lock} ({_size(conn, table)})"
    yield statement.sql
    yield ""


def _size(conn: Connection, table: str) -> str:
    row = conn.execute(SIZE, [table]).fetchone()
    if row is None:
        return "not there yet"
    size, rows = row
    return f"{size}, about {rows} rows" if rows >= 0 else f"{size}, never counted"
