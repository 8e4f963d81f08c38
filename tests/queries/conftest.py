"""A migrated database for all tests of queries; every test leaves it without rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from padws.config import load_settings
from padws.database import Connection, Database
from tests.helpers import servers
from tests.helpers.rows import MOST_CONNECTIONS


@pytest.fixture(scope="session")
def database_of_all(postgres: str, template_database: str) -> Iterator[Database]:
    """The pool of a service; tests take `database`, which is empty."""
    with servers.database(postgres, template_database) as url:
        settings = load_settings(
            {
                "DATABASE_URL": url,
                "DB_POOL_MAX_SIZE": str(MOST_CONNECTIONS),
                # A busy machine is no failure.
                "DB_POOL_TIMEOUT": "60",
                "DB_LOCK_TIMEOUT": "60",
                "DB_STATEMENT_TIMEOUT": "60",
            }
        )
        database = Database(settings)
        yield database
        database.close()


@pytest.fixture
def database(database_of_all: Database) -> Iterator[Database]:
    """A database without rows, as many threads as MOST_CONNECTIONS may use it at once."""
    yield database_of_all
    with database_of_all.connection() as conn:
        conn.execute("DELETE FROM pad_ws.users")
        conn.execute("DELETE FROM pad_ws.template_pads")


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    """A connection on which each statement is a transaction of its own, as requests have it."""
    with database.connection() as connection:
        yield connection


@pytest.fixture
def adopted(database: Database) -> Iterator[Connection]:
    """A connection on tables whose times may be null, as pad.ws made them; rolled back."""
    with database.connection() as connection, connection.transaction(force_rollback=True):
        for table in ("users", "pads", "backups", "template_pads"):
            for column in ("created_at", "updated_at"):
                connection.execute(
                    f"ALTER TABLE pad_ws.{table} ALTER {column} DROP NOT NULL".encode()
                )
        yield connection
