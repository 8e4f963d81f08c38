"""What is logged at a start, at once and without waiting for any server."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from padws.config import Settings, environment
from padws.doctor import redis_server, variables

if TYPE_CHECKING:
    from padws.doctor.findings import Finding


class LoginRefused(Exception):
    """Redis answers but does not let us in; the message is one line for an operator."""


def announce(settings: Settings, log: logging.Logger) -> None:
    """Log variables and servers that may be mistakes, and what is wrong with Redis.

    PostgreSQL is for the migrations to reach. Raises LoginRefused.
    """
    for finding in variables.hints(environment(), settings):
        _log(finding, log)
    redis = redis_server.reach(settings)
    if redis.outcome == "error":
        raise LoginRefused(str(redis))
    if redis.outcome == "ok":
        redis = redis_server.makes_room(settings)
    if redis.outcome == "warning":
        _log(redis, log)


def look_at_provider(settings: Settings, log: logging.Logger) -> None:
    """Log a provider that cannot be reached, as soon as that turns out; nothing waits for it."""

    def look() -> None:
        from padws.doctor import provider  # with all that a worker has loaded anyway

        finding, answer = provider.reach(settings)
        if answer is not None:
            finding = provider.issuer(settings, answer.json())
        if finding.outcome != "ok":
            _log(finding, log)

    threading.Thread(target=look, daemon=True).start()


def _log(finding: Finding, log: logging.Logger) -> None:
    log.log(logging.INFO if finding.outcome == "ok" else logging.WARNING, "%s", finding)
