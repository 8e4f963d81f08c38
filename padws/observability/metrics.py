"""What is counted, for Prometheus; docs/monitoring.md explains what each figure is good for.

Under gunicorn the workers count in files of a directory that gunicorn.conf.py names in
PROMETHEUS_MULTIPROC_DIR before this module is imported, and whichever worker is asked answers for
all. Without it, a process answers for itself.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import redis
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    disable_created_metrics,
    multiprocess,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from padws.observability.current_request import current_request

REGISTRY = CollectorRegistry()
disable_created_metrics()  # type: ignore[no-untyped-call]  # several processes have none either

_SAMPLE_EVERY = 1.0  # seconds
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def _counter(name: str, description: str, *labels: str) -> Counter:
    return Counter(f"padws_{name}", description, labels, registry=REGISTRY)


def _gauge(name: str, description: str) -> Gauge:
    """A gauge that is summed over the living workers."""
    return Gauge(f"padws_{name}", description, registry=REGISTRY, multiprocess_mode="livesum")


# Requests

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BY_ROUTE = ("method", "route")

_REQUESTS = _counter(
    "http_requests", "Requests answered, by route and status", *_BY_ROUTE, "status"
)
_DURATION = Histogram(
    "padws_http_request_duration_seconds",
    "Time from a request's head to its answer, without the time its body took to arrive",
    _BY_ROUTE,
    buckets=_SECONDS,
    registry=REGISTRY,
)
_RECEIVED = _counter("http_request_body_bytes", "Bytes of bodies received", *_BY_ROUTE)
_SENT = _counter("http_response_body_bytes", "Bytes of bodies answered", *_BY_ROUTE)
IN_PROGRESS = _gauge("http_requests_in_progress", "Requests that are being answered now")


@dataclass(frozen=True)
class _Route:
    """The series of one route; made once, because looking labels up is most of the cost."""

    duration: Histogram
    received: Counter
    sent: Counter


@cache
def _route(method: str, route: str) -> _Route:
    return _Route(
        duration=_DURATION.labels(method, route),
        received=_RECEIVED.labels(method, route),
        sent=_SENT.labels(method, route),
    )


@cache
def _answers(method: str, route: str, status: int) -> Counter:
    return _REQUESTS.labels(method, route, status)


def count_request(method: str, status: int, seconds: float, sent_bytes: int) -> None:
    """Count the current request, which is done. A method that the client made up is `other`."""
    request = current_request()
    method = method if method in _METHODS else "other"
    _answers(method, request.route, status).inc()
    series = _route(method, request.route)
    series.duration.observe(seconds)
    if request.received_bytes:
        series.received.inc(request.received_bytes)
    if sent_bytes:
        series.sent.inc(sent_bytes)


# Drawings and people

SAVES = _counter("saves", "Scenes saved, restored backups included")
PADS_CREATED = _counter("pads_created", "Pads made")
PADS_PURGED = _counter("pads_purged", "Pads removed from the trash for good, by requests")
BACKUPS_TAKEN = _counter("backups_taken", "Backups taken")
LINKS_CREATED = _counter("links_created", "Share links made")
LINKS_OPENED = _counter("links_opened", "Scenes sent to whoever has a share link")
LINK_PASSWORDS = _counter("link_passwords", "Passwords of share links tried, by outcome", "outcome")
for _outcome in ("right", "wrong"):
    LINK_PASSWORDS.labels(_outcome)
TAKEOUTS = _counter(
    "takeouts", "Takeouts sent (out) or brought in, by outcome", "direction", "outcome"
)
for _direction, _outcome in (("out", "done"), ("out", "failed"), ("in", "done")):
    TAKEOUTS.labels(_direction, _outcome)
QUOTA_REFUSALS = _counter("quota_refusals", "Requests refused because a user would have too much")
SIGN_INS = _counter("sign_ins", "People signed in")
SESSION_REFRESHES = _counter(
    "session_refreshes", "Grants refreshed at the sign-in provider, by outcome", "outcome"
)
for _outcome in ("done", "refused", "unavailable", "postponed"):
    SESSION_REFRESHES.labels(_outcome)
SESSIONS_ENDED = _counter(
    "sessions_ended", "Sessions ended before their time, by sign-out, provider or administrator"
)

# PostgreSQL and Redis

STATEMENTS = Summary(
    "padws_sql_statement_duration_seconds",
    "Statements of sql/ run, and the time each took with its round trip",
    ["statement"],
    registry=REGISTRY,
)
_COMMANDS = _counter("redis_commands", "Commands sent to Redis")


def count_commands(client: redis.Redis) -> None:
    """Count what `client`, and whoever shares its pool, sends from now on."""
    pool = client.connection_pool
    pool.connection_class = _counting(pool.connection_class)


@cache
def _counting(connection_class: Any) -> Any:
    """A class of connections that counts, of whatever kind: TCP, TLS, a socket, a sentinel's."""

    class CountingConnection(connection_class):  # type: ignore[misc]
        def send_command(self, *args: Any, **kwargs: Any) -> None:
            _count_commands(1)
            super().send_command(*args, **kwargs)

        def pack_commands(self, commands: Any) -> Any:
            counted = list(commands)
            _count_commands(len(counted))
            return super().pack_commands(counted)

    return CountingConnection


