"""Writes a takeout while it is sent.

Every statement has a connection for as long as it runs and no longer: who reads slowly keeps
nothing from others. What is in memory at once is a scene, or a picture, and the list of files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED

import msgspec
import orjson
from psycopg.abc import Buffer
from zipstream import ZipStream

from padws.database import Connection
from padws.json_text import JsonText
from padws.pictures import pieces_with, texts
from padws.queries import backups, takeouts
from padws.queries.users import User
from padws.takeout.layout import (
    DRAWING,
    FORMAT,
    MANIFEST,
    PAD,
    README,
    README_TEXT,
    VERSION,
    Manifest,
    head_of,
    history_name,
    path_of,
)
from padws.version import VERSION as PADWS

Connections = Callable[[], AbstractContextManager[Connection]]

_WithScene = takeouts.WholePad | backups.Backup

_LEVEL = 1  # of compression: the next ones take twice as long, and save a tenth
_PIECE = 262_144  # bytes that are digested and compressed at once
_BLOCK = 65_536  # bytes that are worth sending


class Takeout:
    """A user's takeout, as the bytes of a ZIP; to be iterated over once.

    Of all pads that are not in the trash, or of those with these ids.
    """

    def __init__(self, connections: Connections, user: User, pad_ids: Sequence[UUID] | None = None):
        self._connections = connections
        self._user = user
        self._pad_ids = pad_ids
        self._zip = ZipStream(compress_type=ZIP_DEFLATED, compress_level=_LEVEL)
        self._digests = dict[str, str]()
        self._contents = _Contents(connections, user.id)
        #: How much of it there is so far.
        self.pads = self.backups = self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        parts, size = list[bytes](), 0
        for part in self._parts():
            parts.append(part)
            size += len(part)
            if size >= _BLOCK:
                self.bytes += size
                yield b"".join(parts)
                parts, size = [], 0
        self.bytes += size
        yield b"".join(parts)

    def _parts(self) -> Iterator[bytes]:
        yield from self._file(README, [README_TEXT.encode()])
        for pad_id in self._all_ids():
            yield from self._pad(pad_id)
        yield from self._file(MANIFEST, [self._manifest()])
        yield from self._zip.footer()

    def _all_ids(self) -> Sequence[UUID]:
        if self._pad_ids is not None:
            return self._pad_ids
        with self._connections() as conn:
            return [each.id for each in takeouts.list_owned_pads(conn, owner_id=self._user.id)]

    def _pad(self, pad_id: UUID) -> Iterator[bytes]:
        """The files of a pad: none if it has been deleted since the takeout began."""
        with self._connections() as conn:
            pad = takeouts.get_whole_pad(conn, pad_id=pad_id, owner_id=self._user.id)
        if not pad:
            return
        yield from self._scene(path_of(pad_id, DRAWING), pad)
        history = list[dict[str, Any]]()
        names = Counter[tuple[datetime, str | None]]()
        for taken in pad.backups():
            names[taken.timestamp, taken.reason] += 1
            number = names[taken.timestamp, taken.reason]
            name = history_name(taken.timestamp, taken.reason, number)
            if (yield from self._backup(path_of(pad_id, name), pad_id, taken.id)):
                history.append({"file": name, **msgspec.to_builtins(taken)})
        about = {
            "id": pad.id,
            "display_name": pad.display_name,
            "created_at": pad.created_at,
            "updated_at": pad.updated_at,
            "version": pad.version,
            "history": history,
        }
        yield from self._file(path_of(pad_id, PAD), [_printed(about)])
        self.pads += 1

    def _backup(self, path: str, pad_id: UUID, backup_id: UUID) -> Generator[bytes, None, bool]:
        """A backup's file, unless it has been pruned meanwhile; returns whether it is there."""
        ids = {"backup_id": backup_id, "pad_id": pad_id, "owner_id": self._user.id}
        with self._connections() as conn:
            found = backups.get_backup(conn, with_pictures=False, **ids)
        if not found.row:
            return False
        yield from self._scene(path, found.row)
        self.backups += 1
        return True

    def _scene(self, path: str, row: _WithScene) -> Iterator[bytes]:
        yield from self._file(path, self._pieces(row))

    def _pieces(self, row: _WithScene) -> Iterator[Buffer]:
        """A scene as a file: its pictures are in it again, and something stands in front."""
        scene = memoryview(row.data.json)
        yield head_of(scene)
        if row.files and row.pictures:
            pieces = pieces_with(row.data, row.files, row.pictures, texts(self._contents))
            yield next(pieces)[1:]
            yield from pieces
        else:
            yield scene[1:]

    def _file(self, path: str, pieces: Iterable[Buffer]) -> Iterator[bytes]:
        self._zip.add(self._digested(path, pieces), path)
        yield from self._zip.all_files()

    def _digested(self, path: str, pieces: Iterable[Buffer]) -> Iterator[bytes]:
        digest = sha256()
        for piece in pieces:
            for at in range(0, len(piece), _PIECE):
                part = bytes(memoryview(piece)[at : at + _PIECE])
                digest.update(part)
                yield part
        self._digests[path] = digest.hexdigest()

    def _manifest(self) -> bytes:
        user = {"id": str(self._user.id), "username": self._user.username}
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(FORMAT, VERSION, made_at, f"padws {PADWS}", user, self._digests)
        return _printed(msgspec.to_builtins(manifest))


class _Contents:
    """The pictures of a user, each asked for when its turn comes."""

    def __init__(self, connections: Connections, owner_id: UUID):
        self._connections = connections
        self._owner_id = owner_id

    def get(self, digest: str, /) -> JsonText | None:
        """A picture as JSON; None if it is gone."""
        key = bytes.fromhex(digest)
        with self._connections() as conn:
            found = takeouts.get_content(conn, owner_id=self._owner_id, digest=key)
        return found.content if found else None


def _printed(content: Any) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
