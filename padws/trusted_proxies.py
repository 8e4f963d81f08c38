"""The client's address, and the host and scheme it asked for, as trusted proxies report them."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from padws.config import Settings


def register(app: Flask, settings: Settings) -> None:
    """Believe the headers of TRUSTED_PROXIES proxies, and of no other."""
    trusted = settings.trusted_proxies
    if trusted:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted
        )
