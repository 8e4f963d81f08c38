"""Results that may be too large for memory: taken in parts, and given up once they are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import capabilities
from psycopg._preparing import Prepare
from psycopg.abc import PQGen
from psycopg.generators import execute, fetch, send
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from padws.json_text import JsonText

_CANCEL_WITHIN = 2.0  # seconds

# Two at once cost no more than all; one by one, a list of ten takes a tenth longer.
_ROWS_AT_ONCE = 2

_PARTS = frozenset((ExecStatus.SINGLE_TUPLE, ExecStatus.TUPLES_CHUNK))


class TooMuchAtOnce(Exception):
    """What a statement finds is not to be in memory at once; ask it without scenes."""


class BoundedCursor(psycopg.RawCursor[Any]):
    """Takes rows from libpq as they come, which keeps the whole result otherwise.

    `Cursor.stream` does so, too, but has each statement planned anew, and waits for each part.
    """

    def fetch_within(
        self, most_bytes: int, query: bytes, values: Sequence[Any], *, may_prepare: bool
    ) -> list[tuple[Any, ...]]:
        """All rows. Raises TooMuchAtOnce, and cancels, once they have more bytes of JSON."""
        with self._conn.lock:
            try:
                sending = self._send(query, values, may_prepare=may_prepare)
                return self._conn.wait(self._fetch(sending, most_bytes))
            except TooMuchAtOnce:
                with suppress(psycopg.Error):  # then all the rest comes
                    self._conn.cancel_safe(timeout=_CANCEL_WITHIN)
                self._conn.wait(self._drop_rest())
                raise

    def _send(self, query: bytes, values: Sequence[Any], *, may_prepare: bool) -> PQGen[None]:
        """Send a statement, prepared where `execute` would have it prepared."""
        yield from self._start_query(query)
        converted = self._convert_query(query, values)
        prepare, name = self._get_prepared(converted, None if may_prepare else False)
        if prepare is Prepare.SHOULD:
            self._send_prepare(name, converted)
            self._check_results((yield from execute(self._pgconn)))
        if prepare is Prepare.NO:
            self._execute_send(converted, force_extended=True)
        else:
            self._send_query_prepared(name, converted)
        if may_prepare:
            self._conn._prepared.maybe_add_to_cache(converted, prepare, name)
        if capabilities.has_stream_chunked():
            self._pgconn.set_chunked_rows_mode(_ROWS_AT_ONCE)
        else:  # libpq before 17
            self._pgconn.set_single_row_mode()
        yield from send(self._pgconn)

    def _fetch(self, sending: PQGen[None], most_bytes: int) -> PQGen[list[tuple[Any, ...]]]:
        yield from sending
        rows, size = list[tuple[Any, ...]](), 0
        error: PGresult | None = None
        while result := (yield from fetch(self._pgconn)):
            if result.status in _PARTS:
                self.pgresult = result
                self._tx.set_pgresult(result, set_loaders=not rows)
                part = self._tx.load_rows(0, result.ntuples, tuple)
                size += sum(
                    [len(each.json) for row in part for each in row if type(each) is JsonText]
                )
                if size > most_bytes:
                    raise TooMuchAtOnce
                rows += part
            elif result.status != ExecStatus.TUPLES_OK:
                error = result
        if error:
            self._raise_for_result(error)
        return rows

    def _drop_rest(self) -> PQGen[None]:
        while (yield from fetch(self._pgconn)):
            pass
