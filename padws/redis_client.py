"""Connecting to Redis: the one that REDIS_URL names, or the master that Sentinel names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Literal

import redis.lock
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.connection import SSLConnection, parse_url
from redis.exceptions import LockNotOwnedError, OutOfMemoryError
from redis.retry import Retry
from redis.sentinel import Sentinel

from padws.config import Settings
from padws.observability import traces
from padws.setting_kinds import Sentinels

_OF_ONE_SERVER = ("host", "port", "path", "connection_class")


def connect(settings: Settings, *, within: float, retries: int) -> Redis:
    """A client that gives a server `within` seconds, and retries over a broken connection."""
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


class Lock(redis.lock.Lock):
    """redis-py's lock without its scripts, which a Redis user may not be allowed to run."""

    def do_release(self, expected_token: Any) -> None:
        """Delete the lock if it is still this one. Raises LockNotOwnedError."""
        self._if_owned(expected_token, lambda pipeline: pipeline.delete(self.name))

    def do_reacquire(self) -> Literal[True]:
        """Extend the lock to its full time again. Raises LockNotOwnedError."""
        left = round((self.timeout or 0) * 1000)
        self._if_owned(self.local.token, lambda pipeline: pipeline.pexpire(self.name, left))
        return True

    def _if_owned(self, token: Any, change: Callable[[Pipeline], object]) -> None:
        def check_and_change(pipeline: Pipeline) -> None:
            if pipeline.get(self.name) != token:
                raise LockNotOwnedError("This lock has expired, or is another's by now.")
            pipeline.multi()
            change(pipeline)

        self.redis.transaction(check_and_change, self.name)


# What sessions and sign-ins ask Redis: {0} is a text, {1} a sorted set, {2} a set, {3} a number.
_WHEN_FULL = (
    *("PING", "UNWATCH"),
    *("GET {0}", "MGET {0} {0}", "GETEX {0} EX 1", "EXISTS {0}", "EXPIRE {0} 1", "EXPIREAT {0} 1"),
    *("ZSCAN {1} 0", "ZCOUNT {1} 0 1", "ZRANGE {1} 0 0", "ZRANGEBYSCORE {1} 0 1"),
    *("ZRANGEBYLEX {1} - (a", "ZREM {1} a", "SMEMBERS {2}", "DEL {0} {1} {2} {3}"),
)
_WITH_ROOM = (
    *("SET {0} a EX 1", "INCRBY {3} 1", "ZADD {1} 0 a", "SADD {2} a"),
    "DEL {0} {1} {2} {3}",
)

#: The commands, by name; MULTI groups some of them.
COMMANDS = sorted(
    {"WATCH", "MULTI", "EXEC"} | {each.partition(" ")[0] for each in (*_WHEN_FULL, *_WITH_ROOM)}
)


def has_room(client: Redis, key: str) -> bool:
    """Whether Redis accepts new keys, tried with all commands that sessions and sign-ins need.

    A Redis that is full still answers, and deletes. Whatever else stops the commands raises
    redis.RedisError: a replica, or a user that lacks a right. Nothing of `key` is left behind.
    """
    with client.pipeline(transaction=False) as pipeline:  # which a full Redis would not queue
        _add(pipeline, key, _WHEN_FULL)
        pipeline.execute()

    def need_room(pipeline: Pipeline) -> None:
        pipeline.multi()
        _add(pipeline, key, _WITH_ROOM)

    try:
        client.transaction(need_room, f"{key}:watched")
    except OutOfMemoryError:
        return False
    return True


def _add(pipeline: Pipeline, key: str, commands: Iterable[str]) -> None:
    for command in commands:
        words = command.format(key, f"{key}:index", f"{key}:set", f"{key}:number").split()
        pipeline.execute_command(*words)  # type: ignore[no-untyped-call]


class Shortcut:
    """Single commands on connections like a client's, bypassing the client.

    For what every request asks: the client takes three times as long, because it checks whether an
    idle connection is still good, measures, and parses options. Here a broken connection is noticed
    only when it is used, so that a command may be sent twice.
    """

    def __init__(self, client: Redis):
        self._pool = client.connection_pool
        self._idle: list[Any] = []

    def ask(self, *command: str | int) -> Any:
        """Redis's answer, not decoded. Raises redis.RedisError."""
        connection = self._connection()

        def send_and_read() -> Any:
            connection.connect()  # to the master that Sentinel names; does nothing if connected
            connection.send_command(*command)
            return connection.read_response()

        try:
            with traces.span(str(command[0])):
                found = connection.retry.call_with_retry(
                    send_and_read, lambda _: connection.disconnect()
                )
        except BaseException:
            connection.disconnect()  # a late answer would be taken for that to the next command
            raise
        finally:
            self._idle.append(connection)
        return found

    def _connection(self) -> Any:
        with suppress(IndexError):
            return self._idle.pop()
        return self._pool.make_connection()
