"""`padws doctor` on real servers: everything well, and each thing that is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest
import redis
from click.testing import CliRunner

from padws.cli import main
from padws.config import SettingsSchema, known_variables
from padws.embedded.startup import free_port
from tests.helpers.redis_servers import running_redis

Findings = list[dict[str, str]]
Doctor = Callable[..., tuple[int, Findings]]
SECRET = "hunter2"


@pytest.fixture
def doctor(
    environment: dict[str, str], sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> Doctor:
    """The exit code and findings of the command with some settings of its own."""
    # The tests' server does not wait for its disk.
    sql.execute(f"ALTER DATABASE {sql.info.dbname} SET synchronous_commit = on".encode())
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)

    def run(settings: Mapping[str, str] = {}) -> tuple[int, Findings]:
        own = {"REDIRECT_URI": "https://pad.example.org/auth/callback"}
        given = {**environment, **own, **settings}
        result = CliRunner().invoke(main, ["doctor", "--json"], env=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert SECRET not in result.output
        return result.exit_code, [json.loads(line) for line in result.output.splitlines()]

    return run


def troubles(found: Findings) -> list[str]:
    return [f"{it['outcome']} {it['look']}: {it['text']}" for it in found if it["outcome"] != "ok"]


@pytest.fixture
def sql(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def rows(sql: psycopg.Connection) -> object:
    return sql.execute(
        "SELECT (SELECT count(*) FROM pad_ws.users), (SELECT count(*) FROM pad_ws.pads)"
    ).fetchone()


def test_where_all_is_well_it_says_so_and_keeps_nothing(
    doctor: Doctor, sql: psycopg.Connection, redis_url: str
) -> None:
    code, found = doctor()
    assert (code, troubles(found)) == (0, [])
    looks = {each["look"] for each in found}
    assert {"PostgreSQL", "settings", "schema", "rights", "writing", "connections"} <= looks
    assert {"Redis", "Redis writes", "Redis memory"} <= looks
    assert {"sign-in provider", "issuer", "algorithms", "clock", "templates"} <= looks
    assert rows(sql) == (0, 0)
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == []


def test_each_line_begins_with_its_outcome(environment: dict[str, str]) -> None:
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    assert result.exit_code == 0
    assert {line.split()[0] for line in result.output.splitlines()} <= {"ok", "warning", "error"}


NOWHERE = f"someone:{SECRET}@127.0.0.1:{free_port()}"
BY_VARIABLES = [
    ({"DATABASE_URL": f"postgresql://{NOWHERE}/x"}, "error PostgreSQL: no connection"),
    ({"DATABASE_URL": f"postgresql://u:{SECRET}@a..b/x"}, "error PostgreSQL: no connection"),
    ({"MIGRATION_DATABASE_URL": f"postgresql://{NOWHERE}/x"}, "error migrations: no connection"),
    ({"REDIS_URL": f"redis://{NOWHERE}"}, "error Redis: cannot be reached"),
    ({"REDIS_URL": f"redis://:{SECRET}@a..b"}, "error Redis: cannot be reached"),
    ({"OIDC_ISSUER": f"http://127.0.0.1:{free_port()}"}, "error sign-in provider: http"),
    ({"OIDC_CLIENT_ID": ""}, "error configuration: OIDC_CLIENT_ID: Missing."),
    ({"OIDC_SECRTE": SECRET, "OIDC_CLIENT_SECRET": ""}, "warning configuration: OIDC_SECRTE"),
    ({"LOG_LEVEL": SECRET}, "error configuration: LOG_LEVEL"),
    ({"REDIRECT_URI": "https://pad.example.org/"}, "error configuration: REDIRECT_URI: Leads"),
    ({"REDIRECT_URI": "http://pad.example.org/auth/callback"}, "warning redirect URI: http"),
    ({"REDIRECT_URI": ""}, "warning redirect URI: REDIRECT_URI is not set"),
    ({"DB_POOL_MAX_SIZE": "900"}, "warning connections: 2 workers may want 1800"),
    ({"WEB_CONCURRENCY": " "}, "warning configuration: WEB_CONCURRENCY is empty"),
    ({"METRICS_DIR": "/nowhere"}, "error configuration: METRICS_DIR"),
]


@pytest.mark.parametrize(("settings", "finding"), BY_VARIABLES)
def test_what_variables_have_wrong_is_told(
    settings: dict[str, str], finding: str, doctor: Doctor
) -> None:
    code, found = doctor(settings)
    assert any(each.startswith(finding) for each in troubles(found)), found
    assert code == ("error" in finding)


IN_THE_DATABASE = {
    "ALTER DATABASE {name} SET session_replication_role = 'replica'": "error settings: session_",
    "ALTER DATABASE {name} SET synchronous_commit = off": "warning settings: synchronous_commit",
    "ALTER DATABASE {name} SET default_transaction_read_only = on": "error writing: sessions are",
    "DELETE FROM pad_ws._yoyo_migration WHERE migration_id LIKE '%%legacy%%'": "error schema: pend",
    "UPDATE pad_ws._yoyo_migration SET checksum = 'x'": "error schema: 20261122_0001",
    "ALTER TABLE pad_ws.pads ADD kind text NOT NULL": "error tables: pad_ws.pads.kind (text)",
    "ALTER TABLE pad_ws.pads ADD CHECK (display_name <> 'Untitled')": "error writing: a rehearsal",
    "CREATE TABLE notes (pad uuid REFERENCES pad_ws.pads)": "warning tables: notes refers to",
}


@pytest.mark.parametrize(("statement", "finding"), IN_THE_DATABASE.items())
def test_what_is_wrong_in_the_database_is_told(
    statement: str, finding: str, doctor: Doctor, sql: psycopg.Connection
) -> None:
    sql.execute(statement.format(name=sql.info.dbname).replace("%%", "%").encode())
    code, found = doctor()
    assert any(each.startswith(finding) for each in troubles(found)), found
    assert code == ("error" in finding)


def test_rights_that_the_service_lacks_are_named(
    doctor: Doctor, sql: psycopg.Connection, database_url: str
) -> None:
    role = f"{sql.info.dbname}_stranger"
    sql.execute(f"CREATE ROLE {role}".encode())
    try:
        sql.execute(f"GRANT USAGE ON SCHEMA pad_ws TO {role}".encode())
        sql.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA pad_ws TO {role}".encode())
        code, found = doctor({"DATABASE_URL": f"{database_url}&options=-c%20role%3D{role}"})
        (lacking,) = (each["text"] for each in found if each["look"] == "rights")
        assert "INSERT on pad_ws.users" in lacking
        assert "SELECT" not in lacking
        assert code == 1
    finally:
        sql.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_what_is_wrong_with_redis_is_told(doctor: Doctor) -> None:
    with running_redis() as server, server.client() as client:
        url = {"REDIS_URL": server.url()}

        def troubles_with(**configuration: object) -> str:
            for name, value in configuration.items():
                client.config_set(name.replace("_", "-"), str(value))
            return "\n".join(troubles(doctor(url)[1]))

        assert "allkeys-lru signs people out" in troubles_with(
            maxmemory=10**9, maxmemory_policy="allkeys-lru"
        )
        assert "Redis writes: it is full" in troubles_with(
            maxmemory=1, maxmemory_policy="noeviction"
        )
        client.config_set("maxmemory", 0)
        client.execute_command("ACL", "SETUSER", "default", "-zadd")
        assert "zadd" in troubles_with()
        client.execute_command("ACL", "SETUSER", "default", "+zadd", "-info")
        assert "may not run INFO" in troubles_with()
        client.execute_command("ACL", "SETUSER", "default", "+info")
        client.replicaof("127.0.0.1", str(free_port()))
        assert "Redis writes: it is a replica" in troubles_with()
        client.replicaof("NO", "ONE")
        client.config_set("requirepass", SECRET)
        assert "error Redis: the login is refused" in "\n".join(troubles(doctor(url)[1]))


@contextmanager
def provider(directory: Path, **metadata: object) -> Iterator[str]:
    """The issuer of a provider with this metadata."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    place = directory / ".well-known"
    place.mkdir()
    serve = partial(Handler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
        text = json.dumps({"issuer": issuer, **metadata})
        (place / "openid-configuration").write_text(text)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield issuer
        server.shutdown()


ENDPOINTS = dict.fromkeys(
    ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"), "http://x"
)


@pytest.mark.parametrize(
    ("metadata", "finding"),
    [
        ({**ENDPOINTS}, ""),
        ({**ENDPOINTS, "issuer": "https://id.example.org"}, "error issuer: it calls itself 'https"),
        ({**ENDPOINTS, "token_endpoint": ""}, "error endpoints: its metadata lacks token_endpoint"),
        ({**ENDPOINTS, "end_session_endpoint": None}, "warning endpoints: no end_session"),
        (
            {**ENDPOINTS, "id_token_signing_alg_values_supported": ["HS256", "none"]},
            "error algorithms: it signs with HS256, none.",
        ),
    ],
)
def test_a_provider_that_is_no_good_is_told(
    metadata: dict[str, object], finding: str, doctor: Doctor, tmp_path: Path
) -> None:
    with provider(tmp_path, **metadata) as issuer:
        _, found = doctor({"OIDC_ISSUER": issuer})
    assert [each[: len(finding)] for each in troubles(found)] == ([finding] if finding else [])


def test_a_template_that_is_not_json_is_told(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    code, found = doctor({"TEMPLATES_DIR": str(tmp_path)})
    assert code == 0
    assert "broken.json" in troubles(found)[0]


def test_versions_are_printed() -> None:
    result = CliRunner().invoke(main, ["version"])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.output.splitlines()]
    assert names == ["padws", "Python", "libpq", "psycopg", "redis-py"]


def test_no_setting_is_taken_for_a_slip() -> None:
    assert SettingsSchema().fields.keys() <= known_variables()
