"""Keeps a session's grant fresh, so that a save never meets an expired token.

A refresh token that rotates may be used once: whoever uses it a second time is logged out. So a
session is refreshed under a lock in Redis, by one request of all workers and instances.
"""

from __future__ import annotations

import contextlib
import time

from redis.exceptions import LockError

from padws.auth.identity import remember
from padws.auth.provider import Provider, SignIn
from padws.auth.sessions import Session, interface
from padws.context import services, settings
from padws.errors import Unauthenticated, Unavailable
from padws.observability.metrics import SESSION_REFRESHES

# Refreshed when this much of the access token's life is over: what it says is never quite stale.
_PART_OF_LIFE = 0.75

# A session that is overdue by more than this (seconds) waits for the refresh of another request:
# nobody has asked for it lately. Any other goes on meanwhile: a provider that hangs holds up one
# request of each session, and not all of them.
_MAY_WAIT = 60.0

_NEVER = float("inf")

# How long the session goes on before an unreachable provider is asked again (seconds).
_ASK_AGAIN_AFTER = 15.0


def remember_grant(session: Session, sign_in: SignIn) -> None:
    """Keep in the session what the next refresh needs. A provider may keep its refresh token."""
    session["refresh_token"] = sign_in.refresh_token or session.get("refresh_token")
    session["id_token"] = sign_in.id_token or session.get("id_token")
    if session["refresh_token"]:
        session["refresh_at"] = time.time() + _PART_OF_LIFE * sign_in.lifetime


def keep_fresh(session: Session) -> None:
    """Refresh the session if that is due. Raises Unauthenticated when the provider refuses."""
    if not _is_due(session):
        return
    provider = services().provider
    if provider is None:
        return
    # Longer than the provider's answers can take: metadata, tokens, user info and keys.
    patience = 4 * settings().oidc_timeout + 1
    lock = services().redis.lock(f"padws:refresh:{session.sid}", timeout=patience, sleep=0.05)
    waits = time.time() - session["refresh_at"] > _MAY_WAIT
    if not lock.acquire(blocking=waits, blocking_timeout=patience if waits else None):
        return  # another request sees to it, and what the session says is good for a while yet
    try:
        if _is_due(interface().reload(session)):
            _refresh(session, provider)
    finally:
        with contextlib.suppress(LockError):  # it took longer than the lock lives
            lock.release()
    if not session:
        raise Unauthenticated("session_expired")


def _is_due(session: Session) -> bool:
    return bool(session.get("refresh_at", _NEVER) < time.time())


def _refresh(session: Session, provider: Provider) -> None:
    """Use the refresh token, and write the session before anybody else looks at it."""
    user_id = session["identity"]["user_id"]
    try:
        token = provider.refresh(session["refresh_token"])
        session["refresh_token"] = token.get("refresh_token") or session["refresh_token"]
        interface().write(session)  # the one before is used up, whatever happens from here on
        sign_in = provider.sign_in_again(token, user_id)
    except Unavailable:
        SESSION_REFRESHES.labels("unavailable").inc()
        session["refresh_at"] = time.time() + _ASK_AGAIN_AFTER
    except Unauthenticated as refusal:
        SESSION_REFRESHES.labels("refused").inc()
        services().sessions.remove(user_id, session.sid)
        interface().end(session)
        raise Unauthenticated("session_expired") from refusal
    else:
        SESSION_REFRESHES.labels("done").inc()
        remember(session, sign_in.identity, expires_at=session["expires_at"])
        remember_grant(session, sign_in)
    interface().write(session)
