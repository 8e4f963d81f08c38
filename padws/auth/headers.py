"""Headers that tell browsers what not to do, and other origins what they may."""

from __future__ import annotations

from flask import Flask, Response, request

from padws.config import Settings

_OWN_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NOTHING = "default-src 'none'; frame-ancestors 'none'"

_OURS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000"}

_CORS = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "ETag, Link, Location, Retry-After, X-Request-ID",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Content-Type, Authorization, If-Match, If-None-Match",
    "Access-Control-Max-Age": "600",
}


def of_front_end(settings: Settings) -> dict[str, str]:
    """The headers of a front end's files; what it loads, and from where, is its own affair."""
    headers = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN"}
    return headers | (_HSTS if _is_behind_tls(settings) else {})


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of `app`."""
    origins = frozenset(settings.cors_origins)
    has_front_end, behind_tls = settings.static_dir is not None, _is_behind_tls(settings)

    @app.after_request
    def add_headers(response: Response) -> Response:
        if has_front_end and request.path == "/":
            response.headers.update(of_front_end(settings))
        else:
            policy = _OWN_PAGES if response.mimetype == "text/html" else _NOTHING
            # Nobody else sets these, so that there is nothing to look for and replace.
            response.headers.extend([*_OURS.items(), ("Content-Security-Policy", policy)])
        if behind_tls or request.is_secure:
            response.headers.update(_HSTS)
        if origins:
            _allow_origin(response, origins)
        return response


def _is_behind_tls(settings: Settings) -> bool:
    return settings.redirect_uri.startswith("https://")


def _allow_origin(response: Response, origins: frozenset[str]) -> None:
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin in origins:
        response.headers.update({"Access-Control-Allow-Origin": origin, **_CORS})
        if request.method == "OPTIONS":
            response.headers.update(_PREFLIGHT)
