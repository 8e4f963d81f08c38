"""Sessions in Redis, under opaque ids: one command for a request, none where none is needed."""

from __future__ import annotations

import re
import secrets
import time
from datetime import timedelta
from itertools import accumulate
from typing import Any, cast

import msgspec
import redis
from flask import Flask, Request, Response, current_app, request, session
from flask.sessions import SessionInterface, SessionMixin
from redis.client import Pipeline

from padws import redis_client
from padws.auth import sign_in_attempts
from padws.auth.authorization_header import bearer_authorization
from padws.auth.identity import Identity
from padws.auth.session_index import KEY_PREFIX, SessionIndex
from padws.auth.sign_in_attempts import Attempt
from padws.config import Settings
from padws.errors import BadRequest

COOKIE = "session_id"

# For how many a cookie is dropped at once: proxies accept only a few kilobytes of headers.
_MOST_DOMAINS, _MOST_PATHS = 3, 4

#: Paths below /api that need no sign-in: nobody looks for a session in their requests.
ANONYMOUS = ("/api/app/", "/api/shared/", "/api/docs", "/api/openapi.json")


def connect(settings: Settings) -> redis.Redis:
    """A client that gives up after `REDIS_TIMEOUT`, having tried a broken connection once more."""
    return redis_client.connect(settings, within=settings.redis_timeout, retries=1)


class Record(msgspec.Struct, omit_defaults=True):
    """What Redis keeps of a session, as a MessagePack map; times are seconds since the epoch.

    Members that another release has written are ignored.
    """

    identity: Identity | None = None
    expires_at: float = 0.0
    refresh_token: str | None = None
    id_token: str | None = None
    refresh_at: float | None = None
    attempts: dict[str, Attempt] = {}

    @property
    def signed_in(self) -> Identity | None:
        """Whose session this is, until it expires."""
        return self.identity if self.expires_at > time.time() else None

    def over(self, read: Record, current: Record) -> Record:
        """`current`, which others may have written, with what this one has changed since `read`."""
        members = {
            name: getattr(self if getattr(self, name) != getattr(read, name) else current, name)
            for name in self.__struct_fields__
        }
        added = {key: each for key, each in self.attempts.items() if key not in read.attempts}
        gone = read.attempts.keys() - self.attempts.keys()
        kept = {key: each for key, each in current.attempts.items() if key not in gone}
        return Record(**{**members, "attempts": sign_in_attempts.newest(kept | added)})


_decoder = msgspec.msgpack.Decoder(Record)


class Session(dict[str, Any], SessionMixin):
    """Flask's session: its content is `record`; the mapping that Flask asks for is empty.

    `sid` is empty where there is none; `stored` is what Redis held when it was read.
    """

    def __init__(
        self,
        sid: str = "",
        stored: bytes = b"",
        record: Record | None = None,
        clashes: bool = False,
    ):
        super().__init__()
        self.sid = sid
        self.stored = stored
        self.record = record or Record()
        self.clashes = clashes
        self.modified = False  # the answer sets the cookie, or drops it where there is no `sid`


