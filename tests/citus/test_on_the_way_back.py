"""Distributing and taking it back: all rows, and the very schema of one machine."""

from __future__ import annotations

import subprocess

import psycopg
import pytest

from padws.config import load_settings
from padws.database import prepare_connection
from padws.migrations import migrate
from tests.helpers import citus, databases, programs
from tests.helpers.programs import psql
from tests.helpers.rows import NOW, new_backup, new_pad
from tests.helpers.waiting import wait_until

EXPECTED = (databases.HERE.parent / "migrations" / "schema.txt").read_text()
KINDS = "SELECT table_name::text, citus_table_type FROM citus_tables ORDER BY 1"
_TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'SELECT create_distributed%'
"""
THINGS_OF_USERS = {"pads", "backups", "access_tokens"}


@pytest.fixture
def url(empty_database_url: str) -> str:
    """A database of a cluster that is migrated and has some rows, none of them distributed."""
    migrate(load_settings({"DATABASE_URL": empty_database_url, "REDIS_URL": citus.NO_REDIS}))
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        prepare_connection(conn)
        for _ in range(3):
            new_backup(conn, new_pad(conn).id, NOW)
    return empty_database_url


def test_all_rows_go_there_and_come_back_and_the_schema_is_as_it_was(url: str) -> None:
    rows = databases.rows(url)
    assert databases.own_catalogue(url) == EXPECTED
    for _ in range(2):
        psql(url, citus.DISTRIBUTE)
        kinds = {name.partition(".")[2]: kind for name, kind in databases.query(url, KINDS)}
        assert {each for each, kind in kinds.items() if kind == "distributed"} >= THINGS_OF_USERS
        assert kinds["users"] == kinds["template_pads"] == "reference"
        psql(url, citus.DISTRIBUTE)
        assert databases.rows(url) == rows
        psql(url, citus.UNDISTRIBUTE)
        assert databases.rows(url) == rows
        assert databases.own_catalogue(url) == EXPECTED
    psql(url, citus.UNDISTRIBUTE)
    assert databases.own_catalogue(url) == EXPECTED


@pytest.mark.parametrize(
    ("obstacle", "said"),
    [
        (
            "ALTER TABLE pad_ws.pads ADD CONSTRAINT short CHECK (display_name <> 'x') NOT VALID",
            "Rules that do not hold for all rows: short on pad_ws.pads",
        ),
        (
            "CREATE TABLE notes (pad uuid REFERENCES pad_ws.pads ON DELETE CASCADE)",
            "Other tables refer to what is to be distributed: notes",
        ),
        ("DROP TABLE pad_ws.access_tokens", "There is no pad_ws.access_tokens"),
        ("SELECT citus_remove_node(nodename, nodeport) FROM pg_dist_node", "its own address"),
        ("DROP EXTENSION citus", "This database has no Citus"),
    ],
)
def test_what_stops_it_is_named_and_nothing_is_changed(url: str, obstacle: str, said: str) -> None:
    databases.execute(url, obstacle.encode())
    before = databases.catalogue(url)
    printed = programs.run(
        "psql", "-X", "-f", citus.DISTRIBUTE, environ=programs.shell_environment(url), code=3
    )
    assert said in printed
    assert "HINT" in printed
    assert databases.catalogue(url) == before


def test_it_is_not_done_by_halves(url: str) -> None:
    """Killed in the middle, it has done nothing; the next run does it all."""
    before = databases.catalogue(url)
    command = ["psql", "-X", "-q", "-f", str(citus.DISTRIBUTE)]
    with subprocess.Popen(command, env=programs.shell_environment(url)) as process:
        wait_until(lambda: databases.query(url, _TERMINATE) or process.poll() is not None)
        assert process.wait() != 0
    assert databases.catalogue(url) == before
    psql(url, citus.DISTRIBUTE)
