"""Pads: sql/pads/.

The versions that a change accepts, or that a reader already has, are an `int8multirange` as text:
`{[3,3]}` is version 3, `{(,)}` any, `{}` none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from psycopg import errors

from padws.database import Connection
from padws.errors import NotProvided
from padws.json_text import JsonText
from padws.statements import WithPictures, from_file


class Pad(Struct, frozen=True):
    """A row of pad_ws.pads; `data` is None when the scene was left out.

    Where `pictures` (file id -> digest) are kept apart, `data` is without its member `files`.
    """

    id: UUID
    owner_id: UUID
    display_name: str
    data: JsonText | None
    files: JsonText | None
    pictures: JsonText | None
    created_at: datetime
    updated_at: datetime
    version: int


class ListedPad(Pad, frozen=True):
    """A pad in its owner's list; `etag` is the whole list's."""

    etag: str


class FoundPad(ListedPad, frozen=True):
    """A pad in a page of its owner's list; `key` is its place in the order, beside its id.

    All but the ETag is None where the page has no pad, and that, too, where there is no pad at all.
    """

    key: str
    matches: list[str]


class ExportedPad(Struct, frozen=True):
    """The content of a file, without its member `files` where `pictures` are kept apart."""

    display_name: str
    data: JsonText
    files: JsonText | None
    pictures: JsonText | None


class SavedPad(Struct, frozen=True):
    """The result of a save: the new version and, with a backup, how many old ones were deleted."""

    version: int
    updated_at: datetime
    pruned: int | None

    @property
    def took_backup(self) -> bool:
        """Whether a backup was due, and was taken."""
        return self.pruned is not None


class MergedPad(SavedPad, frozen=True):
    """What a merge has made, or the pad as it is.

    `others`: whether the pad held changes that the caller did not know; None if the caller has not
    said what it knows. `kept` is the backup of what the merge has replaced. `refusal` is the code
    of the problem if nothing could be merged, `missing` as of a SaveAttempt.
    """

    others: bool | None
    kept: UUID | None
    refusal: str | None
    missing: list[str] | None


class DeletedPad(Struct, frozen=True):
    """A pad that was deleted, and how many were removed from the trash for good with it."""

    id: UUID
    purged: int


class SaveAttempt(SavedPad, frozen=True):
    """What a save has made, or the digests of the pictures that were missing for it.

    `kept` is the backup of what it has replaced; if a save that came later had `overtaken` it, the
    backup of what it would have saved, and all else is of the pad as it is.
    """

    missing: list[str] | None
    kept: UUID | None
    overtaken: bool | None


@from_file
def list_pads(
    conn: Connection,
    *,
    owner_id: UUID,
    with_data: bool,
    with_pictures: bool,
    known_etags: list[str],
) -> WithPictures[ListedPad]:
    """The owner's pads, oldest first; the first alone, without its scene, if the ETag is known."""


@from_file
def find_pads(
    conn: Connection,
    *,
    owner_id: UUID,
    sort: str,
    direction: int,
    is_first: bool,
    after_key: str,
    after_id: UUID,
    most_pads: int | None,
    words: list[str],
    any_word: str,
    with_data: bool,
    with_pictures: bool,
    known_etags: list[str],
) -> WithPictures[FoundPad]:
    """A page of the owner's pads that match a search; one row without a pad if there are none."""


@from_file
def get_pad(
    conn: Connection, *, pad_id: UUID, owner_id: UUID, known_versions: str, with_pictures: bool
) -> WithPictures[Pad]:
    """One pad; without its scene when its version is a known one."""


@from_file
def get_pad_version(conn: Connection, *, pad_id: UUID, owner_id: UUID) -> int | None:
    """The version a pad is at."""


@from_file
def insert_pad(
    conn: Connection,
    *,
    pad_id: UUID,
    owner_id: UUID,
    display_name: str,
    scene: JsonText,
    pictures: JsonText | None,
    contents: JsonText | None,
    reason: str | None,
) -> WithPictures[Pad]:
    """A new pad; none if a picture that it refers to is missing. With a `reason`, a first backup.

    Violates a foreign key when the owner has no row.
    """


@from_file
def insert_pad_from_template(
    conn: Connection,
    *,
    owner_id: UUID,
    display_name: str,
    template_name: str,
    new_pictures: bool,
) -> WithPictures[Pad]:
    """A new pad with a first backup; none if there is no such template."""


@from_file
def export_pad(
    conn: Connection, *, pad_id: UUID, owner_id: UUID, source: str
) -> WithPictures[ExportedPad]:
    """A pad as a file; none if there is no such pad. `source` says where it comes from."""


@from_file
def save_pad(
    conn: Connection,
    *,
    pad_id: UUID,
    owner_id: UUID,
    scene: JsonText,
    pictures: JsonText | None,
    contents: JsonText | None,
    elements: int | None,
    versions: int | None,
    element_hashes: str | None,
    inline_pictures: int | None,
    waited: timedelta,
    accepted_versions: str,
    backup_interval: timedelta,
    retention: JsonText,
) -> SaveAttempt | None:
    """Save a scene, and back it up when that is due; `None` if nothing was written.

    The request has `waited` since it began to arrive. What is counted is in SceneCounts.
    """


@from_file
def merge_pad(
    conn: Connection,
    *,
    pad_id: UUID,
    owner_id: UUID,
    scene: JsonText,
    pictures: JsonText | None,
    contents: JsonText | None,
    new_pictures: bool,
    base_versions: str,
    backup_interval: timedelta,
    retention: JsonText,
    most_bytes: int,
    most_values: int,
) -> MergedPad | None:
    """Merge a part of a scene into a pad; `None` if there is no such pad.

    `base_versions` are those that the caller has seen, all of them if it does not say.
    """


@from_file
def rename_pad(
    conn: Connection, *, pad_id: UUID, owner_id: UUID, display_name: str, accepted_versions: str
) -> WithPictures[Pad]:
    """The pad under its new name; none if nothing was written."""


@from_file
def delete_pad(
    conn: Connection,
    *,
    pad_id: UUID,
    owner_id: UUID,
    accepted_versions: str,
    trash_for: timedelta,
    most: int,
) -> DeletedPad | None:
    """Put a pad into the trash, or remove it if it is kept there for no time.

    `None` if nothing was deleted.
    """


@from_file
def move_pad(conn: Connection, *, owner_id: UUID, new_owner_id: UUID) -> UUID | None:
    """One of a user's pads, which is another user's from now on; `None` if there is none left."""


@from_file
def insert_first_pad(
    conn: Connection,
    *,
    owner_id: UUID,
    display_name: str,
    template_name: str,
    new_pictures: bool,
) -> bool | None:
    """Whether a user's first pad was made from the template; `None` if the user has one by now.

    Of many first requests at once one makes the pad. Without the template it is an empty drawing,
    because the list is never empty. Violates pads_owner_id_fkey when the owner has no row.
    """


def move_pads(conn: Connection, *, owner_id: UUID, new_owner_id: UUID) -> int:
    """Give all of a user's pads to another user, one by one; how many.

    Killed anywhere, it can be begun again. Needs a connection outside a transaction. Violates a
    foreign key when the new owner has no row.
    """
    moved = 0
    try:
        while move_pad(conn, owner_id=owner_id, new_owner_id=new_owner_id):
            moved += 1
    except errors.FeatureNotSupported:  # Citus: the owner says on which node a row is
        raise NotProvided("one_machine_only") from None
    return moved
