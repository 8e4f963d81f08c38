"""What a start says in its log, at once and without waiting for anybody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from padws.config import Settings, environment
from padws.doctor import redis_server, variables

if TYPE_CHECKING:
    from padws.doctor.findings import Finding


class LoginRefused(Exception):
    """Redis is there and does not let us in; the message is one line for an operator."""


def announce(settings: Settings, log: logging.Logger) -> None:
    """Say which variables and servers may not be meant, whether Redis is reached and what it keeps.

    PostgreSQL is for the migrations to reach. Raises LoginRefused.
    """
    for finding in variables.hints(environment(), settings):
        _say(finding, log)
    redis = redis_server.reach(settings)
    if redis.outcome == "error":
        raise LoginRefused(str(redis))
    if redis.outcome == "ok":
        redis = redis_server.makes_room(settings)
    if redis.outcome == "warning":
        _say(redis, log)


def look_at_provider(settings: Settings, log: logging.Logger) -> None:
    """Say, when it turns out, that the sign-in provider cannot be reached; nobody waits for it."""

    def look() -> None:
        from padws.doctor import provider  # with all that a worker has loaded anyway

        found, answer = provider.reach(settings)
        if answer is not None:
            found = provider.issuer(settings, answer.json())
        if found.outcome != "ok":
            _say(found, log)

    threading.Thread(target=look, daemon=True).start()


def _say(finding: Finding, log: logging.Logger) -> None:
    say: Callable[..., None] = log.info if finding.outcome == "ok" else log.warning
    say("%s", finding)
