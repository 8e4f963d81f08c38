"""Brings a takeout in: each pad whole or not at all, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid5

import orjson
import psycopg
from marshmallow import ValidationError
from msgspec import Struct

from padws.database import Connection
from padws.error_handler import problem_of
from padws.errors import Problem
from padws.json_complexity import check_complexity
from padws.json_text import JsonText
from padws.pictures import Drawing, take_apart
from padws.queries import quotas, takeouts
from padws.queries.pictures import check_references
from padws.schemas.takeouts import TakenPad
from padws.takeout.archive import Archive, PadFiles, Unreadable
from padws.takeout.layout import DRAWING, PAD, path_of, scene_of
from padws.takeout.writing import Connections

T = TypeVar("T")

_TAKEN_PAD = TakenPad()

#: Why a backup can have been taken; of others it is not known.
_REASONS = frozenset(("interval", "manual", "restore", "replaced", "merge", "template", "import"))

_MOST_SKIPPED = 1_000  # that are named


class BroughtIn(Struct):
    """What came of it so far: new pads and backups, and what was not brought in."""

    pads: int = 0
    backups: int = 0
    skipped: list[Unreadable] = []

    def skip(self, file: Unreadable) -> None:
        """Name a file, if there is room."""
        if len(self.skipped) < _MOST_SKIPPED:
            self.skipped.append(file)


class Import(Struct, frozen=True):
    """What bringing a takeout in needs to know beside the takeout."""

    connections: Connections
    owner_id: UUID
    new_pictures: bool
    largest_scene: int


def bring_in(archive: Archive, about: Import, done: BroughtIn) -> Iterator[UUID]:
    """Bring a takeout in, pad by pad; `done` says what came of it, so far after each.

    Raises psycopg.OperationalError if the database is not there: what came before that stays, and
    whoever tries again adds the rest.
    """
    for stranger in archive.strangers():
        done.skip(stranger)
    for files in archive.pads():
        try:
            with about.connections() as conn, conn.transaction():
                pads, backups = _Pad(archive, files, about, conn).bring_in()
        except Unreadable as error:
            done.skip(error)
        else:
            done.pads += pads
            done.backups += backups
        yield files.id


class _Pad:
    """A pad of a takeout, in a transaction of its own."""

    def __init__(self, archive: Archive, files: PadFiles, about: Import, conn: Connection):
        self._archive = archive
        self._files = files
        self._about = about
        self._conn = conn
        self._now = datetime.now(UTC)
        self._read = 0  # bytes of scenes, which are fewer when they are stored

    def bring_in(self) -> tuple[int, int]:
        """How many pads (one or none) and backups are new. Raises Unreadable."""
        told = self._told()
        drawing = self._drawing(DRAWING)
        pad = self._asked(DRAWING, lambda: self._pad(told, drawing))
        if not pad:
            raise Unreadable(path_of(self._files.id, PAD), "Somebody else has its id.")
        if pad.is_in_trash:
            raise Unreadable(path_of(self._files.id, PAD), "The pad is in the trash.")
        if pad.is_new or pad.differs:
            self._asked(DRAWING, lambda: self._add_pictures(drawing))
        if pad.is_new and drawing.pictures:
            owner_id, pictures = self._about.owner_id, drawing.pictures
            takeouts.keep_pictures(self._conn, owner_id=owner_id, pad_id=pad.id, pictures=pictures)
        added = sum(self._backup(pad, taken) for taken in told["history"])
        if pad.differs:
            added += self._add(pad, self._as_backup(pad, told), drawing, unless_equal=True)
        if pad.is_new or added:
            self._asked(PAD, lambda: self._use_quota(has_new_pad=pad.is_new))
        return int(pad.is_new), added

    def _as_backup(self, pad: takeouts.ImportedPad, told: dict[str, Any]) -> dict[str, Any]:
        """The drawing of the takeout, as a backup of a pad that has changed since."""
        digest = self._archive.digest_of(path_of(self._files.id, DRAWING))
        return {
            "file": DRAWING,
            "id": uuid5(pad.id, f"{told['updated_at']} {digest}"),
            "reason": "import",
            "label": None,
            "version": told["version"],
            "timestamp": told["updated_at"],
        }

    def _use_quota(self, *, has_new_pad: bool) -> bool:
        return quotas.use_quota(
            self._conn, owner_id=self._about.owner_id, added=self._read, has_new_pad=has_new_pad
        )

    def _told(self) -> dict[str, Any]:
        """What pad.json says. Raises Unreadable if it is not as it must be."""
        path = path_of(self._files.id, PAD)
        try:
            told: dict[str, Any] = _TAKEN_PAD.load(orjson.loads(self._archive.read(path)))
        except (ValidationError, orjson.JSONDecodeError) as error:
            raise Unreadable(path, f"It cannot be read: {error}"[:300]) from error
        listed = [taken["file"] for taken in told["history"]]
        if told["id"] != self._files.id:
            raise Unreadable(path, "It is about another pad.")
        if {*listed, PAD, DRAWING} != set(self._files.names) or len(set(listed)) < len(listed):
            raise Unreadable(path, "It names other files than there are.")
        return told

    def _pad(self, told: dict[str, Any], drawing: Drawing) -> takeouts.ImportedPad | None:
        created_at = min(told["created_at"], self._now)
        taken_at = [min(taken["timestamp"], self._now) for taken in told["history"]]
        return takeouts.import_pad(
            self._conn,
            owner_id=self._about.owner_id,
            pad_id=told["id"],
            derived_id=self._derived(told["id"]),
            display_name=told["display_name"],
            scene=drawing.scene,
            pictures=drawing.pictures,
            version=max(told["version"], 1),
            created_at=created_at,
            updated_at=max(created_at, min(told["updated_at"], self._now)),
            last_backup_at=max(taken_at, default=None),
        )

    def _backup(self, pad: takeouts.ImportedPad, taken: dict[str, Any]) -> bool:
        drawing = self._drawing(taken["file"])
        self._asked(taken["file"], lambda: self._add_pictures(drawing))
        return self._add(pad, taken, drawing)

    def _add(
        self,
        pad: takeouts.ImportedPad,
        taken: dict[str, Any],
        drawing: Drawing,
        *,
        unless_equal: bool = False,
    ) -> bool:
        return self._asked(
            taken["file"],
            lambda: takeouts.import_backup(
                self._conn,
                owner_id=self._about.owner_id,
                pad_id=pad.id,
                backup_id=taken["id"],
                derived_id=self._derived(taken["id"]),
                scene=drawing.scene,
                pictures=drawing.pictures,
                reason=taken["reason"] if taken["reason"] in _REASONS else None,
                label=taken["label"],
                version=taken["version"],
                taken_at=min(taken["timestamp"], self._now),
                unless_equal=unless_equal,
            ),
        )

    def _derived(self, row_id: UUID) -> UUID:
        """The id instead of one that is somebody else's."""
        return uuid5(row_id, str(self._about.owner_id))

    def _drawing(self, name: str) -> Drawing:
        """The scene in a file, its pictures apart. Raises Unreadable."""
        text = scene_of(self._archive.read(path_of(self._files.id, name)))
        self._read += len(text)

        def check(scene: bytes) -> None:
            check_complexity(scene, self._about.largest_scene)

        def read() -> Drawing:
            drawing = take_apart(text, check, lambda: self._about.new_pictures)
            most = self._about.largest_scene
            check_references(self._conn, drawing, owner_id=self._about.owner_id, most=most)
            return drawing

        return self._asked(name, read)

    def _add_pictures(self, drawing: Drawing) -> None:
        """Add those that are not there, one at a time. Raises Unprocessable for unknown ones."""
        if not drawing.pictures:
            return
        owner_id = self._about.owner_id
        missing = takeouts.add_pictures(
            self._conn, owner_id=owner_id, pictures=drawing.pictures, contents=None
        )
        for digest in missing or ():
            takeouts.add_pictures(
                self._conn,
                owner_id=owner_id,
                pictures=JsonText(orjson.dumps({"": digest})),
                contents=drawing.contents_of([digest]),
            )

    def _asked(self, name: str, ask: Callable[[], T]) -> T:
        """What `ask` gives; whatever is wrong with the file becomes Unreadable."""
        path = path_of(self._files.id, name)
        try:
            return ask()
        except (Problem, psycopg.Error) as error:
            problem = problem_of(error)
            if problem.status >= 500:
                raise
            raise Unreadable(path, problem.detail) from error
