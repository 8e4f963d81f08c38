"""`flask db-tidy`, as cron runs it."""

from __future__ import annotations

import signal
from pathlib import Path

import psycopg
import pytest

from tests.helpers import databases
from tests.helpers.commands import Forks
from tests.helpers.waiting import wait_until

# Three users with two pictures each, none of which anything needs, but for one of the last user.
ROWS = b"""
    INSERT INTO pad_ws.users (id, username, email)
    SELECT md5(n::text)::uuid, 'user ' || n, n || '@example.com' FROM generate_series(1, 3) AS n;

    INSERT INTO pad_ws.pictures (owner_id, digest, content)
    SELECT users.id, sha256(convert_to('picture ' || n, 'UTF8')), to_json(repeat('x', 500000))
    FROM pad_ws.users AS users CROSS JOIN generate_series(1, 2) AS n;

    INSERT INTO pad_ws.pads (id, owner_id, display_name, data)
    SELECT id, id, 'Drawing', '{"elements": []}' FROM pad_ws.users WHERE username = 'user 3';

    INSERT INTO pad_ws.pad_pictures (owner_id, pad_id, digest)
    SELECT owner_id, id, sha256('picture 1') FROM pad_ws.pads;
"""
A_DAY = b"UPDATE pad_ws.pictures SET unneeded_since = unneeded_since - interval '1 day'"


@pytest.fixture
def url(settings: dict[str, str], forker: Forks) -> str:
    forker.run(settings, "db-upgrade")
    databases.execute(settings["DATABASE_URL"], ROWS)
    return settings["DATABASE_URL"]


# Three users with four pads each in the trash, two of which are due; each has three backups.
TRASH = b"""
    INSERT INTO pad_ws.users (id, username, email)
    SELECT md5(n::text)::uuid, 'user ' || n, n || '@example.com' FROM generate_series(1, 3) AS n;

    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, created_at, updated_at, deleted_at)
    SELECT
        md5('pad ' || users.id || n)::uuid, users.id, 'Drawing', '{"elements": []}',
        'epoch', 'epoch', now() - make_interval(days => CASE WHEN n < 3 THEN 30 ELSE 29 END)
    FROM pad_ws.users AS users CROSS JOIN generate_series(1, 4) AS n;

    INSERT INTO pad_ws.backups (source_id, owner_id, data)
    SELECT id, owner_id, data FROM pad_ws.pads CROSS JOIN generate_series(1, 3) AS n;
"""


@pytest.fixture
def trash(settings: dict[str, str], forker: Forks) -> str:
    forker.run(settings, "db-upgrade")
    databases.execute(settings["DATABASE_URL"], TRASH)
    return settings["DATABASE_URL"]


def number_of_pads(url: str) -> tuple[int, int]:
    """And of their backups."""
    (numbers,) = databases.query(
        url, "SELECT (SELECT count(*) FROM pad_ws.pads), (SELECT count(*) FROM pad_ws.backups)"
    )
    return numbers[0], numbers[1]


def recorded(url: str) -> dict[str, int]:
    """What /metrics says of it."""
    return dict(databases.query(url, "SELECT name, number FROM pad_ws.tidied"))


def test_it_removes_what_is_due_in_the_trash_and_says_so(
    trash: str, settings: dict[str, str], forker: Forks
) -> None:
    output = forker.run(settings, "db-tidy").output
    assert "6 pads and 18 backups removed from the trash." in output
    assert number_of_pads(trash) == (6, 18)
    assert "0 pads and 0 backups removed" in forker.run(settings, "db-tidy").output
    assert recorded(trash) == {"users": 0, "pads": 6, "backups": 18, "pictures": 0, "links": 0}
    forker.run(settings | {"TRASH_DAYS": "0"}, "db-tidy")
    assert number_of_pads(trash) == (0, 0)
    assert recorded(trash) == {"users": 0, "pads": 12, "backups": 36, "pictures": 0, "links": 0}


def test_killed_in_the_middle_of_the_trash_it_goes_on_where_it_was(
    trash: str, settings: dict[str, str], forker: Forks
) -> None:
    """Its last statement waits for a lock, and goes on when that is released, or is rolled back."""
    with psycopg.connect(trash) as conn:
        conn.execute(
            "SELECT FROM pad_ws.backups WHERE owner_id = ("
            "SELECT id FROM pad_ws.users ORDER BY id OFFSET 1 LIMIT 1) FOR UPDATE"
        )
        command = forker.start(settings, "db-tidy")
        wait_until(
            lambda: databases.query(
                trash,
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock'",
            ),
            "it waits",
        )
        command.signal(signal.SIGKILL)
        assert command.wait() == -signal.SIGKILL
        assert number_of_pads(trash) == (10, 30)
    forker.run(settings, "db-tidy")
    wait_until(lambda: number_of_pads(trash) == (6, 18), "all that is due is gone")


