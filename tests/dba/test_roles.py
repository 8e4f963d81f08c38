"""deploy/postgresql/roles.sql: each role can do what it must, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from padws.config import ROOT
from padws.database import Connection, prepare_connection
from padws.migrations import pending
from padws.template_files import load_templates
from tests.conftest import StartService
from tests.dba.conftest import Owned, Roles, owned, upgrade
from tests.helpers import databases
from tests.helpers.browser import SCENE, Browser
from tests.helpers.statements import (
    FILES,
    NAMES,
    break_references,
    fill,
    found_something,
    run_example,
)

TABLES = (
    "users",
    "pads",
    "backups",
    "template_pads",
    "access_tokens",
    "pictures",
    "pad_pictures",
    "backup_pictures",
    "links",
)
MARKS = ("_yoyo_migration", "functions", "_yoyo_log", "_yoyo_version", "yoyo_lock")
VIEWS = (
    "storage_by_user",
    "pictures_by_user",
    "links_by_user",
    "trash_by_user",
    "largest_pads",
    "backup_age",
    "tables",
    *("history_by_user", "history_by_pad", "history_tiers"),
)

GRANTED = """
    SELECT table_name, privilege_type FROM information_schema.role_table_grants
    WHERE table_schema = 'pad_ws' AND grantee = %s
    ORDER BY 1, 2
