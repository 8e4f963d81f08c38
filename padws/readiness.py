"""Whether the service can serve: what /readyz answers, and the same as metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

import psycopg
import redis
from flask import current_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg.errors import ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout

from padws import migrations, redis_client
from padws.auth.session_index import INDEX_KEY
from padws.context import database, services
from padws.database import Connection
from padws.migrations import adoption, functions
from padws.migrations.fitness import unsuitable_database
from padws.migrations.history import applied, missing
from padws.queries.checks import Check, list_checks
from padws.queries.tidying import KINDS, Tidied, list_tidied

OK = "ok"

# How the outcome of a check begins that stops only those who are not signed in.
_DEGRADED = "degraded: "

_WAIT = 1.0  # seconds to wait for a connection: a probe needs an answer even if there is none
_UNUSED_KEY = "padws:readyz"

_CHECKS = ("db-verify", "db-drill")


class State:
    """What database and Redis answer now. Checks that could not be done are `unknown`."""

    def __init__(self) -> None:
        self.checks = dict.fromkeys(("database", "pool", "schema", "redis", "sign_in"), "unknown")
        self.migrations: Mapping[str, int] = {}
        self.sessions: int | None = None
        self._look_at_database()
        self._look_at_redis()
        self._look_at_sign_in()

    @property
    def ready(self) -> bool:
        """Whether every check has gone well enough for those who are signed in."""
        return all(map(is_ready, self.checks.values()))

    def _look_at_database(self) -> None:
        try:
            with database().connection(_WAIT) as conn:
                self.checks["pool"] = OK
                _require_primary(conn)
                self.checks["database"] = "; ".join(unsuitable_database(conn)) or OK
                self.checks["schema"] = self._schema(conn)
        except PoolTimeout:
            self.checks |= _why_there_is_no_connection()
        except ReadOnlySqlTransaction as error:
            self.checks["database"] = str(error)
        except psycopg.Error as error:
            self.checks["database"] = _unavailable(error)

    def _schema(self, conn: Connection) -> str:
        try:
            checksums = applied(conn)
            pending = [each.id for each in missing(checksums)]
        except migrations.MigrationError as error:
            return str(error)
        self.migrations = {"applied": len(checksums), "pending": len(pending)}
        if pending:
            return f"pending migrations: {', '.join(pending)}"
        if changed := [each.name for each in functions.missing(functions.stored(conn))]:
            return f"pending functions: {', '.join(changed)}"
        return "; ".join(adoption.obstacles(conn)) or OK

    def _look_at_redis(self) -> None:
        client = services().redis
        try:
            has_room = redis_client.has_room(client, _UNUSED_KEY)
            self.checks["redis"] = OK if has_room else f"{_DEGRADED}full"
            self.sessions = int(client.zcount(INDEX_KEY, time.time(), "+inf"))
        except redis.ReadOnlyError:
            self.checks["redis"] = "read-only: a replica, not the primary"
        except redis.exceptions.NoPermissionError as error:
            command = re.search(r"'([\w|]+)' command", str(error))
            right = f"run {command[1].upper()}" if command else "use keys that begin with padws:"
            self.checks["redis"] = f"the Redis user may not {right}"
        except redis.RedisError as error:
            self.checks["redis"] = _unavailable(error)

    def _look_at_sign_in(self) -> None:
        """As it went the last time: balancers ask every few seconds, and the provider is spared."""
        provider = services().provider
        if not all(is_ready(self.checks[name]) for name in ("database", "schema", "redis")):
            return
        if self.checks["redis"] != OK:
            self.checks["sign_in"] = f"{_DEGRADED}Redis is full"
        elif provider is None:
            self.checks["sign_in"] = f"{_DEGRADED}not configured"
        elif provider.has_failed_lately():
            self.checks["sign_in"] = f"{_DEGRADED}the provider could not be used a moment ago"
        else:
            self.checks["sign_in"] = OK


def is_ready(outcome: str) -> bool:
    """Whether a check stops nobody who is signed in."""
    return outcome == OK or outcome.startswith(_DEGRADED)


def _require_primary(conn: Connection) -> None:
    """Raise what a write would raise, which also makes the pool look for the primary again."""
    ((read_only, standby),) = conn.execute(
        "SELECT current_setting('transaction_read_only') = 'on', pg_is_in_recovery()"
    ).fetchall()
    if standby:
        raise ReadOnlySqlTransaction("read-only: a standby, not the primary")
    if read_only:
        raise ReadOnlySqlTransaction("read-only")


def _why_there_is_no_connection() -> dict[str, str]:
    """Whether the database is away, or all connections of this worker are in use."""
    try:
        database().try_connecting()
    except psycopg.Error as error:
        return {"database": _unavailable(error), "pool": "no connection"}
    waiting = database().pool_stats().get("requests_waiting", 0)
    return {"database": OK, "pool": f"exhausted, with {waiting} requests waiting"}


def _unavailable(error: Exception) -> str:
    """A reason without the servers' own messages, which contain addresses and names."""
    return f"unavailable ({type(error).__name__})"


