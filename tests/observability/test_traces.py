"""Spans reach a collector, belong together, and contain no secret."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers.browser import Browser
from tests.helpers.waiting import wait_until
from tests.observability.conftest import Start


class Collector(ThreadingHTTPServer):
    """Takes spans, as OTLP has them over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.bodies: list[bytes] = []

    def spans(self) -> list[Span]:
        found = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        return [
            span
            for request in found
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def of_request(self, request_id: str) -> list[Span]:
        """The spans of a request, its own first."""
        whole = self.spans()
        for span in whole:
            if attributes(span).get("padws.request_id") == request_id:
                inner = [each for each in whole if each.parent_span_id == span.span_id]
                return [span, *inner]
        return []


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/traces":
            self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def attributes(span: Span) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_request_its_statement_and_its_command_are_one_trace(
    start: Start, collector: Collector
) -> None:
    url = f"http://127.0.0.1:{collector.server_port}"
    service = start(
        OTEL_EXPORTER_OTLP_ENDPOINT=url,
        OTEL_EXPORTER_OTLP_COMPRESSION="none",
        OTEL_BSP_SCHEDULE_DELAY="100",
        NO_PROXY="127.0.0.1",
    )
    alice = Browser(service.url)
    begun = alice.begin()
    callback = alice.approve(begun, "alice")
    assert alice.get(callback).status_code == 302
    pad = alice.new_pad()
    answer = alice.save(pad, elements=["a-secret-scene"])
    request_id = answer.headers["X-Request-ID"]
    wait_until(lambda: len(collector.of_request(request_id)) == 3)

    request, *inner = collector.of_request(request_id)
    assert {each.name for each in inner} == {"pads.save_pad", "GETEX"}
    assert {each.trace_id for each in inner} == {request.trace_id}
    assert request.name == "POST /api/pad/{pad_id}"
    assert attributes(request)["http.target"] == f"/api/pad/{pad}"
    sent = b"".join(collector.bodies).decode("latin-1")
    query = parse_qs(urlsplit(callback).query)
    assert "/auth/callback" in sent
    secrets = [query["code"][0], query["state"][0], alice.cookie, "a-secret-scene", "not-secret"]
    assert [each for each in secrets if each and each in sent] == []


def test_without_a_collector_nothing_of_it_is_imported() -> None:
    code = (
        "import sys, padws\n"
        "from padws.observability import traces\n"
        "traces.start(padws.create_app(padws.config.load_settings({})))\n"
        "of_ours = ('exporter', 'instrumentation', 'sdk.trace')  # redis-py imports others itself\n"
        "print([name for name in of_ours if f'opentelemetry.{name}' in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "[]", ended.stderr
