"""Flask, with less work for each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from werkzeug.routing import Map, MapAdapter, UnicodeConverter


class Application(Flask):
    """Flask without features that no route of padws uses but every request would pay for."""

    def __init__(self, name: str):
        super().__init__(name, static_folder=None)
        self.url_map.merge_slashes = False  # nothing under /api redirects
        self.url_map.strict_slashes = False
        self.url_map.converters["default"] = _PathPart

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none here is asynchronous."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """The adapter that finds a request's route by method and path alone, whatever the host.

        Flask's own reads and checks the host as well. So `url_for` gives no host here; whoever
        needs one takes it from the request, which checks it.
        """
        if request is None:
            return None
        wsgi = request.environ
        return MapAdapter(
            self.url_map,
            server_name="",
            script_name=f"{request.root_path}/",
            subdomain="",
            url_scheme=wsgi["wsgi.url_scheme"],
            path_info=request.path,
            default_method=request.method,
            query_args=wsgi.get("QUERY_STRING", ""),
        )


class _PathPart(UnicodeConverter):
    """A part of a path, without NUL, which PostgreSQL cannot store."""

    def __init__(self, url_map: Map):
        super().__init__(url_map)
        self.regex = self.regex.replace("[^/]", r"[^/\0]")
