"""Fixtures for migrations: databases in each state, a Redis of their own, commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil
import pytest
import redis

from padws.child_process import ChildProcess
from padws.embedded import temporary
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Redis
from padws.embedded.startup import wait_until_ready
from tests import servers
from tests.migrations.commands import Forks, Release, another_release, forks


class OwnRedis:
    """A Redis server with a handle."""

    def __init__(self, server: Redis):
        self._server = server
        self._running: ChildProcess | None = None

    def url(self, database: int = 0) -> str:
        return f"{self._server.url()}?db={database}"

    def start(self) -> None:
        if not self._running:
            self._running = self._server.start()
            wait_until_ready(self._server, self._running)

    def stop(self) -> None:
        if self._running:
            self._running.stop()
            self._running = None


@pytest.fixture(scope="session")
def own_redis() -> Iterator[OwnRedis]:
    """A Redis that tests may stop, flush and start again."""
    with temporary.data_directory() as directory:
        server = OwnRedis(Redis(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@dataclass(frozen=True)
class OwnPostgres:
    """A PostgreSQL server: the URL of a database of it, its postmaster and its log."""

    url: str
    process: psutil.Process
    log: Path


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL whose access rules, limits and tablespaces tests may change."""
    with temporary.data_directory() as directory:
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
    with redis.Redis.from_url(own_redis.url()) as client:
        client.flushall()
    return own_redis.url()


@pytest.fixture
def settings(empty_database_url: str, redis_for_test: str) -> dict[str, str]:
    """The settings of a command on an empty database."""
    return {"DATABASE_URL": empty_database_url, "REDIS_URL": redis_for_test}


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Another release, to which migrations can be added."""
    return another_release(tmp_path / "release")


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """Names for logs: `next(logs)`."""
    return (tmp_path / f"log-{number}" for number in count())
