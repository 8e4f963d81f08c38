"""How often somebody may sign in or write before being asked to wait."""

from __future__ import annotations

import time

import redis
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
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
        self._in_memory = FixedWindowRateLimiter(MemoryStorage())

    def count_login(self, address: str) -> None:
        """Count an attempt to sign in. Raises TooManyRequests."""
        _count(self._in_redis, self._login, "login", address)

    def count_write(self, user_id: str) -> None:
        """Count a change. Raises TooManyRequests."""
        _count(self._in_memory, self._write, "write", user_id)


def _count(limiter: FixedWindowRateLimiter, limit: RateLimitItem, *whose: str) -> None:
    if not limiter.hit(limit, *whose):
        reset_time = limiter.get_window_stats(limit, *whose).reset_time
        raise TooManyRequests(retry_after=max(1, round(reset_time - time.time())))
