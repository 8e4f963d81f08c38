"""What a database, a role, libpq's environment or the URL set for sessions; and encodings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from padws.config import load_settings
from padws.database import Connection, Database
from padws.migrations.fitness import unsuitable_database
from tests.helpers import databases
from tests.helpers.commands import Forks
from tests.migrations.conftest import OwnPostgres

SETTINGS = {
    "DateStyle": "German",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "search_path": "nowhere",
    "client_min_messages": "error",
    "client_encoding": "LATIN1",
    "statement_timeout": "5",
    "lock_timeout": "1",
    "idle_session_timeout": "300",
    "plan_cache_mode": "force_generic_plan",
}
# What a session of the service reads, as one row that depends on every setting.
ASKED = r"""
    SELECT
        now(), interval '-1 day 2 hours', '\n' = E'\\n', '{NULL}'::text[], '\x00'::bytea,
        0.1::float8::text, quote_ident('a'), current_setting('transaction_isolation')
"""


@contextmanager
def session_of_service(url: str) -> Iterator[Connection]:
    """A session like those of the service."""
    with (
        closing(Database(load_settings({"DATABASE_URL": url}))) as database,
        database.connection() as conn,
    ):
        yield conn


def answer(url: str) -> tuple[Any, ...]:
    """What a session of the service answers, without the time, which is checked."""
    with (
        closing(Database(load_settings({"DATABASE_URL": url}))) as database,
        database.connection() as conn,
    ):
        assert unsuitable_database(conn) == []
        ((now, *rest),) = conn.execute(ASKED.encode()).fetchall()
    assert abs((now - datetime.now(UTC)).total_seconds()) < 60
    return tuple(rest)


def test_what_a_database_sets_changes_nothing(
    settings: dict[str, str], forker: Forks, database_url: str
) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF, databases.LEGACY)
    for name, value in SETTINGS.items():
        statement = f"ALTER DATABASE {databases.name_of(url)} SET {name} = '{value}'"
        with psycopg.connect(url, options="-c statement_timeout=0", autocommit=True) as conn:
            conn.execute(statement.encode())
    run = forker.run(settings, "db-upgrade")
    assert "2 canvases moved" in run.output  # a notice
    assert answer(url) == answer(database_url)
    forker.run(settings, "db-status")
    forker.run(settings, "db-rollback", "--to", "none", "--yes")


@pytest.mark.parametrize("search_path", ["''", "pg_temp", "pad_ws, pg_catalog", "public"])
def test_any_search_path_will_do(
    search_path: str, settings: dict[str, str], forker: Forks, database_url: str
) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(
        url, f"ALTER DATABASE {databases.name_of(url)} SET search_path = {search_path}".encode()
    )
    forker.run(settings, "db-upgrade")
    assert answer(url) == answer(database_url)


def test_what_the_environment_tells_libpq_changes_nothing(
    settings: dict[str, str], forker: Forks, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It overrides `options`."""
    expected = answer(database_url)
    variables = {"PGDATESTYLE": "German", "PGTZ": "Asia/Kathmandu", "PGCLIENTENCODING": "LATIN1"}
    forker.run({**settings, **variables}, "db-upgrade")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert answer(database_url) == expected


@pytest.fixture(params=["DATABASE_URL", "PGOPTIONS", "a service"])
def with_options(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: Any
) -> Iterator[str]:
    """The URL of a database, and somewhere options for it."""
    given = r"-c work_mem=7MB -c statement_timeout=9s -c DateStyle=German"
    if request.param == "DATABASE_URL":
        yield f"{database_url}&options={quote(given)}"
    elif request.param == "PGOPTIONS":
        monkeypatch.setenv("PGOPTIONS", given)
        yield database_url
    else:
        file = tmp_path / "services.conf"
        file.write_text(f"[own]\noptions={given}\nconnect_timeout=7\n")
        monkeypatch.setenv("PGSERVICEFILE", str(file))
        yield f"{database_url}&service=own"


def test_the_operators_options_hold_but_for_what_statements_rely_on(with_options: str) -> None:
    names = ("work_mem", "statement_timeout", "lock_timeout", "DateStyle")
    with (
        closing(Database(load_settings({"DATABASE_URL": with_options}))) as database,
        database.connection() as conn,
    ):
        found = [conn.execute("SELECT current_setting(%s)", [name]) for name in names]
        assert [cursor.fetchone()[0] for cursor in found] == ["7MB", "9s", "10s", "ISO, DMY"]  # type: ignore[index]


def test_a_role_to_take_on_holds_for_service_and_migrations(
    own_postgres: OwnPostgres, settings: dict[str, str], forker: Forks
) -> None:
    databases.execute(
        own_postgres.url,
        b"CREATE ROLE one_that_owns NOLOGIN; CREATE ROLE one_that_logs_in LOGIN NOINHERIT;"
        b"GRANT one_that_owns TO one_that_logs_in",
        b"CREATE DATABASE owned OWNER one_that_owns",
    )
    url = databases.as_role(own_postgres.url, "one_that_logs_in", "").replace("/padws?", "/owned?")
    url += f"&options={quote('-c role=one_that_owns')}"
    forker.run({**settings, "DATABASE_URL": url}, "db-upgrade")
    assert answer(url)


def test_a_parameter_that_the_url_gives_is_not_replaced(database_url: str) -> None:
    url = f"{database_url}&connect_timeout=33&keepalives_idle=7&application_name=own"
    with (
        closing(Database(load_settings({"DATABASE_URL": url}))) as database,
        database.connection() as conn,
    ):
        parameters = conn.info.get_parameters()
    given = {name: parameters[name] for name in ("connect_timeout", "keepalives_idle")}
    assert given == {"connect_timeout": "33", "keepalives_idle": "7"}
    assert (parameters["application_name"], parameters["keepalives_count"]) == ("own", "3")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
@pytest.mark.parametrize("migrated", [False, True])
def test_another_encoding_is_refused_by_name(
    encoding: str,
    migrated: bool,
    own_postgres: OwnPostgres,
    settings: dict[str, str],
    forker: Forks,
) -> None:
    """Even if it was migrated before anybody checked."""
    name = f"{encoding.lower()}_{migrated}".lower()
    create = f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    databases.execute(own_postgres.url, create.encode())
    url = own_postgres.url.replace("/padws?", f"/{name}?")
    if migrated:
        databases.execute(
            url,
            b"CREATE SCHEMA pad_ws",
            b"CREATE TABLE pad_ws._yoyo_migration (migration_id text, checksum text)",
        )
    run = forker.run({**settings, "DATABASE_URL": url}, "db-upgrade", code=1)
    assert run.is_one_line
    assert run.complaint.startswith(f"The database's encoding is {encoding}; it must be UTF8")
    with psycopg.connect(url) as conn:
        assert encoding in unsuitable_database(conn)[0]
