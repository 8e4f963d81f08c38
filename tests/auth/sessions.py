"""Looking at sessions in Redis, and making time pass for them."""

from __future__ import annotations

from typing import Any

import msgspec
import redis

from tests.helpers.browser import Browser

PREFIX = "padws:session:"


def session_of(client: redis.Redis, browser: Browser) -> dict[str, Any] | None:
    """What Redis keeps of a browser's session."""
    stored: Any = client.get(f"{PREFIX}{browser.cookie}")
    return msgspec.msgpack.decode(stored, type=dict[str, Any]) if stored else None


def change_session(client: redis.Redis, browser: Browser, **members: Any) -> None:
    """Change a session, as if time had passed."""
    session = session_of(client, browser)
    assert session
    client.set(f"{PREFIX}{browser.cookie}", msgspec.msgpack.encode(session | members), keepttl=True)


def make_refresh_due(client: redis.Redis, browser: Browser) -> None:
    """Let the access token of a session be near its end."""
    change_session(client, browser, refresh_at=0)
