"""Brings a takeout in: each pad with what can be read of its history, and nothing twice."""

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
from padws.schemas.backups import REASONS
from padws.schemas.common import readable_name
from padws.schemas.takeouts import BackupDescription, PadDescription
from padws.takeout.archive import Archive, PadFiles, Skipped, Unreadable
from padws.takeout.layout import DRAWING, PAD, path_of, scene_of
from padws.takeout.writing import Connections

T = TypeVar("T")

_PAD = PadDescription()
_BACKUP = BackupDescription()

_MOST_SKIPPED = 1_000  # that are named

_LARGEST_DESCRIPTION = 4_000_000  # bytes of a pad.json: ten thousand backups


class ImportResult(Struct):
    """What came of it so far: new pads and backups, and what was not brought in."""

    pads: int = 0
    backups: int = 0
    skipped: list[Skipped] = []

    def skip(self, file: Skipped) -> None:
        """Name a file, if there is room."""
        if len(self.skipped) < _MOST_SKIPPED:
            self.skipped.append(file)


class ImportOptions(Struct, frozen=True):
    """What bringing a takeout in needs to know beside the takeout."""

    connections: Connections
    owner_id: UUID
    new_pictures: bool
    largest_scene: int
    default_pad_name: str


def bring_in(archive: Archive, options: ImportOptions, result: ImportResult) -> Iterator[UUID]:
    """Bring a takeout in, pad by pad; `result` says what came of it, so far after each.

    Raises psycopg.OperationalError if the database is not there: what came before that stays, and
    whoever tries again adds the rest.
    """
    for stranger in archive.strangers():
        result.skip(stranger)
    for files in archive.pads():
        try:
            with options.connections() as conn, conn.transaction():
                pad = _Pad(archive, files, options, conn)
                is_new, backups = pad.bring_in()
        except Unreadable as error:
            result.skip(error.file)
        else:
            result.pads += is_new
            result.backups += backups
            for skipped in pad.skipped:
                result.skip(skipped)
        yield files.id


