"""PostgreSQL: the pool, its connections, and transactions."""

from __future__ import annotations

import functools
import os
import select
import socket
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import Dumper, Loader
from psycopg_pool import ConnectionPool

from padws import postgres_parameters
from padws.abandoned_connections import AbandonedConnections
from padws.config import Settings
from padws.errors import BadRequest
from padws.json_text import JsonText
from padws.observability.current_request import current_request
from padws.version import VERSION

R = TypeVar("R")

Connection = psycopg.Connection[Any]

# Seconds after the server's own time-out of a statement at which the server itself is given up.
_ANSWER_LATER = 2.0

# A connection that has carried a longer scene (bytes) is not used again: libpq never gives back
# the memory it took for that, and each connection would keep as much.
_LARGE = 1_000_000


class _JsonTextDumper(Dumper):
    """Sends the text without a copy; the statement says whether it is `json` or `jsonb`."""

    def dump(self, obj: JsonText) -> bytes:
        # libpq ends a text at the first NUL: a valid beginning would be kept as the whole.
        text = bytes(obj.json)
        if b"\0" in text:
            raise psycopg.DataError("JSON cannot contain the byte 0")
        if len(text) > _LARGE:
            _note_much(self.connection)
        return text


class _JsonTextLoader(Loader):
    """Hands on the text of a `json` or `jsonb`."""

    def load(self, data: Buffer) -> JsonText:
        if len(data) > _LARGE:
            _note_much(self.connection)
        return JsonText(data)


def _note_much(connection: object) -> None:
    if isinstance(connection, _Connection):
        connection.has_carried_much = True


def prepare_connection(connection: Connection) -> None:
    """Make a connection send and receive `json` and `jsonb` as JsonText."""
    connection.adapters.register_dumper(JsonText, _JsonTextDumper)
    for kind in ("json", "jsonb"):
        connection.adapters.register_loader(kind, _JsonTextLoader)


