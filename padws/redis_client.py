"""Connecting to Redis: the one that REDIS_URL names, or whichever Sentinel says is the master."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

from padws.config import Sentinels, Settings

_OF_ONE_SERVER = ("host", "port", "path", "connection_class")


def connect(settings: Settings, *, within: float, retries: int) -> Redis:
    """A client that gives a server `within` seconds, and tries a broken connection again."""
    options = {
        "socket_timeout": within,
        "socket_connect_timeout": within,
        "retry": Retry(NoBackoff(), retries),
    }
    if settings.redis_sentinels:
        return _master(settings, settings.redis_sentinels, options)
    return Redis.from_url(settings.redis_url, **options)


def _master(settings: Settings, sentinels: Sentinels, options: dict[str, Any]) -> Redis:
    """A client of the master; Sentinel is asked for it at every new connection.

    User, password, database and TLS are those of REDIS_URL.
    """
    given: dict[str, Any] = dict(parse_url(settings.redis_url))  # type: ignore[no-untyped-call]
    tls = given.get("connection_class") is SSLConnection
    access = {name: value for name, value in given.items() if name not in _OF_ONE_SERVER}
    certificates = {name: value for name, value in access.items() if name.startswith("ssl_")}
    password = settings.redis_sentinel_password or None
    asking = {**options, **certificates, "ssl": tls, "password": password}
    sentinel = Sentinel(sentinels.addresses, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    client: Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        sentinels.service, **access, **options, ssl=tls
    )
    return client
