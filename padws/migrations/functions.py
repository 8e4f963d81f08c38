"""The rules in sql/functions/: put into the database where they differ from what is there.

One transaction for all of them, so that a release's rules change together. A release that finds
those of a newer one leaves them alone while that one is running, and puts its own back afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import NamedTuple

from packaging.version import InvalidVersion, Version
from psycopg.errors import UndefinedTable

from padws.config import ROOT
from padws.migrations.files import Script, Statement, target
from padws.migrations.files import known as known_migrations
from padws.migrations.history import SCHEMA, Checksums, Connection
from padws.version import VERSION

DIRECTORY = ROOT / "sql" / "functions"

TABLE = f"{SCHEMA}.functions"
STORED = f"SELECT name, digest, release, applied_at FROM {TABLE}"  # noqa: S608
STORE = f"""
    INSERT INTO {TABLE} (name, digest, release, applied_at)
    SELECT name, digest, %s, now()
    FROM unnest(%s::text[], %s::text[]) AS new (name, digest)
    ON CONFLICT (name) DO UPDATE
        SET digest = excluded.digest, release = excluded.release, applied_at = excluded.applied_at
"""  # noqa: S608
# The service names its connections `padws/<machine>/<process>/<release>`.
RUNNING = """
    SELECT DISTINCT split_part(application_name, '/', 4)
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name ~ '^padws/[^/]*/[0-9]+/[^/]+$'
"""


class Stored(NamedTuple):
    """What the database has recorded of one of its functions."""

    digest: str
    release: str
    applied_at: datetime


@dataclass
class Function:
    """A file of sql/functions/."""

    name: str
    sql: str

    @property
    def id(self) -> str:
        """The file, as messages name it."""
        return f"sql/functions/{self.name}.sql"

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the file, whatever its line endings."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@cache
def known() -> tuple[Function, ...]:
    """All functions of this release. Read once: files do not change in service."""
    return tuple(
        Function(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(DIRECTORY.glob("*.sql"))
    )


def release_target() -> str:
    """A digest of all migrations and functions of this release."""
    return target([*known_migrations(), *known()])


def differing(digests: Checksums) -> list[Function]:
    """The functions whose digest a database lacks, or has another for."""
    return [each for each in known() if digests.get(each.name) != each.checksum]


def missing(there: Mapping[str, Stored]) -> list[Function]:
    """The functions this release cannot work without: not those that a newer one has changed."""
    return [
        each
        for each in _changed(there)
        if each.name not in there or not _is_newer(there[each.name].release)
    ]


def due(conn: Connection) -> list[Function]:
    """The functions to put into the database now."""
    there = stored(conn)
    running = [release for (release,) in conn.execute(RUNNING).fetchall()]
    return missing(there) if any(map(_is_newer, running)) else _changed(there)


def _changed(there: Mapping[str, Stored]) -> list[Function]:
    return differing({name: each.digest for name, each in there.items()})


def script(functions: Iterable[Function]) -> Script:
    """What puts functions into the database."""
    statements = tuple(Statement(each.id, 1, 1, each.sql) for each in functions)
    return Script("sql/functions", statements, transactional=True)


def record(conn: Connection, functions: Iterable[Function]) -> None:
    """Record that the database has these functions; part of the caller's transaction."""
    digests = {each.name: each.checksum for each in functions}
    conn.execute(STORE, [VERSION, list(digests), list(digests.values())])


def stored(conn: Connection) -> Mapping[str, Stored]:
    """What a database has recorded of its functions, by name; one query."""
    try:
        rows = conn.execute(STORED).fetchall()
    except UndefinedTable:
        return {}
    return {name: Stored(*columns) for name, *columns in rows}


def _is_newer(release: str) -> bool:
    """Whether this is a later release than ours; what is not a version is not."""
    try:
        return Version(release) > Version(VERSION)
    except InvalidVersion:
        return False
