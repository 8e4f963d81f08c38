"""Redis: whether it can be reached, lets padws in, and keeps what is stored."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from padws import redis_client
from padws.config import Settings
from padws.doctor.findings import Finding, error, ok, warning

_OLDEST = (6, 2)
_SOON = 1.0  # seconds: a start does not wait for longer
_REDIS = "Redis"
_REFUSED = ("NOAUTH", "WRONGPASS", "AUTH ", "invalid password", "invalid username-password")


def is_refused(problem: BaseException) -> bool:
    """Whether Redis answers but does not let us in."""
    message = str(problem)
    return isinstance(problem, AuthenticationError) or any(each in message for each in _REFUSED)


def reach(settings: Settings) -> Finding:
    """Whether Redis answers, at once."""
    within = min(settings.redis_timeout, _SOON)
    try:
        with closing(redis_client.connect(settings, within=within, retries=0)) as client:
            client.ping()
    except (RedisError, OSError, UnicodeError) as problem:  # the last for a host such as `a..b`
        return _why_not(problem)
    return ok(_REDIS, "reached")


def _why_not(problem: Exception) -> Finding:
    if is_refused(problem):
        return error(
            _REDIS,
            "the login is refused.",
            "Check the user and password in REDIS_URL (or REDIS_PASSWORD).",
        )
    if isinstance(problem, NoPermissionError):
        return warning(_REDIS, "the user may not do what padws needs.", "Check its ACL.")
    message = " ".join(str(problem).split())
    if "CERTIFICATE_VERIFY_FAILED" in message or isinstance(problem.__cause__, ssl.SSLError):
        return warning(
            _REDIS,
            "its certificate cannot be verified.",
            "Name the authority by ssl_ca_certs in REDIS_URL; if there is none (self-signed, like "
            "Heroku's), set REDIS_TLS_VERIFY=false.",
        )
    return warning(_REDIS, f"cannot be reached: {message}", "Nobody can sign in without it.")


def makes_room(settings: Settings) -> Finding:
    """What a Redis that was just reached does when it is full."""
    within = min(settings.redis_timeout, _SOON)
    with closing(redis_client.connect(settings, within=within, retries=0)) as client:
        try:
            return _memory(client)
        except RedisError:  # we may not be allowed to ask
            return ok("Redis memory", "unknown")


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about Redis."""
    finding = reach(settings)
    if finding.outcome != "ok":
        yield error(_REDIS, finding.text, finding.remedy)
        return
    yield finding
    with closing(
        redis_client.connect(settings, within=settings.redis_timeout, retries=0)
    ) as client:
        for each in (_version, _writes, _memory):
            try:
                yield each(client)
            except NoPermissionError:
                yield warning(_REDIS, "the user may not run INFO, so some checks are left out.")
            except RedisError as problem:
                yield error(_REDIS, f"{type(problem).__name__}: {' '.join(str(problem).split())}")


def _version(client: redis.Redis) -> Finding:
    version = _info(client, "server")["redis_version"]
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        return error("Redis version", version, "Redis 6.2 or newer is needed.")
    return ok("Redis version", version)


def _writes(client: redis.Redis) -> Finding:
    try:
        has_room = redis_client.has_room(client, f"padws:doctor:{uuid4().hex}")
    except redis.ReadOnlyError:
        return error("Redis writes", "it is a replica.", "REDIS_URL must name the primary.")
    except NoPermissionError as problem:
        return error("Redis writes", str(problem), "docs/security.md lists what its ACL needs.")
    except ResponseError as problem:
        return error("Redis writes", str(problem), "Sessions cannot be kept.")
    if not has_room:
        return error("Redis writes", "it is full.", "Nobody can sign in. Give it more memory.")
    return ok("Redis writes", "every command that sessions and sign-ins need")


def _memory(client: redis.Redis) -> Finding:
    memory = _info(client, "memory")
    used, limit = int(memory["used_memory"]), int(memory.get("maxmemory", 0))
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    share = f"{used / 1_048_576:.0f} MB used" + (
        f" of {limit / 1_048_576:.0f} MB" if limit else ", without a limit"
    )
    if limit and policy != "noeviction":
        return warning(
            "Redis memory",
            f"{share}; when it is full, {policy} signs people out.",
            "Set maxmemory-policy to noeviction, and watch the memory.",
        )
    if limit and used > 0.9 * limit:
        return warning("Redis memory", f"{share}: nearly full.", "Give it more.")
    return ok("Redis memory", f"{share}, {policy}")


def _info(client: redis.Redis, section: str) -> dict[str, Any]:
    return dict(client.info(section))
