"""The rules that every migration must keep, whoever writes it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import psycopg
import pytest
from yoyo.migrations import read_migrations

from padws.migrations.files import Migration, Script, known
from padws.migrations.fitness import compression
from padws.migrations.plan import locks_of
from tests.helpers import databases, programs
from tests.helpers.commands import Forks, Release

SNAPSHOT = Path(__file__).with_name("schema.txt")
NAME = re.compile(r"20\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])_\d{4}_[a-z0-9]+(_[a-z0-9]+)*")
MIGRATIONS = pytest.mark.parametrize("migration", known(), ids=lambda each: each.id)

COLUMNS = """
    SELECT
        c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.atthasdef
    FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relnamespace = to_regnamespace('pad_ws') AND c.relkind = 'r'
    AND a.attnum > 0 AND NOT a.attisdropped
"""


def run(url: str, script: Script) -> None:
    with psycopg.connect(url, autocommit=not script.transactional) as conn:
        for statement in script.statements:
            conn.execute(statement.sql.encode())


@pytest.fixture(params=["new", "pad.ws with old tables"])
def database(request: pytest.FixtureRequest, empty_database_url: str) -> str:
    """A database before all migrations."""
    if request.param != "new":
        databases.execute(empty_database_url, databases.PAD_WS_ITSELF, databases.LEGACY)
    return empty_database_url


def test_the_schema_is_the_committed_one(database_url: str, tmp_path: Path) -> None:
    now = databases.own_catalogue(database_url)
    written = tmp_path / "schema.txt"
    written.write_text(now)
    assert SNAPSHOT.read_text() == now, f"If that is meant: cp {written} {SNAPSHOT}"


@MIGRATIONS
def test_names_and_files(migration: Migration) -> None:
    assert NAME.fullmatch(migration.id)
    assert migration.path.read_text().startswith("-- "), "no header that says what and why"
    assert migration.rollback_path.read_text().startswith("-- "), "no rollback with a header"


@MIGRATIONS
def test_a_rollback_destroys_no_data(migration: Migration) -> None:
    for statement in migration.rollback.statements:
        destroying = re.search(
            r"\b(DROP\s+(TABLE|SCHEMA|COLUMN)|TRUNCATE|DELETE)\b", statement.sql, re.IGNORECASE
        )
        assert not destroying, statement


def test_every_migration_may_be_run_again(database: str) -> None:
    """Twice in a row, and once more after all the others."""
    for migration in known():
        run(database, migration.script)
        once = databases.catalogue(database)
        run(database, migration.script)
        assert databases.catalogue(database) == once, migration.id
    at_the_top = databases.catalogue(database), databases.rows(database)
    for migration in known():
        run(database, migration.script)
    assert (databases.catalogue(database), databases.rows(database)) == at_the_top


def test_every_rollback_may_be_run_again(database: str) -> None:
    for migration in known():
        run(database, migration.script)
    for migration in reversed(known()):
        run(database, migration.rollback)
        once = databases.catalogue(database)
        run(database, migration.rollback)
        assert databases.catalogue(database) == once, migration.id


def breaks_the_previous_release(url: str, migration: Migration) -> list[str]:
    """What a release from before `migration` can no longer do after it."""
    before = {name: rest for name, *rest in databases.query(url, COLUMNS)}
    run(url, migration.script)
    after = {name: rest for name, *rest in databases.query(url, COLUMNS)}
    tables = {name.partition(".")[0] for name in before}
    broken = [f"{name} is gone or renamed" for name in before.keys() - after.keys()]
    broken += [
        f"{name} has another type, or became required"
        for name in before.keys() & after.keys()
        if before[name][0] != after[name][0] or (after[name][1] and not before[name][1])
    ]
    return broken + [
        f"{name} is required and has no default"
        for name in after.keys() - before.keys()
        if name.partition(".")[0] in tables and after[name][1] and not after[name][2]
    ]


def test_no_migration_breaks_the_release_before_it(database: str) -> None:
    for migration in known():
        broken = breaks_the_previous_release(database, migration)
        # A header line `-- contract: …` names the release since which nothing uses it.
        if "\n-- contract: " not in migration.path.read_text():
            assert broken == [], migration.id


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("ALTER TABLE pad_ws.pads DROP COLUMN display_name", "gone or renamed"),
        ("ALTER TABLE pad_ws.pads RENAME COLUMN display_name TO name", "gone or renamed"),
        ("ALTER TABLE pad_ws.users ALTER COLUMN name SET NOT NULL", "became required"),
        ("ALTER TABLE pad_ws.users ALTER COLUMN name TYPE text", "another type"),
        ("ALTER TABLE pad_ws.pads ADD COLUMN colour text NOT NULL", "has no default"),
    ],
)
def test_a_breaking_migration_is_noticed(
    sql: str, complaint: str, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "20990101_0000_breaking.sql").write_text(f"-- It breaks.\n\n{sql};\n")
    (breaking,) = read_migrations(str(tmp_path))
    broken = breaks_the_previous_release(database_url, Migration(breaking))
    assert complaint in " ".join(broken)


def test_the_plan_shows_sql_locks_and_sizes_and_touches_nothing(
    settings: dict[str, str], forker: Forks
) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF, b"ANALYZE pad_ws.pads")
    before = databases.catalogue(url)
    plan = forker.run(settings, "db-upgrade", "--plan")
    assert databases.catalogue(url) == before
    for migration in known():
        for statement in migration.script.statements:
            assert statement.sql in plan.output
    assert re.search(
        r"-- locks pad_ws\.pads: ACCESS EXCLUSIVE \(\d+ kB, about 3 rows\)", plan.output
    )
    assert re.search(r"-- locks pad_ws\.backups: SHARE \(\d+ kB, never counted\)", plan.output)

    forker.run(settings, "db-upgrade")
    plan = forker.run(settings, "db-upgrade", "--plan")
    assert plan.output == "-- Nothing is pending.\n"


TAKEN = "SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND granted"


def test_the_locks_of_the_plan_are_those_that_postgresql_takes(database_url: str) -> None:
    ids = (
        "SELECT oid, 'pad_ws.' || relname FROM pg_class WHERE relnamespace = 'pad_ws'::regnamespace"
    )
    names = dict(databases.query(database_url, ids))
    for sql in (
        "ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS colour text",
        "ALTER TABLE pad_ws.pads VALIDATE CONSTRAINT pads_data_is_scene",
        "CREATE INDEX IF NOT EXISTS new_idx ON pad_ws.pads (display_name)",
        "COMMENT ON TABLE pad_ws.pads IS 'it''s'",
        "COMMENT ON COLUMN pad_ws.pads.version IS '-- FROM pad_ws.users'",
        "INSERT INTO pad_ws.pads SELECT FROM pad_ws.users WHERE false",
        "UPDATE pad_ws.pads SET display_name = 'x' WHERE false",
        "DELETE FROM pad_ws.pads WHERE false",
        "TRUNCATE pad_ws.pads CASCADE",
        "DO $$ BEGIN DELETE FROM pad_ws.pads WHERE false; END $$",
        "CREATE TABLE pad_ws.notes (pad_id uuid REFERENCES pad_ws.pads (id))",
        "SELECT id FROM pad_ws.pads JOIN pad_ws.users USING (id)",
        "DROP TABLE pad_ws.pads CASCADE",
    ):
        with psycopg.connect(database_url) as conn:
            conn.execute(sql.encode())
            held = {
                # AccessExclusiveLock is ACCESS EXCLUSIVE
                (
                    names.get(table),
                    re.sub(r"(?!^)([A-Z])", r" \1", mode).upper().removesuffix(" LOCK"),
                )
                for table, mode in conn.execute(TAKEN).fetchall()
            }
            conn.rollback()
        assert {each for each in locks_of(sql).items() if each[0] in names.values()} <= held, sql


def test_a_new_migration_comes_after_all_others(release: Release) -> None:
    command = [sys.executable, "-m", "padws.migrations.new", "add_colour"]
    made = programs.run(*command, within=release.directory).split()
    new = release.directory / made[0]
    assert NAME.fullmatch(new.stem)
    assert new.read_text().startswith(f"-- depends: {known()[-1].id}\n")
    assert (release.directory / made[1]).name == f"{new.stem}.rollback.sql"

    command[-1] = "Bad name"
    refusal = programs.run(*command, within=release.directory, code=1)
    assert refusal.startswith("Usage: make migration name=")


def test_scenes_are_compressed_by_lz4_where_the_server_has_it(database: str) -> None:
    for migration in known():
        run(database, migration.script)
    with psycopg.connect(database) as conn:
        used, has_lz4 = compression(conn)
        stored = "SELECT pg_column_compression(data) FROM pad_ws.template_pads WHERE name = 'new'"
        conn.execute(
            "INSERT INTO pad_ws.template_pads (name, display_name, data)"
            " VALUES ('new', 'New', jsonb_build_object('text', repeat('x', 10000)))"
        )
        assert conn.execute(stored).fetchone() == (used,)
    assert used == ("lz4" if has_lz4 else "pglz")
