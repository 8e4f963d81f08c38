"""`flask db-tidy`, as cron runs it."""

from __future__ import annotations

import signal

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
