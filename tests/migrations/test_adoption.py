"""A database that pad.ws itself made is taken over, and every row stays as it is."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from padws.config import ROOT
from padws.database import prepare_connection
from padws.queries import backups, pads
from padws.queries.users import record_sign_in
from padws.scene_counts import SceneCounts
from tests.conftest import StartService
from tests.helpers import databases
from tests.helpers.commands import Forks
from tests.helpers.rows import ANY_VERSION, retention, scene, user_row

OF_PADWS = {
    ("pads", "version"),
    ("pads", "last_backup_at"),
    ("pads", "restored_version"),
    ("pads", "pictures"),
    ("pads", "deleted_at"),
    ("pads", "elements"),
    ("pads", "versions"),
    ("pads", "element_hashes"),
    ("pads", "inline_pictures"),
    ("pads", "counted_at"),
    ("pads", "saved_at"),
    ("pads", "arrived_at"),
    ("pads", "overwritten_at"),
    ("backups", "owner_id"),
    ("backups", "reason"),
    ("backups", "label"),
    ("backups", "version"),
    ("backups", "elements"),
    ("backups", "digest"),
    ("backups", "pictures"),
    ("template_pads", "file_digest"),
    ("users", "deleted_at"),
    ("users", "former_username"),
    ("users", "former_email"),
}

# What pad.ws's SQLAlchemy models send; they do not know padws's columns and rules.
STATEMENTS_OF_PAD_WS = b"""
    INSERT INTO pad_ws.users (
        id, username, email, email_verified, name, given_name, family_name, roles,
        created_at, updated_at
    ) VALUES (
        'abababab-abab-4bab-8bab-abababababab', 'carol', 'carol@example.com', true,
        null, null, null, '[]', now(), now()
    );
    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, created_at, updated_at) VALUES (
        'cdcdcdcd-cdcd-4dcd-8dcd-cdcdcdcdcdcd', 'abababab-abab-4bab-8bab-abababababab', 'Hers',
        '{"elements": []}', now(), now()
    );
    UPDATE pad_ws.pads SET data = '{"elements": [1]}', updated_at = now()
    WHERE id = 'cdcdcdcd-cdcd-4dcd-8dcd-cdcdcdcdcdcd';
    INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at) VALUES (
        gen_random_uuid(), 'cdcdcdcd-cdcd-4dcd-8dcd-cdcdcdcdcdcd', '{}', now(), now()
    );
    INSERT INTO pad_ws.template_pads (id, name, display_name, data, created_at, updated_at) VALUES (
        gen_random_uuid(), 'new', 'New', '{"elements": []}', now(), now()
    );
    UPDATE pad_ws.users SET username = 'caroline', updated_at = now()
    WHERE id = 'abababab-abab-4bab-8bab-abababababab';
    DELETE FROM pad_ws.users WHERE id = 'abababab-abab-4bab-8bab-abababababab';
"""


# Times may still be null.
LEFT_AS_PAD_WS_HAS_THEM = (
    *(
        f"column {table}.{column} "
        for table in databases.TABLES
        for column in ("created_at", "updated_at")
    ),
    "AS $function$SELECT TRUE$function$",  # pictures stay in scenes until PICTURES_APART says else
)


def rows_of_pad_ws(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row, without the columns that padws has added."""
    found = {
        table: databases.query(url, f"SELECT to_jsonb(t) FROM pad_ws.{table} AS t ORDER BY id")
        for table in databases.TABLES
    }
    return {
        table: [{k: v for k, v in row.items() if (table, k) not in OF_PADWS} for (row,) in rows]
        for table, rows in found.items()
    }


