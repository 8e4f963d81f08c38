"""Connecting to Redis: the one that REDIS_URL names, or whichever Sentinel says is the master."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

from padws.config import Sentinels, Settings
from padws.observability import traces

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
        sentinels.service, **{**options, **access}, ssl=tls
    )
    return client


class Shortcut:
    """Single commands on connections like a client's, but past the client.

    For what every request asks: the client takes three times as long, because it looks whether an
    idle connection is still good, measures, and takes options apart. Here a connection that has
    broken meanwhile is found out by using it, so that a command may be sent twice.
    """

    def __init__(self, client: Redis):
        self._pool = client.connection_pool
        self._idle: list[Any] = []

    def ask(self, *command: str | int) -> Any:
        """Redis's answer, not decoded. Raises redis.RedisError."""
        connection = self._connection()

        def send_and_read() -> Any:
            connection.connect()  # to whom Sentinel names; nothing if it is connected
            connection.send_command(*command)
            return connection.read_response()

        try:
            with traces.span(str(command[0])):
                found = connection.retry.call_with_retry(
                    send_and_read, lambda _: connection.disconnect()
                )
        except BaseException:
            connection.disconnect()  # an answer that is still to come would be the next one's
            raise
        finally:
            self._idle.append(connection)
        return found

    def _connection(self) -> Any:
        with suppress(IndexError):
            return self._idle.pop()
        return self._pool.make_connection()
