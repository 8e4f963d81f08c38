"""`flask db-verify` on databases with planted damage: it finds all of it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
import pytest

from padws.config import ROOT, load_settings
from padws.migrations import migrate
from padws.queries import checks
from padws.recovery import batches, connection
from padws.recovery.progress import Progress
from padws.recovery.verify import Findings
from padws.recovery.verify import verify as look_at
from tests.helpers import databases
from tests.recovery.conftest import COULD_NOT_LOOK, DAMAGED, SOUND, Command
from tests.recovery.planted import (
    DAMAGE,
    NO_DAMAGE,
    PICTURE,
    PICTURES,
    UNREADABLE,
    UNREADABLE_PICTURE,
    id_of,
)

Verify = Callable[..., str]


@pytest.fixture
def verify(command: Command) -> Verify:
    def run(url: str, *options: str, code: int) -> str:
        return command(url, "db-verify", *options, code=code)

    return run


def check(url: str) -> tuple[int, bool]:
    """The faults that were recorded, and whether the last check succeeded."""
    ((faults, succeeded),) = databases.query(
        url,
        "SELECT faults, succeeded_at = finished_at FROM pad_ws.checks WHERE name = 'db-verify'",
    )
    return faults, bool(succeeded)


def test_a_sound_database_is_sound(verify: Verify, url: str) -> None:
    printed = verify(url, code=SOUND)
    assert printed == (
        "Looked at 3 users, 6 pads, 18 backups, 1 template_pads, 3 access_tokens, 4 pictures, "
        "4 pad_pictures, 12 backup_pictures, 3 links, 3 usage. Damaged: 0.\n"
    )
    assert check(url) == (0, True)


@pytest.mark.parametrize("name", DAMAGE)
def test_each_kind_of_damage_is_found_and_named(verify: Verify, url: str, name: str) -> None:
    damage = DAMAGE[name]
    damage.plant(url)
    expected = [f"Damaged: the rule {damage.rule} is missing"] if damage.rule else []
    if name == "a pad without a name":  # a rule that is left out where pad.ws has such a pad
        expected = [f"Known: the rule {damage.rule} is missing, for the sake of rows of pad.ws"]
    *lines, summary = verify(url, code=DAMAGED).splitlines()
    assert lines == [*expected, damage.finding]
    faults = sum(line.startswith("Damaged") for line in lines)
    assert f"Damaged: {faults}." in summary
    assert check(url) == (faults, False)


@pytest.mark.parametrize("table", UNREADABLE)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_read(
    verify: Verify, url: str, table: str
) -> None:
    damage = UNREADABLE[table]
    damage.plant(url)
    DAMAGE["a token of an unknown scope"].plant(url)
    lines = verify(url, code=DAMAGED).splitlines()
    (found,) = [line for line in lines if line.startswith(f"Damaged: {table} ")]
    assert found.startswith(damage.finding)
    assert DAMAGE["a token of an unknown scope"].finding in lines
    assert "3 users, 6 pads, 18 backups" in lines[-1]


PAST_FOREIGN_KEYS = b"SET session_replication_role = replica;"


@pytest.mark.parametrize("name", PICTURES)
def test_each_kind_of_damage_to_a_picture_is_found_and_named(
    verify: Verify, url: str, name: str
) -> None:
    change, found = PICTURES[name]
    databases.execute(url, PAST_FOREIGN_KEYS + change.encode())
    *lines, _ = verify(url, code=DAMAGED).splitlines()
    expected = {f"Damaged: {row}, owner {id_of('user 2')}: {why}" for row, why in found}
    missing = {"Damaged: the rule pictures_content_is_text is missing"}
    assert set(lines) - missing == expected
    assert len(lines) == len(set(lines))


def test_a_picture_that_is_no_json_is_named_and_the_others_are_read(
    verify: Verify, url: str
) -> None:
    databases.execute(url, UNREADABLE_PICTURE.encode())
    other = "UPDATE pad_ws.pictures SET content = '[1]' WHERE content::text LIKE '%4%'"
    databases.execute(url, other.encode())
    *lines, summary = verify(url, code=DAMAGED).splitlines()
    row = f"Damaged: pictures {PICTURE}, owner {id_of('user 2')}: cannot be read: "
    assert [line.startswith(row) for line in lines].count(True) == 1
    assert [line.endswith(": pictures_content_is_text") for line in lines].count(True) == 1
    assert "4 pictures" in summary


def test_what_a_drawing_does_not_need_any_more_is_no_damage(verify: Verify, url: str) -> None:
    databases.execute(url, NO_DAMAGE.encode())
    assert "Damaged: 0." in verify(url, code=SOUND)


def test_a_check_that_succeeds_later_says_so_and_when_it_did_stays(
    verify: Verify, url: str
) -> None:
    verify(url, code=SOUND)
    DAMAGE["a pad of the future"].plant(url)
    verify(url, code=DAMAGED)
    ((in_order,),) = databases.query(url, "SELECT succeeded_at < finished_at FROM pad_ws.checks")
    assert in_order
    databases.execute(url, b"UPDATE pad_ws.pads SET updated_at = now()")
    verify(url, code=SOUND)
    assert check(url) == (0, True)


def test_all_damage_together_is_counted_and_a_bounded_part_printed(
    verify: Verify, url: str
) -> None:
    databases.execute(url, b"ALTER TABLE pad_ws.backups DROP CONSTRAINT backups_times_in_order")
    databases.execute(url, b"UPDATE pad_ws.backups SET updated_at = 'epoch', digest = 1")
    printed = verify(url, "--most", "3", code=DAMAGED)
    assert printed.count("Damaged: backups ") == 2, "after the missing rule"
    assert "Damaged: and more, which are counted." in printed
    assert printed.endswith("Damaged: 19.\n")


def test_each_rule_that_is_missing_is_named(verify: Verify, url: str) -> None:
    dropped = databases.query(
        url,
        "SELECT conrelid::regclass::text, conname FROM pg_constraint "
        "WHERE connamespace = 'pad_ws'::regnamespace AND contype IN ('c', 'f', 'u') "
        "AND conrelid IN ('pad_ws.users'::regclass, 'pad_ws.pads'::regclass, "
        "'pad_ws.backups'::regclass, 'pad_ws.access_tokens'::regclass, "
        "'pad_ws.pictures'::regclass, 'pad_ws.pad_pictures'::regclass, "
        "'pad_ws.backup_pictures'::regclass, 'pad_ws.links'::regclass, 'pad_ws.usage'::regclass)",
    )
    for table, name in dropped:
        databases.execute(
            url, f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name} CASCADE".encode()
        )
    printed = verify(url, code=DAMAGED)
    missing = set(re.findall(r"^Damaged: the rule (\w+) is missing$", printed, re.MULTILINE))
    left_out = set(re.findall(r"^Known: the rule (\w+) is missing", printed, re.MULTILINE))
    assert missing | left_out == {name for _, name in dropped}
    assert left_out == {"pads_display_name_not_blank"}


def test_every_rule_of_the_newest_schema_is_asked_for(database_url: str) -> None:
    """Also those that a later migration adds."""
    there = databases.query(
        database_url,
        "SELECT conname FROM pg_constraint WHERE connamespace = 'pad_ws'::regnamespace "
        "AND contype IN ('c', 'f', 'u', 'p') AND conrelid NOT IN "
        "('pad_ws.checks'::regclass, 'pad_ws.tidied'::regclass, 'pad_ws.functions'::regclass,"
        " 'pad_ws.limits'::regclass) "
        "AND conrelid::regclass::text !~ 'yoyo'",
    )
    rules = (ROOT / "sql" / "checks" / "list_rules.sql").read_text()
    assert {name for (name,) in there} - set(re.findall(r"'(\w+)'", rules)) == set()
    looks = " ".join(path.read_text() for path in (ROOT / "sql" / "checks").glob("find_*.sql"))
    conditions = {name for (name,) in there if not re.search(r"_(pkey|key)$", name)}
    assert conditions - set(re.findall(r"'(\w+)'", looks)) == {
        "backups_source_id_fkey",  # is in backups_source_id_owner_id_fkey
    }


# Databases of pad.ws


def test_what_pad_ws_left_behind_is_known(
    verify: Verify, empty_database_url: str, redis_url: str
) -> None:
    user = "00000000-0000-4000-8000-0000000000aa"
    pad = "00000000-0000-4000-8000-0000000000ab"
    databases.execute(
        empty_database_url,
        databases.PAD_WS_ITSELF,
        f"""
        INSERT INTO pad_ws.users
            (id, username, email, email_verified, roles, created_at, updated_at)
        VALUES ('{user}', 'mallory', '  ', false, '[]', now(), now());
        INSERT INTO pad_ws.pads (id, owner_id, display_name, data, created_at, updated_at)
        VALUES ('{pad}', '{user}', 'none', '[]', now(), now());
        INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
        VALUES ('{pad}', '{pad}', '[]', now(), now());
        """.encode(),
    )
    migrate(load_settings({"DATABASE_URL": empty_database_url, "REDIS_URL": redis_url}))
    printed = verify(empty_database_url, code=SOUND)
    assert f"Known: users {user}, owner {user}: users_email_not_blank" in printed
    assert f"Known: pads {pad}, owner {user}: pads_data_is_scene" in printed
    assert f"Known: backups {pad}, owner {user}: backups_data_is_object" in printed
    assert "Known: the rule users_email_not_blank is not valid" in printed
    assert "Damaged: 0." in printed
    databases.execute(
        empty_database_url,
        b"ALTER TABLE pad_ws.pads DISABLE TRIGGER ALL",
        b"ALTER TABLE pad_ws.pads DROP CONSTRAINT pads_data_is_scene",
        f"UPDATE pad_ws.pads SET version = 1 WHERE id = '{pad}'".encode(),
        b"ALTER TABLE pad_ws.pads ADD CONSTRAINT pads_data_is_scene "
        b"CHECK (pad_ws.is_scene(data)) NOT VALID",
    )
    assert f"Damaged: pads {pad}" in verify(empty_database_url, code=DAMAGED), (
        "padws would not write it"
    )


# What keeps it from looking


def test_a_database_of_another_release_is_not_judged(
    verify: Verify, empty_database_url: str
) -> None:
    assert "run `flask db-upgrade`" in verify(empty_database_url, code=COULD_NOT_LOOK)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://localhost:1/none", "PostgreSQL: "),
        ("nonsense://", "DATABASE_URL"),
    ],
)
def test_it_says_why_it_could_not_look(verify: Verify, url: str, complaint: str) -> None:
    printed = verify(url, code=COULD_NOT_LOOK)
    assert printed.startswith("Error: ")
    assert complaint in printed
    assert "Traceback" not in printed


def test_a_role_that_may_only_read_is_told_that_nothing_was_recorded(
    verify: Verify, url: str
) -> None:
    read_only = f"{url}&options=-c%20default_transaction_read_only%3Don"
    printed = verify(read_only, code=SOUND)
    assert "Damaged: 0." in printed
    assert "not recorded" in printed


# How it looks


def looking(url: str, most: int = 0) -> tuple[Findings, Callable[[psycopg.Connection], None]]:
    findings = Findings(lambda _: None, most)
    return findings, lambda conn: look_at(conn, findings, Progress())


def test_no_snapshot_outlives_a_batch(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each statement is a transaction of its own, however many batches a table has."""
    monkeypatch.setattr(batches, "_SIZES", range(1, 3))
    monkeypatch.setattr(batches, "_FIRST_SIZE", 2)
    seen: list[int] = []
    find = checks.find_damaged_backups

    def watched(conn: psycopg.Connection, **ids: object) -> list[checks.Damaged]:
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        ((horizon,),) = databases.query(
            url,
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'padws check%' "
            "AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)",
        )
        seen.append(horizon)
        return find(conn, **ids)  # type: ignore[arg-type]

    monkeypatch.setitem(look_at.__globals__["TABLES"], "backups", watched)
    findings, look = looking(url)
    with connection.connected(load_settings({"DATABASE_URL": url}), url) as conn:
        look(conn)
    assert seen == [0] * 9
    assert findings.examined["backups"] == 18
    assert findings.examined["pictures"] == findings.examined["pad_pictures"] == 4
    assert findings.examined["backup_pictures"] == 12


