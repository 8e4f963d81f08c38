"""How often somebody may sign in or write before being asked to wait."""

from __future__ import annotations

import time
from collections import Counter
from math import ceil
from threading import Lock

import redis
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

from padws.config import Settings
from padws.errors import TooManyRequests


class Limits:
    """Sign-ins are counted per address, in Redis, for all instances together.

    Writes are counted per user and worker, in memory: a save has no second Redis command to spare,
    and the point is to stop a flood, not to account for every request.
    """

    def __init__(self, settings: Settings, client: redis.Redis):
        self._login = parse(settings.login_limit)
        self._write = parse(settings.write_limit)
        shared = RedisStorage(
            settings.redis_url, connection_pool=client.connection_pool, key_prefix="padws:limit"
        )
        self._in_redis = FixedWindowRateLimiter(shared)
        self._writes = _Window(self._write)

    def count_login(self, address: str) -> None:
        """Count an attempt to sign in. Raises TooManyRequests."""
        if not self._in_redis.hit(self._login, "login", address):
            reset_time = self._in_redis.get_window_stats(self._login, "login", address).reset_time
            raise _wait_until(reset_time)

    def count_write(self, user_id: str) -> None:
        """Count a change. Raises TooManyRequests."""
        self._writes.count(user_id)


class _Window:
    """A limit that this process counts itself.

    The library's storage in memory starts a thread for nearly every hit, to forget old ones.
    """

    def __init__(self, limit: RateLimitItem):
        self._amount, self._seconds = limit.amount, limit.get_expiry()
        self._number = 0  # of the window, since the epoch
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, who: str) -> None:
        """Count one more of `who`. Raises TooManyRequests."""
        number = int(time.time() / self._seconds)
        with self._lock:
            if number != self._number:
                self._number, self._counts = number, Counter()
            self._counts[who] += 1
            too_many = self._counts[who] > self._amount
        if too_many:
            raise _wait_until((number + 1) * self._seconds)


def _wait_until(moment: float) -> TooManyRequests:
    return TooManyRequests(retry_after=max(1, ceil(moment - time.time())))