def test_it_finishes_the_deletion_of_users(
    trash: str, settings: dict[str, str], forker: Forks, tmp_path: Path
) -> None:
    """Not of those for whose pads there is no place."""
    barred = "UPDATE pad_ws.users SET deleted_at = now() WHERE username IN ('user 1', 'user 3')"
    databases.execute(trash, barred.encode())
    output = forker.run({**settings, "TAKEOUT_DIR": "/proc"}, "db-tidy", code=1).output
    assert output.count(" failed: TAKEOUT_DIR: ") == 2
    assert databases.query(trash, "SELECT count(*) FROM pad_ws.users") == [(3,)]
    output = forker.run({**settings, "TAKEOUT_DIR": str(tmp_path)}, "db-tidy").output
    names = sorted(path.name.split("-")[1] for path in tmp_path.iterdir())
    assert names == ["user_1", "user_3"]
    assert "2 users deleted that somebody had begun to delete." in output
    assert databases.query(trash, "SELECT username FROM pad_ws.users") == [("user 2",)]
    assert number_of_pads(trash) == (2, 6)
    assert recorded(trash)["users"] == 2


def test_it_deletes_links_that_expired_a_month_ago(
    trash: str, settings: dict[str, str], forker: Forks
) -> None:
    databases.execute(
        trash,
        b"""
        INSERT INTO pad_ws.links (owner_id, id, pad_id, token_digest, created_at, expires_at)
        SELECT owner_id, gen_random_uuid(), id, sha256((id::text || days)::bytea), 'epoch',
            now() - days * interval '1 day'
        FROM pad_ws.pads
        CROSS JOIN unnest('{29,30,90}'::integer[]) AS days
        WHERE deleted_at > now() - interval '29 days 12 hours'
        """,
    )
    before = databases.query(trash, "SELECT count(*) FROM pad_ws.links")
    output = forker.run(settings, "db-tidy").output
    assert "12 share links deleted" in output
    assert before == [(18,)]
    assert databases.query(trash, "SELECT count(*) FROM pad_ws.links") == [(6,)]
    assert recorded(trash)["links"] == 12


# Nothing of the second user's can be changed, as if a row were damaged.
IN_THE_WAY = b"""
    UPDATE pad_ws.pads SET deleted_at = now() WHERE owner_id = md5('2')::uuid;
    UPDATE pad_ws.users SET deleted_at = now();
    ALTER TABLE pad_ws.pads ADD CONSTRAINT whole CHECK (owner_id <> md5('2')::uuid) NOT VALID;
"""


def test_what_fails_for_a_user_is_said_and_keeps_nobody_else_waiting(
    trash: str, settings: dict[str, str], forker: Forks
) -> None:
    databases.execute(trash, IN_THE_WAY)
    failed = forker.run(settings, "db-tidy", code=1)
    ((left,),) = databases.query(trash, "SELECT id FROM pad_ws.users")
    (line,) = [each for each in failed.output.splitlines() if f"Deleting user {left}" in each]
    assert "whole" in line
    assert "2 users deleted that somebody had begun to delete." in failed.output
    assert "1 of these steps failed; see above" in failed.output
    databases.execute(trash, b"ALTER TABLE pad_ws.pads DROP CONSTRAINT whole")
    assert "1 users deleted" in forker.run(settings, "db-tidy").output


def test_several_that_empty_the_trash_at_once_share_the_work(
    trash: str, settings: dict[str, str], forker: Forks
) -> None:
    commands = [forker.start(settings, "db-tidy") for _ in range(4)]
    for command in commands:
        assert command.wait() == 0, command.output
    assert number_of_pads(trash) == (6, 18)
    assert recorded(trash) == {"users": 0, "pads": 6, "backups": 18, "pictures": 0, "links": 0}


def number_of_pictures(url: str) -> int:
    ((number,),) = databases.query(url, "SELECT count(*) FROM pad_ws.pictures")
    return int(number)


def test_it_deletes_what_nothing_has_needed_for_a_day_and_says_so(
    url: str, settings: dict[str, str], forker: Forks
) -> None:
    first = forker.run(settings, "db-tidy")
    assert "Users with pictures: 3. 0 pictures (0.0 MB) deleted" in first.output
    assert "5 others are not needed now." in first.output
    databases.execute(url, A_DAY)
    second = forker.run(settings, "db-tidy")
    assert "Users with pictures: 3. 5 pictures (2.5 MB) deleted" in second.output
    assert "0 others are not needed now." in second.output
    assert number_of_pictures(url) == 1
    assert "Users with pictures: 1. 0 pictures" in forker.run(settings, "db-tidy").output


def test_killed_between_two_users_it_goes_on_where_it_was(
    url: str, settings: dict[str, str], forker: Forks
) -> None:
    forker.run(settings, "db-tidy")
    databases.execute(url, A_DAY)
    with psycopg.connect(url) as conn:
        conn.execute("LOCK TABLE pad_ws.backup_pictures IN ACCESS EXCLUSIVE MODE")
        command = forker.start(settings, "db-tidy")
        wait_until(
            lambda: databases.query(
                url,
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock'",
            ),
            "it waits",
        )
        command.signal(signal.SIGKILL)
        assert command.wait() == -signal.SIGKILL
        assert number_of_pictures(url) == 6
    forker.run(settings, "db-tidy")
    assert number_of_pictures(url) == 1


def test_two_at_once(url: str, settings: dict[str, str], forker: Forks) -> None:
    forker.run(settings, "db-tidy")
    databases.execute(url, A_DAY)
    for command in [forker.start(settings, "db-tidy") for _ in range(4)]:
        assert command.wait() == 0, command.output
    assert number_of_pictures(url) == 1
