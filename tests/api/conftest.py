"""The app as signed-in people use it.

Signing in takes a tenth of a second, and a new database a fifth. So four people sign in once, and
the state of PostgreSQL and Redis after that is restored before each test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import requests
from flask import Flask
from psycopg.rows import dict_row

from padws.embedded import temporary
from padws.release import upgrade
from tests.helpers import contract, people, servers
from tests.helpers.apps import open_app
from tests.helpers.contract import Client

Configure = Callable[..., Flask]
SqlConnection = psycopg.Connection[dict[str, Any]]

#: alice and bob draw, charlie is the stranger, admin administers.
NAMES = ("alice", "bob", "charlie", "admin")

_TABLES = ("users", "template_pads")
_KEEP = "".join(f"CREATE TABLE kept_{each} AS TABLE pad_ws.{each};" for each in _TABLES)
_PUT_BACK = "".join(
    f"DELETE FROM pad_ws.{each}; INSERT INTO pad_ws.{each} SELECT * FROM kept_{each};"
    for each in _TABLES
)


@dataclass(frozen=True)
class SignedIn:
    """The result of the four sign-ins."""

    database_url: str
    cookies: Mapping[str, str]
    redis_dump: Mapping[bytes, bytes]


@contextmanager
def checked_app(settings: Mapping[str, str]) -> Iterator[Flask]:
    """An app whose clients check every answer."""
    with open_app(settings) as app:
        app.test_client_class = Client
        yield app


@pytest.fixture(scope="session")
def signed_in(
    postgres: str, template_database: str, redis_server: str, oidc_issuer: str
) -> Iterator[SignedIn]:
    people.describe(oidc_issuer, "charlie", **people.claims_of("charlie"))
    with servers.database(postgres, template_database) as url:
        with checked_app(servers.settings_of(url, redis_server, oidc_issuer)) as app:
            upgrade(app.extensions["padws"].settings)
            cookies = {name: _cookie_of_new_session(app, name) for name in NAMES}
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_KEEP)
        yield SignedIn(url, cookies, _dump(redis_server))


def _cookie_of_new_session(app: Flask, name: str) -> str:
    client = app.test_client()
    people.sign_in(client, name)
    cookie = people.cookie_of(client)
    assert cookie
    return cookie


def _dump(redis_url: str) -> dict[bytes, bytes]:
    with redis.Redis.from_url(redis_url) as client:
        return {key: client.dump(key) for key in client.scan_iter()}


@pytest.fixture(scope="session")
def sql_connection(signed_in: SignedIn) -> Iterator[SqlConnection]:
    with psycopg.connect(signed_in.database_url, autocommit=True, row_factory=dict_row) as opened:
        yield opened


@pytest.fixture(scope="session")
def redis_connection(redis_server: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server) as client:
        yield client


@pytest.fixture
def database_url(signed_in: SignedIn, sql_connection: SqlConnection) -> str:
    """The database of the tests of the contract, as the four sign-ins have left it."""
    sql_connection.execute(_PUT_BACK)
    return signed_in.database_url


@pytest.fixture
def redis_url(
    signed_in: SignedIn, redis_connection: redis.Redis, redis_server: str
) -> Iterator[str]:
    """A Redis with the sessions of the four sign-ins and nothing else."""
    with redis_connection.pipeline(transaction=False) as pipeline:
        pipeline.flushdb()
        for key, value in signed_in.redis_dump.items():
            pipeline.restore(key, 0, value)
        pipeline.execute()
    yield redis_server
    redis_connection.flushdb()


@pytest.fixture
def sql(sql_connection: SqlConnection, database_url: str) -> SqlConnection:
    """A connection to the database, for arranging and for looking; each statement commits."""
    return sql_connection


@pytest.fixture
def redis_client(redis_connection: redis.Redis, redis_url: str) -> redis.Redis:
    """A connection to Redis, for arranging and for looking."""
    return redis_connection


@pytest.fixture(scope="session")
def default_app(signed_in: SignedIn, redis_server: str, oidc_issuer: str) -> Iterator[Flask]:
    with checked_app(servers.settings_of(signed_in.database_url, redis_server, oidc_issuer)) as app:
        yield app


@pytest.fixture
def app(environment: dict[str, str], default_app: Flask) -> Flask:
    """The app with the default settings, on the test's data."""
    return default_app


@pytest.fixture
def configure(environment: dict[str, str]) -> Iterator[Configure]:
    """Make apps with other settings, on the test's data."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(checked_app({**environment, **settings}))


@pytest.fixture
def client_of(signed_in: SignedIn) -> Callable[[Flask, str], Client]:
    """Make clients of an app that have somebody's session."""

    def make(app: Flask, name: str) -> Client:
        client = app.test_client()
        assert isinstance(client, Client)
        client.set_cookie(people.COOKIE, signed_in.cookies[name])
        return client

    return make


ClientOf = Callable[[Flask, str], Client]


@pytest.fixture
def alice(app: Flask, client_of: ClientOf) -> Client:
    return client_of(app, "alice")


@pytest.fixture
def bob(app: Flask, client_of: ClientOf) -> Client:
    return client_of(app, "bob")


@pytest.fixture
def charlie(app: Flask, client_of: ClientOf) -> Client:
    return client_of(app, "charlie")


@pytest.fixture
def admin(app: Flask, client_of: ClientOf) -> Client:
    return client_of(app, "admin")


@pytest.fixture
def anyone(app: Flask) -> Client:
    """Somebody who has not signed in."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client


# The service as it is deployed, for what only a real server shows.


@pytest.fixture(scope="session")
def default_gunicorn(
    signed_in: SignedIn,
    redis_server: str,
    oidc_issuer: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[temporary.Service]:
    settings = servers.settings_of(signed_in.database_url, redis_server, oidc_issuer)
    log: Path = tmp_path_factory.mktemp("gunicorn") / "log"
    with temporary.running_service(settings, log) as service:
        yield service
        text = log.read_text()
        assert "Traceback" not in text
        assert not [name for name, cookie in signed_in.cookies.items() if cookie in text]


@pytest.fixture
def gunicorn(environment: dict[str, str], default_gunicorn: temporary.Service) -> temporary.Service:
    """A running gunicorn with the default settings, on the test's data."""
    return default_gunicorn


@dataclass(frozen=True)
class Browser:
    """Somebody who asks a running service; every answer is checked. For several threads at once."""

    url: str
    cookie: str

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request; no answer within a minute fails the test."""
        options = {"timeout": 60, "allow_redirects": False, **options}
        options["headers"] = {"Cookie": self.cookie, **options.get("headers", {})}
        answer = requests.request(method, f"{self.url}{path}", **options)
        contract.check_answer(method, path, answer.status_code, answer.headers, answer.content)
        return answer


@pytest.fixture
def alices_browser(gunicorn: temporary.Service, signed_in: SignedIn) -> Browser:
    return Browser(gunicorn.url, f"{people.COOKIE}={signed_in.cookies['alice']}")
