"""Share links: sql/links/."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.json_text import JsonText
from padws.statements import WithPictures, from_file


class Link(Struct, frozen=True):
    """A row of pad_ws.links, without what opens it."""

    id: UUID
    created_at: datetime
    expires_at: datetime | None
    has_password: bool


class ListedLink(Struct, frozen=True):
    """One of a pad's links, or nothing when it has none."""

    id: UUID | None
    created_at: datetime | None
    expires_at: datetime | None
    has_password: bool


class SharedPad(Struct, frozen=True):
    """The pad behind a link, without what tells whose it is.

    `data` is None when the link needs a password that the caller does not give, or when its version
    is a known one. Where `pictures` are kept apart, it is without its member `files`.
    """

    display_name: str
    data: JsonText | None
    files: JsonText | None
    pictures: JsonText | None
    updated_at: datetime
    version: int
    password_hash: str | None


class SharedPicture(Struct, frozen=True):
    """A picture behind a link; without a `digest` if there is none.

    `content` (a JSON string) is None when it was left out.
    """

    password_hash: str | None
    digest: bytes | None
    content: JsonText | None


@from_file
def insert_link(
    conn: Connection,
    *,
    owner_id: UUID,
    pad_id: UUID,
    link_id: UUID,
    token_digest: bytes,
    password_hash: str | None,
    expires_at: datetime | None,
    most: int,
) -> Link | None:
    """A new link; `None` if there is no such pad. Raises PW021 if that has `most` already."""


@from_file
def list_links(conn: Connection, *, pad_id: UUID, owner_id: UUID) -> list[ListedLink]:
    """A pad's links, oldest first; one that is nothing if there are none; [] without a pad."""


@from_file
def delete_link(conn: Connection, *, link_id: UUID, pad_id: UUID, owner_id: UUID) -> UUID | None:
    """End a link; `None` if there is no such link."""


@from_file
def get_next_owner_of_expired(
    conn: Connection, *, after: UUID, expired_for: timedelta
) -> UUID | None:
    """The next user who has links that expired so long ago, in the order of ids."""


@from_file
def delete_expired_links(conn: Connection, *, owner_id: UUID, expired_for: timedelta) -> int:
    """Delete a user's links that expired so long ago; how many there were."""


@from_file
def count_links_of_user(conn: Connection, *, owner_id: UUID) -> int:
    """How many links a user has."""


@from_file
def delete_links_of_user(conn: Connection, *, owner_id: UUID) -> int:
    """End all links of a user; how many there were."""


@from_file
def get_password_hash(conn: Connection, *, owner_id: UUID, token_digest: bytes) -> str | None:
    """The password of a link, hashed; `None` if there is none, or no such link."""


@from_file
def get_shared_pad(
    conn: Connection,
    *,
    owner_id: UUID,
    token_digest: bytes,
    with_password: bool,
    known_versions: str,
    with_pictures: bool,
) -> WithPictures[SharedPad]:
    """The pad behind a link; none if there is no such link, or it has expired."""


@from_file
def get_shared_picture(
    conn: Connection,
    *,
    owner_id: UUID,
    token_digest: bytes,
    with_password: bool,
    digest: bytes,
    is_known: bool,
) -> SharedPicture | None:
    """A picture of the pad behind a link; `None` if there is no such link, or it has expired."""
