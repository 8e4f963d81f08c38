"""Pictures that are kept apart from scenes: sql/pictures/."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import orjson
from msgspec import Struct

from padws.database import Connection
from padws.errors import TooLarge
from padws.json_text import JsonText
from padws.pictures import Drawing
from padws.queries.pads import MergedPad, SaveAttempt
from padws.statements import from_file

Attempt = TypeVar("Attempt", SaveAttempt, MergedPad)


class Picture(Struct, frozen=True):
    """A row of pad_ws.pictures; `content` (a JSON string) is None when it was left out."""

    digest: bytes
    content: JsonText | None


class TidiedPictures(Struct, frozen=True):
    """How many pictures went, their bytes, and how many others nothing refers to now."""

    deleted: int
    deleted_bytes: int
    unneeded: int


@from_file
def are_pictures_apart(conn: Connection) -> bool:
    """Whether new pictures are kept apart where PICTURES_APART does not say."""


def are_new_pictures_apart(
    setting: str, connections: Callable[[], AbstractContextManager[Connection]]
) -> bool:
    """Whether new pictures are kept apart: as PICTURES_APART says, or else the database."""
    if setting != "auto":
        return setting == "on"
    with connections() as conn:
        return are_pictures_apart(conn)


@from_file
def get_picture(
    conn: Connection,
    *,
    owner_id: UUID,
    pad_id: UUID,
    digest: bytes,
    trash_for: timedelta,
    is_known: bool,
) -> Picture | None:
    """A picture of a pad or one of its backups; without its text if that is known."""


@from_file
def get_bytes_of_pictures(conn: Connection, *, owner_id: UUID, pictures: JsonText) -> int:
    """How many bytes pictures take written out, each as often as a file refers to it."""


@from_file
def get_next_owner_of_pictures(conn: Connection, *, after: UUID) -> UUID | None:
    """The next user who has pictures, in the order of ids."""


@from_file
def tidy_pictures(conn: Connection, *, owner_id: UUID, unneeded_for: timedelta) -> TidiedPictures:
    """Delete what nothing has referred to for a time; note what nothing refers to now."""


@from_file
def delete_pictures(conn: Connection, *, owner_id: UUID, most: int) -> int:
    """Delete a lot of what nothing refers to, for a user who is being deleted; how many."""


def check_references(conn: Connection, drawing: Drawing, *, owner_id: UUID, most: int) -> None:
    """Raise TooLarge if a scene would be, if it brought along the pictures that it refers to."""
    if not drawing.by_reference:
        return
    wanted = JsonText(orjson.dumps(drawing.by_reference))
    size = get_bytes_of_pictures(conn, owner_id=owner_id, pictures=wanted)
    if size + drawing.repeated_bytes + len(drawing.scene.json) > most:
        raise TooLarge("body_too_large", "The scene is too large with the pictures it refers to.")


def save_drawing(drawing: Drawing, save: Callable[..., Attempt | None]) -> Attempt | None:
    """Save a drawing by a statement that tells which pictures are missing; these go with the next.

    So it is one statement where all pictures are there already, and two where some are new. Raises
    Unprocessable for a picture that the drawing refers to and that is nowhere.
    """
    missing = set[str]()
    while True:
        attempt = save(
            scene=drawing.scene,
            pictures=drawing.pictures,
            contents=drawing.contents_of(sorted(missing)),
        )
        if not attempt or not attempt.missing:
            return attempt
        missing.update(attempt.missing)
