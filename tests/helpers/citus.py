"""Databases on a Citus cluster, where `CITUS_DATABASE_URL` names one of its coordinator's.

That one knows the cluster's nodes. Tests make others, on every node, and drop them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from padws.config import ROOT, load_settings
from padws.migrations import migrate
from tests.helpers.programs import psql

SCRIPTS = ROOT / "deploy" / "citus"
DISTRIBUTE = SCRIPTS / "distribute.sql"
UNDISTRIBUTE = SCRIPTS / "undistribute.sql"

#: Nobody else migrates these databases, so nothing has to be agreed on there.
NO_REDIS = "redis://127.0.0.1:1"

#: Few shards: each is a table of its own, which takes time to make.
SHARDS = 4


def coordinator() -> str:
    """The URL of the coordinator's database; empty if there is no cluster."""
    return os.environ.get("CITUS_DATABASE_URL", "")


#: For tests that ask for a plan, a lock or a catalogue that is different on a cluster.
on_one_machine = pytest.mark.skipif(bool(coordinator()), reason="is about one machine")


def nodes() -> list[tuple[str, int]]:
    """Host and port of every node; the coordinator is the first."""
    query = "SELECT nodename, nodeport FROM pg_dist_node ORDER BY groupid"
    with psycopg.connect(coordinator(), autocommit=True) as conn:
        return conn.execute(query.encode()).fetchall()


def url_on(node: tuple[str, int], name: str) -> str:
    """The URL of a database on a node."""
    parts = urlsplit(coordinator())
    login, at, _ = parts.netloc.rpartition("@")
    host, port = node
    return parts._replace(netloc=f"{login}{at}{host}:{port}", path=f"/{name}").geturl()


@contextmanager
def database(name: str) -> Iterator[str]:
    """The URL of a new database without any table, on every node; dropped at the end."""
    with ExitStack() as stack:
        for node in nodes():
            stack.enter_context(_database_on(node, name))
        url = url_on(nodes()[0], name)
        with psycopg.connect(url, autocommit=True) as conn:
            _join(conn, nodes())
        yield url


@contextmanager
def _database_on(node: tuple[str, int], name: str) -> Iterator[None]:
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    _run(node, "postgres", create)
    try:
        _run(node, name, sql.SQL("CREATE EXTENSION citus"))
        shards = sql.SQL("ALTER DATABASE {} SET citus.shard_count = {}")
        _run(node, "postgres", shards.format(sql.Identifier(name), SHARDS))
        yield
    finally:
        _run(node, "postgres", drop)


def _run(node: tuple[str, int], name: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(url_on(node, name), autocommit=True) as conn:
        conn.execute("SET client_min_messages = warning")  # not that other nodes need it, too
        conn.execute(statement)


def _join(conn: psycopg.Connection, cluster: list[tuple[str, int]]) -> None:
    first, *others = cluster
    conn.execute("SELECT citus_set_coordinator_host(%s, %s)", first)
    for each in others:
        conn.execute("SELECT citus_add_node(%s, %s)", each)


def distribute(url: str) -> None:
    """Bring a database to the newest migration, and spread it over the nodes."""
    migrate(load_settings({"DATABASE_URL": url, "REDIS_URL": NO_REDIS}))
    psql(url, DISTRIBUTE)
