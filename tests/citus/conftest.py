"""A distributed database for the tests of this folder; without a cluster they are not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers import citus, servers

collect_ignore_glob = [] if citus.coordinator() else ["test_on_*.py"]


@pytest.fixture
def settings(database_url: str, redis_url: str) -> dict[str, str]:
    """The settings of a command on a distributed database."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


@pytest.fixture(scope="session")
def distributed_url(postgres: str, template_database: str) -> Iterator[str]:
    """A distributed database that tests only read."""
    with servers.database(postgres, template_database) as url:
        yield url
