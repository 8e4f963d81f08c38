"""The canvases of the first pad.ws, in every combination of old tables."""

from __future__ import annotations

import pytest

from tests.helpers import databases
from tests.helpers.commands import Forks

ALICE = "11111111-1111-4111-8111-111111111111"
STRANGER = "88888888-8888-4888-8888-888888888888"

WITHOUT_CANVASES = databases.LEGACY + b"DROP TABLE public.canvas_data;"
WITHOUT_BACKUPS = databases.LEGACY + b"DROP TABLE public.canvas_backups;"
EMPTY = databases.LEGACY + b"TRUNCATE public.canvas_data, public.canvas_backups;"
MOVED = b"UPDATE pad_ws.alembic_version SET version_num = 'migrate_canvas_data';"
OF_SOMEBODY_ELSE = b"CREATE TABLE public.canvas_data (id int, picture bytea);"


def counts(url: str) -> tuple[int, int, int]:
    """Users, pads and backups."""
    sql = """
        SELECT (SELECT count(*) FROM pad_ws.users), (SELECT count(*) FROM pad_ws.pads),
        (SELECT count(*) FROM pad_ws.backups)
    """
    ((users, pads, backups),) = databases.query(url, sql)
    return users, pads, backups


@pytest.mark.parametrize(
    ("before", "expected", "message"),
    [
        ([], (0, 0, 0), "there is none to move"),
        ([EMPTY], (0, 0, 0), "there is none to move"),
        ([OF_SOMEBODY_ELSE], (0, 0, 0), "public.canvas_data is not pad.ws's"),
        ([databases.LEGACY], (2, 2, 15), "2 canvases moved, 0 had been before; 2 users made"),
        ([WITHOUT_BACKUPS], (2, 2, 0), "2 canvases moved"),
        ([WITHOUT_CANVASES], (0, 0, 0), "backups of a user without a canvas that is moved: 18"),
        ([databases.PAD_WS_ITSELF], (2, 3, 15), "there is none to move"),
        ([databases.PAD_WS_ITSELF, databases.LEGACY], (3, 5, 30), "1 users made"),
        (
            [databases.PAD_WS_ITSELF, databases.LEGACY, MOVED],
            (2, 3, 15),
            "moved its canvases already",
        ),
    ],
    ids=[
        "no old tables",
        "empty old tables",
        "a table of another application",
        "both tables",
        "canvases without backups",
        "backups without canvases",
        "pad.ws without old tables",
        "pad.ws with old tables",
        "pad.ws has moved them",
    ],
)
def test_what_is_moved(
    before: list[bytes],
    expected: tuple[int, int, int],
    message: str,
    settings: dict[str, str],
    forker: Forks,
) -> None:
    databases.execute(settings["DATABASE_URL"], *before)
    command = forker.run(settings, "db-upgrade")
    assert counts(settings["DATABASE_URL"]) == expected
    assert message in command.output


@pytest.fixture
def moved(settings: dict[str, str], forker: Forks) -> tuple[str, str]:
    """The URL of a database after the move, and the output."""
    databases.execute(settings["DATABASE_URL"], databases.PAD_WS_ITSELF, databases.LEGACY)
    command = forker.run(settings, "db-upgrade")
    return settings["DATABASE_URL"], command.output


def test_a_canvas_becomes_a_stamped_pad(moved: tuple[str, str]) -> None:
    url, _ = moved
    sql = """
        SELECT id::text, data, version, last_backup_at = max(newest) FROM pad_ws.pads
        CROSS JOIN LATERAL (
            SELECT max(created_at) FROM pad_ws.backups WHERE source_id = pads.id
        ) AS b (newest)
        WHERE owner_id = %s AND display_name = 'Untitled' GROUP BY id
    """
    ((pad_id, data, version, newest),) = databases.query(url, sql, ALICE)
    assert data == {
        "elements": [1],
        "appState": {"pad": {"uniqueId": pad_id, "displayName": "Untitled", "tool": 1}},
    }
    assert version == 1
    assert newest is True


def test_every_backup_keeps_its_data_and_its_time_in_utc(moved: tuple[str, str]) -> None:
    url, _ = moved
    sql = """
        SELECT b.data ->> 'elements', to_char(b.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
        FROM pad_ws.backups AS b
        JOIN pad_ws.pads AS p ON p.id = b.source_id
        WHERE p.owner_id = %s AND p.display_name = 'Untitled'
        ORDER BY (b.data ->> 'elements')::int
    """
    found = databases.query(url, sql, ALICE)
    assert len(found) == 14  # more than the service keeps for a pad: its next backup prunes them
    assert found[1] == ("2", "2025-04-01 12:10")
    assert found[0][1] > "2026"  # without a time: that of the move