def _count_commands(number: int) -> None:
    _COMMANDS.inc(number)
    current_request().redis_commands += number


# What a worker samples once a second

_WORKERS = _gauge("workers", "Workers alive")
_MEMORY = _gauge("workers_resident_memory_bytes", "Memory of all workers together")
WORKER_STARTS = _counter("worker_starts", "Workers started")

_POOL_STATE = {
    "pool_max": _gauge("db_pool_max_connections", "Connections that the pools may have"),
    "pool_size": _gauge("db_pool_connections", "Connections that the pools have"),
    "pool_available": _gauge("db_pool_available_connections", "Of these, idle ones"),
    "requests_waiting": _gauge("db_pool_waiting_requests", "Requests waiting for a connection"),
}
_POOL_EVENTS = {
    "requests_num": _counter("db_pool_requests", "Times a connection was requested"),
    "requests_queued": _counter("db_pool_queued_requests", "Of these, times none was idle"),
    "requests_errors": _counter("db_pool_timeouts", "Of these, times none came in time"),
    "connections_num": _counter("db_connections", "Connections tried with PostgreSQL"),
    "connections_errors": _counter("db_connection_failures", "Of these, failed ones"),
    "connections_lost": _counter("db_connections_lost", "Connections found broken"),
}
_POOL_WAIT = _counter("db_pool_wait_seconds", "Time that requests waited for a connection")


class Sampler:
    """Samples this worker's pool, whose own counters start at zero in each process."""

    def __init__(self, pool_stats: Callable[[], Mapping[str, int]]):
        self._pool_stats = pool_stats
        self._counted: Mapping[str, int] = {}
        self._lock = threading.Lock()

    def sample(self) -> None:
        """Add what has happened since the last sample."""
        with self._lock:
            stats = self._pool_stats()
            for name, gauge in _POOL_STATE.items():
                gauge.set(stats.get(name, 0))
            for name, counter in _POOL_EVENTS.items():
                counter.inc(self._more(stats, name))
            _POOL_WAIT.inc(self._more(stats, "requests_wait_ms") / 1000)
            self._counted = stats
        _WORKERS.set(1)
        with contextlib.suppress(OSError):  # only Linux has it
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            _MEMORY.set(pages * os.sysconf("SC_PAGE_SIZE"))

    def _more(self, stats: Mapping[str, int], name: str) -> int:
        return stats.get(name, 0) - self._counted.get(name, 0)

    def start(self) -> None:
        """Start sampling, for as long as the process lives; for a worker, after the fork."""
        WORKER_STARTS.inc()
        threading.Thread(target=self._keep_sampling, name="metrics", daemon=True).start()

    def _keep_sampling(self) -> None:
        while True:
            self.sample()
            time.sleep(_SAMPLE_EVERY)


# Exposition


def exposition(accept: str, *more: Collector) -> tuple[bytes, str]:
    """Everything counted, and what the collectors in `more` find now; with its content type."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    for collector in more:
        registry.register(collector)
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # a version of the format that cannot be read
        encode, content_type = choose_encoder("")
    return encode(registry), content_type
