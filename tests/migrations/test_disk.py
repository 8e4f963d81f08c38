"""A disk that is really full in the middle of a migration, on servers of these tests' own."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import redis

from padws.embedded import temporary
from padws.migrations.errors import one_line
from padws.migrations.files import known
from padws.migrations.redis_lock import LOCK
from tests.helpers import databases, servers
from tests.helpers.commands import Release
from tests.migrations.conftest import OwnPostgres
from tests.migrations.locks import nobody_holds_a_lock

SIZE = 24 * 2**20  # more than a file of the write-ahead log, and less than what BIG writes
BIG = """\
ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS colour text;
CREATE TABLE IF NOT EXISTS pad_ws.big (id int PRIMARY KEY, filler text);
INSERT INTO pad_ws.big
SELECT n, repeat('x', 1000) FROM generate_series(1, 30000) AS n
ON CONFLICT DO NOTHING;
CREATE INDEX IF NOT EXISTS big_filler_idx ON pad_ws.big (filler);"""


@dataclass(frozen=True)
class Disk:
    """Where there is room for the migrations, but not for BIG until `make_room` is called."""

    says: str
    make_room: Callable[[], object]
    tablespace: str = "pg_default"


@contextmanager
def small_file_system(server: OwnPostgres) -> Iterator[Disk]:
    """A tablespace on a file system of its own."""
    with mounted_for(server.process) as place:

        def resize(size: int) -> None:
            subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)

        databases.execute(server.url, f"CREATE TABLESPACE small LOCATION '{place}'".encode())
        try:
            message = "No space left on device. Check free disk space. The server's disk is full"
            yield Disk(message, lambda: resize(10 * SIZE), "small")
        finally:
            databases.execute(server.url, b"DROP TABLESPACE small")


@contextmanager
def mounted_for(owner: psutil.Process) -> Iterator[Path]:
    """A directory that belongs to the user of `owner`, with a file system in memory."""
    with temporary.data_directory() as directory:
        place = directory.path / "disk"
        place.mkdir()
        options = f"size={SIZE},mode=700,uid={owner.uids().real},gid={owner.gids().real}"
        mount = ["mount", "-t", "tmpfs", "-o", options, "padws-test", str(place)]
        mounting = subprocess.run(mount, capture_output=True, text=True)
        if mounting.returncode != 0:
            pytest.skip(f"No file system can be mounted here: {one_line(mounting.stderr)}")
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def small_files(server: OwnPostgres) -> Iterator[Disk]:
    """No file may grow further: to PostgreSQL this is the same, and it needs no rights."""
    refused = limit_files(server.process, SIZE)
    if refused:
        pytest.skip(f"The size of the server's files cannot be limited here: {refused}")
    unlimited, _ = resource.getrlimit(resource.RLIMIT_FSIZE)  # what the server was started with
    try:
        message = "File too large. Check free disk space."
        yield Disk(message, lambda: limit_files(server.process, unlimited))
    finally:
        limit_files(server.process, unlimited)


def limit_files(process: psutil.Process, size: int) -> str:
    """Limit the files of what `process` starts from now on; why not, if that is refused.

    It is done as the process's own user, because in a container not even root may do it.
    """
    uid, gid = process.uids().real, process.gids().real
    command = ["prlimit", f"--pid={process.pid}", f"--fsize={size}:"]
    if not shutil.which(command[0]):
        return "there is no prlimit"
    return subprocess.run(command, capture_output=True, text=True, user=uid, group=gid).stderr


@pytest.fixture(params=[small_file_system, small_files])
def disk(request: pytest.FixtureRequest, own_postgres: OwnPostgres) -> Iterator[Disk]:
    with request.param(own_postgres) as disk:
        yield disk


@pytest.fixture
def url(own_postgres: OwnPostgres, disk: Disk) -> Iterator[str]:
    """The URL of an empty database on the small disk."""
    with servers.database(own_postgres.url) as url:
        name = databases.name_of(url)
        choose = f"ALTER DATABASE {name} SET default_tablespace = {disk.tablespace}"
        databases.execute(url, choose.encode())
        yield url


def test_a_full_disk_is_one_line_and_the_next_run_with_room_finishes(
    url: str,
    disk: Disk,
    own_postgres: OwnPostgres,
    redis_for_test: str,
    release: Release,
    logs: Iterator[Path],
) -> None:
    release.add("20990101_0000_big", BIG)
    settings = {"DATABASE_URL": url, "REDIS_URL": redis_for_test}
    full = release.run(next(logs), settings, "db-upgrade", code=1)
    assert full.is_one_line
    message = "20990101_0000_big.sql, statement 3 (line 5) failed: could not extend file"
    assert full.complaint.startswith(message)
    assert disk.says in full.complaint
    assert databases.marks(url) == [each.id for each in known()]  # those before it stay
    assert "colour" not in databases.catalogue(url)
    assert nobody_holds_a_lock(url)
    with redis.Redis.from_url(redis_for_test) as client:
        assert client.get(LOCK) is None

    disk.make_room()
    release.run(next(logs), settings, "db-upgrade")
    with servers.database(own_postgres.url) as undisturbed:
        release.run(next(logs), {**settings, "DATABASE_URL": undisturbed}, "db-upgrade")
        assert databases.catalogue(url) == databases.catalogue(undisturbed)
        assert databases.rows(url) == databases.rows(undisturbed)
    assert databases.query(url, "SELECT count(*) FROM pad_ws.big") == [(30000,)]
