"""Fixtures: servers for the session, an empty database and Redis for each test, the service."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext

from padws.config import load_settings
from padws.embedded import startup, temporary
from padws.embedded.directory import DataDirectory
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Provider, Redis
from padws.embedded.startup import free_port
from padws.migrations import migrate
from tests.helpers import chromium as browsers
from tests.helpers import databases, servers
from tests.helpers.redis_servers import OwnRedis, running_redis

StartService = Callable[[Mapping[str, str]], temporary.Service]


def pytest_report_header() -> str:
    return f"servers: PostgreSQL {servers.origin(Postgres)}, Redis {servers.origin(Redis)}"


def pytest_configure() -> None:
    """Give each process of xdist's ports of its own: two may not both take one that is free."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    startup.PORTS = startup.PORTS[number::workers]


#: What mostly waits, and what mostly computes; of each, what takes longest comes first.
WAITS = ("faults", "ledger", "deploy", "migrations", "embedded", "doctor", "observability", "auth")
COMPUTES = ("board", "openapi", "api", "migrations/test_kill.py", "dba", "recovery", "shell")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of two processes, let one begin with what waits and the other one with what computes.

    xdist gives each half of the tests, and whoever is done takes over from the end of the other's:
    short ones are there, so that nobody is left alone with long ones.
    """
    half = len(items) // 2
    computes, waits = (_taken_out(items, names) for names in (COMPUTES, WAITS))
    some = max(0, half - len(waits))
    items[:] = [*waits, *items[:some], *computes, *items[some:]]


def _taken_out(items: list[pytest.Item], names: tuple[str, ...]) -> list[pytest.Item]:
    """The tests of these folders and files, in the order of the names; `items` keeps the others."""
    ours = [each for name in names for each in items if each.nodeid.startswith(f"tests/{name}")]
    others = set(items).difference(ours)
    items[:] = [each for each in items if each in others]
    return ours


@pytest.fixture(scope="session")
def data_directory() -> Iterator[DataDirectory]:
    with temporary.data_directory(servers.memory()) as directory:
        yield directory


@pytest.fixture(scope="session")
def postgres(data_directory: DataDirectory) -> Iterator[str]:
    """The URL of a PostgreSQL server on which databases can be created."""
    with servers.postgres_url(data_directory) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server(data_directory: DataDirectory) -> Iterator[str]:
    """The URL of the session's Redis; tests take `redis_url`, which is empty."""
    with servers.redis_url(data_directory) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
        yield redis_server
        client.flushdb()


@pytest.fixture(scope="session")
def own_redis() -> Iterator[OwnRedis]:
    """A Redis that tests may stop, empty and start again."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def oidc_issuer(data_directory: DataDirectory) -> Iterator[str]:
    """The issuer of a running OpenID provider with the users alice, bob and admin."""
    provider = Provider(data_directory, free_port())
    with temporary.running(provider):
        yield provider.issuer()


@pytest.fixture(scope="session")
def template_database(postgres: str, redis_server: str) -> Iterator[str]:
    """The name of a database at the newest migration, from which tests get their copies."""
    with servers.database(postgres) as url:
        migrate(load_settings({"DATABASE_URL": url, "REDIS_URL": redis_server}))
        yield databases.name_of(url)


@pytest.fixture
def database_url(postgres: str, template_database: str) -> Iterator[str]:
    """The URL of a database at the newest migration that is this test's own."""
    with servers.database(postgres, template_database) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres: str) -> Iterator[str]:
    """The URL of a database without any table that is this test's own."""
    with servers.database(postgres) as url:
        yield url


@pytest.fixture
def environment(database_url: str, redis_url: str, oidc_issuer: str) -> dict[str, str]:
    """The settings of a service on this test's own servers."""
    return servers.settings_of(database_url, redis_url, oidc_issuer)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StartService]:
    """Start gunicorn with the given settings, as often as wanted; all are stopped in the end."""
    with ExitStack() as stack:

        def start(settings: Mapping[str, str]) -> temporary.Service:
            log = tmp_path / f"gunicorn-{free_port()}.log"
            return stack.enter_context(temporary.running_service(settings, log))

        yield start


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, for contexts of a special kind."""
    with browsers.running() as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Iterator[BrowserContext]:
    """A real browser with an empty profile."""
    with browsers.profile(chromium) as context:
        yield context