class StateCollector(Collector):
    """The same as metrics, and which release this is."""

    def collect(self) -> Iterator[Metric]:
        """Look now, and report."""
        version = GaugeMetricFamily("padws_build_info", "The release", labels=["version"])
        version.add_metric([current_app.config["API_VERSION"]], 1)
        yield version
        state = State()
        checks = GaugeMetricFamily(
            "padws_ready", "Whether each check of /readyz has come out well", labels=["check"]
        )
        degraded = GaugeMetricFamily(
            "padws_degraded", "Whether nobody can sign in, for this reason", labels=["check"]
        )
        for name, outcome in state.checks.items():
            checks.add_metric([name], is_ready(outcome))
            degraded.add_metric([name], outcome.startswith(_DEGRADED))
        yield from (checks, degraded)
        schema = GaugeMetricFamily("padws_migrations", "Migrations, by state", labels=["state"])
        for name, number in state.migrations.items():
            schema.add_metric([name], number)
        yield schema
        if state.sessions is not None:
            yield GaugeMetricFamily("padws_sessions", "Sessions not yet over", state.sessions)
        yield from _from_database()


def _from_database() -> Iterator[Metric]:
    """What commands have recorded, wherever they ran; nothing if it cannot be read."""
    try:
        with database().connection(_WAIT) as conn:
            checks, tidied = list_checks(conn), list_tidied(conn)
    except (PoolTimeout, psycopg.Error):
        return
    yield from _last_checks(checks)
    yield from _tidied(tidied)


def _last_checks(checks: list[Check]) -> Iterator[Metric]:
    """How db-verify and db-drill ended last."""
    recorded = {each.name: each for each in checks}
    finished, succeeded, faults = (
        GaugeMetricFamily(f"padws_check_{name}", description, labels=["check"])
        for name, description in (
            ("finished_timestamp_seconds", "When the last check ended; 0: never"),
            ("succeeded_timestamp_seconds", "When the last one ended that found nothing; 0: never"),
            ("faults", "What the last check found wrong"),
        )
    )
    for name in _CHECKS:
        check = recorded.get(name, Check(name, 0, 0, 0))
        finished.add_metric([name], check.finished_at)
        succeeded.add_metric([name], check.succeeded_at)
        faults.add_metric([name], check.faults)
    yield from (finished, succeeded, faults)


def _tidied(tidied: list[Tidied]) -> Iterator[Metric]:
    """What db-tidy has removed, and when it last ran."""
    recorded = {each.name: each for each in tidied}
    removed = CounterMetricFamily(
        "padws_tidied", "What db-tidy has removed since it first ran", labels=["kind"]
    )
    ran = GaugeMetricFamily(
        "padws_tidied_timestamp_seconds", "When db-tidy last ran; 0: never", labels=["kind"]
    )
    for name in KINDS:
        each = recorded.get(name, Tidied(name, 0, 0))
        removed.add_metric([name], each.number)
        ran.add_metric([name], each.ran_at)
    yield from (removed, ran)
