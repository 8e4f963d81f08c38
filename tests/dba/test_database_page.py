"""Every table and column says what it is for, and docs/database.md says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from padws.config import ROOT
from padws.database import Connection
from tools import database_page

PAGE = ROOT / "docs" / "database.md"

WITHOUT_COMMENT = """
    SELECT c.relname || coalesce('.' || a.attname, '')
    FROM pg_class AS c
    LEFT JOIN LATERAL (
        SELECT attname, attnum FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        UNION ALL SELECT NULL, 0
    ) AS a ON c.relkind <> 'i' OR a.attnum = 0
    LEFT JOIN pg_description AS d
    ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
    WHERE c.relnamespace = 'pad_ws'::regnamespace
    AND (
        c.relkind IN ('r', 'v', 'm', 'p')
        OR c.relkind = 'i' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
    )
    AND d.description IS NULL
    UNION ALL
    SELECT proname FROM pg_proc
    WHERE pronamespace = 'pad_ws'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
    UNION ALL
    SELECT conname FROM pg_constraint
    WHERE connamespace = 'pad_ws'::regnamespace AND contype = 'c'
    AND obj_description(oid, 'pg_constraint') IS NULL
    ORDER BY 1
"""


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url) as connection:
        yield connection


def uncommented(conn: Connection) -> list[str]:
    return [name for (name,) in conn.execute(WITHOUT_COMMENT.encode()).fetchall()]


def test_everything_says_what_it_is_for(conn: Connection) -> None:
    assert uncommented(conn) == []


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE TABLE pad_ws.notes ()", "notes"),
        ("ALTER TABLE pad_ws.pads ADD COLUMN colour text", "pads.colour"),
        ("CREATE VIEW pad_ws.monitoring_more AS SELECT", "monitoring_more"),
        ("CREATE INDEX more_idx ON pad_ws.pads (version)", "more_idx"),
        ("CREATE FUNCTION pad_ws.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "f"),
        ("ALTER TABLE pad_ws.pads ADD CONSTRAINT positive CHECK (version >= 0)", "positive"),
    ],
)
def test_what_says_nothing_is_noticed(conn: Connection, sql: str, name: str) -> None:
    conn.execute(sql.encode())
    assert uncommented(conn) == [name]


def test_the_page_is_what_the_schema_says(conn: Connection, tmp_path: Path) -> None:
    made = tmp_path / "database.md"
    made.write_text("".join(f"{line}\n" for line in database_page.lines(conn)), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), (
        f"If that is meant: cp {made} {PAGE}"
    )
