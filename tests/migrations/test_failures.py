"""Every instance concerned reports a failure, in one line and with an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from padws.embedded.startup import free_port
from padws.migrations.files import known
from padws.migrations.redis_lock import LOCK
from tests.helpers import databases
from tests.helpers.commands import Forks, Release
from tests.helpers.waiting import wait_until
from tests.migrations.locks import WRITE_USERS, is_waiting_in, stuck, transaction

ALL = [each.id for each in known()]


def test_a_failing_migration_is_told_by_whoever_ran_it_and_whoever_waited(
    pad_ws_settings: dict[str, str], release: Release, logs: Iterator[Path]
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    release.add(
        "20990101_0000_broken",
        "LOCK TABLE pad_ws.users;\nUPDATE pad_ws.users SET name = 'changed';\nSELECT 1 / 0;",
    )
    with transaction(url, WRITE_USERS) as session:
        commands = [release.flask(next(logs), pad_ws_settings, "db-upgrade")]
        wait_until(lambda: is_waiting_in(url, commands[0]), "the first waits for the table")
        commands += [release.flask(next(logs), pad_ws_settings, "db-upgrade") for _ in range(2)]
        for each in commands[1:]:
            each.says(f"process {commands[0].pid}, which has been migrating")
        session.rollback()

    for each in commands:
        assert each.wait() == 1
        assert each.is_one_line, each.output
        assert "20990101_0000_broken.sql, statement 3 (line 5)" in each.output
        assert "division by zero" in each.output
    assert all(f"process {commands[0].pid}, which was waited for" in c.output for c in commands[1:])
    assert databases.marks(url) == ALL  # those before it stay
    assert databases.query(url, "SELECT name FROM pad_ws.users WHERE name = 'changed'") == []
    with redis.Redis.from_url(pad_ws_settings["REDIS_URL"]) as client:
        assert client.get(LOCK) is None

    release.add("20990101_0000_broken", "SELECT 1;")
    release.run(next(logs), pad_ws_settings, "db-upgrade")
    assert databases.marks(url) == [*ALL, "20990101_0000_broken"]


def test_a_second_release_within_the_hour_is_applied(
    settings: dict[str, str], release: Release, forker: Forks, logs: Iterator[Path]
) -> None:
    forker.run(settings, "db-upgrade")
    release.add("20990101_0000_next", "CREATE TABLE IF NOT EXISTS pad_ws.next (id int);")
    release.run(next(logs), settings, "db-upgrade")
    assert databases.marks(settings["DATABASE_URL"]) == [*ALL, "20990101_0000_next"]

    # The earlier release goes on working, names the unknown migration and does not undo around it.
    status = forker.run(settings, "db-status")
    assert "20990101_0000_next" in status.output
    undo = forker.run(settings, "db-rollback", "--to", ALL[0], "--yes", code=1)
    assert "20990101_0000_next" in undo.output


def test_an_edited_migration_is_refused_by_name(
    settings: dict[str, str], release: Release, forker: Forks, logs: Iterator[Path]
) -> None:
    forker.run(settings, "db-upgrade")
    edited = release.directory / "migrations" / f"{ALL[1]}.sql"
    edited.write_text(edited.read_text() + "\n-- only a comment\n")
    for command in (["db-upgrade"], ["db-upgrade", "--plan"], ["db-status"]):
        run = release.run(next(logs), settings, *command, code=1)
        assert run.is_one_line
        assert f"{ALL[1]}.sql was changed" in run.output


def test_line_ends_are_no_edit(
    settings: dict[str, str], release: Release, forker: Forks, logs: Iterator[Path]
) -> None:
    forker.run(settings, "db-upgrade")
    file = release.directory / "migrations" / f"{ALL[1]}.sql"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    release.run(next(logs), settings, "db-status")


def test_a_statement_outside_of_transactions_may_not_leave_an_invalid_index(
    settings: dict[str, str], release: Release, logs: Iterator[Path]
) -> None:
    release.add(
        "20990101_0000_index",
        "INSERT INTO pad_ws.users (username, email, name)\n"
        "VALUES ('a', 'a@example.com', 'same'), ('b', 'b@example.com', 'same')\n"
        "ON CONFLICT DO NOTHING;\n"
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_name ON pad_ws.users (name);",
    )
    file = release.directory / "migrations" / "20990101_0000_index.sql"
    file.write_text("-- transactional: false\n" + file.read_text())
    first = release.run(next(logs), settings, "db-upgrade", code=1)
    assert "could not create unique index" in first.output
    # IF NOT EXISTS finds the invalid index that the failure has left, which nothing would use.
    again = release.run(next(logs), settings, "db-upgrade", code=1)
    assert "users_name is invalid" in again.output


def test_an_index_built_concurrently_waits_for_older_transactions(
    settings: dict[str, str], release: Release, forker: Forks, logs: Iterator[Path]
) -> None:
    forker.run(settings, "db-upgrade")
    url = settings["DATABASE_URL"]
    release.add(
        "20990101_0000_index",
        "DROP INDEX CONCURRENTLY IF EXISTS pad_ws.users_name;\n"
        "CREATE INDEX CONCURRENTLY users_name ON pad_ws.users (name);",
    )
    file = release.directory / "migrations" / "20990101_0000_index.sql"
    file.write_text("-- transactional: false\n" + file.read_text())
    older_than_lock_timeout = """
        SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND now() - query_start > '4.2 seconds'
    """
    with transaction(url, WRITE_USERS) as session:
        run = release.flask(next(logs), settings, "db-upgrade")
        wait_until(
            lambda: databases.query(url, older_than_lock_timeout) != [(0,)] or run.poll(),
            "the index waits for longer than four seconds",
        )
        session.rollback()
    assert run.wait() == 0, run.output
    assert "Trying again" not in run.output


def test_what_yoyos_own_command_applied_is_taken_as_applied(
    settings: dict[str, str], forker: Forks
) -> None:
    url = settings["DATABASE_URL"]
    forker.run(settings, "db-upgrade")
    before = databases.marks(url)
    databases.execute(url, b"ALTER TABLE pad_ws._yoyo_migration DROP COLUMN checksum")
    forker.run(settings, "db-upgrade")
    assert databases.marks(url) == before
    assert databases.query(
        url, "SELECT count(*) FROM pad_ws._yoyo_migration WHERE checksum IS NULL"
    ) == [(0,)]


@pytest.fixture
def role(postgres: str, empty_database_url: str) -> Iterator[str]:
    """A role without rights, and with a password that has every special character."""
    name = databases.name_of(empty_database_url) + "_role"
    make = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        conn.execute(make.format(sql.Identifier(name), sql.Literal(databases.SECRET)))
        yield name
        conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
        conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_missing_rights_are_one_line(settings: dict[str, str], role: str, forker: Forks) -> None:
    run = forker.run(
        {
            **settings,
            "MIGRATION_DATABASE_URL": databases.as_role(
                settings["DATABASE_URL"], role, databases.SECRET
            ),
        },
        "db-upgrade",
        code=1,
    )
    assert run.is_one_line
    assert "permission denied for database" in run.output
    assert "Grant the role" in run.output
    assert databases.SECRET not in run.output


def test_a_role_without_create_uses_a_schema_that_is_there(
    settings: dict[str, str], role: str, forker: Forks
) -> None:
    databases.execute(
        settings["DATABASE_URL"], f"CREATE SCHEMA pad_ws AUTHORIZATION {role}".encode()
    )
    url = databases.as_role(settings["DATABASE_URL"], role, databases.SECRET)
    forker.run({**settings, "DATABASE_URL": url}, "db-upgrade")


def test_a_read_only_server_is_one_line(settings: dict[str, str], forker: Forks) -> None:
    url = settings["DATABASE_URL"]
    name = databases.name_of(url)
    databases.execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    run = forker.run(settings, "db-upgrade", code=1)
    assert run.is_one_line
    assert "probably a replica" in run.output


@pytest.mark.parametrize("command", ["db-upgrade", "db-status", "db-preview-legacy"])
def test_an_unreachable_database_is_one_line(
    command: str, settings: dict[str, str], forker: Forks
) -> None:
    nowhere = f"postgresql://someone:topsecret@127.0.0.1:{free_port()}/padws"
    run = forker.run({**settings, "DATABASE_URL": nowhere}, command, code=1)
    assert run.is_one_line
    assert "No connection to PostgreSQL" in run.output
    assert "secret" not in run.output


def test_several_hosts_may_be_named(settings: dict[str, str], forker: Forks) -> None:
    given = {k: str(v) for k, v in conninfo_to_dict(settings["DATABASE_URL"]).items()}
    host, port = given.get("host", "localhost"), given.get("port", "5432")
    user = given.get("user", "")
    password = f":{given['password']}" if "password" in given else ""
    url = (
        f"postgresql://{user}{password}@/{given['dbname']}"
        f"?host=127.0.0.1,{host}&port={free_port()},{port}&target_session_attrs=read-write"
    )
    forker.run({**settings, "DATABASE_URL": url}, "db-upgrade")


def test_a_pooler_in_transaction_mode_is_refused(settings: dict[str, str], forker: Forks) -> None:
    run = forker.run({**settings, "DB_TRANSACTION_POOLER": "true"}, "db-upgrade", code=1)
    assert run.is_one_line
    assert "MIGRATION_DATABASE_URL" in run.output


def test_a_connection_that_is_cut_is_one_line_and_the_next_run_finishes(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    with stuck(forker, pad_ws_settings) as (run, _):
        end = """
            SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE NOT granted AND relation = 'pad_ws.pads'::regclass
        """
        assert databases.query(url, end)
        assert run.wait() == 1
        assert run.is_one_line, run.output
        assert "terminating connection" in run.output
    forker.run(pad_ws_settings, "db-upgrade")
    assert databases.marks(url) == ALL
