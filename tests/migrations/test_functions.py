"""The rules of sql/functions/: applied where they differ, and left to a newer release that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from padws.config import load_settings
from padws.database import Database
from padws.migrations import pending
from padws.migrations.functions import RUNNING, known
from padws.version import VERSION
from tests.helpers import databases
from tests.helpers.commands import Forks, Release

DIGESTS = "SELECT name, digest FROM pad_ws.functions"
BODY = "SELECT prosrc FROM pg_proc WHERE oid = 'pad_ws.save_pad'::regproc"
NEXT = "-- The next release does it otherwise.\n"


def changed(release: Release, name: str = "save_pad", *, version: str = "") -> Release:
    """The release with another body of a function, and perhaps another number."""
    file = release.directory / "sql" / "functions" / f"{name}.sql"
    text = file.read_text()
    assert text.count("AS $$\n") == 1
    file.write_text(text.replace("AS $$\n", f"AS $$\n{NEXT}"))
    if version:
        (release.directory / "padws" / "version.py").write_text(f'VERSION = "{version}"\n')
    return release


def is_changed(url: str) -> bool:
    """Whether the database has the other body of save_pad."""
    ((body,),) = databases.query(url, BODY)
    return NEXT in str(body)


@pytest.fixture
def url(settings: dict[str, str], forker: Forks) -> str:
    """A database with this release's functions."""
    forker.run(settings, "db-upgrade")
    return settings["DATABASE_URL"]


def test_an_upgrade_brings_every_function(url: str) -> None:
    assert dict(databases.query(url, DIGESTS)) == {each.name: each.checksum for each in known()}
    there = databases.query(
        url, "SELECT proname FROM pg_proc WHERE pronamespace = 'pad_ws'::regnamespace"
    )
    assert {each.name for each in known()} <= {name for (name,) in there}


def test_a_changed_function_is_planned_pending_and_applied_alone(
    url: str, settings: dict[str, str], release: Release, logs: Iterator[Path]
) -> None:
    before = databases.query(url, "SELECT name, applied_at FROM pad_ws.functions ORDER BY name")
    changed(release)
    plan = release.run(next(logs), settings, "db-upgrade", "--plan").output
    assert plan.startswith("-- sql/functions: 1 statements, in one transaction\n")
    assert NEXT in plan
    assert "pending  save_pad" in release.run(next(logs), settings, "db-status", code=3).output
    assert not is_changed(url)

    release.run(next(logs), settings, "db-upgrade")
    assert is_changed(url)
    after = databases.query(url, "SELECT name, applied_at FROM pad_ws.functions ORDER BY name")
    assert [old[0] for old, new in zip(before, after, strict=True) if old != new] == ["save_pad"]
    assert "applied  save_pad" in release.run(next(logs), settings, "db-status").output


def test_functions_change_together_or_not_at_all(
    url: str, settings: dict[str, str], release: Release, logs: Iterator[Path]
) -> None:
    """The result of a function cannot change: whoever calls it would get what it does not know."""
    changed(release, "insert_backup")
    file = release.directory / "sql" / "functions" / "save_pad.sql"
    file.write_text(file.read_text().replace("pruned bigint,", "pruned text,"))
    before = databases.catalogue(url), databases.query(url, DIGESTS)
    command = release.run(next(logs), settings, "db-upgrade", code=1)
    assert command.is_one_line
    assert "sql/functions/save_pad.sql" in command.complaint
    assert "cannot change return type" in command.complaint
    assert (databases.catalogue(url), databases.query(url, DIGESTS)) == before


def test_an_older_release_puts_its_own_back(
    url: str, settings: dict[str, str], release: Release, forker: Forks, logs: Iterator[Path]
) -> None:
    changed(release, version="99.0").run(next(logs), settings, "db-upgrade")
    assert is_changed(url)
    forker.run(settings, "db-upgrade")
    assert not is_changed(url)
    assert dict(databases.query(url, DIGESTS)) == {each.name: each.checksum for each in known()}


def test_an_older_release_leaves_those_of_a_newer_one_that_runs(
    url: str, settings: dict[str, str], release: Release, forker: Forks, logs: Iterator[Path]
) -> None:
    changed(release, version="99.0").run(next(logs), settings, "db-upgrade")
    with psycopg.connect(url, application_name="padws/web.1/17/99.0") as conn:
        forker.run(settings, "db-upgrade")
        assert is_changed(url)
        assert pending(conn) == []  # it serves beside the newer one
        assert "by padws 99.0" in forker.run(settings, "db-status").output


@pytest.mark.parametrize("name", ["padws/web.1/17/0.0.1", "padws/web.1/17/latest", "psql"])
def test_whatever_else_is_connected_keeps_nobody_from_it(
    name: str,
    url: str,
    settings: dict[str, str],
    release: Release,
    forker: Forks,
    logs: Iterator[Path],
) -> None:
    changed(release, version="99.0").run(next(logs), settings, "db-upgrade")
    with psycopg.connect(url, application_name=name):
        forker.run(settings, "db-upgrade")
    assert not is_changed(url)


def test_the_services_connections_say_which_release_it_is(url: str) -> None:
    """As `due` looks for them."""
    database = Database(load_settings({"DATABASE_URL": url}))
    with database.connection() as conn:
        assert conn.execute(RUNNING.encode()).fetchall() == [(VERSION,)]
    database.close()
