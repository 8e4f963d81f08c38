"""`flask db-upgrade --plan`: the SQL that would run, its locks, and how large the tables are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from padws.migrations import functions
from padws.migrations.files import Script, Statement
from padws.migrations.history import Connection, applied, missing

SIZE = """
    SELECT pg_size_pretty(pg_total_relation_size(c.oid)), c.reltuples::bigint
    FROM pg_class AS c
    WHERE c.oid = to_regclass(%s)
"""


def plan(conn: Connection) -> Iterator[str]:
    """The lines of the plan: SQL with comments, to be read or kept. Only reads the catalogue."""
    scripts = [each.script for each in missing(applied(conn))]
    new = functions.due(conn)
    if new:
        scripts.append(functions.script(new))
    if not scripts:
        yield "-- Nothing is pending."
    for script in scripts:
        yield from _script(conn, script)


def _script(conn: Connection, script: Script) -> Iterator[str]:
    how = "in one transaction" if script.transactional else "each committed by itself"
    yield f"-- {script.name}: {len(script.statements)} statements, {how}"
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


# The locks of a statement are read from its text. This knows the statements that migrations are
# made of, alone or inside a DO block, and names with a schema, as migrations write them.
NAME = r"(?P<table>(?!pg_temp|pg_catalog)[a-z_]\w*\.\w+)"
MAYBE = r"(?:IF (?:NOT )?EXISTS )?(?:ONLY )?"
INDEX = r"INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?(?:\w+ )?ON (?:ONLY )?"

# From PostgreSQL's documentation: "Explicit Locking", and the pages of the commands.
KINDS = {
    rf"ALTER TABLE {MAYBE}{NAME}(?! VALIDATE)": "ACCESS EXCLUSIVE",
    rf"DROP (?:TABLE|VIEW|INDEX) {MAYBE}{NAME}": "ACCESS EXCLUSIVE",
    rf"TRUNCATE (?:TABLE )?{NAME}": "ACCESS EXCLUSIVE",
    rf"LOCK TABLE {MAYBE}{NAME}": "ACCESS EXCLUSIVE",
    rf"REFERENCES {NAME}": "SHARE ROW EXCLUSIVE",
    rf"(?!CREATE (?:UNIQUE )?INDEX CONCURRENTLY)CREATE (?:UNIQUE )?{INDEX}{NAME}": "SHARE",
    rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY {MAYBE}(?:\w+ )?ON {NAME}": "SHARE UPDATE EXCLUSIVE",
    rf"DROP INDEX CONCURRENTLY {MAYBE}{NAME}": "SHARE UPDATE EXCLUSIVE",
    rf"ALTER TABLE {MAYBE}{NAME} VALIDATE": "SHARE UPDATE EXCLUSIVE",
    rf"COMMENT ON TABLE {NAME}": "SHARE UPDATE EXCLUSIVE",
    rf"COMMENT ON COLUMN {NAME}\.": "SHARE UPDATE EXCLUSIVE",
    rf"ANALYZE {NAME}": "SHARE UPDATE EXCLUSIVE",
    rf"(?:INSERT INTO|DELETE FROM|UPDATE|MERGE INTO) {MAYBE}{NAME}": "ROW EXCLUSIVE",
    rf"(?:FROM|JOIN) {MAYBE}{NAME}": "ACCESS SHARE",
}
STRENGTHS = list(dict.fromkeys(KINDS.values()))


def locks_of(sql: str) -> dict[str, str]:
    """The strongest lock that `sql` takes on each table that it names."""
    text = _without_what_does_not_run(sql)
    found: dict[str, str] = {}
    for pattern, lock in KINDS.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            table = match["table"].lower()
            found[table] = min(found.get(table, lock), lock, key=STRENGTHS.index)
    return found


def _without_what_does_not_run(sql: str) -> str:
    """Without comments, literals and the bodies of functions, and with single blanks."""
    text = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", sql)
    if re.match(r"\s*CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b", text, re.IGNORECASE):
        text = text.partition("$$")[0]
    return " ".join(text.split())
