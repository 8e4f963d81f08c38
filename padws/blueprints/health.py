"""/healthz and /readyz: whether the process lives, and whether it can serve."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import redis
from flask import Blueprint, Response

from padws import migrations
from padws.context import database, services
from padws.http import answer

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Whether the process answers."""
    return answer({"status": "ok"})


def _database_and_schema() -> str:
    with database().connection() as conn:
        pending = migrations.pending(conn)
    return f"pending migrations: {', '.join(pending)}" if pending else "ok"


def _redis() -> str:
    services().redis.ping()
    return "ok"


def _outcome(check: Callable[[], str]) -> str:
    try:
        return check()
    except migrations.MigrationError as error:
        return str(error)
    except (psycopg.Error, redis.RedisError) as error:
        return f"unavailable ({type(error).__name__})"


@blueprint.get("/readyz")
def readyz() -> Response:
    """Whether database and Redis answer and the schema is at the newest migration."""
    checks = {"database": _outcome(_database_and_schema), "redis": _outcome(_redis)}
    ready = all(outcome == "ok" for outcome in checks.values())
    status = "ready" if ready else "not ready"
    headers = {} if ready else {"Retry-After": "2"}
    return answer({"status": status, "checks": checks}, 200 if ready else 503, headers)
