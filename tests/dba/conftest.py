"""A database in the hands of the three roles of deploy/postgresql/roles.sql."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from padws.config import ROOT
from padws.embedded.temporary import environment
from tests.helpers import servers
from tests.helpers.databases import as_role
from tests.helpers.programs import psql, run

ROLES = ROOT / "deploy" / "postgresql" / "roles.sql"
PASSWORD = "only-for-tests"


@dataclass(frozen=True)
class Roles:
    """The names of the roles, unlike those of any other test."""

    service: str
    migrations: str
    monitoring: str

    def names(self) -> dict[str, str]:
        return {
            "service": self.service,
            "migrations": self.migrations,
            "monitoring": self.monitoring,
        }

    def apply(self, url: str, **options: str) -> str:
        """Run roles.sql and give the roles a password; what it prints."""
        printed = psql(url, ROLES, **self.names(), **options)
        with psycopg.connect(url, autocommit=True) as conn:
            for name in self.names().values():
                conn.execute(f"ALTER ROLE {name} PASSWORD '{PASSWORD}'".encode())
        return printed


def upgrade(url: str, redis_url: str, *command: str) -> str:
    """`flask db-upgrade`, or another command, on a database; what it prints."""
    environ = environment({"DATABASE_URL": url, "REDIS_URL": redis_url})
    return run(sys.executable, "-m", "flask", *(command or ("db-upgrade",)), environ=environ)


@pytest.fixture(scope="session")
def roles(postgres: str) -> Iterator[Roles]:
    """Names of roles, which are dropped after their databases."""
    mark = uuid.uuid4().hex[:12]
    made = Roles(*(f"padws_test_{kind}_{mark}" for kind in ("service", "migrations", "monitoring")))
    with psycopg.connect(postgres, autocommit=True) as conn:
        privileged = conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if privileged.fetchone() != (True,):
            pytest.skip("making roles and giving them a database takes a superuser here")
        yield made
        for name in made.names().values():
            conn.execute(f"DROP ROLE IF EXISTS {name}".encode())


@dataclass(frozen=True)
class Owned:
    """A database at the newest migration, and its URL for each of the roles."""

    url: str
    service: str
    migrations: str
    monitoring: str


def owned(url: str, roles: Roles) -> Owned:
    return Owned(url, *(as_role(url, name, PASSWORD) for name in roles.names().values()))


@pytest.fixture(scope="session")
def database_of_roles(postgres: str, roles: Roles, redis_server: str) -> Iterator[Owned]:
    """A database that was empty, migrated as docs/dba.md says."""
    with servers.database(postgres) as url:
        found = owned(url, roles)
        assert "then this file again" in roles.apply(url, dedicated="on")
        upgrade(found.migrations, redis_server)
        assert roles.apply(url, dedicated="on") == ""
        yield found
