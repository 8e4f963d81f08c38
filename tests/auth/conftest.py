"""Fixtures: providers whose behaviour tests can change, and services that use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from padws.embedded import temporary
from padws.embedded.startup import free_port
from tests.helpers import servers
from tests.helpers.apps import open_app
from tests.helpers.browser import Browser, Script, signed_in
from tests.helpers.redis_servers import OwnRedis
from tests.providers import node, own
from tests.providers.node import NodeProvider
from tests.providers.own import OwnProvider, serving

# Small pools: these tests have only a few clients at a time.
SMALL = {"WEB_THREADS": "80", "DB_POOL_MIN_SIZE": "0", "DB_POOL_MAX_SIZE": "8"}


@dataclass(frozen=True)
class Deployment:
    """What instances of the service have in common."""

    database_url: str
    redis: OwnRedis
    settings: Mapping[str, str]


@pytest.fixture(scope="session")
def _own_provider() -> Iterator[OwnProvider]:
    provider = OwnProvider()
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


@pytest.fixture
def provider(_own_provider: OwnProvider) -> Iterator[OwnProvider]:
    """The tests' own provider, well-behaved at first."""
    _own_provider.behave()
    yield _own_provider
    _own_provider.behave()
    _own_provider.start()


@pytest.fixture(scope="session")
def auth_database(postgres: str, template_database: str) -> Iterator[str]:
    with servers.database(postgres, template_database) as url:
        yield url


@pytest.fixture(scope="session")
def deployment(auth_database: str, own_redis: OwnRedis, _own_provider: OwnProvider) -> Deployment:
    """The servers of the tests of this folder, with the tests' own provider."""
    settings = {
        "DATABASE_URL": auth_database,
        "REDIS_URL": own_redis.url(),
        "OIDC_ISSUER": _own_provider.issuer,
        "OIDC_CLIENT_ID": own.CLIENT,
        "OIDC_CLIENT_SECRET": own.SECRET,
        "OIDC_TIMEOUT": "30",
        "LOGIN_LIMIT": "10000 per minute",
        "SERVE_BOARD": "false",  # which may be built here or not
        **SMALL,
    }
    return Deployment(auth_database, own_redis, settings)


@pytest.fixture(scope="session")
def _instances(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[temporary.Service, temporary.Service]]:
    logs = tmp_path_factory.mktemp("instances")
    with (
        temporary.running_service(deployment.settings, logs / "one.log") as one,
        temporary.running_service(deployment.settings, logs / "two.log") as two,
    ):
        yield one, two


@pytest.fixture
def instances(
    _instances: tuple[temporary.Service, temporary.Service],
    deployment: Deployment,
    provider: OwnProvider,
) -> tuple[temporary.Service, temporary.Service]:
    """Two instances of two workers each, on an empty Redis."""
    deployment.redis.start()
    with deployment.redis.client() as client:
        client.flushall()
    return _instances


@pytest.fixture
def url(instances: tuple[temporary.Service, temporary.Service]) -> str:
    """The address of an instance."""
    return instances[0].url


@pytest.fixture
def other_url(instances: tuple[temporary.Service, temporary.Service]) -> str:
    """The address of another instance."""
    return instances[1].url


@pytest.fixture
def alice(url: str) -> Browser:
    return signed_in(url, "alice")


@pytest.fixture
def admin(url: str) -> Browser:
    return signed_in(url, "admin")


@pytest.fixture
def anyone(url: str) -> Browser:
    return Browser(url)


ScriptOf = Callable[[str], Script]


@pytest.fixture
def script(url: str) -> ScriptOf:
    """Make clients that send a token."""
    return lambda token: Script(url, token)


@pytest.fixture
def redis_client(deployment: Deployment, url: str) -> Iterator[redis.Redis]:
    with deployment.redis.client() as client:
        yield client


@pytest.fixture
def sql(auth_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(auth_database, autocommit=True) as connection:
        yield connection


StartInstance = Callable[..., temporary.Service]
ServeApp = Callable[..., str]


@pytest.fixture
def served(deployment: Deployment, provider: OwnProvider) -> Iterator[ServeApp]:
    """Serve a new app, with some settings of its own, from a thread of this process; its address.

    It has not asked the provider anything yet, and starts ten times as fast as gunicorn.
    """
    deployment.redis.start()
    with ExitStack() as stack:

        def serve(**settings: str) -> str:
            app = stack.enter_context(open_app({**deployment.settings, **settings}))
            return stack.enter_context(serving(app))

        yield serve


@pytest.fixture
def instance(
    deployment: Deployment, provider: OwnProvider, tmp_path: Path
) -> Iterator[StartInstance]:
    """Start one more gunicorn, with some settings of its own."""
    deployment.redis.start()
    with ExitStack() as stack:

        def start(**settings: str) -> temporary.Service:
            log = tmp_path / f"gunicorn-{free_port()}.log"
            both = {**deployment.settings, **settings}
            return stack.enter_context(temporary.running_service(both, log))

        yield start


# The second provider


@contextmanager
def running_node(directory: Path, **settings: Any) -> Iterator[NodeProvider]:
    """oidc-provider; the test is skipped where it cannot be run."""
    if reason := node.missing():
        pytest.skip(f"oidc-provider cannot be run here: {reason}")
    provider = NodeProvider(free_port(), directory / "oidc-provider.log", **settings)
    with temporary.running(provider):
        yield provider
