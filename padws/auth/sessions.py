"""Sessions in Redis, under opaque ids: Flask-Session with one command per request."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import redis
from flask import Flask, Request, Response, current_app, request, session
from flask_session.redis.redis import RedisSession, RedisSessionInterface
from redis.client import Pipeline

from padws import redis_client
from padws.config import Settings
from padws.observability.metrics import SESSIONS_ENDED

KEY_PREFIX = "padws:session:"
INDEX_KEY = "padws:sessions"
PROVIDER_SESSION_PREFIX = "padws:provider-session:"

# A session that only carries a sign-in to the provider and back need not live longer.
_SIGN_IN_SECONDS = 600

# Paths below /api that nobody has to sign in for: they do not ask Redis.
_ANONYMOUS = ("/api/app/", "/api/docs", "/api/openapi.json")


def connect(settings: Settings) -> redis.Redis:
    """A client that gives up after `REDIS_TIMEOUT`, having tried a broken connection once more."""
    return redis_client.connect(settings, within=settings.redis_timeout, retries=1)


class Session(RedisSession):  # type: ignore[misc]  # untyped
    """A session that knows what Redis had of it when it was read; `None`: nothing."""

    read: dict[str, Any] | None = None

    def over(self, current: dict[str, Any]) -> dict[str, Any]:
        """What others have written meanwhile, with what was changed here over it."""
        read = self.read or {}
        kept = {name: value for name, value in current.items() if name in self or name not in read}
        changed = {name: value for name, value in self.items() if read.get(name) != value}
        return kept | changed


class SessionInterface(RedisSessionInterface):  # type: ignore[misc]  # untyped
    """Reads a session and prolongs its idle life in one command, and only where one is needed."""

    session_class = Session

    def __init__(self, app: Flask, client: redis.Redis, idle: timedelta):
        super().__init__(app, client=client, key_prefix=KEY_PREFIX, permanent=False)
        self._idle = idle
        self._idle_seconds = int(idle.total_seconds())
        self._shortcut = redis_client.Shortcut(client)
        # Looked for by itself: to take all cookies apart costs as much as to ask Redis.
        self._cookie = re.compile(
            rf'(?:^|;) *{app.config["SESSION_COOKIE_NAME"]}="?([A-Za-z0-9_-]+)"? *(?:;|$)'
        )

    def open_session(self, app: Flask, request: Request) -> Session:
        """The session of a request; an empty one, without asking Redis, where none is needed."""
        path, wsgi = request.path, request.environ
        needless = "HTTP_AUTHORIZATION" in wsgi or path.startswith(_ANONYMOUS)
        if needless or not path.startswith(("/api/", "/auth/")):
            return self._new()
        named = self._cookie.search(wsgi.get("HTTP_COOKIE", ""))
        found = self._retrieve_session_data(KEY_PREFIX + named[1]) if named else None
        if not named or found is None:
            return self._new()
        session = Session(found, sid=named[1])
        session.read = dict(found) or None
        return session

    def _new(self) -> Session:
        return Session(sid=self._generate_sid(self.sid_length))

    def save_session(self, app: Flask, session: Session | None, response: Response) -> None:
        """Write the session if it has changed; there is none when Redis could not be asked."""
        if session is None:
            return
        if session.modified:
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers.add("Vary", "Cookie")

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie is for TLS alone: by the settings, or as a trusted proxy tells."""
        return super().get_cookie_secure(app) or request.is_secure

    def regenerate(self, session: Session) -> None:
        """Give the session a new id."""
        super().regenerate(session)
        session.read = None

    def reload(self, session: Session) -> Session:
        """Take over what another request has written meanwhile; nothing if it ended the session."""
        stored = self._retrieve_session_data(KEY_PREFIX + session.sid)
        session.clear()
        session.update(stored or {})
        session.read = dict(session)
        session.modified = False
        return session

    def write(self, session: Session) -> None:
        """Write now, and not again when the request ends: by then it may have changed again."""
        self._upsert_session(self._idle, session, KEY_PREFIX + session.sid)
        session.read = dict(session)
        session.modified = False

    def end(self, session: Session) -> None:
        """Delete the session now; its cookie goes with the answer."""
        self._delete_session(KEY_PREFIX + session.sid)
        session.clear()

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        found = _decoded(self._shortcut.ask("GETEX", store_id, "EX", self._idle_seconds))
        if found is not None and "identity" not in found:  # asking does not make it live longer
            self.client.expire(store_id, _SIGN_IN_SECONDS)
        return found

    def _upsert_session(self, _lifetime: timedelta, session: Session, store_id: str) -> None:
        """Write the session; one that has ended meanwhile does not come back."""
        idle = self._idle if "identity" in session else timedelta(seconds=_SIGN_IN_SECONDS)

        def write_over(pipeline: Pipeline) -> None:
            current = _decoded(pipeline.get(store_id))
            pipeline.multi()
            if current is not None:
                pipeline.set(store_id, msgspec.msgpack.encode(session.over(current)), ex=idle)

        if session.read is None:
            self.client.set(store_id, msgspec.msgpack.encode(dict(session)), ex=idle)
        else:
            self.client.transaction(write_over, store_id)


