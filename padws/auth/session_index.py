"""Which sessions there are and whose: two sorted sets of `user id:session id`.

One is sorted by the latest end of a session, the other by name, so that a user's are found without
reading anybody else's. Both may name sessions that have already ended; readers check.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import redis

from padws.observability.metrics import SESSIONS_ENDED

KEY_PREFIX = "padws:session:"
INDEX_KEY = "padws:sessions"
BY_USER_KEY = "padws:sessions:by-user"
PROVIDER_SESSION_PREFIX = "padws:provider-session:"

_MOST_FORGOTTEN = 1000  # ended sessions, at one sign-in
_AT_ONCE = 1000  # members that Redis scans before it serves others


class SessionIndex:
    """The index of all instances' sessions."""

    def __init__(self, client: redis.Redis):
        self._client = client

    def add(self, user_id: str, sid: str, expires_at: float, provider_sid: str | None) -> None:
        """Add a session that ends at `expires_at` (seconds since the epoch) at the latest."""
        self._forget_past(_MOST_FORGOTTEN)
        member = f"{user_id}:{sid}"
        with self._client.pipeline() as pipeline:
            pipeline.zadd(INDEX_KEY, {member: expires_at})
            pipeline.zadd(BY_USER_KEY, {member: 0})
            if provider_sid:
                key = PROVIDER_SESSION_PREFIX + provider_sid
                pipeline.sadd(key, member)
                pipeline.expireat(key, int(expires_at))
            pipeline.execute()

    def remove(self, user_id: str, sid: str) -> None:
        """Forget a session that has ended."""
        SESSIONS_ENDED.inc(self._forget([f"{user_id}:{sid}"]))

    def active(self) -> list[tuple[UUID, str]]:
        """User id and session id of every session that is alive."""
        self._forget_past()
        members = _texts(self._client.zrange(INDEX_KEY, 0, -1))
        with self._client.pipeline(transaction=False) as pipeline:
            for member in members:
                pipeline.exists(KEY_PREFIX + _sid_of(member))
            alive = pipeline.execute()
        self._forget([member for member, exists in zip(members, alive, strict=True) if not exists])
        living = (member for member, exists in zip(members, alive, strict=True) if exists)
        return [(UUID(member.partition(":")[0]), _sid_of(member)) for member in living]

    def end_all_of(self, user_id: UUID) -> int:
        """End every session of a user; returns how many were alive."""
        members = self._client.zrangebylex(BY_USER_KEY, f"[{user_id}:", f"({user_id};")
        # The previous release, which may run alongside, writes only the other set. To be removed in
        # the next release.
        others = self._client.zscan_iter(INDEX_KEY, match=f"{user_id}:*", count=_AT_ONCE)
        return self._end(_texts({*members, *(member for member, _ in others)}))

    def end_provider_session(self, provider_sid: str) -> int:
        """End every session that a session at the provider began; returns how many were alive."""
        key = PROVIDER_SESSION_PREFIX + provider_sid
        ended = self._end(_texts(self._client.smembers(key)))
        self._client.delete(key)
        return ended

    def _end(self, members: list[str]) -> int:
        """End sessions; returns how many were alive."""
        if not members:
            return 0
        ended = int(self._client.delete(*(KEY_PREFIX + _sid_of(member) for member in members)))
        self._forget(members)
        SESSIONS_ENDED.inc(ended)
        return ended

    def _forget_past(self, most: int | None = None) -> None:
        """Forget sessions that have expired."""
        start = None if most is None else 0
        past = self._client.zrangebyscore(INDEX_KEY, "-inf", time.time(), start=start, num=most)
        self._forget(_texts(past))

    def _forget(self, members: Iterable[str]) -> int:
        """Remove members from both sets; returns how many there were."""
        gone = list(members)
        if not gone:
            return 0
        with self._client.pipeline(
            transaction=False
        ) as pipeline:  # a full Redis queues no commands
            pipeline.zrem(INDEX_KEY, *gone)
            pipeline.zrem(BY_USER_KEY, *gone)
            forgotten, _ = pipeline.execute()
        return int(forgotten)


def _texts(members: Any) -> list[str]:
    return [str(member, "utf-8") for member in members]


def _sid_of(member: str) -> str:
    return member.partition(":")[2]
