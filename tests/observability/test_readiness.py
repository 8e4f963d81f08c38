"""/readyz says what is wrong. What it says while something is down is in tests/faults/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest

from padws.embedded.startup import free_port
from tests.helpers.apps import open_app
from tests.helpers.redis_servers import running_redis

Checks = Callable[..., Mapping[str, str]]


@pytest.fixture
def checks(environment: dict[str, str]) -> Checks:
    """What /readyz says for an app with these settings."""

    def ask(**settings: str) -> Mapping[str, str]:
        with open_app({**environment, **settings}) as app:
            answer = app.test_client().get("/readyz")
        content: Any = answer.get_json()
        ready = all(each == "ok" or "degraded" in each for each in content["checks"].values())
        assert answer.status_code == (200 if ready else 503)
        assert content["status"] == ("ready" if ready else "not ready")
        assert ready or answer.headers["Retry-After"]
        return dict(content["checks"])

    return ask


def test_everything_is_ready(checks: Checks) -> None:
    assert checks() == dict.fromkeys(("database", "pool", "schema", "redis", "sign_in"), "ok")


def test_a_database_that_can_only_be_read_is_not(
    checks: Checks, sql: psycopg.Connection, database_url: str
) -> None:
    name = sql.info.dbname
    sql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    found = checks()
    assert found["database"] == "read-only"
    assert (found["pool"], found["redis"]) == ("ok", "ok")


def test_what_changes_the_meaning_of_statements_is_named(
    checks: Checks, sql: psycopg.Connection
) -> None:
    """Also behind a pooler, where a session cannot set it."""
    name = sql.info.dbname
    sql.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    assert checks()["database"] == "ok"
    found = checks(DB_TRANSACTION_POOLER="true")["database"]
    assert found == "default_transaction_isolation is serializable, and must be read committed"
    sql.execute(f"ALTER DATABASE {name} SET session_replication_role = 'replica'")
    assert "session_replication_role is replica" in checks()["database"]


def test_a_column_that_nobody_fills_is_named(checks: Checks, sql: psycopg.Connection) -> None:
    sql.execute("ALTER TABLE pad_ws.pads ADD kind text NOT NULL")
    assert "pad_ws.pads.kind (text) may not be null" in checks()["schema"]


def test_row_security_that_hides_rows_is_named(
    checks: Checks, sql: psycopg.Connection, database_url: str
) -> None:
    role = f"{sql.info.dbname}_reader"
    sql.execute(f"CREATE ROLE {role}")
    try:
        sql.execute(f"GRANT USAGE ON SCHEMA pad_ws TO {role}")
        sql.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA pad_ws TO {role}")
        sql.execute("ALTER TABLE pad_ws.pads ENABLE ROW LEVEL SECURITY")
        url = f"{database_url}&options=-c%20role%3D{role}"
        assert "pad_ws.pads hides rows" in checks(DATABASE_URL=url)["schema"]
    finally:
        sql.execute(f"DROP OWNED BY {role}")
        sql.execute(f"DROP ROLE {role}")


def test_a_replica_of_redis_is_not_ready_and_a_full_redis_is(checks: Checks) -> None:
    with running_redis() as server, server.client() as client:
        client.config_set("maxmemory", 1)
        full = checks(REDIS_URL=server.url())
        assert (full["redis"], full["sign_in"]) == ("degraded: full", "degraded: Redis is full")
        client.config_set("maxmemory", 0)
        assert checks(REDIS_URL=server.url())["redis"] == "ok"
        assert client.keys() == [], "asking leaves nothing behind"
        client.replicaof("127.0.0.1", str(free_port()))
        assert "replica" in checks(REDIS_URL=server.url())["redis"]


def test_a_provider_that_is_away_stops_nobody_who_is_signed_in(
    environment: dict[str, str], checks: Checks
) -> None:
    with open_app({**environment, "OIDC_ISSUER": f"http://127.0.0.1:{free_port()}"}) as app:
        client = app.test_client()
        assert client.get("/readyz").get_json()["checks"]["sign_in"] == "ok"
        assert client.get("/auth/login").status_code == 503
        answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "ready"
    assert answer.get_json()["checks"]["sign_in"].startswith("degraded: the provider")
    assert checks(OIDC_ISSUER="", OIDC_CLIENT_ID="")["sign_in"] == "degraded: not configured"


def test_where_nobody_answers_the_reason_has_no_secret(checks: Checks) -> None:
    nowhere = f"someone:hidden@127.0.0.1:{free_port()}"
    found = checks(
        DATABASE_URL=f"postgresql://{nowhere}/x",
        REDIS_URL=f"redis://{nowhere}",
        DB_POOL_TIMEOUT="1",
    )
    assert found["schema"] == "unknown"
    assert found["database"].startswith("unavailable (")
    assert found["redis"].startswith("unavailable (")
    assert "hidden" not in str(found)
    assert "127" not in str(found)
