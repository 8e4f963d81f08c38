"""The monitoring views show the truth, and the queries of docs/dba.md run on them."""

from __future__ import annotations

import re
from datetime import timedelta

import psycopg
import pytest

from padws.config import ROOT
from tests.dba.conftest import Owned
from tests.helpers import databases

PAGE = (ROOT / "docs" / "dba.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
QUERIES = [query.strip() for query in BLOCK.split(";") if query.strip()]

# Nine users with as many pads as their number; pad n has 100 times n random texts, n mod 3 backups.
ROWS = b"""
    INSERT INTO pad_ws.users (id, username, email)
    SELECT md5('user ' || u)::uuid, 'user ' || u, u || '@example.com'
    FROM generate_series(0, 8) AS u;

    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, created_at, updated_at, version)
    SELECT
        md5('pad ' || u || ' ' || n)::uuid,
        md5('user ' || u)::uuid,
        'Drawing',
        jsonb_build_object('elements', (
            SELECT jsonb_agg(md5(u || ' ' || n || ' ' || t)) FROM generate_series(1, 100 * n) AS t
        )),
        now() - interval '2 days',
        now() - interval '1 hour',
        n
    FROM generate_series(0, 8) AS u CROSS JOIN LATERAL generate_series(1, u) AS n;

    INSERT INTO pad_ws.backups (id, source_id, data, created_at)
    SELECT gen_random_uuid(), p.id, p.data, now() - b * interval '1 day'
    FROM pad_ws.pads AS p CROSS JOIN LATERAL generate_series(1, p.version % 3) AS b;

    UPDATE pad_ws.pads SET version = version + 1;
    ANALYZE pad_ws.pads;
"""


@pytest.fixture(scope="module")
def url(database_of_roles: Owned) -> str:
    """A database with those rows and no others."""
    databases.execute(database_of_roles.url, b"DELETE FROM pad_ws.users", ROWS)
    return database_of_roles.url


def test_storage_by_user(url: str) -> None:
    shown = databases.query(
        url,
        "SELECT username, pads, pads_bytes, backups, backups_bytes, bytes, last_saved_at IS NULL "
        "FROM pad_ws.monitoring_storage_by_user ORDER BY username",
    )
    assert [row[1] for row in shown] == list(range(9))
    assert [row[3] for row in shown] == [sum(n % 3 for n in range(1, u + 1)) for u in range(9)]
    assert shown[0] == ("user 0", 0, 0, 0, 0, 0, True)
    for _, pads, pads_bytes, _, backups_bytes, both, never in shown[1:]:
        # An md5 of 32 characters takes 32 to 40 bytes, and hardly shrinks below half of that.
        pieces = 100 * pads * (pads + 1) // 2
        assert 16 * pieces < pads_bytes < 41 * pieces
        assert both == pads_bytes + backups_bytes
        assert not never
    assert shown[3][4] > shown[1][4] > 0


def test_pictures_by_user(url: str) -> None:
    """Each picture once; the view looks at their sizes alone."""
    databases.execute(
        url,
        b"""
        INSERT INTO pad_ws.pictures (owner_id, digest, content, unneeded_since)
        SELECT
            md5('user ' || u)::uuid,
            sha256(convert_to(u || ' ' || n, 'UTF8')),
            to_json(repeat('x', 5000)),
            CASE WHEN n = 1 THEN now() END
        FROM generate_series(0, 8) AS u CROSS JOIN LATERAL generate_series(1, u) AS n
        """,
    )
    shown = databases.query(
        url,
        "SELECT username, pictures, bytes, unneeded, unneeded_bytes "
        "FROM pad_ws.monitoring_pictures_by_user ORDER BY username",
    )
    assert shown[0] == ("user 0", 0, 0, 0, 0)
    for number, row in enumerate(shown[1:], start=1):
        assert row[1:] == (number, number * 5_002, 1, 5_002)


def test_trash_by_user(url: str) -> None:
    """Of whoever has something there."""
    put_in = (
        b"UPDATE pad_ws.pads AS p SET deleted_at = CASE WHEN p.id = ("
        b"SELECT min(id::text)::uuid FROM pad_ws.pads AS o WHERE o.owner_id = p.owner_id"
        b") THEN '-infinity' ELSE '2025-05-01'::timestamptz END "
        b"FROM pad_ws.users WHERE users.id = p.owner_id AND username IN ('user 1', 'user 3')"
    )
    shown = "SELECT {} FROM pad_ws.monitoring_{}_by_user WHERE username IN ('user 1', 'user 3')"
    columns = "username, pads, pads_bytes, backups, backups_bytes, bytes"
    databases.execute(url, put_in)
    trash = databases.query(url, f"{shown.format(columns, 'trash')} ORDER BY 1")
    assert trash == databases.query(url, f"{shown.format(columns, 'storage')} ORDER BY 1")
    oldest = databases.query(url, f"{shown.format('oldest_deleted_at', 'trash')} ORDER BY username")
    assert [row[0] and row[0].year for row in oldest] == [None, 2025]
    databases.execute(url, b"UPDATE pad_ws.pads SET deleted_at = NULL")
    assert databases.query(url, "SELECT FROM pad_ws.monitoring_trash_by_user") == []


def test_history(url: str) -> None:
    """By pad, by user and by tier it is the same; pictures count where history alone needs them."""
    databases.execute(
        url,
        b"""
        UPDATE pad_ws.backups SET label = 'Draft' WHERE created_at < now() - interval '36 hours';
        UPDATE pad_ws.backups SET reason = 'replaced'
        WHERE label IS NULL AND owner_id = md5('user 8')::uuid;
        INSERT INTO pad_ws.pictures (owner_id, digest, content)
        SELECT md5('user 8')::uuid, sha256(n), to_json(repeat('x', 5000))
        FROM (VALUES ('history'::bytea), ('both'), ('pad'), ('nobody')) AS t (n);
        INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
        SELECT b.owner_id, b.id, sha256(n) FROM (VALUES ('history'::bytea), ('both')) AS t (n),
            (SELECT owner_id, id FROM pad_ws.backups WHERE reason = 'replaced' LIMIT 1) AS b;
        INSERT INTO pad_ws.pad_pictures (owner_id, pad_id, digest)
        SELECT md5('user 8')::uuid, md5('pad 8 1')::uuid, sha256(n)
        FROM (VALUES ('pad'::bytea), ('both')) AS t (n)
        """,
    )
    of = "SELECT sum(backups), sum(bytes)::bigint, sum(labelled), sum(replaced) FROM pad_ws."
    (by_pad,) = databases.query(url, of + "monitoring_history_by_pad")
    (by_user,) = databases.query(url, of + "monitoring_history_by_user")
    assert by_pad == by_user
    tiers = databases.query(url, "SELECT tier, backups, bytes FROM pad_ws.monitoring_history_tiers")
    assert {tier for tier, *_ in tiers} == {"labelled", "replaced", "newest"}
    assert by_pad[:2] == (sum(each[1] for each in tiers), sum(each[2] for each in tiers))
    assert {tier: number for tier, number, _ in tiers}["labelled"] == by_pad[2] > 0
    pictures = databases.query(
        url,
        "SELECT username, pictures, pictures_bytes FROM pad_ws.monitoring_history_by_user "
        "WHERE pictures > 0",
    )
    assert pictures == [("user 8", 1, 5_002)]


def test_largest_pads(url: str) -> None:
    shown = databases.query(
        url,
        "SELECT pad_id, owner_id, bytes, backups, version - 1 FROM pad_ws.monitoring_largest_pads",
    )
    assert len(shown) == 36
    sizes = [row[2] for row in shown]
    assert sizes == sorted(sizes, reverse=True)
    assert [row[3] for row in shown] == [row[4] % 3 for row in shown]
    assert shown[0][4] == 8


def test_backup_age(url: str) -> None:
    shown = databases.query(
        url,
        "SELECT p.version - 1, newest_backup_at, newest_backup_age, not_backed_up_for "
        "FROM pad_ws.monitoring_backup_age JOIN pad_ws.pads AS p ON p.id = pad_id",
    )
    assert len(shown) == 36
    for number, newest, age, without in shown:
        if number % 3 == 0:  # no backup: the time since it was created
            assert newest is None
            assert age is None
            assert without == timedelta(days=2) - timedelta(hours=1)
        else:
            assert timedelta(days=1) <= age < timedelta(days=1, hours=1)
            assert without == timedelta(days=1) - timedelta(hours=1)


def test_tables(url: str) -> None:
    databases.execute(url, b"SELECT pg_stat_force_next_flush()", b"VACUUM (ANALYZE) pad_ws.pads")
    ((live, dead, table, toast, indexes, all_of_it, vacuumed),) = databases.query(
        url,
        "SELECT live_rows, dead_rows, table_bytes, toast_bytes, indexes_bytes, bytes, "
        "last_vacuum_at > now() - interval '1 minute' "
        "FROM pad_ws.monitoring_tables WHERE table_name = 'pads'",
    )
    assert (live, dead, vacuumed) == (36, 0, True)
    assert toast > 36 * 1000
    assert all_of_it >= table + toast + indexes
    names = databases.query(url, "SELECT table_name FROM pad_ws.monitoring_tables ORDER BY 1")
    assert {"users", "pads", "backups", "template_pads", "access_tokens"} < {n for (n,) in names}


def test_no_view_reads_a_scene(url: str) -> None:
    """Sizes come from the rows alone; reading a scene would scan the index of its pieces."""
    scans = (
        "SELECT sum(pg_stat_get_xact_numscans(i.indexrelid)) FROM pg_class AS c "
        "JOIN pg_index AS i ON i.indrelid = c.reltoastrelid "
        "WHERE c.relnamespace = 'pad_ws'::regnamespace"
    )
    with psycopg.connect(url) as conn:
        for view in ("storage_by_user", "largest_pads", "backup_age", "tables"):
            conn.execute(f"SELECT * FROM pad_ws.monitoring_{view}".encode()).fetchall()
        assert conn.execute(scans.encode()).fetchone() == (0,)
        conn.execute(b"SELECT length(data::text) FROM pad_ws.pads").fetchall()
        assert conn.execute(scans.encode()).fetchone() != (0,)


@pytest.mark.parametrize("query", QUERIES, ids=[q.partition("\n")[0][3:50] for q in QUERIES])
def test_monitoring_may_run_the_queries_of_the_page(
    url: str, database_of_roles: Owned, query: str
) -> None:
    databases.query(database_of_roles.monitoring, query)
