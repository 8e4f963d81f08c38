"""An attempt to sign in: one trip to the provider and back.

Several may be under way in one browser, in one tab each. `state` names the attempt, and carries
where it leads and whether it is a popup, so both are known even when it is over or forgotten.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time

import msgspec

from padws.auth.destination import Destination

#: How long the provider's page may stay open (seconds).
SECONDS = 600

#: How many of a browser's attempts are kept: the newest.
MOST = 5


class Attempt(msgspec.Struct, frozen=True):
    """What the provider's answer is checked against."""

    nonce: str
    verifier: str
    redirect_uri: str
    expires_at: float  # seconds since the epoch


def new_state(destination: Destination) -> str:
    """The `state` of a new attempt: 256 random bits, and where it leads unless that is `/`."""
    state = secrets.token_urlsafe(32)
    if destination == Destination():
        return state
    encoded = ("1" if destination.popup else "") + destination.path
    return f"{state}.{base64.urlsafe_b64encode(encoded.encode()).decode().rstrip('=')}"


def destination_of(state: str) -> Destination:
    """Where an attempt leads: always to this site, whoever made up its `state`."""
    _, _, encoded = state.partition(".")
    try:
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), "-_", validate=True).decode()
    except ValueError:
        return Destination()
    return Destination.requested(text.removeprefix("1"), text[:1])


def key_of(state: str) -> str:
    """The key under which a session keeps the attempt."""
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()[:32]


def newest(attempts: dict[str, Attempt]) -> dict[str, Attempt]:
    """The newest few of the attempts that can still be finished."""
    now = time.time()
    alive = [(key, each) for key, each in attempts.items() if each.expires_at > now]
    alive.sort(key=lambda pair: pair[1].expires_at)
    return dict(alive[-MOST:])
