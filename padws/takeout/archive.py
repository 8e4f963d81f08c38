"""Reads a takeout that somebody has sent: nothing in it is believed, and every size has a bound.

Nothing is ever unpacked onto the disk, so that paths are names and no more.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, NamedTuple
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec
from msgspec import Struct

from padws.errors import TooLarge, Unprocessable
from padws.takeout.layout import FORMAT, MANIFEST, PAD_FILE, README, VERSION, Manifest

#: The most files of a takeout: a thousand pads with all the history that there can be have fewer.
MOST_FILES = 150_000

_LARGEST_DIRECTORY = 200 * MOST_FILES  # bytes of the list of files at the end of a ZIP
_ENTRY = b"PK\x01\x02"  # what each entry of it begins with
_LARGEST_LIST = 40_000_000  # bytes of manifest.json
_LONGEST_END = 65_557  # bytes that can follow that list
_PIECE = 1_048_576  # bytes that are unpacked at once

# What reading a file of a damaged ZIP can raise.
_DAMAGE = (
    *(BadZipFile, zlib.error, struct.error),
    *(EOFError, RuntimeError, OSError, ValueError, OverflowError),
)


class Skipped(NamedTuple):
    """A file that is not brought in, and why."""

    path: str
    reason: str


class Unreadable(Exception):
    """A file of a takeout cannot be read.

    To be caught where it comes from: its traceback keeps all that was read. `file` can be kept.
    """

    def __init__(self, path: str, reason: str):
        super().__init__(f"{path}: {reason}")
        self.file = Skipped(path, reason)


def invalid(why: str) -> Unprocessable:
    """What was sent is no takeout."""
    return Unprocessable("takeout_invalid", why, errors={"_schema": [why]})


class PadFiles(Struct, frozen=True):
    """The names of a pad's files."""

    id: UUID
    names: list[str]


class Archive:
    """A takeout in a file. Raises Unprocessable if it is none, TooLarge if it is too much."""

    def __init__(self, file: IO[bytes], *, most_bytes: int, largest_file: int):
        self._largest_file = largest_file
        try:
            self._zip = ZipFile(_Bounded(file))
        except _DAMAGE as error:
            raise invalid(f"This is no ZIP, or it is damaged: {error}.") from error
        infos = self._zip.infolist()
        self._infos = {info.filename: info for info in infos}
        self._twice = [name for name, n in Counter(i.filename for i in infos).items() if n > 1]
        if sum(info.file_size for info in infos) > most_bytes:
            raise TooLarge("body_too_large", f"Unpacked, it has more than {most_bytes} bytes.")
        self._digests = self._manifest().files

    def _manifest(self) -> Manifest:
        try:
            text = self._unpacked(MANIFEST, _LARGEST_LIST)
            manifest = msgspec.json.decode(text, type=Manifest)
        except (Unreadable, msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise invalid(f"There is no {MANIFEST} that can be read: {error}.") from error
        if manifest.format != FORMAT or manifest.version != VERSION:
            raise invalid(f"{MANIFEST} is of another format, or of a newer version.")
        if len(manifest.files) > MOST_FILES:
            raise invalid(f"{MANIFEST} names more than {MOST_FILES} files.")
        return manifest

    def pads(self) -> Iterator[PadFiles]:
        """The pads, in the order of the manifest."""
        names = dict[str, list[str]]()
        for path in self._digests:
            if found := PAD_FILE.fullmatch(path):
                names.setdefault(found["id"], []).append(found["name"])
        return (PadFiles(UUID(pad_id), listed) for pad_id, listed in names.items())

    def strangers(self) -> Iterator[Skipped]:
        """What is there and is no part of a takeout, or is there twice."""
        for path in self._infos:
            if path.endswith("/") or path in (MANIFEST, README):
                continue
            if not PAD_FILE.fullmatch(path):
                yield Skipped(path, "It is no part of a takeout.")
            elif path not in self._digests:
                yield Skipped(path, f"{MANIFEST} does not name it.")
        yield from (Skipped(path, "It is there more than once.") for path in self._twice)

    def digest_of(self, path: str) -> str | None:
        """The SHA-256 of a file, as the manifest has it."""
        return self._digests.get(path)

    def read(self, path: str, most_bytes: int | None = None) -> bytes:
        """A file, as the manifest has it. Raises Unreadable."""
        text = self._unpacked(path, most_bytes or self._largest_file)
        if sha256(text).hexdigest() != self.digest_of(path):
            raise Unreadable(path, f"It is not what {MANIFEST} says: its SHA-256 is another one.")
        return text

    def _unpacked(self, path: str, most_bytes: int) -> bytes:
        info = self._infos.get(path)
        if not info:
            raise Unreadable(path, "It is missing.")
        if path in self._twice:
            raise Unreadable(path, "It is there more than once.")
        if info.file_size > most_bytes:
            raise Unreadable(path, f"It has more than {most_bytes} bytes.")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Unreadable(path, "It is compressed in a way that takeouts are not.")
        try:
            return self._whole(info)
        except _DAMAGE as error:
            raise Unreadable(path, f"It is damaged: {error}.") from error

    def _whole(self, info: ZipInfo) -> bytes:
        """No more than the size that the ZIP tells, whatever is packed."""
        text = bytearray()
        with self._zip.open(info) as file:
            while piece := file.read(_PIECE):
                text += piece
        return bytes(text)


class _Bounded:
    """A file, for `zipfile`, which reads the list of files at the end of a ZIP as a whole."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read. Raises BadZipFile for more than that list may have."""
        if size > _LARGEST_DIRECTORY:
            raise BadZipFile("it has too many files")
        found = self._file.read(size if size >= 0 else _LONGEST_END)
        if len(found) > len(_ENTRY) * MOST_FILES and found.count(_ENTRY) > MOST_FILES:
            raise BadZipFile("it has too many files")
        return found
