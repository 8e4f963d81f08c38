"""The bounds of takeouts: how many at once, how long and how large they may be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock

from padws.config import Settings
from padws.errors import TooManyRequests

_MOST = 4  # of each worker

#: Seconds that one may take, whichever way it goes.
LONGEST = 7_200


# A file may be a drawing with pictures that came one by one.
_BODIES_IN_A_FILE = 4
_TIMES_UNPACKED = 10


def sizes(settings: Settings) -> dict[str, int]:
    """How many bytes a takeout that is brought in may have unpacked, and one file of it."""
    return {
        "most_bytes": _TIMES_UNPACKED * settings.max_takeout_bytes,
        "largest_file": _BODIES_IN_A_FILE * settings.max_body_bytes,
    }


class TakeoutsUnderWay:
    """Whose takeouts are being sent or received by this worker; one of each user.

    Each has a thread for as long as its client takes.
    """

    def __init__(self) -> None:
        self._users = set[str]()
        self._lock = Lock()
        #: To be held while a pad is brought in: of those there is one in memory at once.
        self.bringing_in = Lock()

    def begin(self, user_id: str) -> Callable[[], None]:
        """Begin one; call what this returns when it ends. Raises TooManyRequests."""
        with self._lock:
            if user_id in self._users:
                raise _too_many("Another takeout of yours is under way.")
            if len(self._users) >= _MOST:
                raise _too_many("Too many takeouts are under way.")
            self._users.add(user_id)
        return partial(self._users.discard, user_id)


def _too_many(detail: str) -> TooManyRequests:
    return TooManyRequests(retry_after=30, detail=detail)
