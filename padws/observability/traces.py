"""Spans for OpenTelemetry: of requests, statements and Redis commands.

Off, with nothing imported, unless OTEL_EXPORTER_OTLP_ENDPOINT names a collector. OpenTelemetry's
other variables (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER …) are respected too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask

from padws.observability.current_request import current_request
from padws.observability.routes import path_of

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_start_span: Callable[[str], AbstractContextManager[object]] = nullcontext


def span(name: str) -> AbstractContextManager[object]:
    """The span of a statement of sql/, or of a command to Redis that bypasses its client."""
    return _start_span(name)


def start(app: Flask) -> None:
    """Start sending spans of `app`, before its first request; for a worker, after the fork."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    try:
        _instrument(app)
    except ModuleNotFoundError as error:
        app.logger.warning("no spans: %s; install the extra `otel`", error)


def _instrument(app: Flask) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    global _start_span
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "padws")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # Not Flask's instrumentation: its spans begin only after the session has been read.
    app.wsgi_app = OpenTelemetryMiddleware(  # type: ignore[method-assign]
        app.wsgi_app,
        request_hook=_hide_query,
        response_hook=_describe,
        tracer_provider=provider,
    )
    RedisInstrumentor().instrument(tracer_provider=provider)
    _start_span = partial(
        provider.get_tracer("padws").start_as_current_span,
        record_exception=False,  # PostgreSQL's messages contain the row, and its scene
        set_status_on_exception=False,
    )


def _describe(span: Span, wsgi: dict[str, Any], *_: object) -> None:
    """Give a request's span its route and id, as soon as there is an answer."""
    span.update_name(f"{wsgi['REQUEST_METHOD']} {current_request().route}")
    span.set_attribute("http.route", current_request().route)
    span.set_attribute("padws.request_id", current_request().id)


def _hide_query(span: Span, wsgi: dict[str, Any]) -> None:
    """Remove the query, which may contain a sign-in code, and a link's token."""
    for name in ("http.target", "http.url", "url.path"):
        span.set_attribute(name, path_of(wsgi))
    span.set_attribute("url.query", "")
