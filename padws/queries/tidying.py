"""What db-tidy has removed: sql/tidying/."""

from __future__ import annotations

from msgspec import Struct

from padws.database import Connection
from padws.statements import from_file

KINDS = ("users", "pads", "backups", "pictures", "links")


class Tidied(Struct, frozen=True):
    """How many things of a kind were ever removed; `ran_at` in seconds since 1970, 0 for never."""

    name: str
    number: int
    ran_at: float


@from_file
def record_tidied(conn: Connection, *, name: str, number: int) -> str:
    """Add to what has been removed of a kind of thing."""


@from_file
def list_tidied(conn: Connection) -> list[Tidied]:
    """What has been removed of each kind."""
