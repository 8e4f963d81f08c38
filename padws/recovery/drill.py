"""Proving a dump: restoring it into a scratch database, and looking at what came back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege

from padws.config import Settings
from padws.database import Connection
from padws.migrations.files import known
from padws.queries.checks import digest_templates
from padws.recovery import programs
from padws.recovery.connection import allow_any_time, connected
from padws.recovery.errors import CannotLook
from padws.recovery.manifest import Header, Manifest, differences, sha256_of, users_of
from padws.recovery.progress import Progress
from padws.recovery.verify import Findings, verify

# Of pg_restore, when it is not the dump that is at fault.
_OF_THE_SERVER = (
    "No space left on device",
    "connection to server",
    "server closed the connection",
    "terminating connection",
)
_LEFT_OVER = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
_LOCK = "SELECT pg_try_advisory_lock(hashtext('padws db-drill')), %s || oid || '_' "
_LOCK += "FROM pg_database WHERE datname = current_database()"


def drill(
    settings: Settings, dump: Path, server: str, findings: Findings, progress: Progress
) -> None:
    """Restore `dump` on a server, and report whatever is not as it was. Raises CannotLook."""
    manifest = Manifest(dump)
    _require_this_release(manifest.header)
    if difference := _difference_of_files(dump, manifest):
        findings.fault(difference)
        return
    with _scratch(settings, server, progress) as (url, conn):
        version = conn.info.server_version // 10_000
        if version < manifest.header.postgresql:
            raise CannotLook(
                f"The dump is of PostgreSQL {manifest.header.postgresql}, and this server of "
                f"{version}: name a newer one with --server."
            )
        pg_restore = programs.find("pg_restore", version, oldest=manifest.header.pg_dump)
        if failure := _restore(pg_restore, url, dump, conn, progress):
            findings.fault(f"the dump cannot be restored: {failure}")
            return
        progress.say("Restored. Looking at what came back …")
        conn.execute("ANALYZE")
        for difference in differences(manifest.users(), users_of(conn, progress)):
            findings.fault(difference)
        if digest_templates(conn) != manifest.end.templates:
            findings.fault("the templates differ")
        verify(conn, findings, progress)


def _require_this_release(header: Header) -> None:
    ours = [each.id for each in known()]
    if set(header.migrations) != set(ours):
        raise CannotLook(
            f"The dump is of padws {header.padws}, with {len(header.migrations)} migrations up to "
            f"{max(header.migrations, default='none')}, and this release has {len(ours)} up to "
            f"{max(ours)}: drill it with the release that wrote it."
        )


def _difference_of_files(dump: Path, manifest: Manifest) -> str:
    size, digest = dump.stat().st_size, sha256_of(dump)
    if size != manifest.end.dump_bytes:
        return f"{dump} has {size:,} bytes, and had {manifest.end.dump_bytes:,} when it was written"
    if digest != manifest.end.dump_sha256:
        return f"{dump} is not as it was written: its SHA-256 differs"
    return ""


@contextmanager
def _scratch(
    settings: Settings, server: str, progress: Progress
) -> Iterator[tuple[str, Connection]]:
    """The URL of a new database and a connection to it; dropped in any case.

    A killed run cannot drop its own: the next one does. The name has the number of the database
    that `server` names, so that two installations on a server leave each other's alone.
    """
    with connected(settings, server) as conn:
        allow_any_time(conn)
        ((is_alone, prefix),) = conn.execute(_LOCK, ["padws_drill_"]).fetchall()
        if not is_alone:
            raise CannotLook("Another db-drill is running on this server.")
        for (left_over,) in conn.execute(_LEFT_OVER, [prefix]).fetchall():
            progress.say(f"Dropping {left_over}, which a killed drill has left behind …")
            _drop(conn, left_over)
        name = f"{prefix}{secrets.token_hex(4)}"
        try:
            _create(conn, name)
            url = make_conninfo(server, dbname=name)
            with connected(settings, url) as scratch:
                allow_any_time(scratch)
                yield url, scratch
        finally:
            _drop(conn, name)


def _create(conn: Connection, name: str) -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        conn.execute(create.format(sql.Identifier(name)))
    except InsufficientPrivilege:
        raise CannotLook(
            f"The role {conn.info.user} may not create databases: ALTER ROLE … CREATEDB, or name "
            "another role, on any server, with --server."
        ) from None


def _drop(conn: Connection, name: str) -> None:
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    conn.execute(drop.format(sql.Identifier(name)))


def _restore(pg_restore: Path, url: str, dump: Path, conn: Connection, progress: Progress) -> str:
    """What is wrong with the dump, if it cannot be restored."""
    ((name,),) = conn.execute("SELECT current_database()").fetchall()
    options = ("--exit-on-error", "--no-owner", "--no-privileges", dump)
    with (
        programs.running(pg_restore, url, *options) as running,
        progress.watching(lambda: f"Restoring {dump} into {name} …"),
    ):
        failure = running.failure()
    if any(each in failure for each in _OF_THE_SERVER):
        raise CannotLook(failure)
    return failure
