"""What a dump has in it, written beside it: JSON lines, a header, a line for each user, an end."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import IO, TypeVar

import msgspec
from msgspec import Struct
from msgspec.json import decode, encode

from padws.database import Connection
from padws.queries.checks import TemplatesDigest, UserDigest, digest_users
from padws.recovery.batches import batches, span
from padws.recovery.errors import CannotLook
from padws.recovery.progress import Progress

S = TypeVar("S", bound=Struct)

FORMAT = 1


class Header(Struct, frozen=True):
    """What wrote the dump, and when (in UTC)."""

    format: int
    padws: str
    postgresql: int  # the major version of the server
    pg_dump: int  # and that of the program
    made_at: str
    migrations: list[str]


class End(Struct, frozen=True):
    """Sums, and the file that all of it is about."""

    users: int
    pads: int
    backups: int
    pictures: int
    templates: TemplatesDigest
    dump_bytes: int
    dump_sha256: str


class Sums:
    """Counts the users that pass."""

    def __init__(self) -> None:
        self.users = self.pads = self.backups = self.pictures = 0

    def counting(self, users: Iterable[UserDigest]) -> Iterator[UserDigest]:
        """The users, counted."""
        for each in users:
            self.users += 1
            self.pads += each.pads
            self.backups += each.backups
            self.pictures += each.pictures
            yield each


def beside(dump: Path) -> Path:
    """Where the manifest of a dump is."""
    return dump.with_name(f"{dump.name}.manifest")


def users_of(conn: Connection, progress: Progress) -> Iterator[UserDigest]:
    """What each user of a database has, in the order of their ids."""
    number = 0
    for seen, found in batches(conn, "users", lambda keys: digest_users(conn, **span(keys))):
        number += seen
        progress.show(f"Digests of {number:,} users …")
        yield from found


def write(file: IO[bytes], line: Struct) -> None:
    """Add a line."""
    file.write(encode(line) + b"\n")


class Manifest:
    """A manifest as it was read; the users are read when asked for, so memory stays flat."""

    def __init__(self, dump: Path):
        self._path = beside(dump)
        with self._path.open("rb") as file:
            first = last = next(file, b"")
            for line in file:
                last = line
        self.header = self._read(first, Header)
        if self.header.format != FORMAT:
            raise CannotLook(
                f"{self._path} has format {self.header.format}, and this release reads {FORMAT}."
            )
        self.end = self._read(last, End)

    def users(self) -> Iterator[UserDigest]:
        """What each user had."""
        with self._path.open("rb") as file:
            next(file)
            line = next(file)
            for following in file:
                yield self._read(line, UserDigest)
                line = following

    def _read(self, line: bytes, kind: type[S]) -> S:
        try:
            return decode(line, type=kind)
        except msgspec.DecodeError as error:
            raise CannotLook(f"{self._path} is not a whole manifest: {error}.") from None


def sha256_of(file: Path) -> str:
    """The digest of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def differences(expected: Iterable[UserDigest], found: Iterable[UserDigest]) -> Iterator[str]:
    """What is not as expected, in words; both in the order of ids."""
    merged = heapq.merge(
        ((each.user_id, 0, each) for each in expected), ((each.user_id, 1, each) for each in found)
    )
    for user_id, group in groupby(merged, key=lambda each: each[0]):
        sides = {side: each for _, side, each in group}
        if difference := _difference(sides.get(0), sides.get(1)):
            yield f"user {user_id}: {difference}"


def _difference(expected: UserDigest | None, found: UserDigest | None) -> str:
    if not found:
        return "is in the manifest, and was not restored"
    if not expected:
        return "was restored, and is not in the manifest"
    if (numbers := _numbers(expected)) != _numbers(found):
        return f"{_numbers(found)} instead of {numbers}"
    return "the rows differ" if expected.digest != found.digest else ""


def _numbers(user: UserDigest) -> str:
    return f"{user.pads} pads, {user.backups} backups and {user.pictures} pictures"
