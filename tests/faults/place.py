"""A service with two instances, servers of its own, and writers who save all the time.

The first instance reaches PostgreSQL directly, the second one through a relay that can cut.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from padws.embedded import temporary
from padws.embedded.directory import DataDirectory
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Gunicorn, Provider, Redis
from padws.embedded.startup import LOOPBACK, free_port
from tests.faults.lives import LivesWriter
from tests.helpers.ledger import PadLedger, PartsLedger, PicturesLedger, Scene, Stored
from tests.helpers.parts import Part
from tests.helpers.people import sign_in_all
from tests.helpers.relay import postgres_relay
from tests.helpers.writers import PicturesWriter, Writer

WORKERS = 2
POOL = 2
KEEP = 10

#: Short time-outs, so that a fault of seconds is longer than each of them, and no shorter: a busy
#: machine stops for a second. Small pools, so that writers exhaust them; a backup with every save.
SETTINGS = {
    "WEB_CONCURRENCY": str(WORKERS),
    "WEB_THREADS": "32",
    "GUNICORN_CMD_ARGS": "--timeout=4",
    "DB_POOL_MIN_SIZE": "1",
    "DB_POOL_MAX_SIZE": str(POOL),
    "DB_POOL_TIMEOUT": "2",
    "DB_STATEMENT_TIMEOUT": "3",
    "DB_LOCK_TIMEOUT": "2",
    "REDIS_TIMEOUT": "2",
    "MIN_INTERVAL_MINUTES": "0",
    "MAX_BACKUPS_PER_USER": str(KEEP),
    # No backup more than these, whatever the hour: the ledger knows the number.
    "BACKUPS_HOURLY": "0",
    "BACKUPS_DAILY": "0",
    "BACKUPS_WEEKLY": "0",
    "LOGIN_LIMIT": "1000000/second",
    "WRITE_LIMIT": "1000000/second",
}

#: In place of some of these, where nothing freezes and no save may fail.
PATIENT = dict.fromkeys(
    ("DB_POOL_TIMEOUT", "DB_STATEMENT_TIMEOUT", "DB_LOCK_TIMEOUT", "REDIS_TIMEOUT"), "30"
) | {"GUNICORN_CMD_ARGS": ""}

#: Everything that makes PostgreSQL durable stays on. Vacuum soon frees what saves leave behind.
POSTGRES_OPTIONS = ("max_connections=20", "autovacuum_naptime=1s", "log_min_messages=fatal")

#: What drawings are kept in.
TABLES = ("pads", "backups", "pictures", "pad_pictures", "backup_pictures")

_STORED = """
    SELECT
        version,
        jsonb_build_array(data, pictures) AS scene,
        ARRAY(
            SELECT jsonb_build_array(backups.data, backups.pictures)
            FROM pad_ws.backups
            WHERE
                backups.source_id = pads.id AND backups.owner_id = pads.owner_id
                -- One that a save replaces which was given up for lost is beside them.
                AND backups.reason IS DISTINCT FROM 'replaced'
            ORDER BY
                backups.created_at > clock_timestamp(),  -- now() is older than the snapshot
                backups.created_at DESC,
                backups.id DESC
        ) AS backups,
        (
            SELECT coalesce(json_object_agg(encode(pictures.digest, 'hex'), pictures.content), '{}')
            FROM pad_ws.pictures
            WHERE pictures.owner_id = pads.owner_id
        ) AS contents
    FROM pad_ws.pads
    WHERE id = %s
"""


class Scissors:
    """Cut connections to PostgreSQL when it has done what was asked, before it can answer."""

    def __init__(self) -> None:
        self._cuts = threading.Semaphore(0)

    def cut(self, times: int) -> None:
        """Cut off that many of the next answers."""
        self._cuts.release(times)

    def answered(self) -> None:
        """What the relay calls; raising makes it hang up on both sides."""
        if self._cuts.acquire(blocking=False):
            raise ConnectionAbortedError


@dataclass(frozen=True)
class Place:
    """Everything that runs, and its logs. `disk` is a small file system with the pads, if any."""

    postgres: Part
    redis: Part
    instances: tuple[Part, ...]
    urls: tuple[str, ...]
    database_url: str
    logs: Path
    scissors: Scissors = field(default_factory=Scissors)
    disk: Path | None = None
    writers: list[Writer] = field(default_factory=list)
    pool: int = POOL

    def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Run a statement beside the service."""
        with self.connect() as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def connect(self) -> psycopg.Connection[dict[str, Any]]:
        """A connection on which nothing waits longer than ten seconds."""
        return psycopg.connect(
            self.database_url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=10,
            application_name="ledger",
            options="-c statement_timeout=10s",
        )

    def execute(self, query: str) -> None:
        """Run a statement that returns nothing."""
        with self.connect() as connection:
            connection.execute(query.encode())

    def stored(self, writer: Writer) -> Stored:
        """A writer's pad as it is now."""
        (row,) = self.sql(_STORED, writer.pad_id)
        kept, contents = (row["scene"], *row["backups"]), row["contents"]
        scene, *backups = [_whole(scene, pictures or {}, contents) for scene, pictures in kept]
        return Stored(row["version"], scene, backups)

    def workers(self) -> list[Any]:
        """The worker processes of all instances."""
        return [worker for each in self.instances for worker in each.children()]


