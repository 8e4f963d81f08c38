"""The servers under test: PostgreSQL and Redis (embedded, or those that are named), gunicorn."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
import psycopg
import redis

from bench.processes import Processes, machine_cpu_seconds
from padws.config import Settings, load_settings
from padws.database import Connection, prepare_connection
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Provider, Redis
from padws.embedded.startup import Replaceable, free_port
from padws.embedded.temporary import data_directory, is_named, running, running_service

WORKERS = 2

# The load is one that limits would stop, and everybody signs in from one address.
_NO_LIMITS = {"LOGIN_LIMIT": "1000000/second", "WRITE_LIMIT": "1000000/second"}

_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True)
class Servers:
    """What the service needs, running. `connection` is the benchmark's own."""

    environ: Mapping[str, str]
    settings: Settings
    directory: Path
    connection: Connection
    postgres: Processes
    redis: redis.Redis


@dataclass(frozen=True)
class Counters:
    """CPU seconds, and bytes of write-ahead log, so far or between two moments."""

    app: float
    postgres: float
    redis: float
    machine: float
    wal: float

    def __sub__(self, other: Counters) -> Counters:
        return Counters(*(a - b for a, b in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[float, ...]:
        return self.app, self.postgres, self.redis, self.machine, self.wal


@dataclass(frozen=True)
class Stand:
    """The servers with the service running on them."""

    servers: Servers
    url: str
    service: Processes

    def counters(self) -> Counters:
        """What has been used so far."""
        usage = self.servers.redis.info("cpu")
        assert isinstance(usage, dict)  # noqa: S101 - not a coroutine
        wal = self.servers.connection.execute("SELECT pg_current_wal_lsn() - '0/0'").fetchone()
        return Counters(
            app=self.service.cpu_seconds(),
            postgres=self.servers.postgres.cpu_seconds(),
            redis=usage["used_cpu_sys"] + usage["used_cpu_user"],
            machine=machine_cpu_seconds(),
            wal=float(wal[0]) if wal else 0,
        )


@contextmanager
def started_servers() -> Iterator[Servers]:
    """PostgreSQL with an empty database, Redis and the sign-in provider."""
    with ExitStack() as stack:
        directory = stack.enter_context(data_directory())
        environ = {**_NO_LIMITS}
        provider = Provider(directory, free_port())
        for kind, make in {Postgres: Postgres, Redis: Redis}.items():
            environ |= _named_or_started(stack, kind, make(directory))
        stack.enter_context(running(provider))
        environ |= provider.environment()
        settings = load_settings(environ)
        connection = stack.enter_context(_empty_database(settings.database_url))
        yield Servers(
            environ,
            settings,
            directory.path,
            connection,
            _server_of(connection),
            stack.enter_context(redis.Redis.from_url(settings.redis_url)),
        )


@contextmanager
def serving(servers: Servers, workers: int = WORKERS) -> Iterator[Stand]:
    """The service, with its usual settings."""
    environ = {**servers.environ, "WEB_CONCURRENCY": str(workers)}
    with running_service(environ, servers.directory / "gunicorn.log") as service:
        yield Stand(servers, service.url, Processes(service.server.pid))


def _named_or_started(
    stack: ExitStack, kind: type[Replaceable], server: Replaceable
) -> dict[str, str]:
    """The settings that point to the server of the environment, or to our own, started."""
    if is_named(kind):
        return {name: os.environ[name] for name in kind.replaced_by if name in os.environ}
    stack.enter_context(running(server))
    return server.environment()


@contextmanager
def _empty_database(url: str) -> Iterator[Connection]:
    """A connection to a database without users, from which ours are removed at the end."""
    with psycopg.connect(url, autocommit=True) as connection:
        prepare_connection(connection)
        _require_durability(connection)
        _require_no_users(connection)
        connection.execute("CREATE SCHEMA padws_bench")
        try:
            yield connection
        finally:
            connection.execute("DROP SCHEMA padws_bench CASCADE")
            if _has_tables(connection):
                connection.execute("TRUNCATE pad_ws.users CASCADE")


def _require_durability(connection: Connection) -> None:
    off = [name for name in _DURABLE if _value(connection, f"SHOW {name}") != "on"]
    if off:
        raise click.ClickException(
            f"PostgreSQL has switched off {', '.join(off)}: its figures would mean nothing."
        )


def _require_no_users(connection: Connection) -> None:
    if _has_tables(connection) and _value(connection, "SELECT EXISTS (SELECT FROM pad_ws.users)"):
        raise click.ClickException(
            "The database that the environment names holds users. The benchmark fills and empties "
            "its database: name an empty one."
        )


def _has_tables(connection: Connection) -> bool:
    return _value(connection, "SELECT to_regclass('pad_ws.users')") is not None


def _value(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    assert row  # noqa: S101 - every query here has a row
    return row[0]


def _server_of(connection: Connection) -> Processes:
    """The processes of the PostgreSQL that a connection leads to."""
    try:
        backend = psutil.Process(connection.info.backend_pid)
        if backend.name().startswith("postgres") and (parent := backend.parent()):
            return Processes(parent.pid)
    except psutil.Error:
        pass
    raise click.ClickException(
        "The processes of PostgreSQL cannot be seen from here: the benchmark must run on the "
        "server's own machine, outside of containers."
    )