class _Pad:
    """A pad of a takeout, in a transaction of its own."""

    def __init__(self, archive: Archive, files: PadFiles, options: ImportOptions, conn: Connection):
        self._archive = archive
        self._files = files
        self._options = options
        self._conn = conn
        self._now = datetime.now(UTC)
        self._read = 0  # bytes of scenes, which are fewer when they are stored
        #: Of its history, what was not brought in.
        self.skipped = list[Skipped]()

    def bring_in(self) -> tuple[bool, int]:
        """Whether the pad is new, and how many backups are. Raises Unreadable."""
        described = self._described()
        history = list(self._history(described["history"]))
        drawing = self._drawing(DRAWING)
        pad = self._pad(described, history, drawing)
        if pad.is_new or pad.differs:
            self._asked(DRAWING, lambda: self._add_pictures(drawing))
        if pad.is_new and drawing.pictures:
            owner_id, pictures = self._options.owner_id, drawing.pictures
            takeouts.keep_pictures(self._conn, owner_id=owner_id, pad_id=pad.id, pictures=pictures)
        added = sum(self._backup_if_readable(pad, each) for each in history)
        if pad.differs:
            added += self._add(pad, self._as_backup(pad, described), drawing, unless_equal=True)
        if pad.is_new or added:
            self._asked(PAD, lambda: self._use_quota(has_new_pad=pad.is_new))
        return pad.is_new, added

    def _as_backup(self, pad: takeouts.ImportedPad, described: dict[str, Any]) -> dict[str, Any]:
        """The drawing of the takeout, as a backup of a pad that has changed since.

        It is taken now, and stays as long as one that is: its own time may be long past.
        """
        digest = self._archive.digest_of(path_of(self._files.id, DRAWING))
        return {
            "file": DRAWING,
            "id": uuid5(pad.id, f"{described['updated_at']} {digest}"),
            "reason": "import",
            "label": None,
            "version": described["version"],
            "timestamp": self._now,
        }

    def _use_quota(self, *, has_new_pad: bool) -> bool:
        return quotas.use_quota(
            self._conn, owner_id=self._options.owner_id, added=self._read, has_new_pad=has_new_pad
        )

    def _described(self) -> dict[str, Any]:
        """What pad.json says. Raises Unreadable if it is not as it must be."""
        path = path_of(self._files.id, PAD)
        try:
            text = self._archive.read(path, _LARGEST_DESCRIPTION)
            described: dict[str, Any] = _PAD.load(orjson.loads(text))
        except (ValidationError, orjson.JSONDecodeError) as error:
            raise _invalid(path, error) from error
        if described["id"] != self._files.id:
            raise Unreadable(path, "It is about another pad.")
        if len(described["history"]) > len(self._files.names):
            raise Unreadable(path, "Its history has more entries than there are files.")
        return described

    def _history(self, entries: list[Any]) -> Iterator[dict[str, Any]]:
        """What pad.json says of the history, as far as it can be read and has its files."""
        path = path_of(self._files.id, PAD)
        files = {name for name in self._files.names if name not in (PAD, DRAWING)}
        for entry in entries:
            try:
                described: dict[str, Any] = _BACKUP.load(entry)
            except ValidationError as error:
                self.skipped.append(_invalid(path, error).file)
                continue
            if described["file"] in files:
                files.remove(described["file"])
                yield described
            else:
                why = f"It names {described['file'][:100]}, which is missing, or named twice."
                self.skipped.append(Skipped(path, why))
        for name in sorted(files):
            why = f"{PAD} does not say what it is."
            self.skipped.append(Skipped(path_of(self._files.id, name), why))

    def _pad(
        self, described: dict[str, Any], history: list[dict[str, Any]], drawing: Drawing
    ) -> takeouts.ImportedPad:
        """The pad here, held until the end. Raises Unreadable."""
        pad = self._asked(DRAWING, lambda: self._import_pad(described, history, drawing))
        path = path_of(self._files.id, PAD)
        if not pad:
            raise Unreadable(path, "Somebody else has its id.")
        if pad.is_in_trash:
            raise Unreadable(path, "The pad is in the trash.")
        return pad

    def _import_pad(
        self, described: dict[str, Any], history: list[dict[str, Any]], drawing: Drawing
    ) -> takeouts.ImportedPad | None:
        created_at = min(described["created_at"], self._now)
        taken_at = [min(each["timestamp"], self._now) for each in history]
        name = readable_name(described["display_name"])
        return takeouts.import_pad(
            self._conn,
            owner_id=self._options.owner_id,
            pad_id=described["id"],
            derived_id=self._derived(described["id"]),
            display_name=name or self._options.default_pad_name,
            scene=drawing.scene,
            pictures=drawing.pictures,
            version=max(described["version"], 1),
            created_at=created_at,
            updated_at=max(created_at, min(described["updated_at"], self._now)),
            last_backup_at=max(taken_at, default=None),
        )

    def _backup_if_readable(self, pad: takeouts.ImportedPad, described: dict[str, Any]) -> bool:
        """Add a backup, if it is new; one that cannot be read is named, and undone by itself."""
        try:
            with self._conn.transaction():
                drawing = self._drawing(described["file"])
                self._asked(described["file"], lambda: self._add_pictures(drawing))
                return self._add(pad, described, drawing)
        except Unreadable as error:
            self.skipped.append(error.file)
            return False

    def _add(
        self,
        pad: takeouts.ImportedPad,
        described: dict[str, Any],
        drawing: Drawing,
        *,
        unless_equal: bool = False,
    ) -> bool:
        return self._asked(
            described["file"],
            lambda: takeouts.import_backup(
                self._conn,
                owner_id=self._options.owner_id,
                pad_id=pad.id,
                backup_id=described["id"],
                derived_id=self._derived(described["id"]),
                scene=drawing.scene,
                pictures=drawing.pictures,
                reason=described["reason"] if described["reason"] in REASONS else None,
                label=readable_name(described["label"] or "") or None,
                version=described["version"],
                taken_at=min(described["timestamp"], self._now),
                unless_equal=unless_equal,
            ),
        )

    def _derived(self, row_id: UUID) -> UUID:
        """The id instead of one that is somebody else's."""
        return uuid5(row_id, str(self._options.owner_id))

    def _drawing(self, name: str) -> Drawing:
        """The scene in a file, its pictures apart. Raises Unreadable."""
        text = scene_of(self._archive.read(path_of(self._files.id, name)))
        self._read += len(text)

        def check(scene: bytes) -> None:
            check_complexity(scene, self._options.largest_scene)

        def read() -> Drawing:
            drawing = take_apart(text, check, lambda: self._options.new_pictures)
            most = self._options.largest_scene
            check_references(self._conn, drawing, owner_id=self._options.owner_id, most=most)
            return drawing

        return self._asked(name, read)

    def _add_pictures(self, drawing: Drawing) -> None:
        """Add those that are not there, one at a time. Raises Unprocessable for unknown ones."""
        if not drawing.pictures:
            return
        owner_id = self._options.owner_id
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


def _invalid(path: str, error: Exception) -> Unreadable:
    return Unreadable(path, f"It cannot be read: {error}"[:300])
