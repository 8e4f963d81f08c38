"""Fixtures for migrations: databases in each state, a Redis of their own, commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from padws.embedded.running import wait_until_ready
from padws.embedded.servers import Redis
from padws.tether import Tether
from tests import servers
from tests.migrations.commands import Forks, forks


class OwnRedis:
    """A Redis server with a handle."""

    def __init__(self, server: Redis):
        self._server = server
        self._running: Tether | None = None

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
    with servers.data_directory() as directory:
        server = OwnRedis(Redis(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("commands")) as server:
        yield server