def _decoded(stored: Any) -> dict[str, Any] | None:
    try:
        return msgspec.msgpack.decode(stored, type=dict[str, Any]) if stored else None
    except msgspec.DecodeError:  # not one of ours: as good as no session
        return None


def interface() -> SessionInterface:
    """The current application's sessions."""
    return cast(SessionInterface, current_app.session_interface)


def current() -> Session:
    """The current request's session."""
    return cast(Session, session._get_current_object())  # type: ignore[attr-defined]


class SessionIndex:
    """Which sessions there are and whose: a sorted set of `user id:session id` by their latest end.

    It may name sessions that have ended meanwhile; whoever reads it looks, and tidies up.
    """

    def __init__(self, client: redis.Redis):
        self._client = client

    def add(self, user_id: str, sid: str, expires_at: float, provider_sid: str | None) -> None:
        """Note a session that ends at `expires_at` (seconds since the epoch) at the latest."""
        member = f"{user_id}:{sid}"
        with self._client.pipeline() as pipeline:
            pipeline.zadd(INDEX_KEY, {member: expires_at})
            if provider_sid:
                key = PROVIDER_SESSION_PREFIX + provider_sid
                pipeline.sadd(key, member)
                pipeline.expireat(key, int(expires_at))
            pipeline.execute()

    def remove(self, user_id: str, sid: str) -> None:
        """Forget a session."""
        SESSIONS_ENDED.inc(self._client.zrem(INDEX_KEY, f"{user_id}:{sid}"))

    def active(self) -> list[tuple[UUID, str]]:
        """User id and session id of every session that is alive."""
        self._client.zremrangebyscore(INDEX_KEY, "-inf", time.time())
        members = _texts(self._client.zrange(INDEX_KEY, 0, -1))
        with self._client.pipeline(transaction=False) as pipeline:
            for member in members:
                pipeline.exists(KEY_PREFIX + _sid_of(member))
            alive = pipeline.execute()
        gone = [member for member, exists in zip(members, alive, strict=True) if not exists]
        if gone:
            self._client.zrem(INDEX_KEY, *gone)
        living = (member for member, exists in zip(members, alive, strict=True) if exists)
        return [(UUID(member.partition(":")[0]), _sid_of(member)) for member in living]

    def end_all_of(self, user_id: UUID) -> int:
        """End every session of a user; how many there were."""
        return self._end(f"{user_id}:{sid}" for owner, sid in self.active() if owner == user_id)

    def end_provider_session(self, provider_sid: str) -> int:
        """End every session that a session at the provider has begun; how many there were."""
        key = PROVIDER_SESSION_PREFIX + provider_sid
        ended = self._end(_texts(self._client.smembers(key)))
        self._client.delete(key)
        return ended

    def _end(self, members: Iterable[str]) -> int:
        ended = list(members)
        if ended:
            self._client.delete(*(KEY_PREFIX + _sid_of(member) for member in ended))
            SESSIONS_ENDED.inc(self._client.zrem(INDEX_KEY, *ended))
        return len(ended)


def _texts(members: Any) -> list[str]:
    return [str(member, "utf-8") for member in members]


def _sid_of(member: str) -> str:
    return member.partition(":")[2]


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
