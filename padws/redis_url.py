"""REDIS_URL: mistakes that redis-py would otherwise report at the first request."""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.connection import Connection, ConnectionPool, parse_url
from redis.exceptions import RedisError

# Parameters that may stand in a URL, and do not change what padws reads.
_OF_TLS = (
    *("ssl_cert_reqs", "ssl_check_hostname", "ssl_ca_certs", "ssl_ca_path", "ssl_ca_data"),
    *("ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_ciphers", "ssl_min_version"),
    *("ssl_include_verify_flags", "ssl_exclude_verify_flags"),
)
_PARAMETERS = (
    *("host", "port", "path", "db", "username", "password", "client_name", "protocol"),
    *("socket_timeout", "socket_connect_timeout", "socket_read_size", "socket_keepalive"),
    *("max_connections", "retry_on_timeout", "health_check_interval"),
    *("encoding", "encoding_errors", "lib_name", "lib_version"),
    *_OF_TLS,
)
_AT_LEAST = {
    "db": 0,
    "health_check_interval": 0,
    "max_connections": 1,
    "socket_connect_timeout": 0.001,
    "socket_read_size": 1,
    "socket_timeout": 0.001,
}
_HINTS = {
    "family": "A host's name decides it.",
    "retry_on_error": "padws retries by itself.",
    "ssl": "TLS is rediss:// here.",
    "ssl_cert_reqs": "It is none, optional or required here; REDIS_TLS_VERIFY=false is none.",
    "timeout": "It is socket_timeout here, or REDIS_TIMEOUT.",
    "tls": "TLS is rediss:// here.",
}


def mistake_in(url: str) -> str:
    """What is wrong with a URL, without any of its values; empty when redis-py can use it.

    Nothing is connected to. Raises ValueError when the URL cannot be taken apart.
    """
    given = urlsplit(url)
    if given.scheme != "unix" and not re.fullmatch(r"/*\d*/*", unquote(given.path)):
        return "Its path must be the number of a database."
    for name, value in parse_qsl(given.query):
        if not _is_good(given.scheme, name, value):
            return _named(name, given.query)
    options: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
    return _mistake_in_tls(options) if given.scheme == "rediss" else ""


def _is_good(scheme: str, name: str, value: str) -> bool:
    """Whether redis-py makes a connection with this one parameter."""
    if name not in _PARAMETERS:
        return False
    try:
        options: dict[str, Any] = dict(
            parse_url(f"{scheme}://?{urlencode({name: value})}")  # type: ignore[no-untyped-call]
        )
        pool = ConnectionPool(**{"connection_class": Connection, **options})
        pool.make_connection()
    except (TypeError, ValueError, RedisError):
        return False
    if name == "encoding":
        return value.lower().replace("_", "-") in ("utf-8", "utf8")
    number = options[name]
    return name not in _AT_LEAST or (number >= _AT_LEAST[name] and math.isfinite(number))


def _named(name: str, query: str) -> str:
    """A sentence about a parameter, without its name if that may be part of a password."""
    if "@" in query or not re.fullmatch(r"[a-z_]{1,30}", name):
        return "Not a readable URL: characters such as ? and # must be escaped in a password."
    if name not in _PARAMETERS:
        text = f"{name} is not one of its parameters."
    elif name in _OF_TLS and name not in _HINTS:
        text = f"Its parameter {name} has a value that cannot be used, or is only for rediss://."
    else:
        text = f"Its parameter {name} has a value that cannot be used."
    return f"{text} {_HINTS.get(name, '')}".rstrip()


def _mistake_in_tls(options: Mapping[str, Any]) -> str:
    """The first parameter of TLS that cannot be used: files that are not there, and the like."""
    context = ssl.create_default_context()
    files = ("ssl_certfile", "ssl_keyfile", "ssl_password")
    places = ("ssl_ca_certs", "ssl_ca_path", "ssl_ca_data")
    steps: list[tuple[tuple[str, ...], Callable[..., Any]]] = [
        (places, context.load_verify_locations),
        (files, context.load_cert_chain),
        (("ssl_ciphers",), context.set_ciphers),
        (("ssl_min_version",), lambda version: setattr(context, "minimum_version", version)),
    ]
    for names, use in steps:
        if not any(name in options for name in names[:2]) and names[-1] not in options:
            continue
        try:
            use(*(options.get(name) for name in names))
        except (OSError, TypeError, ValueError):  # ssl.SSLError is an OSError
            given = " and ".join(name for name in names if name in options)
            return f"The value of {given} cannot be used."
    return ""


def unverified(url: str) -> str:
    """The URL with TLS that takes any certificate, as REDIS_TLS_VERIFY=false has it."""
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    others = [
        (name, value)
        for name, value in parse_qsl(parts.query)
        if name not in ("ssl_cert_reqs", "ssl_check_hostname")
    ]
    return parts._replace(query=urlencode([*others, ("ssl_cert_reqs", "none")])).geturl()
