"""What becomes of the pool's connections."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import pq

from padws.database import Database
from padws.error_handler import problem_of
from padws.json_text import JsonText

LARGE = b'"' + 1_000_000 * b"a" + b'"'
SMALL = b'"a"'


def serves_again(database: Database, query: str, *values: object) -> bool:
    """Whether a connection is in the pool again after it has run a query."""
    with database.connection() as connection:
        connection.execute(query, values)
    return not connection.closed


def test_a_connection_that_has_sent_or_read_a_large_scene_is_replaced(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert serves_again(database, "SELECT length(%s::text)", JsonText(SMALL))
    assert not serves_again(database, "SELECT length(%s::jsonb::text)", JsonText(LARGE))
    with database.connection() as connection:
        row = connection.execute("SELECT to_jsonb(repeat('a', 1000000))").fetchone()
    assert row
    assert bytes(row[0].json) == LARGE
    assert connection.closed
    assert serves_again(database, "SELECT to_jsonb('a'::text)")
    assert {each.levelname for each in caplog.records} <= {"INFO"}, "nothing is wrong"
    assert database.pool_stats().get("returns_bad", 0) == 0


def test_a_break_that_libpq_reports_itself_is_passing(database: Database) -> None:
    with database.connection() as connection:
        result = connection.pgconn.make_empty_result(pq.ExecStatus.FATAL_ERROR)
    error = psycopg.errors.error_from_result(result)
    assert (type(error), error.sqlstate) == (psycopg.DatabaseError, None)
    assert problem_of(error).code == "database_unavailable"
