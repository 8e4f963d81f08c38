"""A service of its own for the ledger, and what happens to it meanwhile."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from padws.config import load_settings
from padws.embedded import temporary
from padws.embedded.servers import Provider
from padws.embedded.startup import free_port
from padws.recovery.connection import connected
from padws.recovery.progress import Progress
from padws.recovery.verify import Findings, verify
from tests.helpers import servers

#: What ages rows, and is no part of the service.
APPLICATION_NAME = "ledger"


@dataclass(frozen=True)
class Place:
    """A running service, and its database."""

    url: str
    database_url: str
    process: psutil.Process


@contextlib.contextmanager
def running_place() -> Iterator[Place]:
    """Everything that padws needs, for this run alone."""
    with (
        temporary.data_directory(servers.memory()) as directory,
        servers.postgres_url(directory) as postgres,
        servers.redis_url(directory) as redis_url,
        temporary.running(provider := Provider(directory, free_port())),
        servers.database(postgres) as url,
    ):
        settings = servers.settings_of(url, redis_url, provider.issuer())
        with place_of(url, settings, directory.logs / "service.log") as place:
            yield place


@contextlib.contextmanager
def place_of(url: str, settings: dict[str, str], log: Path) -> Iterator[Place]:
    """The service with these settings."""
    with temporary.running_service(
        {**settings, "LOGIN_LIMIT": "100000 per minute"}, log
    ) as service:
        yield Place(service.url, url, psutil.Process(service.server.pid))


def damaged(place: Place) -> list[str]:
    """What db-verify finds in the end."""
    found = list[str]()
    settings = load_settings({"DATABASE_URL": place.database_url})
    with connected(settings, place.database_url) as conn:
        verify(conn, Findings(found.append, most=100), Progress())
    return found


@contextlib.contextmanager
def trouble(place: Place, seed: str, every: float) -> Iterator[list[str]]:
    """Kill a worker or cut the service's connections now and then; what was done."""
    source, done, stopped = random.Random(seed), list[str](), threading.Event()

    def go_on() -> None:
        while not stopped.wait(source.uniform(0.5, 1.5) * every):
            done.append(source.choice([kill_a_worker, cut_connections])(place, source))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield done
    finally:
        stopped.set()
        thread.join()


def kill_a_worker(place: Place, source: random.Random) -> str:
    workers = place.process.children()
    if workers:
        with contextlib.suppress(psutil.NoSuchProcess):
            source.choice(workers).kill()
    return "worker killed"


def cut_connections(place: Place, _: random.Random) -> str:
    with psycopg.connect(place.database_url) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name <> %s "
            "AND pid <> pg_backend_pid()",
            [APPLICATION_NAME],
        )
    return "connections cut"