def _whole(scene: Scene, pictures: dict[str, str], contents: dict[str, str]) -> Scene:
    """A scene with those of its pictures that are kept apart and still there."""
    for file_id, digest in pictures.items():
        scene["files"][file_id]["dataURL"] = contents.get(digest, "")
    return scene


@contextmanager
def running_place(writers: int) -> Iterator[Place]:
    """A place whose writers are saving; one more does everything else."""
    with ExitStack() as stack:
        directory = stack.enter_context(temporary.data_directory())
        database = Postgres(directory, *POSTGRES_OPTIONS)
        postgres, scissors = started(stack, database), Scissors()
        relayed = stack.enter_context(postgres_relay(database.url(), scissors.answered))
        place = serving(stack, directory, postgres, [database.url(), relayed])
        disk = stack.enter_context(_small_disk(directory.path, database.url()))
        place = replace(place, scissors=scissors, disk=disk)
        write(stack, place, writers)
        (person,) = sign_in_all(place.urls[0], ["writer of lives"])
        place.writers.append(LivesWriter("lives", person.cookie, place.urls))
        place.writers[-1].start()
        yield place


def serving(
    stack: ExitStack, directory: DataDirectory, postgres: Part, databases: list[str], **more: str
) -> Place:
    """A place with an instance of the service on each of these URLs of a database, and no writers.

    The ledger reads from the first of them.
    """
    cache, provider = Redis(directory), Provider(directory, free_port())
    redis = started(stack, cache)
    started(stack, provider)
    environ = {**SETTINGS, **cache.environment(), **provider.environment(), **more}
    ports = [free_port() for _ in databases]
    instances = [
        started(stack, gunicorn(port, environ | {"DATABASE_URL": url}, directory.logs))
        for port, url in zip(ports, databases, strict=True)
    ]
    urls = tuple(f"http://{LOOPBACK}:{port}" for port in ports)
    return Place(postgres, redis, tuple(instances), urls, databases[0], directory.logs)


def write(stack: ExitStack, place: Place, number: int) -> None:
    """Let that many writers save, until the stack ends."""
    stack.callback(_stop, place.writers)
    place.writers.extend(started_writers(place.urls, number))


def started(stack: ExitStack, server: Any) -> Part:
    """A part that runs until the stack ends."""
    part = Part(server)
    part.start()
    stack.callback(part.stop)
    return part


def gunicorn(port: int, settings: Mapping[str, str], logs: Path) -> Gunicorn:
    """An instance of the service."""
    return Gunicorn(port, temporary.environment(settings), log=logs / f"gunicorn-{port}.log")


def started_writers(urls: tuple[str, ...], number: int) -> list[Writer]:
    """Writers, each signed in as a different person.

    Every second one is careful. Of three, one has pictures, and one saves what has changed alone.
    """
    people = sign_in_all(urls[0], [f"writer {n}" for n in range(number)])
    writers = [_writer(n, person.cookie, urls) for n, person in enumerate(people)]
    for writer in writers:
        writer.start()
    return writers


def _writer(n: int, cookie: str, urls: tuple[str, ...]) -> Writer:
    name, careful = f"writer {n}", n % 2 == 0
    if n % 3 == 1:
        ledger = PicturesLedger(name, careful)
        by_address = n % 4 in (0, 3)  # of the careful and of the others every second one
        return PicturesWriter(ledger, cookie, urls, by_address=by_address)
    return Writer((PartsLedger if n % 3 == 2 else PadLedger)(name, careful), cookie, urls)


def _stop(writers: list[Writer]) -> None:
    for writer in writers:
        writer.stop()


@contextmanager
def _small_disk(directory: Path, database_url: str) -> Iterator[Path | None]:
    """Move the pads to a small file system of their own; None where none may be mounted."""
    disk = directory / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and _mount(disk)
    if not mounted:
        yield None
        return
    try:
        _move_tables(disk, directory / "postgres", database_url)
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def _mount(disk: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=512m,mode=755", "padws-test", str(disk)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _move_tables(disk: Path, cluster: Path, database_url: str) -> None:
    space = disk / "pads"
    space.mkdir(mode=0o700)
    owner = cluster.stat()
    os.chown(space, owner.st_uid, owner.st_gid)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'".encode())
        for table in TABLES:
            connection.execute(f"ALTER TABLE pad_ws.{table} SET TABLESPACE small".encode())
