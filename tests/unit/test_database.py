"""Statements as files, query functions as signatures, and JSON as bytes on its way through."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypedDict, TypeVar, Unpack
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec import Struct
from psycopg.errors import ReadOnlySqlTransaction, UndefinedTable
from psycopg_pool import PoolTimeout

from padws.config import Settings, load_settings
from padws.database import Connection, Database, prepare_connection
from padws.json_text import JsonText
from padws.statements import Statement, from_file, load_statement
from tests.helpers.waiting import PATIENCE, wait_until

P = ParamSpec("P")
R = TypeVar("R")


@pytest.fixture
def statement_of(tmp_path: Path) -> Callable[[str], Statement]:
    """Load a statement that is a file of this text."""

    def load(text: str) -> Statement:
        path = tmp_path / "statement.sql"
        path.write_text(text, encoding="utf-8")
        return load_statement(path)

    return load


@pytest.fixture
def connection(postgres: str) -> Iterator[Connection]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        prepare_connection(connection)
        yield connection


@pytest.fixture
def a_database(postgres: str) -> Iterator[Callable[..., Database]]:
    """Make databases with these settings on the session's server; all are closed at the end."""
    made: list[Database] = []

    def make(**environ: str) -> Database:
        made.append(Database(settings_of(postgres, **environ)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def settings_of(url: str, **environ: str) -> Settings:
    return load_settings({"DATABASE_URL": url, **environ})


# Statements


@pytest.mark.parametrize(
    ("text", "expected", "parameters"),
    [
        ("SELECT :a;", "SELECT $1", ("a",)),
        ("SELECT :a, :b, :a;\n", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT :a_b::int8multirange;", "SELECT $1::int8multirange", ("a_b",)),
        ("SELECT x::text, :text::text", "SELECT x::text, $1::text", ("text",)),
        ("SELECT ':a', :a", "SELECT ':a', $1", ("a",)),
        ("SELECT 'it''s :a', :b", "SELECT 'it''s :a', $1", ("b",)),
        ("SELECT '12:30:00'::time, :time", "SELECT '12:30:00'::time, $1", ("time",)),
        ("SELECT '--' || :a -- not :b", "SELECT '--' || $1", ("a",)),
        ("-- it's :a\n\nSELECT 1 -- '\n  , :b;", "SELECT 1\n  , $1", ("b",)),
        ("SELECT id || ':' || :a;", "SELECT id || ':' || $1", ("a",)),
        ("SELECT :ab, :a", "SELECT $1, $2", ("ab", "a")),
        ("SELECT 1;", "SELECT 1", ()),
        ("SELECT :a[1], (:a)", "SELECT $1[1], ($1)", ("a",)),
        ("SELECT 'ä:b', :c", "SELECT 'ä:b', $1", ("c",)),
    ],
)
def test_parameters_are_numbered_and_what_only_looks_like_one_is_left(
    statement_of: Callable[[str], Statement],
    text: str,
    expected: str,
    parameters: tuple[str, ...],
) -> None:
    assert statement_of(text) == Statement(expected, parameters)


def test_a_loaded_statement_means_what_the_file_means(
    statement_of: Callable[[str], Statement], connection: Connection
) -> None:
    """Strings with colons, quotes and comments in them reach PostgreSQL unchanged."""
    statement = statement_of(
        "-- what :this is for\n"
        "SELECT ':x' || '--' || 'it''s' || :b::text, -- and :that\n"
        "    '{\"a\": 1}'::jsonb ->> 'a', :a::integer + :a::integer;\n"
    )
    values = {"a": 4, "b": "end"}
    cursor = psycopg.RawCursor(connection)
    row = cursor.execute(statement.text, [values[p] for p in statement.parameters]).fetchone()
    assert row == (":x--it'send", "1", 8)


# Query functions


def in_queries(noun: str, name: str, function: Callable[P, R]) -> Callable[P, R]:
    """A function of this test as if it stood in padws/queries."""
    function.__module__, function.__name__ = f"padws.queries.{noun}", name
    return function


class Ids(TypedDict):
    """What sql/pads/get_pad_version.sql asks for."""

    pad_id: UUID
    owner_id: UUID


class MoreIds(Ids):
    """And something else."""

    backup_id: UUID


def with_arguments(conn: Connection, *, pad_id: UUID, owner_id: UUID) -> int | None: ...
def with_a_row(conn: Connection, **row: Unpack[Ids]) -> int | None: ...
def with_both(conn: Connection, *, pad_id: UUID, **row: Unpack[Ids]) -> int | None: ...  # type: ignore[misc]


@pytest.mark.parametrize("function", [with_arguments, with_a_row, with_both])
def test_a_signature_that_agrees_with_its_file_makes_a_function(
    function: Callable[..., int | None],
) -> None:
    made = from_file(in_queries("pads", "get_pad_version", function))
    assert made.__name__ == "get_pad_version"


def too_few(conn: Connection, *, pad_id: UUID) -> int | None: ...
def too_many(conn: Connection, *, pad_id: UUID, owner_id: UUID, keep: int) -> int | None: ...
def another(conn: Connection, *, pad_id: UUID, owner: UUID) -> int | None: ...
def not_by_name(conn: Connection, pad_id: UUID, owner_id: UUID) -> int | None: ...
def none(conn: Connection) -> int | None: ...
def too_large_a_row(conn: Connection, **row: Unpack[MoreIds]) -> int | None: ...


@pytest.mark.parametrize(
    "function", [too_few, too_many, another, not_by_name, none, too_large_a_row]
)
def test_a_signature_that_does_not_is_refused_at_import(
    function: Callable[..., int | None],
) -> None:
    with pytest.raises(TypeError, match=r"pads\.get_pad_version.*owner_id"):
        from_file(in_queries("pads", "get_pad_version", function))


def test_a_function_without_a_file_is_refused_at_import() -> None:
    with pytest.raises(FileNotFoundError, match=r"sql/pads/get_pads\.sql"):
        from_file(in_queries("pads", "get_pads", with_arguments))


class Half(Struct):
    """Some of a user's columns."""

    id: UUID
    username: str


def half(conn: Connection, *, user_id: UUID) -> Half | None: ...


def test_columns_that_are_no_fields_are_refused(database_url: str) -> None:
    get_half = from_file(in_queries("users", "get_user", half))
    user_id = uuid4()
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO pad_ws.users (id, username, email) VALUES (%s, 'a', 'b')", [user_id]
        )
        with pytest.raises(TypeError, match=r"^Half\('id', 'username'\) but columns"):
            get_half(conn, user_id=user_id)


# JSON


@pytest.mark.parametrize("prepare", [True, False])
def test_json_goes_through_as_text(connection: Connection, prepare: bool) -> None:
    text = '{"a": [1, 2.50, "ä\\n😀"], "b": null}'.encode()
    for _ in range(8):
        row = connection.execute("SELECT %s::jsonb", [JsonText(text)], prepare=prepare).fetchone()
        assert row
        assert isinstance(row[0], JsonText)
        assert row[0].json == text


def test_null_is_none(connection: Connection) -> None:
    assert connection.execute("SELECT NULL::jsonb, 'null'::jsonb IS NULL").fetchone() == (
        None,
        False,
    )


@pytest.mark.parametrize("text", [b"\0", b"{}\0", b'{"a": 1}\0{', b'{"a": "\0"}'])
def test_json_with_a_byte_0_is_refused_before_it_is_cut_there(
    connection: Connection, text: bytes
) -> None:
    with pytest.raises(psycopg.DataError, match="byte 0"):
        connection.execute("SELECT %s::jsonb", [JsonText(text)])
    assert connection.execute("SELECT 1").fetchone() == (1,)


# The pool


def test_nothing_is_connected_to_before_it_is_needed() -> None:
    unreachable = "postgresql://nobody@127.0.0.1:1/nothing"
    database = Database(settings_of(unreachable, DB_POOL_TIMEOUT="0.2"))
    try:
        with pytest.raises(PoolTimeout), database.connection():
            pass
    finally:
        database.close()


def test_a_connection_that_is_not_made_in_time_is_given_up_for_good() -> None:
    """Otherwise a server that was only frozen would find it later, and keep it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://127.0.0.1:{port}/nothing?sslmode=disable&gssencmode=disable"
        gc.disable()
        database = Database(settings_of(url, DB_POOL_TIMEOUT="3", DB_POOL_MIN_SIZE="0"))
        try:
            with pytest.raises(PoolTimeout), database.connection():
                pass
            connection, _ = silent.accept()
            connection.settimeout(PATIENCE)
            assert connection.recv(1000), "what a client begins with"
            assert not connection.recv(1000), "the end"
        finally:
            gc.enable()
            database.close()


def test_a_statement_on_a_connection_is_a_transaction_of_its_own(
    a_database: Callable[..., Database],
) -> None:
    with a_database().connection() as conn:
        first = conn.execute("SELECT pg_current_xact_id()").fetchone()
        assert first != conn.execute("SELECT pg_current_xact_id()").fetchone()


def test_a_transaction_is_one_and_rolled_back_on_an_error(
    a_database: Callable[..., Database],
) -> None:
    database = a_database(DB_POOL_MAX_SIZE="1", DB_POOL_MIN_SIZE="1")
    with pytest.raises(UndefinedTable), database.transaction() as conn:
        conn.execute("CREATE TEMP TABLE made (); SELECT FROM never_made")
    with database.transaction() as conn:
        first = conn.execute("SELECT pg_current_xact_id(), to_regclass('made')").fetchone()
        assert first == conn.execute("SELECT pg_current_xact_id(), NULL").fetchone()


def options_of(database: Database, *names: str) -> list[Any]:
    with database.connection() as conn:
        rows = [conn.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    return [row[0] for row in rows if row]


def test_connections_have_their_time_outs_and_utc(a_database: Callable[..., Database]) -> None:
    database = a_database(DB_STATEMENT_TIMEOUT="7", DB_LOCK_TIMEOUT="1.5")
    names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
    assert options_of(database, *names) == ["7s", "1500ms", "7s"]
    assert options_of(database, "TimeZone", "client_encoding") == ["UTC", "UTF8"]


def test_behind_a_transaction_pooler_nothing_is_prepared_or_set(
    a_database: Callable[..., Database],
) -> None:
    pooled, direct = a_database(DB_TRANSACTION_POOLER="true"), a_database()
    prepared = "SELECT count(*) > 0 FROM pg_prepared_statements"
    for database, expected in ((pooled, False), (direct, True)):
        with database.connection() as conn:
            for _ in range(8):
                row = conn.execute(prepared).fetchone()
            assert row == (expected,)
    assert options_of(pooled, "statement_timeout", "lock_timeout") == ["0", "0"]


def test_the_connection_that_was_given_back_last_is_lent_first(
    a_database: Callable[..., Database],
) -> None:
    database = a_database()
    with database.connection() as first, database.connection() as last:
        assert first is not last
    for _ in range(5):
        with database.connection() as lent:
            assert lent is first  # its block has ended after the other one's


def test_a_connection_the_server_has_closed_is_replaced(
    a_database: Callable[..., Database],
) -> None:
    database = a_database(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1")
    with database.connection() as conn:
        killed = conn.info.backend_pid
    with a_database().connection() as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 10000)", [killed]).fetchone() == (
            True,
        )
    with database.connection() as conn:
        assert conn.info.backend_pid != killed
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_does_not_answer_is_given_up(a_database: Callable[..., Database]) -> None:
    """Its own time-out is switched off here, as if it were frozen."""
    database = a_database(DB_STATEMENT_TIMEOUT="0.2", DB_POOL_MAX_SIZE="1", DB_POOL_MIN_SIZE="1")
    expected = pytest.raises(psycopg.OperationalError, match=r"not answered within 2\.2 seconds")
    with expected, database.connection() as conn:
        conn.execute("SET statement_timeout = 0; SELECT pg_sleep(60)")
    with database.connection() as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_connections_to_a_server_that_may_not_write_any_more_are_dropped(
    a_database: Callable[..., Database],
) -> None:
    """As when a primary has become a standby: the next ones are made to the new primary."""
    database = a_database(DB_POOL_MIN_SIZE="2", DB_POOL_MAX_SIZE="2")
    with database.connection() as one, database.connection() as two:
        pids = {one.info.backend_pid, two.info.backend_pid}
    with pytest.raises(ReadOnlySqlTransaction), database.connection() as conn:
        conn.execute("BEGIN READ ONLY; CREATE TABLE never_made ()")
    with database.connection() as one, database.connection() as two:
        assert pids.isdisjoint({one.info.backend_pid, two.info.backend_pid})


def test_a_request_that_gets_no_connection_is_told(a_database: Callable[..., Database]) -> None:
    database = a_database(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1", DB_POOL_TIMEOUT="0.2")
    with database.connection(PATIENCE), pytest.raises(PoolTimeout), database.connection():
        pass
    with database.connection(PATIENCE) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_closed_database_has_let_go_of_its_connections(
    a_database: Callable[..., Database], connection: Connection
) -> None:
    database = a_database(DB_POOL_MIN_SIZE="1")
    with database.connection() as conn:
        pid = conn.info.backend_pid
    database.close()
    look = "SELECT FROM pg_stat_activity WHERE pid = %s"
    wait_until(lambda: not connection.execute(look, [pid]).fetchone(), "the server lets go, too")
