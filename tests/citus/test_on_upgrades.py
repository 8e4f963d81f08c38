"""Releases that come to a distributed database: new migrations, and functions that have changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from padws.cli import main
from tests.helpers import citus, databases, servers
from tests.helpers.commands import Release, another_release
from tests.helpers.programs import psql

BODY = "SELECT prosrc FROM pg_proc WHERE oid = 'pad_ws.save_pad'::regproc"
DISTRIBUTED = """
    SELECT objid::regproc::text FROM pg_dist_object
    WHERE classid = 'pg_proc'::regclass AND distribution_argument_index = 0
    ORDER BY 1
"""
MIGRATION = """
ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'drawing';
ALTER TABLE pad_ws.backups ADD COLUMN IF NOT EXISTS kind text;
ALTER TABLE pad_ws.users ADD COLUMN IF NOT EXISTS kind text;
CREATE INDEX IF NOT EXISTS backups_kind_idx ON pad_ws.backups (owner_id, kind);
ALTER TABLE pad_ws.backups ADD CONSTRAINT backups_kind_known CHECK (kind <> 'x');
"""
NEXT = "-- The next release does it otherwise.\n"


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Another release, to which something can be added."""
    return another_release(tmp_path / "release")


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    return iter(tmp_path / f"{n}.log" for n in range(10))


def on_every_node(url: str, query: str) -> list[object]:
    """What a query answers on each node, the coordinator first."""
    name = databases.name_of(url)
    return [databases.query(citus.url_on(node, name), query) for node in citus.nodes()]


def test_a_migration_of_several_tables_runs(
    settings: dict[str, str], release: Release, logs: Iterator[Path]
) -> None:
    (release.directory / "migrations" / "20991231_0001_kinds.sql").write_text(
        f"-- depends: {sorted((release.directory / 'migrations').glob('2*.sql'))[-1].stem}\n"
        f"-- Kinds.\n{MIGRATION}"
    )
    url = settings["DATABASE_URL"]
    release.run(next(logs), settings, "db-upgrade")
    assert "20991231_0001_kinds" in databases.marks(url)
    assert databases.query(url, "SELECT count(*) FROM pad_ws.backups WHERE kind = 'y'") == [(0,)]
    release.run(next(logs), settings, "db-upgrade")


def test_a_changed_function_reaches_every_node_and_stays_distributed(
    settings: dict[str, str], release: Release, logs: Iterator[Path]
) -> None:
    url = settings["DATABASE_URL"]
    before = databases.query(url, DISTRIBUTED)
    file = release.directory / "sql" / "functions" / "save_pad.sql"
    file.write_text(file.read_text().replace("AS $$\n", f"AS $$\n{NEXT}"))
    release.run(next(logs), settings, "db-upgrade")
    assert all(NEXT.strip() in str(body) for body in on_every_node(url, BODY))
    assert databases.query(url, DISTRIBUTED) == before != []


def test_a_new_function_is_distributed_by_running_the_script_again(
    settings: dict[str, str], release: Release, logs: Iterator[Path]
) -> None:
    url = settings["DATABASE_URL"]
    before = databases.query(url, DISTRIBUTED)
    directory = release.directory / "sql" / "functions"
    text = (directory / "save_pad.sql").read_text().replace("save_pad", "save_pad_anew")
    (directory / "save_pad_anew.sql").write_text(text)
    release.run(next(logs), settings, "db-upgrade")
    assert doctor(url) == [
        "not spread over the nodes: save_pad_anew. Run deploy/citus/distribute.sql."
    ]
    psql(url, citus.DISTRIBUTE)
    assert databases.query(url, DISTRIBUTED) == sorted([*before, ("pad_ws.save_pad_anew",)])
    assert doctor(url) == []


def doctor(url: str) -> list[str]:
    """What `padws doctor` warns of on a cluster, time-outs aside."""
    settings = servers.settings_of(url, citus.NO_REDIS, "http://127.0.0.1:1")
    result = CliRunner().invoke(main, ["doctor"], env=settings)
    lines = result.output.splitlines()
    assert any(line.startswith("ok       Citus: ") for line in lines), lines
    found = [line.partition("Citus: ")[2] for line in lines if line.startswith("warning  Citus")]
    return [each for each in found if "timeout" not in each]
