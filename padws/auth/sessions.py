"""Sessions in Redis, under opaque ids: Flask-Session with one command per request."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import redis
from flask import Flask, Request, Response
from flask_session.redis.redis import RedisSession, RedisSessionInterface
from redis.backoff import NoBackoff
from redis.retry import Retry

from padws.config import Settings

KEY_PREFIX = "padws:session:"
INDEX_KEY = "padws:sessions"

# A session that only carries a sign-in to the provider and back need not live longer.
_SIGN_IN_SECONDS = 600

# Paths below /api that nobody has to sign in for: they do not ask Redis.
_ANONYMOUS = ("/api/app/", "/api/docs", "/api/openapi.json")


def connect(settings: Settings) -> redis.Redis:
    """A client that gives up after `REDIS_TIMEOUT`, having tried a broken connection once more."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=settings.redis_timeout,
        socket_connect_timeout=settings.redis_timeout,
        retry=Retry(NoBackoff(), 1),
    )


class SessionInterface(RedisSessionInterface):  # type: ignore[misc]  # untyped
    """Reads a session and prolongs its idle life in one command, and only where one is needed."""

    def __init__(self, app: Flask, client: redis.Redis, idle: timedelta):
        super().__init__(app, client=client, key_prefix=KEY_PREFIX, permanent=False)
        self._idle = idle

    def open_session(self, app: Flask, request: Request) -> RedisSession:
        """The session of a request; an empty one, without asking Redis, where nobody signs in."""
        path = request.path
        if path.startswith(("/api/", "/auth/")) and not path.startswith(_ANONYMOUS):
            return super().open_session(app, request)
        return RedisSession(sid=self._generate_sid(self.sid_length))

    def save_session(self, app: Flask, session: RedisSession | None, response: Response) -> None:
        """Write the session if it has changed; there is none when Redis could not be asked."""
        if session is not None:
            super().save_session(app, session, response)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        stored = self.client.getex(store_id, ex=self._idle)
        try:
            return msgspec.msgpack.decode(stored, type=dict[str, Any]) if stored else None
        except msgspec.DecodeError:  # not one of ours: as good as no session
            return None

    def _upsert_session(self, _lifetime: timedelta, session: RedisSession, store_id: str) -> None:
        idle = self._idle if "identity" in session else timedelta(seconds=_SIGN_IN_SECONDS)
        self.client.set(store_id, msgspec.msgpack.encode(dict(session)), ex=idle)


class SessionIndex:
    """Which sessions there are and whose: a sorted set of `user id:session id` by their latest end.

    It may name sessions that have ended meanwhile; whoever reads it looks, and tidies up.
    """

    def __init__(self, client: redis.Redis):
        self._client = client

    def add(self, user_id: str, sid: str, expires_at: float) -> None:
        """Note a session that ends at `expires_at` (seconds since the epoch) at the latest."""
        self._client.zadd(INDEX_KEY, {f"{user_id}:{sid}": expires_at})

    def remove(self, user_id: str, sid: str) -> None:
        """Forget a session."""
        self._client.zrem(INDEX_KEY, f"{user_id}:{sid}")

    def active(self) -> list[tuple[UUID, str]]:
        """User id and session id of every session that is alive."""
        self._client.zremrangebyscore(INDEX_KEY, "-inf", time.time())
        members = [str(each, "ascii") for each in self._client.zrange(INDEX_KEY, 0, -1)]  # type: ignore[arg-type]
        pairs = [member.split(":", 1) for member in members]
        with self._client.pipeline(transaction=False) as pipeline:
            for _, sid in pairs:
                pipeline.exists(KEY_PREFIX + sid)
            alive = pipeline.execute()
        gone = [member for member, exists in zip(members, alive, strict=True) if not exists]
        if gone:
            self._client.zrem(INDEX_KEY, *gone)
        return [
            (UUID(user), sid) for (user, sid), exists in zip(pairs, alive, strict=True) if exists
        ]

    def end_all_of(self, user_id: UUID) -> None:
        """End every session of a user."""
        for owner, sid in self.active():
            if owner == user_id:
                self._client.delete(KEY_PREFIX + sid)
                self.remove(str(user_id), sid)


def register(app: Flask, settings: Settings, client: redis.Redis) -> None:
    """Give `app` its sessions."""
    app.config.update(
        SESSION_COOKIE_NAME="session_id",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.redirect_uri.startswith("https://"),
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    idle = timedelta(minutes=settings.session_idle_minutes)
    app.session_interface = SessionInterface(app, client, idle)