def test_a_batch_that_takes_longer_than_statements_may_is_split(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    DAMAGE["a backup of the future"].plant(url)
    sizes: list[int] = []
    find = checks.find_damaged_backups

    def slow(conn: psycopg.Connection, **ids: object) -> list[checks.Damaged]:
        ((size,),) = conn.execute(
            "SELECT count(*) FROM pad_ws.backups WHERE id BETWEEN %(first_id)s AND %(last_id)s", ids
        ).fetchall()
        sizes.append(size)
        if size > 2:
            raise psycopg.errors.QueryCanceled
        return find(conn, **ids)  # type: ignore[arg-type]

    monkeypatch.setitem(look_at.__globals__["TABLES"], "backups", slow)
    findings, look = looking(url)
    with connection.connected(load_settings({"DATABASE_URL": url}), url) as conn:
        look(conn)
    assert sizes[0] == 18
    assert sum(size for size in sizes if size <= 2) == 18, "each is looked at once"
    assert findings.faults == 1


def test_rows_with_the_first_and_the_last_id_there_can_be_are_looked_at(
    verify: Verify, url: str
) -> None:
    for row, new in (("token 1", "0" * 32), ("token 2", "f" * 32)):
        databases.execute(
            url,
            b"ALTER TABLE pad_ws.access_tokens "
            b"DROP CONSTRAINT IF EXISTS access_tokens_name_not_blank",
            f"UPDATE pad_ws.access_tokens SET id = '{new}', name = '' "
            f"WHERE id = '{id_of(row)}'".encode(),
        )
    printed = verify(url, code=DAMAGED)
    assert printed.count(": access_tokens_name_not_blank") == 2
