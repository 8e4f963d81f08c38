"""Going through a table by its key, in batches of about a second.

Each batch is a statement, and a transaction, of its own. One snapshot for all of it would be
simpler, but for as long as it is held, vacuum frees nothing of what the service replaces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from psycopg import sql
from psycopg.rows import dict_row

from padws.database import Connection

R = TypeVar("R")
Key = dict[str, UUID | bytes]  # the columns of a key, and what a row has there

_AIM = 1.0  # seconds
_SIZES = range(1, 5001)
_FIRST_SIZE = 50
_BY_ID = ("id",)
_COLUMNS = {  # of the others, in the order of an index
    "pictures": ("owner_id", "digest"),
    "pad_pictures": ("owner_id", "digest", "pad_id"),
    "backup_pictures": ("owner_id", "digest", "backup_id"),
    "links": ("owner_id", "id"),
    "usage": ("owner_id",),
}
_FIRST = "SELECT {columns} FROM pad_ws.{table} ORDER BY {columns} LIMIT %s"
_NEXT = (
    "SELECT {columns} FROM pad_ws.{table} WHERE ({columns}) > ({after}) ORDER BY {columns} LIMIT %s"
)


def batches(
    conn: Connection, table: str, look: Callable[[list[Key]], R]
) -> Iterator[tuple[int, R]]:
    """The number of rows in each batch, and what `look` finds among them."""
    size, last = _FIRST_SIZE, Key()
    while keys := _keys(conn, table, last, size):
        began = time.monotonic()
        found = look(keys)
        size = _next_size(size, time.monotonic() - began)
        yield len(keys), found
        last = keys[-1]


def span(keys: Sequence[Key]) -> dict[str, Any]:
    """The first and the last of some keys, as parameters of a statement."""
    ends = (("first", keys[0]), ("last", keys[-1]))
    return {f"{end}_{column}": value for end, key in ends for column, value in key.items()}


def _keys(conn: Connection, table: str, after: Key, size: int) -> list[Key]:
    columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS.get(table, _BY_ID)))
    query = sql.SQL(_NEXT if after else _FIRST).format(
        columns=columns,
        table=sql.Identifier(table),
        after=sql.SQL(", ").join([sql.Placeholder()] * len(after)),
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [*after.values(), size]).fetchall()


def _next_size(size: int, seconds: float) -> int:
    if seconds > _AIM:
        return max(size // 2, _SIZES[0])
    return min(size * 2, _SIZES[-1]) if seconds < _AIM / 2 else size


def estimated_rows(conn: Connection, table: str) -> int:
    """About how many rows a table has, without looking at it."""
    query = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)"
    row = conn.execute(query, [f"pad_ws.{table}"]).fetchone()
    return max(0, int(row[0])) if row else 0  # -1: never analyzed
