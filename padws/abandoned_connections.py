"""Connections whose server did not answer in time: their places in the pool, until it is done.

Closing such a connection does not end what PostgreSQL is doing for it, and some of that nothing can
end. A pool that opened another one at once would let busy processes pile up. So the place is kept
until pg_stat_activity no longer shows a process that has been busy since before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg

log = logging.getLogger("padws")

# Seconds until the first check, which finds what could be ended, and between the later ones.
_SOON, _LATER = 0.1, 1.0

# Processes that work for this one, and for how many seconds. They are recognised by the name of
# their connections, not by their ids, which behind a pooler are the pooler's own.
_BUSY = """
    SELECT pid, extract(epoch FROM clock_timestamp() - query_start)::float8
    FROM pg_stat_activity
    WHERE state = 'active' AND usename = current_user AND pid <> pg_backend_pid()
        AND datname = current_database() AND application_name = current_setting('application_name')
"""

_Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class _Place:
    """A connection that was given up, and when."""

    connection: _Connection
    pid: int
    since: float = field(default_factory=time.monotonic)


class AbandonedConnections:
    """The places in a pool that are taken by connections that were given up."""

    def __init__(self, connect: Callable[[], _Connection], give_back: Callable[[Any], None]):
        """`connect` connects past the pool; `give_back` lets the pool open another connection."""
        self._connect, self._give_back = connect, give_back
        self._places: list[_Place] = []
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._stopping = threading.Event()

    def keep(self, connection: _Connection, pid: int) -> None:
        """Keep a connection's place until the server is done with it."""
        log.warning("gave up on PostgreSQL's process %s; its place is kept until it ends", pid)
        with self._lock:
            self._places.append(_Place(connection, pid))
            if self._watcher is None or not self._watcher.is_alive():
                self._watcher = threading.Thread(target=self._watch, name="given-up", daemon=True)
                self._watcher.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()

    def _watch(self) -> None:
        """Check again and again, until all places are given back."""
        pause, left = _SOON, True
        while left and not self._stopping.wait(pause):
            pause = _LATER
            try:
                busy = self._end_what_can_be_ended()
            except psycopg.Error:  # away; it may come back with or without those processes
                continue
            left = self._give_back_all_but(busy)

    def _end_what_can_be_ended(self) -> int:
        """End what can be ended; returns how many processes have been busy since before."""
        with self._lock:
            pids = {place.pid for place in self._places}
            newest = time.monotonic() - self._places[-1].since
        with closing(self._connect()) as connection:
            rows = connection.execute(_BUSY).fetchall()
            busy = [pid for pid, seconds in rows if seconds >= newest]
            for pid in pids.intersection(busy):
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        return len(busy)

    def _give_back_all_but(self, busy: int) -> bool:
        """Give back all places but `busy` of them; returns whether any are left."""
        with self._lock:
            ended = self._places[: max(0, len(self._places) - busy)]
            del self._places[: len(ended)]
            left = bool(self._places)
            self._watcher = self._watcher if left else None
        for place in ended:
            self._give_back(place.connection)
        return left