class Sessions(SessionInterface):
    """Reads a session and restarts its idle time in one command, and only where one is needed."""

    def __init__(self, client: redis.Redis, index: SessionIndex, cookie: str, idle: timedelta):
        self._client = client
        self._index = index
        self._idle_seconds = int(idle.total_seconds())
        self._shortcut = redis_client.Shortcut(client)
        # Searched for directly: parsing all cookies costs as much as asking Redis.
        self._cookie = re.compile(rf'(?:^|;) *{cookie}="?([A-Za-z0-9_-]+)"? *(?=;|$)')

    # Who is asking

    def open_session(self, app: Flask, request: Request) -> Session:
        """The session of a request; an empty one, without asking Redis, where none is needed."""
        path, wsgi = request.path, request.environ
        if not path.startswith(("/api/", "/auth/")) or path.startswith(ANONYMOUS):
            return Session()
        if bearer_authorization(wsgi) is not None:
            return Session()
        sids = self._cookie.findall(wsgi.get("HTTP_COOKIE", ""))
        if len(sids) > 1:
            sids = self._alive(list(dict.fromkeys(sids)))
            if len(sids) > 1:
                return Session(clashes=True)
        return self._read(sids[0]) if sids else Session()

    def _alive(self, sids: list[str]) -> list[str]:
        """Those of the ids that belong to sessions; a site on a sibling domain can add others."""
        if len(sids) == 1:
            return sids
        stored = self._shortcut.ask("MGET", *(KEY_PREFIX + sid for sid in sids))
        return [sid for sid, each in zip(sids, stored, strict=True) if _decoded(each)]

    def _read(self, sid: str) -> Session:
        stored = self._shortcut.ask("GETEX", KEY_PREFIX + sid, "EX", self._idle_seconds)
        record = _decoded(stored)
        if record is None:
            return Session()
        if not record.identity:  # it is not to live as long as one of a signed-in user
            self._client.expire(KEY_PREFIX + sid, sign_in_attempts.SECONDS)
        return Session(sid, stored, record)

    # What becomes of the session

    def begin(self, session: Session, record: Record, provider_session: str | None) -> None:
        """Begin a session under a new id; the one before ends, as it may have been planted."""
        sid, identity = secrets.token_urlsafe(32), record.identity
        assert identity  # noqa: S101 - whoever has signed in
        stored = msgspec.msgpack.encode(record)
        self._client.set(KEY_PREFIX + sid, stored, ex=self._life_of(record))
        self._index.add(identity.user_id, sid, record.expires_at, provider_session)
        self.end(session)
        session.sid, session.stored, session.record = sid, stored, record

    def write(self, session: Session) -> None:
        """Write what has changed; a session that has ended since does not come back."""
        if not session.sid:
            session.sid, session.modified = secrets.token_urlsafe(32), True
            session.stored = msgspec.msgpack.encode(session.record)
            life = self._life_of(session.record)
            self._client.set(KEY_PREFIX + session.sid, session.stored, ex=life)
            return
        key, record = KEY_PREFIX + session.sid, session.record
        read = _decoded(session.stored) or Record()

        def write_over(
            pipeline: Pipeline,
        ) -> None:  # called again if another request writes in between
            nonlocal record
            current = _decoded(cast(Any, pipeline.get(key)))
            pipeline.multi()
            if current is not None:
                record = session.record.over(read, current)
                stored = msgspec.msgpack.encode(record)
                pipeline.set(key, stored, ex=self._life_of(record))

        self._client.transaction(write_over, key)
        # Only now: what a full Redis has refused must still be written.
        session.record, session.stored = record, msgspec.msgpack.encode(record)

    def reload(self, session: Session) -> None:
        """Read what another request has written; an empty record if it ended the session."""
        session.stored = cast(Any, self._client.get(KEY_PREFIX + session.sid)) or b""
        session.record = _decoded(session.stored) or Record()

    def end(self, session: Session) -> None:
        """End the session everywhere; the answer drops its cookie."""
        if session.sid:
            self._client.delete(KEY_PREFIX + session.sid)
        if session.record.identity:
            self._index.remove(session.record.identity.user_id, session.sid)
        session.sid, session.stored, session.record = "", b"", Record()
        session.modified = True

    def _life_of(self, record: Record) -> int:
        """Seconds; a session that only carries attempts to sign in lives no longer than they do."""
        return self._idle_seconds if record.identity else sign_in_attempts.SECONDS

    # The cookie

    def save_session(self, app: Flask, session: SessionMixin | None, response: Response) -> None:
        """Set or drop the cookie. What Redis keeps is written when it changes, not here."""
        if not isinstance(session, Session):  # it could not be read from Redis
            return
        if session.clashes:
            self._drop_cookies(app, response)
        elif session.modified and session.sid:
            response.set_cookie(
                self.get_cookie_name(app),
                session.sid,
                httponly=self.get_cookie_httponly(app),
                secure=self.get_cookie_secure(app),
                samesite=self.get_cookie_samesite(app),
            )
        elif session.modified:
            response.delete_cookie(self.get_cookie_name(app))
        if session.modified or session.accessed:
            response.headers.add("Vary", "Cookie")

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie is Secure: by the settings, or if the request came over TLS."""
        return super().get_cookie_secure(app) or request.is_secure

    def _drop_cookies(self, app: Flask, response: Response) -> None:
        """Drop our cookie and those of siblings: on parent domains and on every path to here."""
        name, labels = self.get_cookie_name(app), request.host.partition(":")[0].split(".")
        response.delete_cookie(name)
        if not all(
            0 < len(label) < 64 for label in labels
        ):  # not a name that a cookie could be for
            return
        for domain in [".".join(labels[at:]) for at in range(len(labels) - 1)][:_MOST_DOMAINS]:
            for path in accumulate(request.path.split("/")[:_MOST_PATHS], "{}/{}".format):
                response.delete_cookie(name, domain=domain, path=path or "/")
                if path:
                    response.delete_cookie(name, domain=domain, path=f"{path}/")


def _decoded(stored: bytes | None) -> Record | None:
    try:
        return _decoder.decode(stored) if stored else None
    except msgspec.DecodeError:  # not one of ours: as good as no session
        return None


def sessions() -> Sessions:
    """The current application's sessions."""
    return cast(Sessions, current_app.session_interface)


def current_session() -> Session:
    """The current request's session. Raises BadRequest when the browser has sent several."""
    found = cast(Session, session._get_current_object())  # type: ignore[attr-defined]
    if found.clashes:
        raise BadRequest("several_sessions")
    return found


def register(app: Flask, settings: Settings, client: redis.Redis, index: SessionIndex) -> None:
    """Give `app` its sessions."""
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.redirect_uri.startswith("https://"),
    )
    idle = timedelta(minutes=settings.session_idle_minutes)
    app.session_interface = Sessions(client, index, COOKIE, idle)
