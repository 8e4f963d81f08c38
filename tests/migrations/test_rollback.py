"""Every way down, and up again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from padws.migrations.files import known
from tests.helpers import databases, servers
from tests.helpers.commands import Forks

ALL = [each.id for each in known()]


@pytest.fixture(scope="module")
def upgraded_pad_ws(postgres: str, redis_server: str, forker: Forks) -> Iterator[str]:
    """The name of a database of pad.ws at the newest migration, which tests copy."""
    with servers.database(postgres) as url:
        databases.execute(url, databases.PAD_WS_ITSELF, databases.LEGACY)
        forker.run({"DATABASE_URL": url, "REDIS_URL": redis_server}, "db-upgrade")
        yield databases.name_of(url)


@pytest.fixture
def of_pad_ws(postgres: str, upgraded_pad_ws: str) -> Iterator[str]:
    with servers.database(postgres, upgraded_pad_ws) as url:
        yield url


@pytest.mark.parametrize(
    ("to", "of"),
    [*((each, "of_pad_ws") for each in ALL), ("none", "of_pad_ws"), ("none", "empty_database_url")],
)
def test_down_and_up_again_loses_and_changes_nothing(
    to: str, of: str, redis_for_test: str, forker: Forks, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(of)
    settings = {"DATABASE_URL": url, "REDIS_URL": redis_for_test}
    forker.run(settings, "db-upgrade")  # which has something to do in the empty one alone
    at_the_top = databases.catalogue(url), databases.rows(url)

    forker.run(settings, "db-rollback", "--to", to, "--yes")
    assert databases.rows(url) == at_the_top[1]
    left = ALL[: ALL.index(to) + 1] if to != "none" else []
    status = forker.start(settings, "db-status")
    assert status.wait() == (0 if left == ALL else 3)
    assert [f"  applied  {each}" in status.output for each in ALL] == [each in left for each in ALL]

    forker.run(settings, "db-upgrade")
    assert (databases.catalogue(url), databases.rows(url)) == at_the_top


def test_what_is_in_the_trash_comes_back_and_stays(settings: dict[str, str], forker: Forks) -> None:
    """Also when this release is installed again: its time in the trash begins anew."""
    url = settings["DATABASE_URL"]
    forker.run(settings, "db-upgrade")
    databases.execute(
        url,
        b"""
        INSERT INTO pad_ws.users (username, email) VALUES ('alice', 'alice@example.com');
        INSERT INTO pad_ws.pads (owner_id, display_name, data, deleted_at)
        SELECT id, 'Drawing', '{"elements": []}', moment
        FROM pad_ws.users CROSS JOIN unnest('{now,-infinity}'::timestamptz[]) AS moment
        """,
    )
    forker.run(settings, "db-rollback", "--to", "20261126_0007_checks", "--yes")
    forker.run(settings, "db-upgrade")
    assert databases.query(url, "SELECT deleted_at FROM pad_ws.pads") == [(None,), (None,)]


def test_it_asks_first(settings: dict[str, str], forker: Forks) -> None:
    forker.run(settings, "db-upgrade")
    asked = forker.run(settings, "db-rollback", "--to", "none", code=1)
    assert "Undo them? [y/N]" in asked.output
    forker.run(settings, "db-status")


def test_an_id_that_is_not_applied_is_refused(settings: dict[str, str], forker: Forks) -> None:
    forker.run(settings, "db-upgrade")
    run = forker.run(settings, "db-rollback", "--to", "20200101_0000_nothing", "--yes", code=1)
    assert "20200101_0000_nothing is not an applied migration" in run.output


def test_nothing_to_undo(settings: dict[str, str], forker: Forks) -> None:
    forker.run(settings, "db-upgrade")
    run = forker.run(settings, "db-rollback", "--to", ALL[-1], "--yes")
    assert "Nothing has been applied after" in run.output
