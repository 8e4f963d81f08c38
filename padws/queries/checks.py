"""Checks of the whole database: sql/checks/. For the commands db-verify, db-dump and db-drill."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.statements import from_file


class Damaged(Struct, frozen=True):
    """A row that is not as it must be, and why."""

    id: UUID
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
def find_damaged_users(conn: Connection, *, first: UUID, last: UUID) -> list[Damaged]:
    """The damaged users with ids from `first` to `last`."""


@from_file
def find_damaged_pads(conn: Connection, *, first: UUID, last: UUID) -> list[Damaged]:
    """The damaged pads with ids from `first` to `last`."""


@from_file
def find_damaged_backups(conn: Connection, *, first: UUID, last: UUID) -> list[Damaged]:
    """The damaged backups with ids from `first` to `last`."""


@from_file
def find_damaged_template_pads(conn: Connection, *, first: UUID, last: UUID) -> list[Damaged]:
    """The damaged templates with ids from `first` to `last`."""


@from_file
def find_damaged_access_tokens(conn: Connection, *, first: UUID, last: UUID) -> list[Damaged]:
    """The damaged tokens with ids from `first` to `last`."""


@from_file
def list_rules(conn: Connection) -> list[Rule]:
    """The rules that the database has to keep."""


@from_file
def digest_users(conn: Connection, *, first: UUID, last: UUID) -> list[UserDigest]:
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