def test_adoption_leaves_every_row_as_it_is_and_the_second_run_changes_nothing(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    before = rows_of_pad_ws(url)
    lines_before = set(databases.catalogue(url).splitlines())

    forker.run(pad_ws_settings, "db-upgrade")
    assert rows_of_pad_ws(url) == before
    after = {line.partition(" default ")[0] for line in databases.catalogue(url).splitlines()}
    assert {line.partition(" default ")[0] for line in lines_before} <= after
    assert databases.query(url, "SELECT version_num FROM pad_ws.alembic_version") == [
        ("2025_05_04_2310",)
    ]
    assert databases.query(url, "SELECT DISTINCT version FROM pad_ws.pads") == [(0,)]

    adopted = databases.catalogue(url), databases.rows(url)
    second = forker.run(pad_ws_settings, "db-upgrade")
    assert "nothing to do" in second.output
    assert (databases.catalogue(url), databases.rows(url)) == adopted


def test_pad_ws_itself_goes_on_working_on_an_adopted_database(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    forker.run(pad_ws_settings, "db-upgrade")
    databases.execute(pad_ws_settings["DATABASE_URL"], STATEMENTS_OF_PAD_WS)


def test_an_adopted_database_gets_what_a_new_one_has(
    pad_ws_settings: dict[str, str], forker: Forks, database_url: str
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    forker.run(pad_ws_settings, "db-upgrade")
    adopted = databases.own_catalogue(url)
    everything = adopted.replace(" NOT VALID", "")
    for line in databases.own_catalogue(database_url).splitlines():
        assert line in everything or line.startswith(LEFT_AS_PAD_WS_HAS_THEM), line
    assert {line.split()[1] for line in adopted.splitlines() if line.endswith("NOT VALID")} == {
        "pads_data_is_scene",
        "backups_data_is_object",
    }


# Rows that pad.ws accepts, and padws's rules refuse.
BROKEN_ROWS = b"""
    INSERT INTO pad_ws.users (id, username, email, email_verified, roles) VALUES
    ('aaaaaaaa-0000-4000-8000-000000000001', 'x', 'Alice@Example.com', true, '[]'),
    ('aaaaaaaa-0000-4000-8000-000000000002', 'y', '', true, 'null');
    INSERT INTO pad_ws.pads VALUES (
        'aaaaaaaa-0000-4000-8000-000000000003', 'aaaaaaaa-0000-4000-8000-000000000001', ' ',
        '{"elements": []}', now(), now() - interval '1 day'
    );
    INSERT INTO pad_ws.backups VALUES (
        'aaaaaaaa-0000-4000-8000-000000000004', 'aaaaaaaa-0000-4000-8000-000000000003',
        'null', now(), now() - interval '1 day'
    );
"""
LEFT_OUT = ["users_email_lower_key", "pads_display_name_not_blank"]
BROKEN_RULES = ["users_email_not_blank", "users_roles_are_texts"]
MENDED = b"""
    UPDATE pad_ws.users SET email = id || '@example.com', roles = '[]'
    WHERE email IN ('', 'Alice@Example.com');
    UPDATE pad_ws.pads SET display_name = 'Untitled' WHERE display_name = ' ';
    UPDATE pad_ws.backups SET updated_at = created_at, data = '{}' WHERE data = 'null';
"""


def test_rows_that_break_rules_are_left_as_they_are_and_said(
    settings: dict[str, str], forker: Forks, database_url: str
) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF, BROKEN_ROWS)
    before = rows_of_pad_ws(url)
    upgrade = forker.start(settings, "db-upgrade")
    assert upgrade.wait() == 0, upgrade.output
    assert rows_of_pad_ws(url) == before
    for rule in [*BROKEN_RULES, "pads_display_name_not_blank"]:
        assert f"break the rule {rule}" in upgrade.output
    assert "email addresses differ by case alone" in upgrade.output

    status = forker.start(settings, "db-status")
    assert status.wait() == 0
    rules = [line for line in status.output.splitlines() if line.startswith("Rule ")]
    assert len(rules) == len(LEFT_OUT + BROKEN_RULES)
    databases.execute(url, MENDED)
    for line, rule in zip(rules, LEFT_OUT + BROKEN_RULES, strict=True):
        assert f" {rule} " in line or f" {rule};" in line
        databases.execute(url, line.partition("once fixed: ")[2].encode())

    status = forker.start(settings, "db-status")
    assert status.wait() == 0
    assert "Rule " not in status.output
    adopted = databases.own_catalogue(url).replace(" NOT VALID", "")
    for line in databases.own_catalogue(database_url).splitlines():
        assert line in adopted or line.startswith(
            (*LEFT_AS_PAD_WS_HAS_THEM, "comment on users_email_lower_key")
        ), line


def test_rows_that_break_rules_can_be_saved_and_signed_in_to(
    settings: dict[str, str], forker: Forks
) -> None:
    databases.execute(settings["DATABASE_URL"], databases.PAD_WS_ITSELF, BROKEN_ROWS)
    assert forker.start(settings, "db-upgrade").wait() == 0
    pad_id = UUID("aaaaaaaa-0000-4000-8000-000000000003")
    mine: dict[str, Any] = {
        "pad_id": pad_id,
        "owner_id": UUID("aaaaaaaa-0000-4000-8000-000000000001"),
    }
    with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as conn:
        prepare_connection(conn)
        assert backups.insert_backup(conn, retention=retention(), **mine).rows
        assert pads.save_pad(
            conn,
            scene=scene(),
            pictures=None,
            contents=None,
            **SceneCounts().columns(),
            waited=timedelta(0),
            accepted_versions=ANY_VERSION,
            backup_interval=timedelta(0),
            retention=retention(),
            **mine,
        )
        for number in ("1", "2"):
            row = user_row(
                user_id=UUID(f"aaaaaaaa-0000-4000-8000-00000000000{number}"),
                email="alice@example.com",
            )
            with conn.transaction():
                assert record_sign_in(conn, row).email == "alice@example.com"


INDEXES = """
    SELECT indexrelid FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relname IN ('pads_owner_id_created_at_idx', 'backups_source_id_created_at_idx')
    AND indisvalid ORDER BY 1
"""


def test_indexes_that_were_built_beforehand_are_not_built_again(
    pad_ws_settings: dict[str, str], forker: Forks, database_url: str
) -> None:
    url = pad_ws_settings["DATABASE_URL"]
    page = (ROOT / "docs" / "migrations.md").read_text()
    for statement in re.findall(
        r"^CREATE INDEX CONCURRENTLY IF NOT EXISTS .*?;", page, re.S | re.M
    ):
        databases.execute(url, statement.encode())
    built = databases.query(url, INDEXES)
    assert len(built) == 2

    forker.run(pad_ws_settings, "db-upgrade")
    assert databases.query(url, INDEXES) == built
    indexes = [line for line in databases.catalogue(database_url).splitlines() if "_idx" in line]
    assert set(indexes) <= set(databases.catalogue(url).splitlines())


def test_the_service_starts_on_an_adopted_database(
    environment: dict[str, str], settings: dict[str, str], service: StartService
) -> None:
    databases.execute(settings["DATABASE_URL"], databases.PAD_WS_ITSELF, databases.LEGACY)
    running = service({**environment, **settings})  # gunicorn migrates before it answers
    assert running.server.is_alive()
    assert databases.query(settings["DATABASE_URL"], "SELECT count(*) FROM pad_ws.pads") == [(5,)]
