"""Backups: sql/backups/."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.json_text import JsonText
from padws.queries.pads import SavedPad
from padws.statements import WithPictures, from_file


class BackupWithoutScene(Struct, frozen=True):
    """What a pad was at `timestamp`; `reason` says why it was kept, if that is known.

    `version` is the pad's, `elements` counts those that are not deleted; both None where that is
    not known. `bytes` is what the scene takes as it is stored.
    """

    id: UUID
    timestamp: datetime
    reason: str | None
    label: str | None
    version: int | None
    elements: int | None
    bytes: int


class Backup(BackupWithoutScene, frozen=True):
    """One with its scene; where `pictures` are kept apart, `data` is without its member `files`."""

    data: JsonText
    files: JsonText | None
    pictures: JsonText | None


class ElementThen(Struct, frozen=True):
    """An element as a backup has it, or the pad itself (None) at a version; None: left out."""

    backup_id: UUID | None
    timestamp: datetime
    version: int | None
    element: JsonText | None


class Element(Struct, frozen=True):
    """An element alone."""

    element: JsonText


class RecentBackup(BackupWithoutScene, frozen=True):
    """A backup of any of a user's pads; `data` is None if the scene was left out."""

    data: JsonText | None
    files: JsonText | None
    pictures: JsonText | None
    pad_id: UUID


class TakenBackup(Backup, frozen=True):
    """A backup that was just taken, and how many old ones were deleted.

    `pruned` is None if it was there already, as the pad's newest.
    """

    pruned: int | None


class ListedBackup(Struct, frozen=True):
    """A pad's name and one of its backups, or only the name when it has none.

    `created_at` is the time by which it is in its place in the list, None if the row has none.
    """

    pad_name: str
    id: UUID | None
    timestamp: datetime | None
    reason: str | None
    label: str | None
    version: int | None
    elements: int | None
    bytes: int | None
    data: JsonText | None
    files: JsonText | None
    pictures: JsonText | None
    created_at: datetime | None


@from_file
def list_backups(
    conn: Connection,
    *,
    pad_id: UUID,
    owner_id: UUID,
    with_data: bool,
    with_pictures: bool,
    from_time: datetime | str,
    to_time: datetime | str,
    before: datetime | str,
    before_id: UUID,
    limit: int,
) -> WithPictures[ListedBackup]:
    """The newest backups of a pad in `from_time <= taken < to_time`, newest first.

    One row without a backup when there are none, no row when there is no such pad. The times may
    be `-infinity` and `infinity`. A page begins after a backup (paging.place_after).
    """


@from_file
def list_recent_backups(
    conn: Connection, *, owner_id: UUID, with_data: bool, with_pictures: bool, limit: int
) -> WithPictures[RecentBackup]:
    """The newest backups over all of a user's pads, newest first."""


@from_file
def get_backup(
    conn: Connection, *, backup_id: UUID, pad_id: UUID, owner_id: UUID, with_pictures: bool
) -> WithPictures[Backup]:
    """One backup."""


@from_file
def insert_backup(
    conn: Connection, *, pad_id: UUID, owner_id: UUID, retention: JsonText
) -> WithPictures[TakenBackup]:
    """The pad's newest backup, of the pad as it is now; none if there is no such pad."""


@from_file
def label_backup(
    conn: Connection, *, owner_id: UUID, pad_id: UUID, backup_id: UUID, label: str | None
) -> BackupWithoutScene | None:
    """A backup under its new label; `None` if there is no such backup."""


@from_file
def list_element_history(
    conn: Connection, *, owner_id: UUID, pad_id: UUID, element_id: str, with_data: bool
) -> list[ElementThen]:
    """What an element was, each time that it changed, newest first."""


@from_file
def get_element(
    conn: Connection, *, owner_id: UUID, pad_id: UUID, backup_id: UUID | None, element_id: str
) -> Element | None:
    """An element as a backup of a pad has it, or the pad itself."""


@from_file
def restore_elements(
    conn: Connection,
    *,
    owner_id: UUID,
    pad_id: UUID,
    backup_id: UUID,
    element_ids: list[str],
    accepted_versions: str,
    retention: JsonText,
    new_pictures: bool,
    most_bytes: int,
    most_values: int,
) -> SavedPad | None:
    """Restore elements of a backup into the pad as it is; `None` if nothing was written.

    Raises PW005 if the backup has none of them, and what a merge raises.
    """


@from_file
def delete_backup(
    conn: Connection, *, backup_id: UUID, pad_id: UUID, owner_id: UUID
) -> UUID | None:
    """Delete one backup; `None` if there is no such backup."""


@from_file
def restore_backup(
    conn: Connection,
    *,
    owner_id: UUID,
    pad_id: UUID,
    backup_id: UUID,
    accepted_versions: str,
    retention: JsonText,
    new_pictures: bool,
) -> SavedPad | None:
    """Restore a backup, and back up what it replaces; `None` if nothing was written."""
