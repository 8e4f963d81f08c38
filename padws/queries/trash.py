"""The trash, pads that their owner has deleted: sql/trash/.

`trash_for` is how long a pad is kept there; `most` how many backups and pads are removed at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.json_text import JsonText
from padws.queries.pads import DeletedPad, Pad
from padws.statements import WithPictures, from_file

LOT = 100  # backups, and pads, that one statement removes


class TrashedPad(Struct, frozen=True):
    """A pad in the trash, where it is kept until `purged_at`; `data` and `files` as of a Pad."""

    id: UUID
    display_name: str
    data: JsonText | None
    files: JsonText | None
    pictures: JsonText | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime
    purged_at: datetime
    version: int


class Purged(Struct, frozen=True):
    """How many pads and backups were removed."""

    pads: int
    backups: int

    @property
    def any(self) -> bool:
        """Whether there were any: else there is no more."""
        return bool(self.pads or self.backups)


@from_file
def list_trash(
    conn: Connection,
    *,
    owner_id: UUID,
    trash_for: timedelta,
    before: datetime | str,
    before_id: UUID,
    most_pads: int | None,
    with_data: bool,
    with_pictures: bool,
) -> WithPictures[TrashedPad]:
    """What is in a user's trash, newest first; a page begins after a pad (paging.place_after)."""


@from_file
def get_trashed_pad(conn: Connection, *, owner_id: UUID, pad_id: UUID) -> WithPictures[Pad]:
    """One that was in the trash a moment ago, wherever it is now; none if it is gone."""


@from_file
def restore_pad(
    conn: Connection, *, owner_id: UUID, pad_id: UUID, trash_for: timedelta
) -> WithPictures[Pad]:
    """The pad, out of the trash; none if it is not there."""


@from_file
def purge_pad(
    conn: Connection, *, owner_id: UUID, pad_id: UUID, trash_for: timedelta, most: int
) -> DeletedPad | None:
    """Delete a pad in the trash for good; `None` if it is not there."""


@from_file
def empty_trash(conn: Connection, *, owner_id: UUID, trash_for: timedelta, most: int) -> int:
    """Delete all that is in a user's trash for good; how many pads have been removed so far."""


@from_file
def purge_trash(conn: Connection, *, owner_id: UUID, trash_for: timedelta, most: int) -> Purged:
    """Remove a lot of what is due; none of either if there is no more."""


@from_file
def get_next_owner_of_trash(conn: Connection, *, after: UUID) -> UUID | None:
    """The next user who has something in the trash, in the order of ids."""


@from_file
def freeze_pads(conn: Connection, *, owner_id: UUID) -> list[UUID]:
    """Keep everybody from a user's pads, the trash included; all that are frozen, oldest first."""


@from_file
def condemn_pads(conn: Connection, *, owner_id: UUID, pad_ids: list[UUID]) -> int:
    """Give up frozen pads, for `purge_trash`; how many."""
