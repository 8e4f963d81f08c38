"""gunicorn's threaded worker, with less to do for a request, and an end that loses nothing.

While it serves, a thread stays a moment with its connection, bodies are read in large pieces, and
memory that large drawings took is given back.

Told to stop, gunicorn's own keeps idle connections until `graceful_timeout`, and all that time the
port too: whoever connects meanwhile waits in a queue that nobody serves, and is cut off in the end.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import select
import selectors
import time
from collections.abc import Iterable
from concurrent.futures import Future
from functools import lru_cache, partial
from typing import Any

from gunicorn.http import wsgi
from gunicorn.util import http_date
from gunicorn.workers.gthread import ThreadWorker

from padws.auth.headers import OF_MOST_ANSWERS

# How long an idle connection is kept after the order to stop: the next request on it is answered,
# with `Connection: close`, where cutting it off at once would lose a request that is on its way.
# pad.ws's front end asks something every five seconds.
_SECONDS_FOR_IDLE = 6.0

_LONGEST_SLEEP = 0.5

# How long a thread stays with a connection after an answer (milliseconds).
_MOMENT = 5

# Bytes of a body taken from the socket at once; gunicorn's own takes 8,192.
_PIECE = 65_536

# Bytes of a body that is copied behind its head, so that both are sent at once.
_SMALL = 16_384

# Options of mallopt(3), from glibc's malloc.h, and what they are set to.
_MEMORY = {
    -8: 1,  # M_ARENA_MAX: all threads share one heap
    -3: 1_048_576,  # M_MMAP_THRESHOLD: what is larger is given back as soon as it is free
    -1: 8_388_608,  # M_TRIM_THRESHOLD: so much free memory is kept, not given back each time
}


class Worker(ThreadWorker):  # type: ignore[misc]  # untyped
    """A threaded worker that stops in good order, also when gunicorn's first process has died."""

    alive: bool
    _idle_until = math.inf

    def init_process(self) -> None:
        """Become a worker, in the process that has just been forked."""
        _keep_memory_small()
        # As plain attributes: a request asks for thirty, and each is a search otherwise.
        self.cfg.__dict__.update({name: each.get() for name, each in self.cfg.settings.items()})
        super().init_process()

    def is_parent_alive(self) -> bool:
        """Whether to go on; without a parent this is as if told to stop."""
        self.alive = self.alive and super().is_parent_alive()
        return self.alive

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or leave them waiting; when stopping, leave the port for good."""
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            while self.sockets:
                self._leave(self.sockets.pop())

    def _leave(self, listener: Any) -> None:
        """Take the connections that wait at the port, then close it."""
        before = -1
        while before < self.nr_conns < self.worker_connections:
            before = self.nr_conns
            self.accept(listener)
        listener.close()

    def handle(self, conn: Any) -> Any:
        """Answer a request, and those that follow at once or were read along with its body.

        gunicorn's own goes back to the main thread after each, and waits for the connection to
        become readable, even when nothing more comes.
        """
        kept = super().handle(conn)
        while kept is True and _has_more(conn):
            kept = super().handle(conn)
        return kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request."""
        conn.parser.unreader.mxchunk = _PIECE
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Whether the connection is good for another request, once a body is read to its end.

        gunicorn's own sets time-outs for that even if nothing is left.
        """
        if getattr(conn.parser.mesg.body.reader, "length", None) == 0:
            return bool(keepalive)
        return bool(super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Close a connection or keep it: when stopping, too, if its answer has promised that.

        gunicorn's own closes it then, and with it the next request, which may be on its way.
        """
        if self.alive or fs.cancelled() or fs.exception() or fs.result() is not True:
            super().finish_request(conn, fs)
        else:
            conn.sock.setblocking(False)
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            readable = partial(self.on_client_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for something to do, never for the whole of `graceful_timeout`."""
        super().wait_for_and_dispatch_events(min(timeout, _LONGEST_SLEEP))

    def murder_keepalived(self) -> None:
        """Close connections that have waited long enough for another request."""
        self._hurry(self.keepalived_conns)
        super().murder_keepalived()

    def murder_pending(self) -> None:
        """Close connections that have waited long enough for their first request."""
        self._hurry(self.pending_conns)
        super().murder_pending()

    def _hurry(self, idle: Iterable[Any]) -> None:
        """Shorten the time of idle connections when stopping."""
        if self.alive:
            return
        self._idle_until = min(self._idle_until, time.monotonic() + _SECONDS_FOR_IDLE)
        for connection in idle:
            connection.timeout = min(connection.timeout, self._idle_until)


class _Answer(wsgi.Response):  # type: ignore[misc]  # untyped
    """gunicorn's way to send an answer, with head and body together where that costs less."""

    headers_sent: bool

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Take over the application's headers, of which gunicorn looks at every character."""
        super().process_headers([each for each in headers if each not in OF_MOST_ANSWERS])
        self.headers += [each for each in headers if each in OF_MOST_ANSWERS]

    def default_headers(self) -> list[str]:
        """The first lines of an answer; a date is good for a second."""
        if self.chunked or self.upgrade:
            return list(super().default_headers())
        major, minor = self.req.version
        return [
            f"HTTP/{major}.{minor} {self.status}\r\n",
            f"Server: {self.version}\r\n",
            f"Date: {_date(int(time.time()))}\r\n",
            f"Connection: {'close' if self.should_close() else 'keep-alive'}\r\n",
        ]

    def write(self, arg: bytes) -> None:
        """Send a piece of the body, and before the first one the head."""
        whole = not self.headers_sent and self.response_length == len(arg) <= _SMALL
        if not whole or self._omits_body:
            super().write(arg)
        else:
            lines = [*self.default_headers(), *(f"{k}: {v}\r\n" for k, v in self.headers), "\r\n"]
            self.headers_sent, self.sent = True, len(arg)
            self.sock.sendall("".join(lines).encode("latin-1") + arg)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return str(http_date(second))


wsgi.Response = _Answer  # there is no setting for it


def _keep_memory_small() -> None:
    """Have glibc give back what large drawings have taken.

    As it is, each thread has a heap of its own, and each of these stays as large as it once was.
    """
    with contextlib.suppress(AttributeError):  # another C library
        for option, value in _MEMORY.items():
            ctypes.CDLL(None).mallopt(option, value)


def _has_more(conn: Any) -> bool:
    """Whether another request is here already, or begins within a moment."""
    if conn.parser.unreader.buf.getbuffer().nbytes:
        return True
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(_MOMENT))
