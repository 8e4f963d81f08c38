"""Limits how much of large bodies and answers a worker has in memory at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import cast

from flask import Flask, current_app

from padws.config import Settings
from padws.errors import TooManyRequests
from padws.observability.current_request import current_request

#: Nothing up to this size is counted: there is enough memory for that in every thread.
SMALL = 262_144

_PATIENCE = 2.0  # seconds that a request waits for room
_MOST_WAITING = 64  # requests of one user; each takes up a thread


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A request that waits for room."""

    user_id: str
    size: int
    admitted: Event = field(default_factory=Event)


class MemoryBudget:
    """Bytes in use, in all and by each user.

    Whoever is behind a share link counts by network, as if that was a user.

    A user who has nothing in use may take any size, and requests for the same memory are served in
    turn, so nothing is refused for ever.
    """

    def __init__(self, most: int, most_per_user: int):
        self._most, self._most_per_user = most, most_per_user
        self._used_by: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []  # first come, first served
        self._lock = Lock()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in use."""
        return not self._used_by

    def take(self, user_id: str, size: int) -> None:
        """Use `size` more bytes, as soon as there is room. Raises TooManyRequests if not soon."""
        with self._lock:
            if self._has_room(user_id, size) and not self._is_awaited(user_id):
                self._use(user_id, size)
                return
            if sum(each.user_id == user_id for each in self._waiting) >= _MOST_WAITING:
                raise _too_many()
            waiting = _Waiting(user_id, size)
            self._waiting.append(waiting)
        if not waiting.admitted.wait(_PATIENCE):
            with self._lock:
                if waiting in self._waiting:
                    self._waiting.remove(waiting)
                    raise _too_many()

    def take_at_once(self, user_id: str, size: int) -> None:
        """Use `size` more bytes now. Raises TooManyRequests if there is no room."""
        with self._lock:
            if not self._has_room(user_id, size):
                raise _too_many()
            self._use(user_id, size)

    def change(self, user_id: str, difference: int) -> None:
        """Use more or less, whether there is room or not."""
        with self._lock:
            self._use(user_id, difference)
            for waiting in list(self._waiting) if difference < 0 else ():
                if self._has_room(waiting.user_id, waiting.size):
                    self._use(waiting.user_id, waiting.size)
                    self._waiting.remove(waiting)
                    waiting.admitted.set()

    def _is_awaited(self, user_id: str) -> bool:
        """Whether another request waits for what this user would take."""
        return any(
            each.user_id == user_id or not self._has_room_in_all(each.size)
            for each in self._waiting
        )

    def _has_room_in_all(self, size: int) -> bool:
        # A user counts for no more than a user may have; otherwise they could keep all others out.
        used = sum(min(each, self._most_per_user) for each in self._used_by.values())
        return not used or used + size <= self._most

    def _has_room(self, user_id: str, size: int) -> bool:
        used_by_user = self._used_by.get(user_id, 0)
        return self._has_room_in_all(size) and (
            not used_by_user or used_by_user + size <= self._most_per_user
        )

    def _use(self, user_id: str, size: int) -> None:
        self._used_by[user_id] += size
        if not self._used_by[user_id]:
            del self._used_by[user_id]


def _too_many() -> TooManyRequests:
    return TooManyRequests(retry_after=1, detail="Too much is being sent and received at once.")


def register(app: Flask, settings: Settings) -> None:
    """Give `app` its budget."""
    app.extensions["padws.memory_budget"] = MemoryBudget(
        settings.large_bytes, settings.large_bytes_per_user
    )
    app.teardown_request(_give_back)


def take(size: int) -> None:
    """Take memory for the current request until it ends. Raises TooManyRequests."""
    request = current_request()
    _budget().take(request.on_behalf_of, size)
    request.budget_taken += size


def wait() -> None:
    """Wait until there is any room, for an answer of unknown size. Raises TooManyRequests."""
    budget = _budget()
    if not budget.is_empty:
        budget.take(current_request().on_behalf_of, 0)


def hold(size: int, *, has_written: bool) -> Callable[[], None]:
    """Take memory for an answer of `size` bytes; call what this returns when it is sent.

    Raises TooManyRequests, so that what was read is dropped; but a write is always answered.
    """
    user_id, budget = current_request().on_behalf_of, _budget()
    if has_written:
        budget.change(user_id, size)
    else:
        budget.take_at_once(user_id, size)
    return partial(budget.change, user_id, -size)


def _give_back(_: BaseException | None) -> None:
    request = current_request()
    if request.budget_taken:
        _budget().change(request.on_behalf_of, -request.budget_taken)
        request.budget_taken = 0


def _budget() -> MemoryBudget:
    return cast(MemoryBudget, current_app.extensions["padws.memory_budget"])
