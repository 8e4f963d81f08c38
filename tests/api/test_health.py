"""/healthz and /readyz. What they answer while something is away: tests/faults/."""

from __future__ import annotations

from padws.embedded.startup import free_port
from tests.api.conftest import Configure, SqlConnection
from tests.api.contract import Client, ok


def test_a_live_process_says_so_and_asks_nobody(anyone: Client, configure: Configure) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    alone = configure(DATABASE_URL=f"postgresql://{nowhere}/x", REDIS_URL=f"redis://{nowhere}")
    for client in (anyone, alone.test_client()):
        assert client.get("/healthz").status_code == 200


def test_ready_is_who_reaches_everything(anyone: Client) -> None:
    content = ok(anyone.get("/readyz"))
    assert content["status"] == "ready"
    assert set(content["checks"].values()) == {"ok"}


def test_not_ready_says_what_is_missing_and_no_secret(configure: Configure) -> None:
    nowhere = f"someone:hidden-password@127.0.0.1:{free_port()}"
    app = configure(
        DATABASE_URL=f"postgresql://{nowhere}/x",
        REDIS_URL=f"redis://{nowhere}",
        DB_POOL_TIMEOUT="0.2",
    )
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "hidden-password" not in answer.text
    checks = answer.get_json()["checks"]
    assert checks.keys() >= {"database", "redis"}
    assert "ok" not in checks.values()


def test_an_old_schema_is_not_ready(anyone: Client, sql: SqlConnection) -> None:
    """A migration that the database does not know of yet, as after a deployment."""
    (row,) = sql.execute(
        "DELETE FROM pad_ws._yoyo_migration WHERE migration_id = "
        "(SELECT max(migration_id) FROM pad_ws._yoyo_migration) RETURNING *"
    ).fetchall()
    try:
        answer = anyone.get("/readyz")
    finally:
        names = ", ".join(row)
        values = ", ".join(["%s"] * len(row))
        sql.execute(
            f"INSERT INTO pad_ws._yoyo_migration ({names}) VALUES ({values})",
            list(row.values()),
        )
    assert answer.status_code == 503
    assert row["migration_id"] in answer.text
    assert anyone.get("/readyz").status_code == 200


def test_no_other_spelling_gets_past_a_proxys_rule(anyone: Client) -> None:
    for path in ("/metrics/", "/readyz/", "/healthz/", "/metrics//", "/readyz%2F"):
        assert anyone.get(path).status_code == 404, path
