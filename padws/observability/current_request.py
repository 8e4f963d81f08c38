"""The request that this thread is serving: its id, and what it has cost so far."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import timedelta
from random import getrandbits

#: The route of files that are served before a request reaches Flask.
FRONT_END = "front_end"


def new_id() -> str:
    """An id for a request."""
    return f"{getrandbits(64):016x}"


@dataclass(slots=True)
class CurrentRequest:
    """One request, for its line in the log. Outside of requests, an object that nobody reads."""

    id: str = ""
    route: str = FRONT_END
    user_id: str = ""
    visitor: str = ""  # the network of somebody behind a share link, who is no user
    received_bytes: int = 0
    receiving_seconds: float = 0.0
    sql_statements: int = 0
    redis_commands: int = 0
    backend_pid: int = 0  # of the PostgreSQL process that served it last
    budget_taken: int = 0  # bytes of padws.memory_budget, until it ends
    sql_comment: str = ""  # what its statements begin with
    arrived: float = 0.0  # when its first byte came, as time.monotonic() has it; 0: not known

    @property
    def on_behalf_of(self) -> str:
        """Who has what it takes up: a user, or a visitor's network."""
        return self.user_id or self.visitor

    @property
    def waited(self) -> timedelta:
        """How long ago it began to arrive."""
        return timedelta(seconds=time.monotonic() - self.arrived if self.arrived else 0)

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Count the time that the client takes to send the body, which is not the service's own."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.receiving_seconds += time.perf_counter() - began


_current: ContextVar[CurrentRequest] = ContextVar("current", default=CurrentRequest())  # noqa: B039 - nobody reads the default

current_request = _current.get


def enter(request: CurrentRequest) -> Token[CurrentRequest]:
    """Make `request` the current one."""
    return _current.set(request)


def leave(token: Token[CurrentRequest]) -> None:
    """End what `enter` began."""
    _current.reset(token)
