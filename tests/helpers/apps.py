"""Apps in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import Flask

from padws import create_app
from padws.config import load_settings
from padws.context import Services


@contextmanager
def open_app(settings: Mapping[str, str]) -> Iterator[Flask]:
    """An app; its connections are closed at the end."""
    app = create_app(load_settings(settings))
    services: Services = app.extensions["padws"]
    try:
        yield app
    finally:
        services.database.close()
        services.redis.close()
