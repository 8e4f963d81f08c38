"""The servers tests run against: what the environment names, else Docker, else embedded ones.

A server that the environment names belongs to somebody: there, tests create and drop databases of
their own, and use a logical Redis database that was empty.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import docker  # type: ignore[import-untyped]
import psycopg
import pytest
import redis
from psycopg import sql
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer

from padws.config import load_settings
from padws.embedded.directory import DataDirectory
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Redis
from padws.embedded.temporary import is_named, running
from tests.helpers import citus

EMPTY = "template1"

# Nothing in a test's database is worth waiting for a disk.
POSTGRES_OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
)


# Where files are in memory, and how much room all the clusters of a run may take.
_MEMORY, _ROOM = Path("/dev/shm"), 4_000_000_000


def memory() -> Path | None:
    """Where files are in memory, if there is room: each test's database is hundreds of files."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        return _MEMORY
    return None


@cache
def docker_answers() -> bool:
    """Whether a Docker engine answers, within two seconds."""
    try:
        client = docker.from_env(timeout=2)
        client.ping()
    except docker.errors.DockerException:
        return False
    return True


def origin(kind: type[Postgres | Redis]) -> str:
    """Where a server comes from, in words."""
    if kind is Postgres and citus.coordinator():
        return "with Citus"
    if is_named(kind):
        return "named by the environment"
    return "in Docker" if docker_answers() else "embedded"


@contextmanager
def postgres_url(directory: DataDirectory) -> Iterator[str]:
    """The URL of a database, as a role that may create others."""
    if url := citus.coordinator():
        yield url
    elif is_named(Postgres):
        yield load_settings(os.environ).database_url
    elif docker_answers():
        command = " ".join(f"-c {option}" for option in POSTGRES_OPTIONS)
        with PostgresContainer("postgres:16", driver=None).with_command(command) as container:
            yield container.get_connection_url()
    else:
        server = Postgres(directory, *POSTGRES_OPTIONS)
        with running(server):
            yield server.url()


@contextmanager
def redis_url(directory: DataDirectory) -> Iterator[str]:
    """The URL of a logical database that is empty at first and may be flushed."""
    if is_named(Redis):
        yield _empty_logical_database(load_settings(os.environ).redis_url)
    elif docker_answers():
        with RedisContainer("redis:7") as container:
            host, port = container.get_container_host_ip(), container.get_exposed_port(6379)
            yield f"redis://{host}:{port}/0"
    else:
        server = Redis(directory)
        with running(server):
            yield server.url()


def settings_of(database_url: str, redis_url: str, issuer: str) -> dict[str, str]:
    """The settings of a service on these servers; the provider is an embedded one."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "OIDC_ISSUER": issuer,
        "OIDC_CLIENT_ID": "padws",
        "OIDC_CLIENT_SECRET": "not-secret",
        "SERVE_BOARD": "false",  # which may be built here or not
    }


def _empty_logical_database(url: str) -> str:
    """The URL of the last logical database that has no key; 0 is never taken."""
    parts = urlsplit(url)
    for number in range(15, 0, -1):
        # redis-py takes the first of several, and any of them rather than the path.
        candidate = _joined(parts._replace(query=f"db={number}&{parts.query}".strip("&")))
        with redis.Redis.from_url(candidate) as client:
            if client.dbsize() == 0:
                return candidate
    raise pytest.UsageError("The Redis that the environment names has no empty logical database.")


def _joined(parts: SplitResult) -> str:
    """The URL of `parts`; urllib itself leaves out `//` where there is no host."""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


@contextmanager
def database(server_url: str, template: str = EMPTY) -> Iterator[str]:
    """The URL of a new database, a copy of `template`, dropped at the end.

    No database of a cluster can be copied: there, one is made anew, and distributed.
    """
    name = f"padws_test_{uuid.uuid4().hex}"
    if server_url == citus.coordinator():
        with citus.database(name) as url:
            if template != EMPTY:
                citus.distribute(url)
            yield url
        return
    # Many times faster than by the log, but it needs a checkpoint: not on somebody else's server.
    strategy = "" if is_named(Postgres) else "STRATEGY file_copy"
    create = sql.SQL(f"CREATE DATABASE {{}} TEMPLATE {{}} {strategy}")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield _joined(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            connection.execute(drop.format(sql.Identifier(name)))
