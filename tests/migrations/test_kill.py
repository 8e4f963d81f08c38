"""A run that is killed with SIGKILL after each thing that the servers do for it, and run again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import pytest

from tests.helpers import databases, servers
from tests.helpers.commands import Command, Forks
from tests.helpers.redis_servers import OwnRedis
from tests.helpers.relay import postgres_relay, redis_relay
from tests.helpers.waiting import wait_until
from tests.migrations.locks import nobody_holds_a_lock

AT_ONCE = 8
#: Each scenario takes one in so many of all things, and other ones than the others; 1: all.
EVERY = int(os.environ.get("KILL_EVERY", "15"))
TTL = "0.4"


class Cut:
    """Kills a process when its servers have done the `at`-th thing for it; always counts them."""

    def __init__(self, at: int | None = None):
        self.count = 0
        self._at = at
        self._pid = 0
        self._known = threading.Event()
        self._turn = threading.Lock()

    def aim(self, command: Command) -> None:
        self._pid = command.pid
        self._known.set()

    def answered(self) -> None:
        with self._turn:
            self.count += 1
            strikes = self.count == self._at
        if strikes:
            self._known.wait()
            os.kill(self._pid, signal.SIGKILL)


@dataclass(frozen=True)
class Scene:
    """Where runs are killed: databases like `template`, a Redis database each, a command."""

    forker: Forks
    server: str
    template: str
    redis: SimpleQueue[str]
    command: tuple[str, ...]

    @contextmanager
    def place(self) -> Iterator[dict[str, str]]:
        """A database and a Redis of their own."""
        redis_url = self.redis.get()
        try:
            with servers.database(self.server, self.template) as url:
                yield {"DATABASE_URL": url, "REDIS_URL": redis_url, "MIGRATION_LOCK_TTL": TTL}
        finally:
            self.redis.put(redis_url)

    def migrate(self, url: str) -> None:
        """Bring the template to the newest migration first."""
        settings = {"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1"}
        assert self.forker.start(settings, *UPGRADE).wait() == 0

    def run(self, place: dict[str, str], cut: Cut) -> int:
        """Run the command through relays that `cut` counts at; its exit code."""
        with ExitStack() as stack:
            relays = {
                "DATABASE_URL": stack.enter_context(
                    postgres_relay(place["DATABASE_URL"], cut.answered)
                ),
                "REDIS_URL": stack.enter_context(redis_relay(place["REDIS_URL"], cut.answered)),
            }
            command = self.forker.start({**place, **relays}, *self.command)
            cut.aim(command)
            return command.wait()

    def undisturbed(self) -> tuple[int, object]:
        """How many things the servers do for one run, and its result."""
        with self.place() as place:
            cut = Cut()
            assert self.run(place, cut) == 0
            return cut.count, outcome(place["DATABASE_URL"])

    def killed_and_run_again(self, at: int) -> object:
        """The result of a run that is killed, and another after it."""
        with self.place() as place:
            assert self.run(place, Cut(at)) == -signal.SIGKILL, at
            again = self.forker.start(place, *self.command)
            assert again.wait() == 0, again.output
            wait_until(lambda: nobody_holds_a_lock(place["DATABASE_URL"]), "free")
            return outcome(place["DATABASE_URL"])


def outcome(url: str) -> object:
    return (
        databases.catalogue(url),
        databases.rows(url),
        databases.marks(url),
        databases.marks(url, "rollback"),
    )


@pytest.fixture(scope="module")
def redis_databases(own_redis: OwnRedis) -> SimpleQueue[str]:
    queue: SimpleQueue[str] = SimpleQueue()
    for number in range(AT_ONCE):
        queue.put(own_redis.url(number + 1))
    return queue


PAD_WS = (databases.PAD_WS_ITSELF, databases.LEGACY)
UPGRADE = ("db-upgrade",)
ROLLBACK = ("db-rollback", "--to", "none", "--yes")


@pytest.mark.parametrize(
    ("first", "before", "command", "migrated"),
    [(1, (), UPGRADE, False), (6, PAD_WS, UPGRADE, False), (11, (), ROLLBACK, True)],
    ids=["an empty database", "a database of pad.ws", "a rollback"],
)
def test_a_run_killed_after_any_statement_is_finished_by_the_next(
    first: int,
    before: tuple[bytes, ...],
    command: tuple[str, ...],
    migrated: bool,
    forker: Forks,
    postgres: str,
    redis_databases: SimpleQueue[str],
    record_property: Callable[[str, object], None],
) -> None:
    with servers.database(postgres) as template:
        databases.execute(template, *before)
        name = databases.name_of(template)
        scene = Scene(forker, postgres, name, redis_databases, command)
        if migrated:
            scene.migrate(template)
        count, expected = scene.undisturbed()
        record_property("kill points", count)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for outcome in pool.map(
                scene.killed_and_run_again, range(min(first, EVERY), count + 1, EVERY)
            ):
                assert outcome == expected
