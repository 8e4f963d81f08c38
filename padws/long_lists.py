"""Lists that are too large to be in memory at once: of their items, one at a time is.

Which items there are is known before the answer begins. One that is gone when its turn comes is
left out, and one that has changed is sent as it is then: as if the list had been read in pages.
"""

from __future__ import annotations

import errno
import logging
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import orjson
import psycopg
from flask import Response
from psycopg_pool import PoolTimeout

from padws import memory_budget
from padws.bounded_cursor import TooMuchAtOnce
from padws.context import database, settings
from padws.database import Connection
from padws.http.answers import in_blocks, in_pieces, stream
from padws.observability.current_request import current_request

log = logging.getLogger("padws")

R = TypeVar("R")
T = TypeVar("T")


class _OneByOne(Generic[R]):
    """The body: it has a connection only while it reads an item, not while that is sent."""

    def __init__(
        self, items: Iterable[R], read: Callable[[Connection, R], Any], before: bytes, after: bytes
    ):
        self._items, self._read = items, read
        self._before, self._after = before, after
        self._connections = database().connection
        self._user_id = current_request().user_id
        # Also when it is never sent; once at most. An item is no larger than what is saved may be.
        self._give_back = weakref.finalize(
            self, memory_budget.hold(settings().max_body_bytes, has_written=False)
        )

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield self._before
            gap = b""
            for item in self._found():
                yield from in_blocks([gap, *in_pieces(item)])
                gap = b","
            yield self._after
        except (psycopg.Error, PoolTimeout) as error:
            name = type(error).__name__
            log.warning("a long list for user %s was broken off: %s", self._user_id, name)
            # A list without its end is none; the client is to notice at once.
            raise ConnectionAbortedError(errno.ECONNRESET, "PostgreSQL is not available") from None
        finally:
            self.close()

    def _found(self) -> Iterator[Any]:
        for item in self._items:
            with self._connections() as conn:
                found = self._read(conn, item)
            if found is not None:
                yield found

    def close(self) -> None:
        """Give back the memory; the WSGI server calls this whether all was sent or not."""
        self._give_back()


def with_scenes(
    statement: Callable[..., T], connection: Connection, **values: Any
) -> tuple[T, bool]:
    """What a statement finds, and whether it has the scenes: not if they are too large."""
    try:
        return statement(connection, **values), True
    except TooMuchAtOnce:
        return statement(connection, **values | {"with_data": False}), False


def answer_one_by_one(
    items: Iterable[R],
    read: Callable[[Connection, R], Any],
    *,
    around: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A list of what `read` makes of each item, or None; as the last member of an object, `around`.

    `read` is called outside of the request. Raises TooManyRequests if there is no room.
    """
    text = orjson.dumps([] if around is None else around)
    end = text.rindex(b"]")
    return stream(_OneByOne(items, read, text[:end], text[end:]), headers or {})
