"""Refuses writes that another site makes a browser send with the session cookie."""

from __future__ import annotations

from flask import Flask, request

from padws.auth.access import SAFE_METHODS
from padws.auth.authorization_header import bearer_authorization
from padws.auth.sessions import ANONYMOUS
from padws.config import Settings
from padws.errors import Forbidden
from padws.origins import origin_of


def register(app: Flask, settings: Settings) -> None:
    """Check unsafe requests that come with the cookie; requests not made by a browser pass."""
    urls = (settings.frontend_url, settings.redirect_uri, *settings.cors_origins)
    trusted_origins = {origin_of(url) for url in urls} - {None}
    cookie = app.config["SESSION_COOKIE_NAME"]

    @app.before_request
    def refuse_cross_site_writes() -> None:
        if request.method in SAFE_METHODS or request.path.startswith(ANONYMOUS):
            return
        wsgi = request.environ
        if bearer_authorization(wsgi) is not None or cookie not in wsgi.get("HTTP_COOKIE", ""):
            return
        header = wsgi.get("HTTP_ORIGIN")
        origin = None if header is None else origin_of(header)
        if origin in trusted_origins:
            return
        from_elsewhere = header is not None and (
            not origin or origin != origin_of(f"{request.scheme}://{request.host}")
        )
        if from_elsewhere or wsgi.get("HTTP_SEC_FETCH_SITE") == "cross-site":
            raise Forbidden("cross_site")
