"""The current request: the parts of the application that serves it, its site, its client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import redis
from flask import current_app, request

from padws.auth.limits import Limits
from padws.auth.links import Passwords
from padws.auth.provider import Provider
from padws.auth.session_index import SessionIndex
from padws.auth.tokens import BearerTokens
from padws.config import Settings
from padws.database import Database
from padws.observability.metrics import Sampler
from padws.queries import pictures
from padws.takeout.bounds import TakeoutsUnderWay


@dataclass(frozen=True)
class Services:
    """The parts that requests share; `provider` is None when sign-in is not configured."""

    settings: Settings
    database: Database
    redis: redis.Redis
    sessions: SessionIndex
    provider: Provider | None
    tokens: BearerTokens
    limits: Limits
    link_passwords: Passwords
    sampler: Sampler
    takeouts_under_way: TakeoutsUnderWay = field(default_factory=TakeoutsUnderWay)

    @cached_property
    def new_pictures_apart(self) -> bool:
        """Whether new pictures are kept apart from scenes; the database is asked once at most.

        Not to be used while holding a connection: each would wait for another one.
        """
        setting = self.settings.pictures_apart
        return pictures.are_new_pictures_apart(setting, self.database.connection)


def services() -> Services:
    """The current application's parts."""
    return cast(Services, current_app.extensions["padws"])


def settings() -> Settings:
    """The current application's settings."""
    return services().settings


def database() -> Database:
    """The current application's database."""
    return services().database


def site() -> str:
    """The address of this site as people see it, without a slash at the end."""
    return services().settings.frontend_url.rstrip("/") or f"{request.scheme}://{request.host}"


def client_is_gone() -> Callable[[], bool] | None:
    """What tells whether the client still waits for the answer; None where no socket is known."""
    wsgi: Any = request.environ
    return getattr(wsgi.get("gunicorn.socket"), "is_gone", None)
