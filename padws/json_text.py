"""JSON as bytes."""

from __future__ import annotations

import msgspec
from psycopg.abc import Buffer


class JsonText(msgspec.Struct, frozen=True, gc=False):
    """JSON in UTF-8 on its way through: PostgreSQL checks it, Python never takes it apart.

    What comes from PostgreSQL stays where libpq put it, and is copied once: into the answer.
    """

    json: Buffer

    @property
    def pieces(self) -> tuple[Buffer, ...]:
        """The text in pieces."""
        return (self.json,)


class JsonPieces(msgspec.Struct, frozen=True, gc=False):
    """JSON in pieces that are never joined, except in the answer."""

    pieces: tuple[Buffer, ...]
