"""What a run costs if nothing is due, as counted by the server; and that nothing due is missed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from padws.config import ROOT
from padws.embedded.startup import free_port, http_status
from padws.migrations.files import known
from padws.migrations.redis_lock import LOCK
from tests.helpers import databases, servers
from tests.helpers.commands import THIS, Forks
from tests.helpers.relay import postgres_relay
from tests.helpers.waiting import wait_until
from tests.migrations.conftest import OwnPostgres
from tests.migrations.locks import SOMEBODY, transaction

NOWHERE = "redis://127.0.0.1:1"
DONE = "The schema is at the newest migration; nothing to do."
STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]+): ")
LOG_ALL = "-c log_statement=all"


@dataclass(frozen=True)
class Upgraded:
    """A database after one run, with the settings for the next and the server's log."""

    url: str
    settings: dict[str, str]
    templates: Path
    log: Path

    def log_all(self) -> None:
        """Have the server log each statement of each later session in the database."""
        name = databases.name_of(self.url)
        self.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")

    def execute(self, sql: str) -> None:
        databases.execute(self.url, sql.encode())

    def digests(self) -> dict[str, str]:
        sql = "SELECT name, file_digest FROM pad_ws.template_pads"
        return dict(databases.query(self.url, sql))

    def statements(self) -> int:
        """How many statements the server has logged so far."""
        return len(STATEMENT.findall(self.log.read_text()))


@pytest.fixture
def upgraded(
    own_postgres: OwnPostgres, redis_for_test: str, tmp_path: Path, forker: Forks
) -> Iterator[Upgraded]:
    """With templates of its own. Nothing listens where the later settings say Redis is."""
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    (templates / "grid.json").write_text('{"elements": []}')
    with servers.database(own_postgres.url) as url:
        settings = {"DATABASE_URL": url, "TEMPLATES_DIR": str(templates)}
        forker.run({**settings, "REDIS_URL": redis_for_test}, "db-upgrade")
        later = {**settings, "REDIS_URL": NOWHERE}
        yield Upgraded(url, later, templates, own_postgres.log)


def test_it_is_one_query_over_one_connection_and_redis_is_not_asked(
    upgraded: Upgraded, forker: Forks
) -> None:
    upgraded.log_all()
    before, answers = upgraded.statements(), []
    with postgres_relay(upgraded.url, lambda: answers.append(1)) as relayed:
        run = forker.run({**upgraded.settings, "DATABASE_URL": relayed}, "db-upgrade")
    assert run.output == f"{DONE}\n"
    assert upgraded.statements() - before == 1
    assert len(answers) == 2  # of the connection's beginning, and of the query


def test_it_is_one_query_when_gunicorn_starts(
    upgraded: Upgraded, oidc_issuer: str, redis_for_test: str, tmp_path: Path
) -> None:
    upgraded.log_all()
    before, port = upgraded.statements(), free_port()
    settings = {
        **upgraded.settings,
        "REDIS_URL": redis_for_test,
        "OIDC_ISSUER": oidc_issuer,
        "OIDC_CLIENT_ID": "padws",
        "PORT": str(port),
    }
    with THIS.gunicorn(tmp_path / "log", settings) as server:
        wait_until(lambda: http_status(port, "/healthz") == 200, "healthz")
        assert DONE in server.output
        assert upgraded.statements() - before == 1


def test_it_is_one_query_when_an_administrator_has_edited_a_template_which_is_said(
    upgraded: Upgraded, forker: Forks
) -> None:
    upgraded.execute("UPDATE pad_ws.template_pads SET file_digest = NULL WHERE name = 'grid'")
    upgraded.log_all()
    before = upgraded.statements()
    run = forker.run(upgraded.settings, "db-upgrade")
    assert "template grid: kept as an administrator has edited it" in run.output
    assert upgraded.statements() - before == 1


@pytest.mark.parametrize("place", ["DATABASE_URL", "PGOPTIONS"])
def test_the_sessions_own_options_hold(place: str, upgraded: Upgraded, forker: Forks) -> None:
    options = {
        "DATABASE_URL": f"{upgraded.url}&options={quote(LOG_ALL)}",
        "PGOPTIONS": LOG_ALL,
    }
    before = upgraded.statements()
    forker.run({**upgraded.settings, place: options[place]}, "db-upgrade")
    assert upgraded.statements() - before == 1


def change_a_file(upgraded: Upgraded) -> None:
    (upgraded.templates / "grid.json").write_text('{"elements": [], "dots": 1}')


def add_a_file(upgraded: Upgraded) -> None:
    (upgraded.templates / "dots.json").write_text('{"elements": []}')


def delete_a_template(upgraded: Upgraded) -> None:
    upgraded.execute("DELETE FROM pad_ws.template_pads WHERE name = 'grid'")


def take_back_a_migration(upgraded: Upgraded) -> None:
    upgraded.execute(f"DELETE FROM pad_ws._yoyo_migration WHERE migration_id = '{known()[-1].id}'")


@pytest.mark.parametrize(
    "make_due", [change_a_file, add_a_file, delete_a_template, take_back_a_migration]
)
def test_what_is_due_is_done_by_many_at_once_and_then_is_not_due_any_more(
    make_due: Callable[[Upgraded], None],
    upgraded: Upgraded,
    redis_for_test: str,
    forker: Forks,
) -> None:
    make_due(upgraded)
    settings = {**upgraded.settings, "REDIS_URL": redis_for_test}
    runs = [forker.start(settings, "db-upgrade") for _ in range(8)]
    assert [run.wait() for run in runs] == [0] * 8, [run.output for run in runs]
    names = {path.stem for path in upgraded.templates.iterdir()}
    assert upgraded.digests().keys() == names

    upgraded.log_all()
    before = upgraded.statements()
    again = forker.run(upgraded.settings, "db-upgrade")
    assert again.output == f"{DONE}\n"
    assert upgraded.statements() - before == 1


def test_behind_a_migration_that_has_locked_the_templates_nobody_waits_in_postgresql(
    upgraded: Upgraded, redis_for_test: str, forker: Forks
) -> None:
    take_back_a_migration(upgraded)
    with redis.Redis.from_url(redis_for_test) as client:
        client.set(LOCK, SOMEBODY, ex=100)
    hurried = {**upgraded.settings, "REDIS_URL": redis_for_test, "MIGRATION_MAX_WAIT": "0.1"}
    with transaction(upgraded.url, "LOCK TABLE pad_ws.template_pads IN ACCESS EXCLUSIVE MODE"):
        run = forker.run(hurried, "db-upgrade", code=2)
    assert "for host web.2, process 17" in run.output
