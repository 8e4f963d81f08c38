"""Writes docs/database.md from the comments in a database at the newest migration.

`DATABASE_URL=… python -m tools.database_page > docs/database.md`
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import psycopg

from padws.config import load_settings
from padws.database import Connection

INTRODUCTION = """\
# The database

Everything of padws is in the schema `pad_ws`. `\\d+ pad_ws.*` in psql shows the same comments.
[dba.md](dba.md) says how to look after it: roles, vacuuming, what to watch, backup and restore;
[migrations.md](migrations.md) how it is brought up to date. The statements of the service are in
`sql/`, one per file.

This page is made from the comments in the schema by `python -m tools.database_page`; a test
compares it with a database at the newest migration. One that pad.ws made may have more indexes.
"""

RELATIONS = """
    SELECT c.relname, c.relkind = 'v', obj_description(c.oid, 'pg_class'),
        array_to_string(
            coalesce(c.reloptions, '{}')
            || ARRAY(SELECT 'toast.' || option FROM unnest(toast.reloptions) AS option),
            ', '
        )
    FROM pg_class AS c
    LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
    WHERE c.relnamespace = 'pad_ws'::regnamespace AND c.relkind IN ('r', 'v')
    ORDER BY c.relkind, ltrim(c.relname, '_') LIKE 'yoyo%', c.relname
"""

COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN c.relkind = 'v' THEN NULL WHEN a.attnotnull THEN 'no' ELSE 'yes' END,
        pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
    FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.oid = to_regclass('pad_ws.' || %s) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""

CONSTRAINTS = """
    SELECT conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint')
    FROM pg_constraint
    WHERE conrelid = to_regclass('pad_ws.' || %s) AND contype <> 'n'
    ORDER BY array_position('{p,u,f,c}', contype::text), conname
"""

# Those behind a constraint are listed with the constraints.
INDEXES = """
    SELECT c.relname, regexp_replace(pg_get_indexdef(c.oid), '.* USING ', ''),
        obj_description(c.oid, 'pg_class')
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = to_regclass('pad_ws.' || %s)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND conrelid = i.indrelid)
    ORDER BY 1
"""

FUNCTIONS = """
    SELECT format('%s(%s)', proname, pg_get_function_arguments(oid)), pg_get_function_result(oid),
        obj_description(oid, 'pg_proc')
    FROM pg_proc
    WHERE pronamespace = 'pad_ws'::regnamespace
    ORDER BY 1
"""

Rows = Iterable[tuple[str | None, ...]]


def lines(conn: Connection) -> Iterator[str]:
    """The page, line by line, from a database at the newest migration."""
    yield INTRODUCTION.rstrip()
    views_began = False
    yield from ("", "## Tables")
    for name, is_view, comment, options in conn.execute(RELATIONS).fetchall():
        if is_view and not views_began:
            views_began = True
            yield from ("", "## Views")
        yield from ("", f"### `{name}`", "", _cell(comment))
        yield from _view(conn, name) if is_view else _table(conn, name, options)
    yield from ("", "## Functions")
    yield from _listed("function | returns | meaning", conn.execute(FUNCTIONS).fetchall(), code=2)


def _view(conn: Connection, name: str) -> Iterator[str]:
    columns = conn.execute(COLUMNS, [name]).fetchall()
    rows = ((column, kind, comment) for column, kind, _, _, comment in columns)
    yield from _listed("column | type | meaning", rows, code=1)


def _table(conn: Connection, name: str, options: str) -> Iterator[str]:
    columns = [
        (column, kind, null, default and f"`{default}`", comment)
        for column, kind, null, default, comment in conn.execute(COLUMNS, [name]).fetchall()
    ]
    yield from _listed("column | type | null | default | meaning", columns, code=1)
    constraints = conn.execute(CONSTRAINTS, [name]).fetchall()
    yield from _listed("constraint | rule | meaning", constraints, code=2)
    indexes = conn.execute(INDEXES, [name]).fetchall()
    yield from _listed("index | on | meaning", indexes, code=2)
    if options:
        yield from ("", f"Storage parameters: `{options}`.")


def _listed(head: str, rows: Rows, *, code: int) -> Iterator[str]:
    """A table, none without rows; the first `code` columns are set as code."""
    rows = list(rows)
    if rows:
        yield from ("", f"| {head} |", "|" + " --- |" * (head.count("|") + 1))
    for row in rows:
        cells = [f"`{cell}`" if n < code and cell else cell for n, cell in enumerate(row)]
        yield f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    with psycopg.connect(load_settings().database_url) as connection:
        sys.stdout.writelines(f"{line}\n" for line in lines(connection))