def _check_when_readable(connection: Connection) -> None:
    """Raise psycopg.OperationalError if the server has closed an idle connection.

    An idle connection has nothing to read unless the server has gone. Looking costs a system call,
    where asking the server (the pool's own check) would cost every request a round trip.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


class _Connection(psycopg.Connection[Any]):
    """A connection to a server that answers in time, or is given up.

    The server sees to its own time-outs. One that stands still sees to none, and without this a
    thread would wait for it for ever.
    """

    answer_within: float | None = None  # seconds
    has_carried_much = False
    given_up: int | None = None  # the server's process, once it has not answered in time
    #: Asked while a statement runs, ten times a second: whether nobody waits for its result.
    is_pointless: Callable[[], bool] | None = None

    @classmethod
    def connect(cls, *args: Any, **options: Any) -> Self:
        """Connect; an attempt that fails lets go of the server at once.

        psycopg's frames keep what they have begun until memory is tidied up, which may be much
        later: to a server that has merely been slow it is a connection like any other.
        """
        try:
            return super().connect(*args, **options)
        except psycopg.OperationalError as error:
            traceback.clear_frames(error.__traceback__)
            raise

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        """Talk to the server. Raises OperationalError when it does not answer in time."""
        if self.is_pointless:
            gen = self._unless_pointless(gen, self.is_pointless)
        try:
            return super().wait(gen, interval, timeout or self.answer_within)
        except psycopg.OperationalError as error:
            if self.closed or error.sqlstate:  # the server has answered, if only with an error
                raise
            self.given_up = self.pgconn.backend_pid
            self.pgconn.finish()
            message = f"PostgreSQL has not answered within {self.answer_within:g} seconds"
            raise psycopg.OperationalError(message) from error

    def _unless_pointless(self, gen: PQGen[R], is_pointless: Callable[[], bool]) -> PQGen[R]:
        """Go on with `gen`; its statement is cancelled once the result is pointless."""
        cancelled = False
        try:
            waits_for = next(gen)
            while True:
                ready = yield waits_for
                if not (ready or cancelled) and is_pointless():
                    cancelled = True
                    with suppress(psycopg.Error):  # then it ends by its time-out
                        self.cancel_safe(timeout=_ANSWER_LATER)
                waits_for = gen.send(ready)
        except StopIteration as end:
            result: R = end.value
            return result
        except psycopg.errors.QueryCanceled:
            if cancelled:
                raise BadRequest("client_gone") from None
            raise


class _Stack(deque[_Connection]):
    """The pool's idle connections: the one given back last is the next one lent.

    It and its process at the server are still in the processor's caches. psycopg's pool goes round
    all of them.
    """

    def append(self, connection: _Connection) -> None:
        """Put a connection where the pool takes the next one from."""
        self.appendleft(connection)


class Database:
    """The pool of one process. It is opened at first use, so never before gunicorn's fork."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._answer_within = settings.db_statement_timeout + _ANSWER_LATER
        self._pool = ConnectionPool(
            settings.database_url,
            min_size=settings.db_pool_min_size,
            max_size=settings.db_pool_max_size,
            timeout=settings.db_pool_timeout,
            # Short, as the pool doubles its pauses till then: back within seconds of the server.
            reconnect_timeout=2.0,
            connection_class=_Connection,
            kwargs=self._named_options,
            configure=self._prepare,
            check=_check_when_readable,
            open=False,
        )
        self._pool._pool = _Stack()
        self._abandoned = AbandonedConnections(self._connect, self._pool.putconn)

    @functools.cached_property
    def _options(self) -> dict[str, Any]:
        return connection_options(self._settings)

    def _named_options(self) -> dict[str, Any]:
        return {**self._options, "fallback_application_name": _name()}

    def _prepare(self, connection: _Connection) -> None:
        prepare_connection(connection)
        connection.answer_within = self._answer_within

    @contextmanager
    def connection(
        self, timeout: float | None = None, is_pointless: Callable[[], bool] | None = None
    ) -> Iterator[Connection]:
        """A connection on which each statement is a transaction of its own.

        Raises PoolTimeout when there is none within `timeout` seconds, or DB_POOL_TIMEOUT; and
        BadRequest from a statement during which `is_pointless` says that nobody waits for it.
        """
        if self._pool.closed:
            self._pool.open()
        # Without the pool's own `with`: it ends a transaction, and here each statement is one.
        connection = self._pool.getconn(timeout)
        current_request().backend_pid = connection.pgconn.backend_pid
        connection.is_pointless = is_pointless
        try:
            yield connection
        except psycopg.errors.ReadOnlySqlTransaction:  # not the primary any more
            self._pool.drain()
            raise
        finally:
            if connection.given_up is not None:
                self._abandoned.keep(connection, connection.given_up)
            else:
                if connection.has_carried_much:
                    connection._expire_at = 0.0  # the pool closes it and opens another
                self._pool.putconn(connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection inside one transaction: for rules that take several statements."""
        with self.connection() as connection, connection.transaction():
            yield connection

    def pool_stats(self) -> dict[str, int]:
        """What psycopg counts of the pool, under psycopg's names."""
        return self._pool.get_stats()

    def try_connecting(self) -> None:
        """Connect once, past the pool. Raises psycopg.OperationalError."""
        _Connection.connect(self._settings.database_url, **self._options).close()

    def _connect(self) -> _Connection:
        """A connection past the pool, by the name that the pool's connections have."""
        connection = _Connection.connect(self._settings.database_url, **self._named_options())
        connection.answer_within = self._answer_within
        return connection

    def close(self) -> None:
        """Give the connections back to the server."""
        self._abandoned.stop()
        self._pool.close()


def _name() -> str:
    """What connections are called in pg_stat_activity: `padws/<machine>/<process>/<release>`.

    A release that is put back looks there for a newer one that is still running.
    """
    machine = os.environ.get("DYNO") or socket.gethostname()
    return f"padws/{machine[:30]}/{os.getpid()}/{VERSION}"


def connection_options(settings: Settings) -> dict[str, Any]:
    """What `psycopg.connect` takes beside the URL."""
    url = settings.database_url
    parameters = postgres_parameters.parameters(
        url,
        {
            "connect_timeout": max(2, round(settings.db_pool_timeout)),
            "tcp_user_timeout": round(settings.db_statement_timeout * 1000) + 5000,
            "keepalives_idle": 30,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
    if settings.db_transaction_pooler:
        return parameters | {"prepare_threshold": None}
    timeouts = {
        "statement_timeout": round(settings.db_statement_timeout * 1000),
        "lock_timeout": round(settings.db_lock_timeout * 1000),
        "idle_in_transaction_session_timeout": round(settings.db_statement_timeout * 1000),
    }
    return parameters | {
        "options": postgres_parameters.options(url, timeouts, postgres_parameters.FIXED)
    }
