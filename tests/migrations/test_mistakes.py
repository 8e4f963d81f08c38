"""`flask db-upgrade` and gunicorn with a wrong configuration: one line, and nothing starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from padws.embedded.startup import free_port, is_free
from tests.helpers import databases
from tests.helpers.commands import THIS, Command, Forks
from tests.helpers.waiting import wait_until
from tests.migrations.conftest import OwnPostgres

Attempt = Callable[[Mapping[str, str]], Command]

MISTAKES = {
    "DATABASE_URL": (
        "mysql://somebody:topsecret@db.example.org/padws",
        "Not a URL that starts with postgresql or postgres://.",
    ),
    "DB_POOL_MAX_SIZE": ("many", "Not a valid integer."),
    "LOG_LEVEL": ("loud", "Must be one of: debug, info, warning, error."),
    "MIGRATION_DATABASE_URL": ("postgresql://somebody:top%00secret@db", "Not a readable URL."),
    "MIGRATION_LOCK_TTL": ("0", "Must be greater than 0 and less than or equal to 86400."),
    "MIGRATION_MAX_WAIT": ("long", "Not a valid number."),
    "PADWS_ON_MIGRATION_FAILURE": ("maybe", "Must be one of: stop, continue."),
    "REDIS_URL": ("redis://:topsecret@redis.example.org:99999", "Not a readable URL."),
}


@pytest.fixture(params=["flask db-upgrade", "gunicorn"])
def attempt(request: pytest.FixtureRequest, logs: Iterator[Path], forker: Forks) -> Attempt:
    """Run a program with the given settings to its end, after which nothing listens."""
    port = free_port()
    service = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_CLIENT_ID": "padws", "PORT": str(port)}

    def run(settings: Mapping[str, str]) -> Command:
        if request.param == "gunicorn":
            with THIS.gunicorn(next(logs), {**service, **settings}) as command:
                assert command.wait() == 1
        else:
            command = forker.run(settings, "db-upgrade", code=1)
        assert is_free(port)
        return command

    return run


def test_each_mistake_is_one_line_and_all_are_told(attempt: Attempt) -> None:
    command = attempt({name: value for name, (value, _) in MISTAKES.items()})
    lines = [f"  {name}: {message}" for name, (_, message) in MISTAKES.items()]
    assert command.complaint.splitlines() == ["The configuration has mistakes:", *lines]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("db.invalid/padws", "failed to resolve host 'db.invalid'"),
        ("db..example.org/padws", "the host name is not valid"),
        ("127.0.0.1:99999/padws", 'invalid port number: "99999"'),
        ("/padws?host=/nowhere", 'connection to server on socket "/nowhere/.s.PGSQL.5432" failed'),
    ],
)
def test_a_server_that_cannot_be_there_is_one_line(
    place: str, reason: str, attempt: Attempt
) -> None:
    command = attempt({"DATABASE_URL": f"postgresql://somebody:topsecret@{place}"})
    assert command.is_one_line
    assert command.complaint.startswith("No connection to PostgreSQL: ")
    assert reason in command.complaint
    assert "secret" not in command.output


def test_a_database_that_is_not_there_is_one_line(
    attempt: Attempt, own_postgres: OwnPostgres
) -> None:
    command = attempt({"DATABASE_URL": own_postgres.url.replace("/padws?", "/nothing?")})
    assert command.is_one_line
    assert 'database "nothing" does not exist' in command.complaint


@pytest.fixture(scope="module")
def guarded(own_postgres: OwnPostgres) -> str:
    """The name of a role that `own_postgres` asks for its password, which is `right`."""
    databases.execute(own_postgres.url, b"CREATE ROLE guarded SUPERUSER LOGIN PASSWORD 'right'")
    ((rules,),) = databases.query(own_postgres.url, "SHOW hba_file")
    others = Path(rules).read_text()
    Path(rules).write_text(f"local all guarded scram-sha-256\n{others}")
    databases.execute(own_postgres.url, b"SELECT pg_reload_conf()")
    wait_until(lambda: refuses(own_postgres.url, "guarded"), "asked for a password")
    return "guarded"


def refuses(url: str, role: str) -> bool:
    """Whether the server lets nobody in as `role` without a password."""
    try:
        psycopg.connect(url, user=role).close()
    except psycopg.OperationalError:
        return True
    return False


def test_a_wrong_password_is_one_line_and_not_shown(
    attempt: Attempt, own_postgres: OwnPostgres, guarded: str, forker: Forks
) -> None:
    wrong = databases.as_role(own_postgres.url, guarded, databases.SECRET)
    command = attempt({"DATABASE_URL": wrong, "PADWS_ON_MIGRATION_FAILURE": "continue"})
    assert command.is_one_line
    assert 'password authentication failed for user "guarded"' in command.complaint
    assert databases.SECRET not in command.output
    assert quote(databases.SECRET, safe="") not in command.output

    right = databases.as_role(own_postgres.url, guarded, "right")
    forker.run({"DATABASE_URL": right}, "db-upgrade", "--plan")
