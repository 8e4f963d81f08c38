"""Refuses writes that another site makes a browser send with the session cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request

from padws.auth.access import SAFE_METHODS
from padws.config import Settings
from padws.errors import Forbidden


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def register(app: Flask, settings: Settings) -> None:
    """Check unsafe requests that come with the cookie; requests of no browser pass."""
    friendly = (settings.frontend_url, settings.redirect_uri, *settings.cors_origins)
    friends = {_origin_of(url) for url in friendly if url}
    cookie = app.config["SESSION_COOKIE_NAME"]

    @app.before_request
    def refuse_cross_site_writes() -> None:
        if request.method in SAFE_METHODS:
            return
        wsgi = request.environ
        if "HTTP_AUTHORIZATION" in wsgi or cookie not in wsgi.get("HTTP_COOKIE", ""):
            return
        origin = request.headers.get("Origin")
        if origin in friends:
            return
        from_elsewhere = origin is not None and origin != _origin_of(request.host_url)
        if from_elsewhere or request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise Forbidden("cross_site")
