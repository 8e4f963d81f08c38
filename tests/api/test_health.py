"""/healthz and /readyz. What they answer while something is down is in tests/faults/."""

from __future__ import annotations

from padws.embedded.startup import free_port
from tests.api.conftest import Configure, SqlConnection
from tests.helpers.contract import Client


def test_a_live_process_says_so_and_asks_nobody(anyone: Client, configure: Configure) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    alone = configure(DATABASE_URL=f"postgresql://{nowhere}/x", REDIS_URL=f"redis://{nowhere}")
    for client in (anyone, alone.test_client()):
        assert client.get("/healthz").status_code == 200


def test_an_old_schema_is_not_ready(anyone: Client, sql: SqlConnection) -> None:
    """With a migration that the database does not have yet, as after a deployment."""
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
