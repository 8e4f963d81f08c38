"""The parameters of connections to PostgreSQL: padws's own, combined with the operator's.

The operator may give libpq's parameters in the URL, in a service file or in the environment
(PGOPTIONS, PGCONNECT_TIMEOUT ...). They apply to the service and to the migrations.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn

# What statements rely on, whatever is set for the database, the role or in `options`.
FIXED = {
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "row_security": "on",
}

# libpq sends these two outside of `options`, and they override it. So the operator's values cannot
# be left as they are; and a pooler, which accepts no `options`, accepts them.
_OUTSIDE_OPTIONS = {"PGDATESTYLE": "ISO", "PGTZ": "UTC"}

_NOWHERE = {"host": "/dev/null", "hostaddr": "", "port": "1", "gssencmode": "disable"}


class UnusableParameter(ProgrammingError):
    """A parameter that libpq refuses before it connects; the message contains no value."""


def named_parameters(url: str) -> dict[str, str]:
    """The parameters of libpq that have a value from URL, service file or environment.

    Raises psycopg.ProgrammingError for a URL that libpq cannot read, and UnusableParameter.
    """
    # libpq reads a service file only when it connects: so let it try to, where nothing can be.
    with closing(_Attempt(make_conninfo(url, **_NOWHERE))) as attempt:
        return attempt.parameters


class _Attempt:
    """A connection that fails at once; it has read its parameters by then."""

    def __init__(self, conninfo: str):
        self._pgconn = PGconn.connect_start(conninfo.encode())
        self.close = self._pgconn.finish
        self.parameters = {
            each.keyword.decode(): each.val.decode()
            for each in self._pgconn.info
            if each.val and each.val != each.compiled
        }
        message = self._pgconn.error_message.decode(errors="replace")
        if _NOWHERE["host"] not in message:  # it did not get that far
            self.close()
            raise UnusableParameter(_without_values(message))


def _without_values(message: str) -> str:
    if match := re.match(r"invalid (\w+) value", message):
        return f"Its parameter {match[1]} has no such value."
    if "service" in message:
        return "Its service is not in the service files of libpq."
    return "libpq refuses one of its parameters."


def parameters(url: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters for `psycopg.connect` besides the URL: the defaults that are not overridden."""
    os.environ.update(_OUTSIDE_OPTIONS)
    named = named_parameters(url)
    unnamed = {name: value for name, value in defaults.items() if name not in named}
    return {**unnamed, "autocommit": True, "client_encoding": "utf-8"}


def options(url: str, defaults: Mapping[str, Any], fixed: Mapping[str, Any]) -> str:
    """The parameter `options` of libpq: if a setting is given more than once, the last one holds.

    Some servers (Neon, CockroachDB) expect more than settings there: the operator's is kept whole.
    """
    given = named_parameters(url).get("options", "")
    return " ".join(filter(None, [_switches(defaults), given, _switches(fixed)]))


def named_settings(url: str) -> set[str]:
    """The settings of PostgreSQL that the operator's `options` name."""
    given = named_parameters(url).get("options", "")
    return {name.replace("-", "_").lower() for name in re.findall(r"(?:-c\s*|--)([\w.-]+)=", given)}


def _switches(settings: Mapping[str, Any]) -> str:
    values = {name: str(value).replace(" ", r"\ ") for name, value in settings.items()}
    return " ".join(f"-c {name}={value}" for name, value in values.items())
