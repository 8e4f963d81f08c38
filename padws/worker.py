"""gunicorn's threaded worker: slow clients take up no thread, stopping loses no request.

The main thread waits for all clients at once and gives each request that has arrived to a thread
(padws/client_connection.py), which stays with the connection for a moment. Memory that large
drawings took is returned to the system.

gunicorn's own keeps the port open while it stops: whoever connects then waits in a queue that
is no longer served, and is cut off in the end.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import math
import resource
import selectors
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import http_date
from gunicorn.workers.gthread import ThreadWorker

from padws.auth.client_networks import network_of
from padws.client_connection import Connection
from padws.config import Settings
from padws.errors import (
    PROBLEM,
    BadRequest,
    ExpectationUnknown,
    HeadTooLarge,
    NotProvided,
    Problem,
    TooSlow,
    UriTooLong,
    document_of,
)
from padws.observability.current_request import new_id
from padws.security_headers import of_refusals

# How long an idle connection is kept once the worker is to stop (gunicorn: two seconds). The next
# request on it is answered with `Connection: close`; cutting it off would lose a request that is
# on its way. pad.ws's front end sends a request every five seconds.
_SECONDS_FOR_IDLE = 6.0

# Seconds between checks for connections that have waited too long.
_BETWEEN_LOOKS = 0.5

# How long a thread stays with a connection after an answer (milliseconds).
_MOMENT = 5

# Open files: as many as the system allows, up to this; and how many are not for clients.
_DESCRIPTORS, _NOT_FOR_CLIENTS = 65_536, 200

# Addresses whose connections are not counted.
_OURSELVES = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})

# Options of mallopt(3), from glibc's malloc.h, and what they are set to.
_MEMORY = {
    -8: 1,  # M_ARENA_MAX: all threads share one heap
    -3: 1_048_576,  # M_MMAP_THRESHOLD: what is larger is given back as soon as it is free
    -1: 8_388_608,  # M_TRIM_THRESHOLD: so much free memory is kept, not given back each time
}


#: What gunicorn finds wrong with a head; anything else it finds is a 400.
_HEADS: dict[type[ParseException], tuple[type[Problem], str]] = {
    ExpectationFailed: (ExpectationUnknown, "expectation_failed"),
    LimitRequestHeaders: (HeadTooLarge, "head_too_large"),
    LimitRequestLine: (UriTooLong, "uri_too_long"),
    UnsupportedTransferCoding: (NotProvided, "transfer_coding_unknown"),
}


class Worker(ThreadWorker):  # type: ignore[misc]  # untyped
    """A threaded worker that stops cleanly, even when gunicorn's first process has died."""

    alive: bool
    nr_conns: int
    worker_connections: int
    _idle_until = math.inf
    _next_look = 0.0

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.max_keepalived = math.inf  # idle connections have a limit here: worker_connections
        # Connections that the main thread waits for something on, in the order they came.
        self._waiting: dict[Connection, None] = {}
        self._connections_of: Counter[str] = Counter()

    def init_process(self) -> None:
        """Set up the process that has just been forked, and serve."""
        _keep_memory_small()
        # Requests that have arrived only in part have threads of their own, so others find one.
        for_parts = max(self.cfg.threads // 2, 1)
        self._threads_for_parts = ThreadPoolExecutor(for_parts)
        places = _allow_descriptors(not_for_clients=self.cfg.threads + for_parts + _NOT_FOR_CLIENTS)
        self.worker_connections = min(self.worker_connections, places)
        hold_settings(self.cfg)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application and its settings."""
        super().load_wsgi()
        self._settings: Settings = self.wsgi.extensions["padws"].settings

    def is_parent_alive(self) -> bool:
        """Whether to go on; losing the parent counts as an order to stop."""
        self.alive = self.alive and super().is_parent_alive()
        return self.alive

    # Connections come

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or leave them waiting; when stopping, close the port for good."""
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            while self.sockets:
                self._leave(self.sockets.pop())

    def _leave(self, listener: Any) -> None:
        """Take the connections that wait at the port, then close it."""
        for _ in range(self.worker_connections):
            if not self.accept(listener):
                break
        listener.close()

    def accept(self, listener: Any) -> bool:
        """Take a connection that waits at the port; returns whether there was one."""
        try:
            client_socket, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._close_longest_waiting()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return False
        self._take(client_socket, client, listener.getsockname())
        return True

    def _take(self, client_socket: Any, client: Any, server: Any) -> None:
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._close_longest_waiting()
        connection = Connection(self.cfg, client_socket, client, server, self._settings)
        connection.address = self._address_of(client)
        self._connections_of[connection.address] += 1
        if self._is_too_many(connection.address):
            self._close(connection)
        elif connection.receive():
            self.enqueue_req(connection)
        else:
            self._wait_for(connection, self._receive)

    def _address_of(self, client: Any) -> str:
        """The address that a new connection counts for; none for a proxy or a unix socket."""
        is_counted = self._settings.connections_per_address and not self._settings.trusted_proxies
        return _counted(client[0]) if is_counted and isinstance(client, tuple) else ""

    def _is_too_many(self, address: str) -> bool:
        """Whether an address has too many connections; if one of them waits, that is closed."""
        if not address or self._connections_of[address] <= self._settings.connections_per_address:
            return False
        return not self._close_longest_waiting(address)

    def _close_longest_waiting(self, address: str = "") -> bool:
        """Close what has waited longest, of an address or of all; returns whether there was any."""
        for connection in self._waiting:
            if address in ("", connection.address):
                self._forget(connection)
                self._close(connection)
                return True
        return False

    def _close(self, connection: Connection) -> None:
        self.nr_conns -= 1
        self._connections_of[connection.address] -= 1
        if not self._connections_of[connection.address]:
            del self._connections_of[connection.address]
        connection.close()

    # Connections wait

    def _wait_for(self, connection: Connection, then: Callable[[Connection], None]) -> None:
        """Call `then` as soon as the client sends something, or is gone."""

        def go_on(_socket: Any) -> None:
            if connection in self._waiting:  # not closed by what happened at the same time
                then(connection)

        self._waiting[connection] = None
        self.poller.register(connection.sock, selectors.EVENT_READ, go_on)

    def _forget(self, connection: Connection) -> None:
        """Stop waiting for a connection."""
        del self._waiting[connection]
        self.poller.unregister(connection.sock)

    def _receive(self, connection: Connection) -> None:
        if connection.receive():
            self._forget(connection)
            if connection.has_ended and not connection.has_begun:
                self._close(connection)
            else:
                self.enqueue_req(connection)

    def _linger(self, connection: Connection) -> None:
        """Close a connection once the client has read the last answer, or after a while."""
        if connection.linger():
            self._wait_for(connection, self._throw_away)
        else:
            self._close(connection)

    def _throw_away(self, connection: Connection) -> None:
        if connection.throw_away():
            self._forget(connection)
            self._close(connection)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections that have waited too long: gunicorn closes only idle ones, this any."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _BETWEEN_LOOKS
        if not self.alive:
            self._idle_until = min(self._idle_until, now + _SECONDS_FOR_IDLE)
        for connection in [each for each in self._waiting if self._is_late(each, now)]:
            self._forget(connection)
            if connection.has_begun and not connection.is_lingering:
                connection.send_short(self._refusal(TooSlow()))
                self._linger(connection)
            else:
                self._close(connection)

    def _is_late(self, connection: Connection, now: float) -> bool:
        if connection.has_begun:
            return connection.until <= now
        return min(connection.until, self._idle_until) <= now

    # Connections are served

    def enqueue_req(self, conn: Connection) -> None:
        """Give a request to a thread."""
        threads = self.tpool if conn.is_whole else self._threads_for_parts
        served = threads.submit(self.handle, conn)
        served.add_done_callback(partial(self.method_queue.defer, self.finish_request, conn))

    def handle(self, conn: Connection) -> Any:
        """Answer a request, and those that follow at once or were read along with its body.

        gunicorn's own returns to the main thread after each, and waits for the connection to become
        readable, even when nothing more comes.
        """
        kept = self._serve(conn)
        while kept is True and conn.has_another(_MOMENT) and conn.is_whole:
            kept = self._serve(conn)
        return kept

    def _serve(self, conn: Connection) -> Any:
        kept = super().handle(conn)
        conn.sock.flush()
        return kept

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        """Whether the connection is good for another request."""
        return bool(keepalive) and conn.finish_request(self.cfg.keepalive)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that does not reach the application."""
        problem = _problem_of_head(exc)
        if problem.status == 500:
            self.log.exception("A request failed before it reached the application")
        else:
            address = addr[0] if isinstance(addr, tuple) else "a unix socket"
            fields = (problem.status, problem.code, address, type(exc).__name__)
            self.log.warning("%s %s for a request from %s: %s", *fields)
        with contextlib.suppress(OSError):
            client.sendall(self._refusal(problem))

    def _refusal(self, problem: Problem) -> bytes:
        request_id = new_id()
        body = document_of(problem, request_id)
        headers = [
            ("Date", http_date()),
            ("Connection", "close"),
            ("Content-Type", PROBLEM),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Request-ID", request_id),
            *of_refusals(self._settings),
        ]
        first = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"
        lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
        return "\r\n".join(lines).encode("latin-1") + body

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Continue with a connection that a thread has given back."""
        if fs.cancelled() or fs.exception() or not fs.result():
            self._linger(conn)
        elif conn.has_begun and conn.is_ready():
            self.enqueue_req(conn)
        else:
            self._wait_for(conn, self._receive)


def _problem_of_head(error: Exception) -> Problem:
    """The problem with a request that never reaches the application."""
    ours = (InvalidResponseHeader, InvalidResponseHeaderName)  # of the answer, not of the head
    if isinstance(error, ours) or not isinstance(error, ParseException):
        return Problem("internal_error")
    kind, code = _HEADS.get(type(error), (BadRequest, "bad_request"))
    return kind(code)


def hold_settings(cfg: Any) -> None:
    """Hold gunicorn's settings as plain attributes.

    A request reads twenty of them: with gunicorn's look-ups, a head takes 38 µs, this way 23.
    """
    vars(cfg).update({name: each.get() for name, each in cfg.settings.items()})


def _allow_descriptors(*, not_for_clients: int) -> int:
    """Raise the limit of open files as far as allowed; returns how many are left for clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = min(_DESCRIPTORS if each < 0 else each for each in (hard, _DESCRIPTORS))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
        soft = allowed
    return max(soft - not_for_clients, soft // 2)


@lru_cache(maxsize=1024)
def _counted(address: str) -> str:
    """What an address is counted as: an IPv6 address as its network, this machine's not at all."""
    return "" if address in _OURSELVES else network_of(address)


def _keep_memory_small() -> None:
    """Have glibc return memory that large drawings have taken.

    By default each thread has a heap of its own, and each heap stays as large as it ever was.
    """
    with contextlib.suppress(AttributeError):  # another C library
        for option, value in _MEMORY.items():
            ctypes.CDLL(None).mallopt(option, value)
