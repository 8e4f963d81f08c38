"""What a request sends to PostgreSQL and to Redis, read off the wire; answers that nobody reads."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

import redis
from flask import Flask
from psycopg.pq import Trace
from werkzeug.test import EnvironBuilder, run_wsgi_app

from padws.context import Services
from tests.helpers import people

# Messages of a client that make the server do something: a statement is prepared only once.
_MESSAGE = re.compile(r"^F\t\d+\t(Query|Parse|Execute)\b(.*)$", re.MULTILINE)


@dataclass
class Traffic:
    """Messages to PostgreSQL (its protocol's names) and commands to Redis, in their order."""

    messages: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def statements(self) -> int:
        """Statements run: each by an Execute, or as a simple Query, as BEGIN and COMMIT are."""
        return sum(message in ("Execute", "Query") for message in self.messages)


class Tap:
    """Listens at the only database connection of an app (DB_POOL_MAX_SIZE=1) and at its Redis."""

    def __init__(self, app: Flask, redis_client: redis.Redis):
        self._services: Services = app.extensions["padws"]
        self._redis = redis_client

    @contextmanager
    def listen(self) -> Iterator[Traffic]:
        """What is sent while the block runs; an earlier request has opened the connections."""
        traffic = Traffic()
        with tempfile.TemporaryFile("w+") as log, self._redis.monitor() as monitor:  # type: ignore[no-untyped-call]
            self._connection(lambda pgconn: pgconn.trace(log.fileno()))
            self._connection(lambda pgconn: pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS))
            self._commands(monitor)  # what came before, including a new connection's greeting
            yield traffic
            self._connection(lambda pgconn: pgconn.untrace())
            traffic.messages += _messages(log)
            traffic.commands += self._commands(monitor)

    def _connection(self, do: Callable[[Any], None]) -> None:
        with self._services.database.connection() as connection:
            do(connection.pgconn)

    def _commands(self, monitor: Any) -> list[str]:
        """The names of the commands since the last call, up to a mark that is set now."""
        mark = uuid.uuid4().hex
        self._redis.echo(mark)
        commands: list[str] = []
        for heard in monitor.listen():
            if mark in heard["command"]:
                return commands
            commands.append(str(heard["command"]).split(" ")[0].upper())
        raise AssertionError("Redis has closed the connection.")


def _messages(log: IO[str]) -> list[str]:
    log.seek(0)
    return [match[1] for match in _MESSAGE.finditer(log.read())]


class Unread:
    """An answer that its client has begun to read, and no more."""

    def __init__(self, app: Flask, cookie: str, path: str, method: str = "GET", **options: Any):
        headers = [("Cookie", f"{people.COOKIE}={cookie}")]
        environ = EnvironBuilder(path, method=method, headers=headers, **options).get_environ()
        self.content: Any
        self.content, status, self.headers = run_wsgi_app(app, environ)
        assert status in ("200 OK", "201 CREATED"), status