def test_a_user_without_a_row_gets_placeholders(moved: tuple[str, str]) -> None:
    url, _ = moved
    sql = "SELECT username, email, email_verified, name, roles FROM pad_ws.users WHERE id = %s"
    assert databases.query(url, sql, STRANGER) == [
        (
            f"migrated_user_{STRANGER}",
            f"migrated_{STRANGER}@example.com",
            False,
            "Migrated User",
            [],
        )
    ]


def test_what_stays_behind_is_counted_and_named(moved: tuple[str, str]) -> None:
    _, output = moved
    for line in (
        "canvases without data: 2; ids: 99999999-9999-4999-8999-000000000001, 9",
        "canvases with data that is no drawing: 3; ids: 99999999-9999-4999-8999-000000000003, 9",
        "backups without data: 2; ids: 16, 17.",
        "backups with data that is no drawing: 1; ids: 18.",
        "backups of a user without a canvas that is moved: 3; ids: 19, 20, 21.",
    ):
        assert f"staying behind, {line}" in output


def test_only_the_first_twenty_are_named(settings: dict[str, str], forker: Forks) -> None:
    databases.execute(
        settings["DATABASE_URL"],
        databases.LEGACY,
        b"INSERT INTO public.canvas_backups (user_id, canvas_data)"
        b"SELECT gen_random_uuid(), '{}' FROM generate_series(1, 100)",
    )
    command = forker.run(settings, "db-upgrade")
    (line,) = [each for each in command.output.splitlines() if "backups with data that" in each]
    assert ": 101; ids: 18, 22, 23, " in line
    assert line.endswith("39, 40 and more.")
    assert line.count(", ") == 20  # nineteen between ids, and the one before "backups"


def test_the_old_tables_are_left_alone(settings: dict[str, str], forker: Forks) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.LEGACY)
    old = "SELECT c::text FROM public.{} AS c ORDER BY 1"
    tables = ("canvas_data", "canvas_backups")
    before = [databases.query(url, old.format(table)) for table in tables]
    forker.run(settings, "db-upgrade")
    assert [databases.query(url, old.format(table)) for table in tables] == before


def test_the_preview_gives_the_same_counts_beforehand_and_changes_nothing(
    settings: dict[str, str], forker: Forks
) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.LEGACY)
    preview = forker.run(settings, "db-preview-legacy")
    assert databases.catalogue(url) == "\n"

    real = forker.run(settings, "db-upgrade")
    expected = [line for line in preview.output.splitlines() if line.startswith("Legacy data")]
    assert "Legacy data: 2 canvases and 15 backups can be moved." in expected
    assert set(expected) <= set(real.output.splitlines())


def test_what_counts_as_a_drawing_is_what_the_tables_take(
    settings: dict[str, str], forker: Forks
) -> None:
    url = settings["DATABASE_URL"]
    forker.run(settings, "db-upgrade")
    shapes = [
        "null", "1", '"text"', "[]", "[1]", "{}", '{"a": 1}', '{"appState": null}',
        '{"appState": {}}', '{"appState": 1}', '{"appState": {"pad": {}}}',
        '{"appState": {"pad": null}}', '{"appState": {"pad": []}}', '{"elements": []}',
    ]  # fmt: skip
    rows = ", ".join(f"(gen_random_uuid(), '{shape}')" for shape in shapes)
    databases.execute(
        url,
        b"CREATE TABLE public.canvas_data (user_id uuid PRIMARY KEY, data jsonb)",
        f"INSERT INTO public.canvas_data VALUES {rows}".encode(),
    )
    forker.run(settings, "db-rollback", "--to", "20261122_0002_create_tables", "--yes")
    forker.run(settings, "db-upgrade")
    not_moved = """
        SELECT data::text FROM public.canvas_data
        WHERE user_id NOT IN (SELECT owner_id FROM pad_ws.pads) ORDER BY 1
    """
    refused = "SELECT data::text FROM public.canvas_data WHERE NOT pad_ws.is_scene(data) ORDER BY 1"
    assert databases.query(url, not_moved) == databases.query(url, refused)
