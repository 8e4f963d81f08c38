"""A Redis of the tests' own, and the commands that it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from padws.embedded import temporary
from padws.embedded.directory import DataDirectory
from padws.embedded.servers import Redis
from tests.helpers.parts import Part


class OwnRedis(Part):
    """A Redis that tests may empty, stop and start again."""

    def __init__(self, directory: DataDirectory):
        self._redis = Redis(directory)
        super().__init__(self._redis)

    def url(self, database: int = 0) -> str:
        """The URL of one of its logical databases."""
        return f"{self._redis.url()}?db={database}"

    def client(self) -> redis.Redis:
        """A connection, for arranging and for looking."""
        return redis.Redis.from_url(self.url())


@contextmanager
def running_redis() -> Iterator[OwnRedis]:
    """A Redis that runs until the block ends, unless it is stopped before."""
    with temporary.data_directory() as directory:
        server = OwnRedis(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def counted_commands(client: redis.Redis) -> Iterator[dict[str, int]]:
    """How often Redis runs each command during the block; filled at its end."""
    counted: dict[str, int] = {}
    client.config_resetstat()
    yield counted
    for name, stats in client.info("commandstats").items():
        counted[name.removeprefix("cmdstat_")] = stats["calls"]
    # What this function itself and new connections of the pool send, as Redis 7 and 6 name it.
    own = ("config|resetstat", "config", "info", "client|setinfo", "client", "hello", "select")
    for name in (*own, "auth"):
        counted.pop(name, None)
