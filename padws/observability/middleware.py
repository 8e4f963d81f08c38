"""Around every request: its id, its line in the log, its metrics."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from padws.config import Settings
from padws.observability import routes
from padws.observability.current_request import (
    CurrentRequest,
    current_request,
    enter,
    leave,
    new_id,
)
from padws.observability.metrics import IN_PROGRESS, count_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("padws.access")

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_HARMLESS_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask, settings: Settings) -> None:
    """Watch every request of `app`. `trusted_proxies` goes around this: it finds the address."""
    routes.register(app)
    app.wsgi_app = _Watch(app.wsgi_app, settings)  # type: ignore[method-assign]


class _ResponseHead:
    """Passes on the head of an answer, with the request's id, and remembers status and length."""

    def __init__(self, start_response: StartResponse, request_id: str):
        self._start_response = start_response
        self._request_id = request_id
        self.status = 500
        self.bytes = 0

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """WSGI's start_response."""
        self.status = int(status[:3])
        lengths = [value for name, value in headers if name == "Content-Length"]
        self.bytes = int(lengths[0]) if lengths else 0
        headers.append(("X-Request-ID", self._request_id))
        return self._start_response(status, headers, exc_info)


class _Watch:
    """WSGI middleware: a request is counted and logged when its answer is ready to be sent."""

    def __init__(self, app: WSGIApplication, settings: Settings):
        self._wsgi_app = app
        self._trusts_ids = settings.trusted_proxies > 0
        self._comments = settings.sql_comments
        self._slow = settings.slow_request_ms / 1000 or float("inf")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        request = self._begin(environ)
        token = enter(request)
        head = _ResponseHead(start_response, request.id)
        IN_PROGRESS.inc()
        try:
            return self._wsgi_app(environ, head.start)
        finally:
            IN_PROGRESS.dec()
            self._finish(environ, head, time.perf_counter() - began)
            leave(token)

    def _begin(self, wsgi: WSGIEnvironment) -> CurrentRequest:
        given = wsgi.get("HTTP_X_REQUEST_ID", "") if self._trusts_ids else ""
        request_id = given if _HARMLESS_ID.fullmatch(given) else new_id()
        comment = f"/* request_id={request_id} */ " if self._comments else ""
        arrived = getattr(wsgi.get("gunicorn.socket"), "arrived", None) or time.monotonic()
        return CurrentRequest(request_id, sql_comment=comment, arrived=arrived)

    def _finish(self, wsgi: WSGIEnvironment, head: _ResponseHead, seconds: float) -> None:
        request, method = current_request(), wsgi["REQUEST_METHOD"]
        served_in = seconds - request.receiving_seconds
        sent_bytes = 0 if method == "HEAD" else head.bytes
        count_request(method, head.status, served_in, sent_bytes)
        level = _level(request.route, head.status, served_in > self._slow)
        if log.isEnabledFor(level):
            path = routes.path_of(wsgi)
            message = {"method": method, "path": path, "status": head.status}
            fields = {
                "route": request.route,
                "user_id": request.user_id,
                "duration_ms": _milliseconds(seconds),
                "receive_ms": _milliseconds(request.receiving_seconds),
                "bytes_in": request.received_bytes,
                "bytes_out": sent_bytes,
                "address": wsgi.get("REMOTE_ADDR", ""),
                "sql_statements": request.sql_statements,
                "redis_commands": request.redis_commands,
                "backend_pid": request.backend_pid,
            }
            extra = {"fields": fields, "in_message": message}
            log.log(level, f"{method} {path} {head.status}", extra=extra)


def _level(route: str, status: int, slow: bool) -> int:
    if slow or (status >= 500 and status != 501):
        return logging.WARNING
    return logging.DEBUG if route in _PROBES else logging.INFO


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
