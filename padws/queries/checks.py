"""Checks of the whole database: sql/checks/. For the commands db-verify, db-dump and db-drill."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.statements import from_file


class Damaged(Struct, frozen=True):
    """A row that is not as it must be, and why."""

    id: UUID | str  # a picture has its digest, a reference to one has both
    owner_id: UUID | None
    may_be_of_pad_ws: bool
    faults: list[str]


class Rule(Struct, frozen=True):
    """A rule of the database, and whether it is `valid`, `not valid` or `missing`."""

    name: str
    state: str


class UserDigest(Struct, frozen=True):
    """What a user has, in numbers and as a digest."""

    user_id: UUID
    pads: int
    backups: int
    pictures: int
    digest: str


class TemplatesDigest(Struct, frozen=True):
    """The templates, as a number and as a digest."""

    templates: int
    digest: str


class Check(Struct, frozen=True):
    """How the last check of a kind ended; times in seconds since 1970, 0 for never."""

    name: str
    finished_at: float
    succeeded_at: float
    faults: int


@from_file
def find_damaged_users(conn: Connection, *, first_id: UUID, last_id: UUID) -> list[Damaged]:
    """The damaged users with ids from `first` to `last`."""


@from_file
def find_damaged_pads(conn: Connection, *, first_id: UUID, last_id: UUID) -> list[Damaged]:
    """The damaged pads with ids from `first` to `last`."""


@from_file
def find_damaged_backups(conn: Connection, *, first_id: UUID, last_id: UUID) -> list[Damaged]:
    """The damaged backups with ids from `first` to `last`."""


@from_file
def find_damaged_template_pads(conn: Connection, *, first_id: UUID, last_id: UUID) -> list[Damaged]:
    """The damaged templates with ids from `first` to `last`."""


@from_file
def find_damaged_access_tokens(conn: Connection, *, first_id: UUID, last_id: UUID) -> list[Damaged]:
    """The damaged tokens with ids from `first` to `last`."""


@from_file
def find_damaged_pictures(
    conn: Connection,
    *,
    first_owner_id: UUID,
    first_digest: bytes,
    last_owner_id: UUID,
    last_digest: bytes,
) -> list[Damaged]:
    """The damaged pictures from one to another."""


@from_file
def find_damaged_pad_pictures(
    conn: Connection,
    *,
    first_owner_id: UUID,
    first_pad_id: UUID,
    first_digest: bytes,
    last_owner_id: UUID,
    last_pad_id: UUID,
    last_digest: bytes,
) -> list[Damaged]:
    """The references of pads to pictures, from one to another, that refer to nothing."""


@from_file
def find_damaged_backup_pictures(
    conn: Connection,
    *,
    first_owner_id: UUID,
    first_backup_id: UUID,
    first_digest: bytes,
    last_owner_id: UUID,
    last_backup_id: UUID,
    last_digest: bytes,
) -> list[Damaged]:
    """The references of backups to pictures, from one to another, that refer to nothing."""


@from_file
def find_damaged_links(
    conn: Connection,
    *,
    first_owner_id: UUID,
    first_id: UUID,
    last_owner_id: UUID,
    last_id: UUID,
) -> list[Damaged]:
    """The damaged share links from one to another."""


@from_file
def find_damaged_usage(
    conn: Connection, *, first_owner_id: UUID, last_owner_id: UUID
) -> list[Damaged]:
    """The damaged counts of what users take, from one owner to another."""


@from_file
def list_rules(conn: Connection) -> list[Rule]:
    """The rules that the database must keep."""


@from_file
def digest_users(conn: Connection, *, first_id: UUID, last_id: UUID) -> list[UserDigest]:
    """What users with ids from `first` to `last` have."""


@from_file
def digest_templates(conn: Connection) -> TemplatesDigest:
    """The templates."""


@from_file
def record_check(conn: Connection, *, name: str, faults: int) -> str:
    """Record how a check has ended."""


@from_file
def list_checks(conn: Connection) -> list[Check]:
    """How the last checks ended."""
