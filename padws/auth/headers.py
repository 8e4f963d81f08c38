"""Headers that tell browsers what not to do, and other origins what they may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from padws.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_OWN_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NOTHING = "default-src 'none'; frame-ancestors 'none'"

_OF_ALL = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
]
_OF_PAGES = [*_OF_ALL, ("Content-Security-Policy", _OWN_PAGES)]
_OF_DATA = [*_OF_ALL, ("Content-Security-Policy", _NOTHING)]
# What a front end loads, and from where, is its own affair.
_OF_FRONT_END = [("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "SAMEORIGIN")]

_HTML = ("Content-Type", "text/html; charset=utf-8")
_HSTS = ("Strict-Transport-Security", "max-age=31536000")

_CORS = [
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After, X-Request-ID"),
]
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    ("Access-Control-Allow-Headers", "Content-Type, Authorization, If-Match, If-None-Match"),
    ("Access-Control-Max-Age", "600"),
]


def of_front_end(settings: Settings) -> dict[str, str]:
    """The headers of a front end's files."""
    return dict(_OF_FRONT_END + ([_HSTS] if _is_behind_tls(settings) else []))


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of `app`, one that Flask gives before any hook included."""
    inner, ours = app.wsgi_app, _Headers(settings)

    def with_headers(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            ours.add(environ, headers)
            return start_response(status, headers, exc_info)

        return inner(environ, start)

    app.wsgi_app = with_headers  # type: ignore[method-assign]


class _Headers:
    """The headers of an instance's answers."""

    def __init__(self, settings: Settings):
        self._origins = frozenset(settings.cors_origins)
        self._has_front_end = settings.static_dir is not None
        self._behind_tls = _is_behind_tls(settings)

    def add(self, environ: WSGIEnvironment, headers: list[tuple[str, str]]) -> None:
        """Add to an answer's headers, among which nobody has put these before."""
        if self._has_front_end and not environ["PATH_INFO"].strip("/"):
            headers += _OF_FRONT_END
        else:
            headers += _OF_PAGES if _HTML in headers else _OF_DATA
        if self._behind_tls or environ["wsgi.url_scheme"] == "https":
            headers.append(_HSTS)
        if self._origins:
            self._allow_origin(environ, headers)

    def _allow_origin(self, environ: WSGIEnvironment, headers: list[tuple[str, str]]) -> None:
        headers.append(("Vary", "Origin"))
        origin = environ.get("HTTP_ORIGIN", "")
        if origin in self._origins:
            headers += [("Access-Control-Allow-Origin", origin), *_CORS]
            if environ["REQUEST_METHOD"] == "OPTIONS":
                headers += _PREFLIGHT


def _is_behind_tls(settings: Settings) -> bool:
    return settings.redirect_uri.startswith("https://")
