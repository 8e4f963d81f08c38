"""Headers that restrict what browsers do with an answer, and that let other origins read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from padws.config import Settings
from padws.origins import origin_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_OF_ALL = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
]
_FOR_PAGES = (
    "Content-Security-Policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)
_FOR_DATA = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

# What a front end loads, and from where, is its own affair.
_OF_FRONT_END = [("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "SAMEORIGIN")]

# Excalidraw has styles in its markup, makes images and fonts of what it has in memory, and reads
# pictures that are data. Nothing comes from elsewhere.
_OF_BOARD = (
    "Content-Security-Policy",
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)

# An address behind a link is a secret: neither other sites nor search engines are to have it.
_BEHIND_LINKS = ("/shared/", "/api/shared/")
_OF_LINKS = [
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
    *(each for each in _OF_ALL if each[0] != "Referrer-Policy"),
]

_HTML = ("Content-Type", "text/html; charset=utf-8")
_HSTS = ("Strict-Transport-Security", "max-age=31536000")

_CORS = [
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After, X-Request-ID"),
]
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    (
        "Access-Control-Allow-Headers",
        "Content-Type, Authorization, If-Match, If-None-Match, X-Link-Password",
    ),
    ("Access-Control-Max-Age", "600"),
]


def of_front_end(settings: Settings) -> dict[str, str]:
    """The headers of a front end's files."""
    return dict(_OF_FRONT_END + ([_HSTS] if _is_behind_tls(settings) else []))


def of_board(settings: Settings) -> dict[str, str]:
    """The headers of the board's files."""
    return dict([*_OF_ALL, _OF_BOARD, *([_HSTS] if _is_behind_tls(settings) else [])])


def of_boards_links(settings: Settings) -> dict[str, str]:
    """The headers of the board's page for a link."""
    return of_board(settings) | dict(_OF_LINKS)


def of_refusals(settings: Settings) -> list[tuple[str, str]]:
    """The headers of answers that are given before a request reaches the application."""
    return [*_OF_ALL, _FOR_DATA, *([_HSTS] if _is_behind_tls(settings) else [])]


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of `app`, including those Flask gives before any hook."""
    inner, ours = app.wsgi_app, _Headers(settings)

    def with_headers(wsgi: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            ours.add(wsgi, status, headers)
            return start_response(status, headers, exc_info)

        return inner(wsgi, start)

    app.wsgi_app = with_headers  # type: ignore[method-assign,assignment]


class _Headers:
    """The headers of an instance's answers."""

    def __init__(self, settings: Settings):
        self._origins = frozenset(settings.cors_origins)
        self._behind_tls = _is_behind_tls(settings)

    def add(self, wsgi: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
        """Add to an answer's headers, which have none of these yet."""
        headers += _OF_LINKS if wsgi["PATH_INFO"].startswith(_BEHIND_LINKS) else _OF_ALL
        if not status.startswith("304"):  # which has no type, and leaves the policy as it was
            headers.append(_FOR_PAGES if _HTML in headers else _FOR_DATA)
        if self._behind_tls or wsgi["wsgi.url_scheme"] == "https":
            headers.append(_HSTS)
        if self._origins:
            self._allow_origin(wsgi, headers)

    def _allow_origin(self, wsgi: WSGIEnvironment, headers: list[tuple[str, str]]) -> None:
        headers.append(("Vary", "Origin"))
        origin = wsgi.get("HTTP_ORIGIN", "")
        if origin_of(origin) in self._origins:
            headers += [("Access-Control-Allow-Origin", origin), *_CORS]
            if wsgi["REQUEST_METHOD"] == "OPTIONS":
                headers += _PREFLIGHT


def _is_behind_tls(settings: Settings) -> bool:
    return settings.redirect_uri.startswith("https://")