"""


@pytest.fixture(scope="module")
def full(database_of_roles: Owned) -> Owned:
    """The database with rows of each kind."""
    fill(database_of_roles.url)
    break_references(database_of_roles.url)
    return database_of_roles


@pytest.fixture
def as_service(full: Owned) -> Iterator[Connection]:
    with psycopg.connect(full.service) as conn:
        prepare_connection(conn)
        yield conn
        conn.rollback()


# The service


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_service_can_run_each_of_its_statements(as_service: Connection, path: Path) -> None:
    assert found_something(path, run_example(as_service, path))


def works(conn: Connection) -> bool:
    """Whether the service can do all that it does; rolled back."""
    try:
        for path in FILES:
            with conn.transaction(force_rollback=True):
                run_example(conn, path)
        with conn.transaction(force_rollback=True):
            load_templates(conn, (ROOT / "templates").iterdir())
        with conn.transaction(force_rollback=True):
            pending(conn)
    except errors.InsufficientPrivilege:
        return False
    return True


def test_the_service_needs_every_privilege_that_it_has(full: Owned, roles: Roles) -> None:
    with psycopg.connect(full.url) as conn:
        prepare_connection(conn)
        granted = conn.execute(GRANTED, [roles.service]).fetchall()
        assert {table for table, _ in granted} == {
            *TABLES,
            *MARKS[:2],
            "checks",
            "tidied",
            "limits",
            "usage",
        }
        conn.execute(f"SET LOCAL ROLE {roles.service}".encode())
        assert works(conn)
        for table, privilege in granted:
            with conn.transaction(force_rollback=True):
                conn.execute(b"RESET ROLE")
                revoke = f"REVOKE {privilege} ON pad_ws.{table} FROM {roles.service}"
                conn.execute(revoke.encode())
                conn.execute(f"SET LOCAL ROLE {roles.service}".encode())
                assert not works(conn), f"{privilege} on {table} is not needed"
        conn.rollback()


FORBIDDEN = [
    "CREATE TABLE pad_ws.notes ()",
    "CREATE TABLE public.notes ()",
    "CREATE TEMP TABLE notes ()",
    "CREATE SCHEMA notes",
    "CREATE VIEW pad_ws.notes AS SELECT 1",
    "CREATE FUNCTION pad_ws.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION pad_ws.is_scene VOLATILE",
    "CREATE INDEX ON pad_ws.pads (display_name)",
    "CREATE ROLE another",
    "SET ROLE {migrations}",
    "COPY pad_ws.users TO PROGRAM 'cat'",
    "SELECT pg_read_file('postgresql.conf')",
    "UPDATE pad_ws.backups SET data = data",
    "UPDATE pad_ws._yoyo_migration SET checksum = NULL",
    "DELETE FROM pad_ws._yoyo_migration",
    "UPDATE pad_ws.functions SET digest = NULL",
    "DELETE FROM pad_ws.checks",
    "ALTER FUNCTION pad_ws.save_pad OWNER TO CURRENT_USER",
    *(f"DROP TABLE pad_ws.{table} CASCADE" for table in TABLES),
    *(f"ALTER TABLE pad_ws.{table} ADD COLUMN more text" for table in TABLES),
    *(f"ALTER TABLE pad_ws.{table} DISABLE TRIGGER ALL" for table in TABLES),
    *(f"TRUNCATE pad_ws.{table} CASCADE" for table in TABLES),
    *(f"COMMENT ON TABLE pad_ws.{table} IS ''" for table in TABLES),
    *(f"INSERT INTO pad_ws.{table} DEFAULT VALUES" for table in MARKS),
    *(f"SELECT count(*) FROM pad_ws.{table}" for table in MARKS[2:]),
    *(f"SELECT count(*) FROM pad_ws.monitoring_{view}" for view in VIEWS),
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_service_can_do_nothing_else(as_service: Connection, roles: Roles, sql: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_service.execute(sql.format(**roles.names()).encode())


def test_the_service_itself_runs_under_its_role(
    database_of_roles: Owned, environment: dict[str, str], service: StartService
) -> None:
    """It starts, loads templates, signs people in, and saves and deletes pads."""
    running = service({**environment, "DATABASE_URL": database_of_roles.service})
    alice = Browser(running.url)
    alice.sign_in("alice")
    (first,) = alice.get("/api/pad").json()
    path = f"/api/pad/{first['id']}"
    assert alice.post(path, json=SCENE).status_code == 200
    assert alice.get(path).json()["data"]["elements"] == []
    assert alice.post(f"{path}/backups").status_code == 201
    backup = alice.get(f"{path}/backups").json()["backups"][0]
    assert alice.post(f"{path}/backups/{backup['id']}/restore").status_code == 200
    assert alice.request("PATCH", path, json={"display_name": "Plan"}).status_code == 200
    made = alice.post("/api/users/me/tokens", json={"name": "script"}).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert Browser(running.url).get("/api/pad", headers=bearer).status_code == 200
    assert alice.request("DELETE", path).status_code == 200
    assert Browser(running.url).get("/readyz").status_code == 200


def test_the_service_gets_at_what_a_later_migration_makes(database_of_roles: Owned) -> None:
    with psycopg.connect(database_of_roles.migrations) as conn:
        conn.execute(b"CREATE TABLE pad_ws.later (id uuid PRIMARY KEY)")
        conn.execute(b"CREATE FUNCTION pad_ws.later_still() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        conn.commit()
        try:
            for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                asked = "SELECT has_table_privilege(%s, 'pad_ws.later', %s)"
                role = psycopg.conninfo.conninfo_to_dict(database_of_roles.service)["user"]
                assert conn.execute(asked, [role, privilege]).fetchone() == (True,)
        finally:
            conn.execute(b"DROP TABLE pad_ws.later; DROP FUNCTION pad_ws.later_still()")
            conn.commit()


# Migrating


def test_an_empty_database_was_migrated_by_its_role(database_of_roles: Owned, roles: Roles) -> None:
    owners = databases.query(
        database_of_roles.url,
        "SELECT DISTINCT relowner::regrole::text FROM pg_class "
        "WHERE relnamespace = 'pad_ws'::regnamespace AND relkind IN ('r', 'v')",
    )
    assert owners == [(roles.migrations,)]


def test_a_database_of_pad_ws_is_handed_over_and_migrated(
    empty_database_url: str, roles: Roles, redis_url: str, environment: dict[str, str]
) -> None:
    databases.execute(empty_database_url, databases.PAD_WS_ITSELF, databases.LEGACY)
    handed = owned(empty_database_url, roles)
    roles.apply(handed.url)
    assert "2 canvases" in upgrade(handed.migrations, redis_url)
    roles.apply(handed.url)
    assert databases.query(handed.service, "SELECT count(*) FROM pad_ws.pads") == [(5,)]
    upgrade(handed.migrations, redis_url, "db-rollback", "--to", "none", "--yes")
    upgrade(handed.migrations, redis_url)
    assert databases.query(handed.service, "SELECT count(*) FROM pad_ws.pads") == [(5,)]


def test_migrating_needs_no_right_that_the_database_does_not_need(
    empty_database_url: str, roles: Roles, redis_url: str
) -> None:
    """Neither temporary tables, nor CREATE on the database, nor the schema public."""
    roles.apply(empty_database_url, dedicated="on")
    databases.execute(empty_database_url, b"REVOKE ALL ON SCHEMA public FROM PUBLIC")
    own = owned(empty_database_url, roles)
    asked = "SELECT has_database_privilege(current_database(), 'TEMPORARY')"
    assert databases.query(own.migrations, asked) == [(False,)]
    assert "done" in upgrade(own.migrations, redis_url)
    assert "there is none to move" in upgrade(own.migrations, redis_url, "db-preview-legacy")
    upgrade(own.migrations, redis_url, "db-rollback", "--to", "none", "--yes")
    assert "done" in upgrade(own.migrations, redis_url)
    upgrade(own.migrations, redis_url, "db-status")


def test_no_role_is_more_than_a_login(database_of_roles: Owned, roles: Roles) -> None:
    attributes = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
    for name in roles.names().values():
        asked = f"SELECT {attributes} FROM pg_roles WHERE rolname = %s"
        assert databases.query(database_of_roles.url, asked, name) == [(False,) * 5]


# Monitoring


@pytest.mark.parametrize("view", VIEWS)
def test_monitoring_reads_the_views(full: Owned, view: str) -> None:
    assert databases.query(full.monitoring, f"SELECT * FROM pad_ws.monitoring_{view}")


def test_monitoring_sees_what_others_run_and_the_state_of_the_schema(
    full: Owned, redis_url: str
) -> None:
    with psycopg.connect(full.service) as busy:
        busy.execute(b"SELECT 'something to see'")
        seen = databases.query(
            full.monitoring,
            "SELECT query FROM pg_stat_activity WHERE pid = %s",
            busy.info.backend_pid,
        )
    assert seen == [("SELECT 'something to see'",)]
    assert "applied" in upgrade(full.monitoring, redis_url, "db-status")


@pytest.mark.parametrize("table", [*TABLES, "yoyo_lock"])
def test_monitoring_reads_no_table(full: Owned, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        databases.query(full.monitoring, f"SELECT count(*) FROM pad_ws.{table}")


def test_monitoring_changes_nothing(full: Owned) -> None:
    with psycopg.connect(full.monitoring, autocommit=True) as conn:
        conn.execute(b"SET default_transaction_read_only = off")
        for sql in (
            "DELETE FROM pad_ws.monitoring_largest_pads",
            "UPDATE pad_ws._yoyo_log SET comment = ''",
            "CREATE TABLE pad_ws.notes ()",
        ):
            with pytest.raises((errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState)):
                conn.execute(sql.encode())
