"""PostgreSQL: the pool, transactions, JSON as bytes, and the statements in sql/."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import re
import select
import socket
import time
import traceback
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import psycopg
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import Dumper, Loader
from psycopg_pool import ConnectionPool

from padws import postgres_parameters
from padws.abandoned_connections import AbandonedConnections
from padws.config import ROOT, Settings
from padws.observability.current_request import current_request
from padws.observability.metrics import STATEMENTS
from padws.observability.traces import span

P = ParamSpec("P")
R = TypeVar("R")

Connection = psycopg.Connection[Any]

SQL_DIR = ROOT / "sql"

# Seconds after the server's own time-out of a statement at which the server itself is given up.
_ANSWER_LATER = 2.0

# A connection that has carried a longer scene (bytes) is not used again: libpq never gives back
# the memory it took for that, and each connection would keep as much.
_LARGE = 1_000_000


class JsonText(msgspec.Struct, frozen=True, gc=False):
    """JSON in UTF-8 on its way through: PostgreSQL checks it, Python never takes it apart.

    What comes from PostgreSQL stays where libpq has put it, and is copied once: into the answer.
    """

    json: Buffer


class _JsonTextDumper(Dumper):
    """Sends the text as `jsonb` without a copy."""

    oid = psycopg.adapters.types["jsonb"].oid

    def dump(self, obj: JsonText) -> bytes:
        # libpq ends a text at the first NUL: a valid beginning would be kept as the whole.
        text = bytes(obj.json)
        if b"\0" in text:
            raise psycopg.DataError("JSON cannot contain the byte 0")
        if len(text) > _LARGE:
            _note_much(self.connection)
        return text


class _JsonTextLoader(Loader):
    """Hands on the text of a `jsonb`."""

    def load(self, data: Buffer) -> JsonText:
        if len(data) > _LARGE:
            _note_much(self.connection)
        return JsonText(data)


def _note_much(connection: object) -> None:
    if isinstance(connection, _Connection):
        connection.has_carried_much = True


def prepare_connection(connection: Connection) -> None:
    """Make a connection send and receive `jsonb` as JsonText."""
    connection.adapters.register_dumper(JsonText, _JsonTextDumper)
    connection.adapters.register_loader("jsonb", _JsonTextLoader)


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
        try:
            return super().wait(gen, interval, timeout or self.answer_within)
        except psycopg.OperationalError as error:
            if self.closed or error.sqlstate:  # the server has answered, if only with an error
                raise
            self.given_up = self.pgconn.backend_pid
            self.pgconn.finish()
            message = f"PostgreSQL has not answered within {self.answer_within:g} seconds"
            raise psycopg.OperationalError(message) from error


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
    def connection(self, timeout: float | None = None) -> Iterator[Connection]:
        """A connection on which each statement is a transaction of its own.

        Raises PoolTimeout when there is none within `timeout` seconds, or DB_POOL_TIMEOUT.
        """
        if self._pool.closed:
            self._pool.open()
        # Without the pool's own `with`: it ends a transaction, and here each statement is one.
        connection = self._pool.getconn(timeout)
        current_request().backend_pid = connection.pgconn.backend_pid
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
                    connection.close()  # and the pool opens another
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
    """What connections are called in pg_stat_activity: `padws/<machine>/<process>`."""
    machine = os.environ.get("DYNO") or socket.gethostname()
    return f"padws/{machine[:40]}/{os.getpid()}"


def connection_options(settings: Settings) -> dict[str, Any]:
    """What `psycopg.connect` is told beside the URL."""
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


# sql/


@dataclasses.dataclass(frozen=True)
class Statement:
    """A file of sql/ as PostgreSQL takes it: `$1` instead of the first `:name`, and so on."""

    text: str
    parameters: tuple[str, ...]


# A parameter, or what may contain something that only looks like one.
_TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|::\w+|:([a-z_]+)")


def load_statement(path: Path) -> Statement:
    """Read a statement with `:name` parameters, as psql takes them, and leave out its comments."""
    parameters: dict[str, int] = {}

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return f"${parameters.setdefault(match[1], len(parameters) + 1)}"
        return "" if match[0].startswith("--") else match[0]

    text = _TOKEN.sub(replace, path.read_text(encoding="utf-8"))
    lines = (line.rstrip() for line in text.splitlines())
    return Statement("\n".join(filter(None, lines)).rstrip(";"), tuple(parameters))


def from_file(function: Callable[P, R]) -> Callable[P, R]:
    """Make a query function of a signature: `queries/pads.py:get_pad` runs `sql/pads/get_pad.sql`.

    The first argument is the connection, the keyword arguments are the statement's parameters, and
    the return annotation says what comes back: `Row | None` one row, `Row` one that is always
    there, `list[Row]` all of them; a `Row` is a msgspec.Struct with a field for each column, or the
    type of a single column. Raises TypeError at import when signature and file do not agree.
    """
    noun = function.__module__.rpartition(".")[2]
    statement = load_statement(SQL_DIR / noun / f"{function.__name__}.sql")
    arguments = _arguments_of(function)
    if arguments != set(statement.parameters):
        raise TypeError(f"{noun}.{function.__name__}{arguments} but :{statement.parameters}")
    result = _Result(get_type_hints(function)["return"])
    name = f"{noun}.{function.__name__}"
    duration = STATEMENTS.labels(name)
    text = statement.text.encode()  # here, so that it is encoded and hashed once

    @functools.wraps(function)
    def run(connection: Connection, **values: Any) -> Any:
        request = current_request()
        request.sql_statements += 1
        cursor = psycopg.RawCursor(connection)
        began = time.perf_counter()
        try:
            with span(name):
                arguments = [values[name] for name in statement.parameters]
                if request.sql_comment:  # which makes it another statement each time
                    cursor.execute(request.sql_comment + statement.text, arguments, prepare=False)
                else:
                    cursor.execute(text, arguments)
                return result.of(cursor)
        finally:
            duration.observe(time.perf_counter() - began)

    return run  # type: ignore[return-value]  # the signature has just been checked


def _arguments_of(function: Callable[..., Any]) -> set[str]:
    """The names of the keyword arguments, those of a `**row: Unpack[TypedDict]` included."""
    _, *parameters = inspect.signature(function).parameters.values()
    names = {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
    for each in parameters:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            names |= get_type_hints(get_args(get_type_hints(function)[each.name])[0]).keys()
    return names


class _Result:
    """What a statement's rows become, by a query function's return annotation."""

    def __init__(self, annotation: Any):
        self._many = get_origin(annotation) is list
        one_or_none = isinstance(annotation, types.UnionType)
        row = get_args(annotation)[0] if self._many or one_or_none else annotation
        self._fields = getattr(row, "__struct_fields__", None)
        self._make = row if self._fields else _only
        self._match = False

    def of(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> Any:
        """The rows or the row. Raises TypeError when the columns are not the fields in order."""
        if not self._match:
            self._match_columns(cursor)
        if self._many:
            return list(starmap(self._make, cursor.fetchall()))
        values = cursor.fetchone()
        return values and self._make(*values)

    def _match_columns(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> None:
        columns = tuple(column.name for column in cursor.description or ())
        if self._fields and columns != self._fields:
            raise TypeError(f"{self._make.__name__}{self._fields} but columns {columns}")
        self._match = True


def _only(value: Any) -> Any:
    """The value of a row's only column."""
    return value
