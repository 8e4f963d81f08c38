"""The kinds of settings: how each is written in the environment, and what is a mistake.

Each function declares a setting of `padws.config.Settings`: a dataclass's field that carries the
marshmallow field of its environment variable.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import limits
import psycopg
from marshmallow import ValidationError
from marshmallow import fields as m
from marshmallow.validate import OneOf, Range
from psycopg.conninfo import conninfo_to_dict

from padws import redis_url
from padws.origins import origin_of
from padws.postgres_parameters import UnusableParameter, named_parameters


@dataclasses.dataclass(frozen=True)
class Sentinels:
    """The addresses of Redis Sentinels, and the service whose master they are asked for."""

    addresses: tuple[tuple[str, int], ...]
    service: str


def _declare(
    kind: Callable[..., m.Field[Any]],
    default: Any,
    about: str,
    *,
    variable: str = "",
    secret: bool = False,
    **options: Any,
) -> Any:
    """Declare a setting; `variable` is its name in capitals unless it is given."""
    made = kind(load_default=default, metadata={"description": about}, **options)
    return dataclasses.field(repr=not secret, metadata={"field": made, "variable": variable})


# Words, numbers, yes or no


def text(default: str, about: str, **options: Any) -> Any:
    """Any text."""
    return _declare(m.String, default, about, **options)


def choice(default: str, possible: tuple[str, ...], about: str, **options: Any) -> Any:
    """One of a few words."""
    return text(default, about, validate=OneOf(possible), **options)


def flag(default: bool, about: str) -> Any:
    """True or false."""
    return _declare(m.Boolean, default, about)


def seconds(default: float, about: str) -> Any:
    """A time of up to a day."""
    some = Range(min=0, min_inclusive=False, max=86_400)
    return _declare(m.Float, default, about, validate=some)


def number(default: int, lowest: int, highest: int | None, about: str) -> Any:
    """A whole number."""
    return _declare(m.Integer, default, about, validate=Range(lowest, highest))


def plain_number(default: int, lowest: int, highest: int, about: str) -> Any:
    """A whole number in digits alone: gunicorn reads some of these variables itself."""
    parse = partial(_digits, lowest=lowest, highest=highest)
    return _declare(m.Function, default, about, deserialize=parse)


def _digits(value: str, lowest: int, highest: int) -> int:
    if re.fullmatch("[0-9]{1,9}", value) and lowest <= int(value) <= highest:
        return int(value)
    raise ValidationError(f"Not a whole number from {lowest} to {highest}.")


def tcp_port(default: int, about: str) -> Any:
    """A port's number."""
    return _declare(m.Function, default, about, deserialize=_port)


def _port(value: str) -> int:
    if value.startswith("tcp://"):
        raise ValidationError(
            "An address, as Kubernetes sets it for a service of that name; "
            "`enableServiceLinks: false` keeps it from doing so."
        )
    return _digits(value.strip(), 1, 65_535)  # a secret often ends in a line end


# URLs; nothing is looked up


def web_url(about: str) -> Any:
    """An address that browsers or HTTP clients use."""
    return _url(("http", "https"), _check_web_url, about)


def callback_url(about: str) -> Any:
    """An address at which padws takes people back from the provider, perhaps behind a prefix."""
    return _url(("http", "https"), _check_redirect_uri, about)


def libpq_url(about: str) -> Any:
    """A libpq URL: several hosts and connection parameters are allowed."""
    return _url(("postgresql", "postgres"), _check_database_url, about, secret=True)


def redis_server_url(about: str) -> Any:
    """A URL that redis-py can use."""
    return _url(("redis", "rediss", "unix"), _check_redis_url, about, secret=True)


def _url(
    schemes: tuple[str, ...], check: Callable[[str], object], about: str, **options: Any
) -> Any:
    def parse(value: str) -> str:
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValidationError(f"Not a URL that starts with {' or '.join(schemes)}://.")
        try:
            check(value)
        except (ValueError, psycopg.ProgrammingError) as error:
            raise ValidationError("Not a readable URL.") from error
        return value

    return _declare(m.Function, "", about, deserialize=parse, **options)


def _check_web_url(url: str) -> None:
    _ = urlsplit(url).port


def _check_redirect_uri(url: str) -> None:
    _check_web_url(url)
    path = urlsplit(url).path
    ends_well = path.endswith("/auth/callback") and not path.endswith("/api/auth/callback")
    if not ends_well or "//" in path or "#" in url:
        raise ValidationError(
            "Leads nowhere: it must end with /auth/callback, without /api before that, as in "
            "https://pad.example.org/auth/callback. The provider must have the same address."
        )


_LIBPQ_NUMBERS = {
    *("connect_timeout", "tcp_user_timeout", "keepalives"),
    *("keepalives_count", "keepalives_idle", "keepalives_interval"),
}


def _check_database_url(url: str) -> None:
    given = conninfo_to_dict(url)
    try:
        named_parameters(url)
    except UnusableParameter as error:
        raise ValidationError(str(error)) from error
    for name in _LIBPQ_NUMBERS & given.keys():
        if not re.fullmatch(r"\s*-?\d+\s*", str(given[name])):
            raise ValidationError(f"Its parameter {name} is not a whole number.")


def _check_redis_url(url: str) -> None:
    if mistake := redis_url.mistake_in(url):
        raise ValidationError(mistake)


# Text that is parsed


def parsed(parse: Callable[[str], Any], default: Any, about: str) -> Any:
    """What `parse` makes of the text; it raises ValidationError."""
    return _declare(m.Function, default, about, deserialize=parse)


def directory(path: str) -> Path:
    """An existing directory."""
    if not Path(path).is_dir():
        raise ValidationError("No such directory.")
    return Path(path).resolve()


def rate(limit: str) -> str:
    """How many in what time, such as `300 per minute`."""
    try:
        limits.parse(limit)
    except ValueError as error:
        raise ValidationError("Not a limit such as `300 per minute`.") from error
    return limit


def listening_addresses(value: str) -> tuple[str, ...]:
    """IP addresses of this machine, or localhost, separated by commas or blanks."""
    addresses = tuple(re.sub(r"^\[(.*)\]$", r"\1", word) for word in _words(value))
    try:
        known = [ip_address("::1" if each == "localhost" else each) for each in addresses]
    except ValueError:
        known = []
    if not known:
        raise ValidationError("Not addresses such as 127.0.0.1, 0.0.0.0 or ::.")
    return addresses


def origins(value: str) -> tuple[str, ...]:
    """Origins (scheme, host and port), separated by commas or blanks; as browsers write them."""
    written = [re.fullmatch(r"(?i)https?://[^/?#@]+/*", word) for word in _words(value)]
    known = [origin_of(each[0]) if each else None for each in written]
    if not all(known):
        raise ValidationError("Not origins such as https://pad.example.org.")
    return tuple(origin for origin in known if origin)


def sentinels(value: str) -> Sentinels:
    """Addresses of Sentinels and a service's name: `host:port,host:port/service`."""
    addresses, _, service = value.partition("/")
    try:
        parts = [urlsplit(f"//{each.strip()}") for each in addresses.split(",")]
        found = [(part.hostname or "", part.port or 26379) for part in parts]
    except ValueError:
        found = [("", 0)]
    if not (re.fullmatch(r"[\w.-]+", service) and all(host for host, _ in found)):
        raise ValidationError("Not Sentinels such as a.example.org:26379,b.example.org/mymaster.")
    return Sentinels(tuple(found), service)


def _words(value: str) -> list[str]:
    return value.replace(",", " ").split()
