"""Takeouts: sql/takeouts/."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from padws.database import Connection
from padws.json_text import JsonText
from padws.statements import from_file


class BackupSummary(Struct, frozen=True):
    """What there is to say of a backup beside its scene."""

    id: UUID
    timestamp: datetime
    reason: str | None
    label: str | None
    version: int | None


class OwnedPad(Struct, frozen=True):
    """A pad without its scene."""

    id: UUID
    display_name: str
    created_at: datetime
    updated_at: datetime
    version: int


class WholePad(Struct, frozen=True):
    """A pad, and its backups without their scenes, oldest first, as JSON (of `BackupSummary`).

    Where `pictures` are kept apart, `data` is without its member `files`.
    """

    id: UUID
    display_name: str
    data: JsonText
    files: JsonText | None
    pictures: JsonText | None
    created_at: datetime
    updated_at: datetime
    version: int
    history: JsonText

    def backups(self) -> list[BackupSummary]:
        """Its backups, oldest first."""
        return msgspec.json.decode(bytes(self.history.json), type=list[BackupSummary])


class Content(Struct, frozen=True):
    """The text of a picture, as a JSON string."""

    content: JsonText


class ImportedPad(Struct, frozen=True):
    """A pad of a takeout here: one that was made just now, or one that was there.

    `differs`: whether the one that was there is another drawing by now.
    """

    id: UUID
    is_new: bool
    differs: bool
    is_in_trash: bool


@from_file
def list_owned_pads(conn: Connection, *, owner_id: UUID) -> list[OwnedPad]:
    """A user's pads, oldest first."""


@from_file
def get_whole_pad(conn: Connection, *, pad_id: UUID, owner_id: UUID) -> WholePad | None:
    """A pad and what there is to say of its backups, as of one moment."""


@from_file
def get_content(conn: Connection, *, owner_id: UUID, digest: bytes) -> Content | None:
    """The text of a picture; `None` if there is no such picture."""


@from_file
def add_pictures(
    conn: Connection, *, owner_id: UUID, pictures: JsonText, contents: JsonText | None
) -> list[str] | None:
    """Add pictures, and hold those of `pictures` (name -> digest); which of them are missing."""


@from_file
def import_pad(
    conn: Connection,
    *,
    owner_id: UUID,
    pad_id: UUID,
    derived_id: UUID,
    display_name: str,
    scene: JsonText,
    pictures: JsonText | None,
    version: int,
    created_at: datetime,
    updated_at: datetime,
    last_backup_at: datetime | None,
) -> ImportedPad | None:
    """Make a pad of a takeout, unless it is there; under `derived_id` if the id is another's.

    Its pictures come next: `add_pictures`, `keep_pictures`. `None` if both ids are others'.
    """


@from_file
def keep_pictures(conn: Connection, *, owner_id: UUID, pad_id: UUID, pictures: JsonText) -> bool:
    """Note which pictures a new pad refers to."""


@from_file
def import_backup(
    conn: Connection,
    *,
    owner_id: UUID,
    pad_id: UUID,
    backup_id: UUID,
    derived_id: UUID,
    scene: JsonText,
    pictures: JsonText | None,
    reason: str | None,
    label: str | None,
    version: int | None,
    taken_at: datetime,
    unless_equal: bool,
) -> bool:
    """Add a backup of a takeout to a pad, unless it is there; whether it was added.

    With `unless_equal`, not if any backup of the pad holds the same scene.
    """
