"""Going through a table by its ids, in batches of about a second.

Each batch is a statement, and a transaction, of its own. One snapshot for all of it would be
simpler, but for as long as it is held, vacuum frees nothing of what the service replaces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import UUID

from psycopg import sql

from padws.database import Connection

R = TypeVar("R")

_AIM = 1.0  # seconds
_SIZES = range(1, 5001)
_FIRST_SIZE = 50
_LAST_ID = UUID(int=2**128 - 1)
_IDS = "SELECT id FROM pad_ws.{} WHERE id >= %s ORDER BY id LIMIT %s"


def batches(
    conn: Connection, table: str, look: Callable[[list[UUID]], R]
) -> Iterator[tuple[int, R]]:
    """The number of ids in each batch, and what `look` finds among them."""
    size, first = _FIRST_SIZE, UUID(int=0)
    while ids := _ids(conn, table, first, size):
        began = time.monotonic()
        found = look(ids)
        size = _next_size(size, time.monotonic() - began)
        yield len(ids), found
        if ids[-1] == _LAST_ID:
            return
        first = UUID(int=ids[-1].int + 1)


def _ids(conn: Connection, table: str, first: UUID, size: int) -> list[UUID]:
    query = sql.SQL(_IDS).format(sql.Identifier(table))
    return [each for (each,) in conn.execute(query, [first, size]).fetchall()]


def _next_size(size: int, seconds: float) -> int:
    if seconds > _AIM:
        return max(size // 2, _SIZES[0])
    return min(size * 2, _SIZES[-1]) if seconds < _AIM / 2 else size


def estimated_rows(conn: Connection, table: str) -> int:
    """About how many rows a table has, without looking at it."""
    query = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)"
    row = conn.execute(query, [f"pad_ws.{table}"]).fetchone()
    return max(0, int(row[0])) if row else 0  # -1: never analyzed
