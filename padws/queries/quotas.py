"""Quotas: sql/quotas/."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.statements import from_file


class Usage(Struct, frozen=True):
    """What a user has, and may have at most; None: no limit. Bytes as they are stored."""

    pads: int
    pads_limit: int | None
    bytes: int
    bytes_limit: int | None


@from_file
def get_usage(conn: Connection, *, owner_id: UUID) -> Usage:
    """What a user has, counted now."""


@from_file
def use_quota(conn: Connection, *, owner_id: UUID, added: int, has_new_pad: bool) -> bool:
    """Add to what a user takes. Raises SQLSTATE PW003 if that is more than the user may have."""


@from_file
def set_limit(conn: Connection, *, name: str, value: int) -> int:
    """Say how many `pads` or `bytes` one user may have at most."""
