"""Writing a dump, and the manifest of what is in it, out of one snapshot."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from padws.config import Settings
from padws.database import Connection
from padws.migrations.files import known
from padws.queries.checks import digest_templates
from padws.recovery import programs
from padws.recovery.connection import allow_any_time, connected, require_this_release
from padws.recovery.errors import CannotLook
from padws.recovery.manifest import FORMAT, End, Header, Sums, beside, sha256_of, users_of, write
from padws.recovery.progress import Progress
from padws.version import VERSION

_LOCK_WAIT = 60_000  # milliseconds: a migration may hold a table for a moment


def dump(settings: Settings, path: Path, progress: Progress) -> End:
    """Write `path` and its manifest; both are there in the end, or neither. Raises CannotLook."""
    url = settings.migration_database_url
    manifest = beside(path)
    with (
        _partial(path) as partial,
        _partial(manifest) as partial_manifest,
        connected(settings, url) as conn,
    ):
        for each in (path, manifest):
            if each.exists():
                raise CannotLook(f"{each} is there already, and is not overwritten.")
        end = _write(conn, url, partial, partial_manifest, progress)
        write(partial_manifest, end)
        for file in (partial_manifest, partial):
            file.flush()
            os.fsync(file.fileno())
        Path(partial_manifest.name).rename(manifest)
        Path(partial.name).rename(path)
        _sync_directory(path.parent)
    return end


@contextmanager
def _partial(path: Path) -> Iterator[IO[bytes]]:
    """A file of another name for what will be `path`, for its owner alone; removed on failure.

    Locked, so that what a killed run has left can be told from what another one is writing.
    """
    partial = path.with_name(f"{path.name}.partial")
    with open(partial, "r+b", opener=_open_for_its_owner) as file:
        _lock(file, partial)
        file.truncate()
        try:
            yield file
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _lock(file: IO[bytes], partial: Path) -> None:
    """Raise CannotLook if another run has the file, or has made it a dump since it was opened."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_still_there = os.path.samestat(os.fstat(file.fileno()), partial.stat())
    except (BlockingIOError, FileNotFoundError):
        is_still_there = False
    if not is_still_there:
        raise CannotLook(f"{partial} is being written by another db-dump.")


def _open_for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _write(
    conn: Connection, url: str, partial: IO[bytes], manifest: IO[bytes], progress: Progress
) -> End:
    require_this_release(conn)
    server = conn.info.server_version // 10_000
    pg_dump = programs.find("pg_dump", server, oldest=server)
    allow_any_time(conn)
    sums = Sums()
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        ((snapshot,),) = conn.execute("SELECT pg_export_snapshot()").fetchall()
        options = (
            "--format=custom",
            "--schema=pad_ws",
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={_LOCK_WAIT}",
            f"--file={partial.name}",
        )
        # It inherits the lock on the file: should this process be killed, it goes on for a while.
        with programs.running(pg_dump, url, *options, pass_fds=[partial.fileno()]) as running:
            write(manifest, _header(server, programs.major(pg_dump)))
            for user in sums.counting(users_of(conn, progress)):
                write(manifest, user)
            templates = digest_templates(conn)
            with progress.watching(lambda: f"pg_dump has written {_size(partial):,} bytes …"):
                failure = running.failure()
        if failure:
            raise CannotLook(failure)
    return End(
        users=sums.users,
        pads=sums.pads,
        backups=sums.backups,
        pictures=sums.pictures,
        templates=templates,
        dump_bytes=_size(partial),
        dump_sha256=sha256_of(Path(partial.name)),
    )


def _header(server: int, pg_dump: int) -> Header:
    return Header(
        format=FORMAT,
        padws=VERSION,
        postgresql=server,
        pg_dump=pg_dump,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        migrations=[each.id for each in known()],
    )


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _sync_directory(directory: Path) -> None:
    """Put the names, too, onto the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
