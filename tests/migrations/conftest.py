"""Fixtures for migrations: databases in each state, a Redis of their own, commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil
import pytest

from padws.embedded import temporary
from padws.embedded.postgres import Postgres
from tests.helpers import databases, servers
from tests.helpers.commands import Forks, Release, another_release, forks
from tests.helpers.redis_servers import OwnRedis


@dataclass(frozen=True)
class OwnPostgres:
    """A PostgreSQL server: the URL of a database of it, its postmaster and its log."""

    url: str
    process: psutil.Process
    log: Path


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL whose access rules, limits and tablespaces tests may change."""
    with temporary.data_directory(servers.memory()) as directory:
        server = Postgres(directory, *servers.POSTGRES_OPTIONS)
        with temporary.running(server) as running:
            log = directory.logs / "postgres.log"
            yield OwnPostgres(server.url(), psutil.Process(running.pid), log)


@pytest.fixture(scope="session")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("commands")) as server:
        yield server


@pytest.fixture
def redis_for_test(own_redis: OwnRedis) -> str:
    """The URL of an empty logical database of `own_redis`, which runs."""
    own_redis.start()
    with own_redis.client() as client:
        client.flushall()
    return own_redis.url()


@pytest.fixture
def settings(empty_database_url: str, redis_for_test: str) -> dict[str, str]:
    """The settings of a command on an empty database."""
    return {"DATABASE_URL": empty_database_url, "REDIS_URL": redis_for_test}


@pytest.fixture
def pad_ws_settings(settings: dict[str, str]) -> dict[str, str]:
    """The settings of a command on a database of pad.ws."""
    databases.execute(settings["DATABASE_URL"], databases.PAD_WS_ITSELF)
    return settings


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Another release, to which migrations can be added."""
    return another_release(tmp_path / "release")


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """Names for logs: `next(logs)`."""
    return (tmp_path / f"log-{number}" for number in count())
