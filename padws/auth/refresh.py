"""Keeps a session's grant fresh, so that a save never meets an expired token.

A refresh token that rotates may be used once: whoever uses it a second time is logged out. So a
session is refreshed under a lock in Redis, by one request of all workers and instances.
"""

from __future__ import annotations

import contextlib
import logging
import time

import redis
from redis.exceptions import LockError

from padws.auth.provider import Provider, SignIn
from padws.auth.sessions import Record, Session, sessions
from padws.context import services, settings
from padws.errors import Unauthenticated, Unavailable
from padws.observability.metrics import SESSION_REFRESHES
from padws.redis_client import Lock

log = logging.getLogger("padws.auth")

# Refreshed when this much of the access token's life is over, so that its claims stay current.
_PART_OF_LIFE = 0.75

# If a session is overdue by more than this (seconds), it has not been used lately, and its requests
# wait while one of them refreshes it. Otherwise the others go on, so that a provider that hangs
# holds up one request of each session and not all of them.
_MAY_WAIT = 60.0

# How long the session goes on before an unreachable provider is asked again (seconds).
_ASK_AGAIN_AFTER = 15.0


def remember_grant(record: Record, sign_in: SignIn) -> None:
    """Keep what the next refresh needs. A provider may go on using the same refresh token."""
    record.identity = sign_in.identity
    record.refresh_token = sign_in.refresh_token or record.refresh_token
    record.id_token = sign_in.id_token or record.id_token
    if record.refresh_token:
        record.refresh_at = time.time() + _PART_OF_LIFE * sign_in.lifetime


def keep_fresh(session: Session) -> None:
    """Refresh the session if that is due. Raises Unauthenticated when the provider refuses."""
    provider = services().provider
    if provider is None or not _is_due(session.record):
        return
    # Longer than the provider's answers can take: metadata, tokens, user info and keys.
    patience = 4 * settings().oidc_timeout + 1
    lock = Lock(services().redis, f"padws:refresh:{session.sid}", timeout=patience, sleep=0.05)
    if not _acquired(lock, session.record, patience):
        return  # what the session holds is good for a while yet
    try:
        sessions().reload(session)
        if _is_due(session.record):
            _refresh(session, provider)
    finally:
        # The lock has expired; or Redis is full by now, and the lock will expire.
        with contextlib.suppress(LockError, redis.ResponseError):
            lock.release()
    if not session.record.identity:
        raise Unauthenticated("session_expired")


def _is_due(record: Record) -> bool:
    return record.refresh_at is not None and record.refresh_at < time.time()


def _acquired(lock: Lock, record: Record, patience: float) -> bool:
    """Whether this request is the one that refreshes.

    None does while Redis takes no writes, perhaps because it is full: a refresh token that is used
    up must not stay in the session.
    """
    waits = time.time() - (record.refresh_at or 0) > _MAY_WAIT
    try:
        return bool(lock.acquire(blocking=waits, blocking_timeout=patience if waits else None))
    except redis.ResponseError:
        SESSION_REFRESHES.labels("postponed").inc()
        return False


def _refresh(session: Session, provider: Provider) -> None:
    """Use the refresh token, and write the session before anybody else looks at it."""
    record = session.record
    assert record.identity  # noqa: S101 - who is not signed in has nothing to refresh
    assert record.refresh_token  # noqa: S101
    try:
        token = provider.refresh(record.refresh_token)
        record.refresh_token = token.get("refresh_token") or record.refresh_token
        _keep(session)  # the old one is used up, whatever happens from here on
        sign_in = provider.sign_in_again(token, record.identity.user_id)
    except Unavailable:
        SESSION_REFRESHES.labels("unavailable").inc()
        session.record.refresh_at = time.time() + _ASK_AGAIN_AFTER
    except Unauthenticated as refusal:
        SESSION_REFRESHES.labels("refused").inc()
        sessions().end(session)
        raise Unauthenticated("session_expired") from refusal
    else:
        SESSION_REFRESHES.labels("done").inc()
        remember_grant(session.record, sign_in)
    _keep(session)


def _keep(session: Session) -> None:
    """Write the session; a Redis that has just become full does not fail the request."""
    try:
        sessions().write(session)
    except redis.ResponseError as error:
        log.error(
            "Redis did not store a refreshed session (%s): its owner may have to sign in again",
            type(error).__name__,
        )
