"""The variables themselves: misspelt ones, ignored ones, servers that none of them names."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from padws.config import Settings, known_variables
from padws.doctor.findings import Finding, ok, warning
from padws.misspelt_variables import is_of_others, suggestions

_CONFIGURATION = "configuration"
# Variable → those that are ignored where it is set.
_IGNORED = {
    "DATABASE_URL": (
        *("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "POSTGRES_HOST", "POSTGRES_PORT"),
    ),
    "REDIS_URL": ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"),
    "OIDC_ISSUER": ("OIDC_SERVER_URL", "OIDC_REALM"),
}
_NAMED_BY = {
    "PostgreSQL": (("DATABASE_URL", "POSTGRES_HOST"), "database_url"),
    "Redis": (("REDIS_URL", "REDIS_HOST", "REDIS_SENTINELS"), "redis_url"),
}
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


def look(given: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """Everything about the variables that have been read."""
    yield ok(_CONFIGURATION, "no mistakes")
    yield from hints(given, settings)
    yield from _redirect_uri(settings)


def hints(given: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """What may be a mistake among the variables that are set."""
    for name, meant in suggestions(given, known_variables()).items():
        yield warning(
            _CONFIGURATION, f"{name} is not a setting of padws.", f"Did you mean {meant}?"
        )
    if os.environ.get("WEB_CONCURRENCY", "1").strip() == "":
        yield warning(
            _CONFIGURATION,
            "WEB_CONCURRENCY is empty, and `gunicorn` fails on that before it reads any file.",
            "Unset it, or set it to a number.",
        )
    for name, others in _IGNORED.items():
        without_effect = [other for other in others if other in given]
        if name in given and without_effect:
            yield ok(_CONFIGURATION, f"{', '.join(without_effect)} ignored, as {name} is set")
    if "REDIS_TLS_VERIFY" in given and not settings.redis_url.startswith("rediss:"):
        yield warning(_CONFIGURATION, "REDIS_TLS_VERIFY has no effect: REDIS_URL is not rediss://.")
    if "HOST" in given and is_of_others("HOST", given["HOST"]):
        yield warning(
            _CONFIGURATION,
            "HOST is a name, as shells and compilers set it, not an address to listen on: ignored.",
            "Set it to an address such as 127.0.0.1, or unset it.",
        )
    yield from _servers_nobody_names(given, settings)


def _servers_nobody_names(given: Collection[str], settings: Settings) -> Iterator[Finding]:
    """Their URLs are the defaults, put together from parts."""
    for server, (names, url) in _NAMED_BY.items():
        if not any(name in given for name in names):
            place = urlsplit(getattr(settings, url))
            yield warning(
                server,
                f"no variable names a server ({' or '.join(names)}), so the default is used: "
                f"{place.hostname}:{place.port}, database {unquote(place.path[1:])}.",
            )


def _redirect_uri(settings: Settings) -> Iterator[Finding]:
    """Whether people come back from signing in, and get a cookie that is Secure."""
    name, uri = "redirect URI", settings.redirect_uri
    if not uri:
        yield warning(
            name,
            "REDIRECT_URI is not set; it is made from each request's own address.",
            "Set it where padws has one public address.",
        )
    elif urlsplit(uri).scheme != "https" and urlsplit(uri).hostname not in _OWN_MACHINE:
        yield warning(name, f"{uri} is not https: the session's cookie is not Secure.")
    else:
        yield ok(name, f"{uri}; the provider must have it as a redirect URI of the client")
