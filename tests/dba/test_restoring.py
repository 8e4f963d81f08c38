"""Backing up and restoring, by the commands of docs/dba.md themselves."""

from __future__ import annotations

import re
import uuid
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from padws.config import ROOT
from tests.helpers import databases, servers
from tests.helpers.programs import run, shell_environment

PAGE = (ROOT / "docs" / "dba.md").read_text(encoding="utf-8")

ALICE = "00000000-0000-4000-8000-00000000000a"
BOB = "00000000-0000-4000-8000-00000000000b"

# Two pads of alice, one of bob; three backups of each.
ROWS = f"""
    INSERT INTO pad_ws.users (id, username, email, roles) VALUES
    ('{ALICE}', 'alice', 'alice@example.com', '["admin"]'),
    ('{BOB}', 'bob', 'bob@example.com', '[]');

    INSERT INTO pad_ws.pictures (owner_id, digest, content)
    SELECT owner_id::uuid, sha256(text::bytea), to_json(text)
    FROM unnest(ARRAY['{ALICE}', '{BOB}']) AS owner_id CROSS JOIN unnest(ARRAY['a', 'b']) AS text;

    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, pictures, version, last_backup_at)
    SELECT
        md5(name)::uuid,
        owner_id::uuid,
        name,
        pad_ws.stamp_scene('{{"elements": [1, "Grüße \\\\ \\t 漢字"]}}', md5(name)::uuid, name),
        jsonb_build_object('f', encode(sha256('a'), 'hex'), 'g', encode(sha256('a'), 'hex')),
        7,
        now()
    FROM (
        VALUES ('{ALICE}', 'first'), ('{ALICE}', 'second'), ('{BOB}', 'his')
    ) AS v (owner_id, name);

    INSERT INTO pad_ws.pad_pictures SELECT owner_id, id, sha256('a') FROM pad_ws.pads;

    INSERT INTO pad_ws.backups (id, source_id, data, pictures, created_at)
    SELECT
        md5(p.display_name || n)::uuid,
        p.id,
        p.data,
        jsonb_build_object('f', encode(sha256('b'), 'hex')),
        now() - n * interval '1 hour'
    FROM pad_ws.pads AS p CROSS JOIN generate_series(0, 2) AS n;

    INSERT INTO pad_ws.backup_pictures SELECT owner_id, id, sha256('b') FROM pad_ws.backups;
"""

SNAPSHOT = """
    SELECT 'user', to_jsonb(u) FROM pad_ws.users AS u
    UNION ALL SELECT 'pad', to_jsonb(p) - 'updated_at' - 'version' - 'restored_version'
    FROM pad_ws.pads AS p
    UNION ALL SELECT 'backup', to_jsonb(b) FROM pad_ws.backups AS b
    UNION ALL SELECT 'picture', to_jsonb(k) FROM pad_ws.pictures AS k
    UNION ALL SELECT 'picture of a pad', to_jsonb(n) FROM pad_ws.pad_pictures AS n
    UNION ALL SELECT 'picture of a backup', to_jsonb(n) FROM pad_ws.backup_pictures AS n
    ORDER BY 1, 2
"""


def commands(name: str) -> str:
    """The commands of docs/dba.md under this name."""
    found: list[str] = re.findall(rf"^```sh {name}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return found[0]


class Live:
    """A database in service, and a directory to work in beside the deploy files."""

    def __init__(self, url: str, directory: Path):
        self.url = url
        self._directory = directory
        (directory / "deploy").symlink_to(ROOT / "deploy")

    def run(self, script: str, **variables: str) -> str:
        """Run commands, stopping at the first that fails."""
        environ = shell_environment(self.url, **variables)
        return run("sh", "-c", f"set -eu\n{script}", environ=environ, within=self._directory)

    def restore_user(self, user_id: str, import_with: str = "psql") -> str:
        script = commands("one user").replace("psql -f", f"{import_with} -f")
        return self.run(script, SCRATCH=f"padws_test_{uuid.uuid4().hex}", USER_ID=user_id)

    def execute(self, sql: str) -> None:
        databases.execute(self.url, sql.encode())

    def all(self) -> list[tuple[Any, ...]]:
        return databases.query(self.url, SNAPSHOT)

    def pads(self) -> dict[str, tuple[Any, ...]]:
        """Name, version and elements of each pad, by its id."""
        sql = "SELECT id::text, display_name, version, data -> 'elements' FROM pad_ws.pads"
        return {
            key: (name, v, elements) for key, name, v, elements in databases.query(self.url, sql)
        }


@pytest.fixture
def live(database_url: str, tmp_path: Path) -> Live:
    """The database at the time of the dump."""
    database = Live(database_url, tmp_path)
    database.execute(ROWS)
    database.run(commands("dump"))
    return database


def test_a_dump_brings_back_everything(live: Live, postgres: str) -> None:
    with servers.database(postgres) as restored:
        live.run(commands("restore"), RESTORED=databases.name_of(restored))
        assert databases.query(restored, SNAPSHOT) == live.all()
        assert databases.catalogue(restored) == databases.catalogue(live.url)


def test_a_deleted_user_comes_back_with_pads_and_backups(live: Live) -> None:
    before = live.all()
    live.execute(f"DELETE FROM pad_ws.users WHERE id = '{ALICE}'")
    assert len(live.all()) < len(before)
    live.restore_user(ALICE)
    assert live.all() == before


def test_a_deleted_pad_comes_back_and_nothing_else_changes(live: Live) -> None:
    before = live.all()
    untouched = live.pads()
    live.execute("DELETE FROM pad_ws.pads WHERE display_name = 'first'")
    live.execute("UPDATE pad_ws.pads SET version = 8 WHERE display_name <> 'first'")
    live.restore_user(ALICE)
    assert live.all() == before
    versions = {name: version for name, version, _ in live.pads().values()}
    assert versions == {"first": 7 + 1_000_000, "second": 8, "his": 8}
    assert live.pads().keys() == untouched.keys()
    assert restored_version(live) == 7 + 1_000_000


def test_a_name_that_somebody_else_has_by_now_becomes_a_placeholder(live: Live) -> None:
    live.execute(f"DELETE FROM pad_ws.users WHERE id = '{ALICE}'")
    taken = "username = 'alice', email = 'Alice@Example.com'"
    live.execute(f"UPDATE pad_ws.users SET {taken} WHERE id = '{BOB}'")
    live.restore_user(ALICE)
    names = "SELECT username, email FROM pad_ws.users WHERE id = %s"
    placeholders = (f"user_{ALICE}", f"user_{ALICE}@example.com")
    assert databases.query(live.url, names, ALICE) == [placeholders]


def test_overwriting_keeps_what_it_replaces_as_a_backup(live: Live) -> None:
    live.execute(
        "UPDATE pad_ws.pads SET version = 9, display_name = 'spoilt', "
        """data = '{"elements": ["spoilt"]}' WHERE display_name = 'first'"""
    )
    spoilt = live.pads()
    live.restore_user(ALICE)
    assert live.pads() == spoilt
    overwriting = "psql -v overwrite=on"
    assert f"`{overwriting} -f" in PAGE
    live.restore_user(ALICE, import_with=overwriting)
    (changed,) = [pad for pad in live.pads().values() if pad[0] == "first"]
    assert changed[1] == 10
    assert changed[2][0] == 1
    newest = databases.query(
        live.url,
        "SELECT b.data -> 'elements' FROM pad_ws.backups AS b JOIN pad_ws.pads AS p "
        "ON p.id = b.source_id AND p.last_backup_at = b.created_at WHERE p.display_name = 'first'",
    )
    assert newest == [(["spoilt"],)]
    assert restored_version(live) == 10


def restored_version(live: Live) -> int:
    """From which version on a merge into the first pad may start."""
    sql = "SELECT restored_version FROM pad_ws.pads WHERE display_name = 'first'"
    ((version,),) = databases.query(live.url, sql)
    return int(version)


def test_a_user_who_is_not_in_the_dump_changes_nothing(live: Live) -> None:
    before = live.all()
    live.restore_user(str(uuid.uuid4()))
    assert live.all() == before


OF_BOB = f"""
    SELECT kind, line FROM (
        SELECT 'pad' AS kind, owner_id, to_jsonb(p) AS line FROM pad_ws.pads AS p
        UNION ALL SELECT 'backup', owner_id, to_jsonb(b) FROM pad_ws.backups AS b
        UNION ALL SELECT 'picture', owner_id, to_jsonb(n) FROM pad_ws.pad_pictures AS n
        UNION ALL SELECT 'picture', owner_id, to_jsonb(n) FROM pad_ws.backup_pictures AS n
    ) AS own
    WHERE owner_id = '{BOB}' ORDER BY kind, line
"""


@pytest.mark.parametrize("import_with", ["psql", "psql -v overwrite=on"])
def test_what_somebody_else_has_by_now_is_left_alone(live: Live, import_with: str) -> None:
    """A pad that was moved, and the id of a backup that came with a takeout."""
    ((moved,),) = databases.query(live.url, f"SELECT pad_ws.move_pad('{ALICE}', '{BOB}')::text")
    live.execute(
        f"DELETE FROM pad_ws.pads WHERE owner_id = '{ALICE}';"
        "INSERT INTO pad_ws.backups (id, source_id, owner_id, data)"
        "SELECT md5(name || '1')::uuid, md5('his')::uuid,"
        f"'{BOB}', '{{}}' FROM unnest(ARRAY['first', 'second']) AS name ON CONFLICT DO NOTHING"
    )
    before = databases.query(live.url, OF_BOB)
    printed = live.restore_user(ALICE, import_with)
    assert databases.query(live.url, OF_BOB) == before
    assert re.search(rf"pad of another user by now.*\n.*\n *{moved} \| {BOB}", printed)
    backups = f"""
        SELECT p.version, count(*) FROM pad_ws.pads AS p JOIN pad_ws.backups AS b
        ON b.source_id = p.id AND b.owner_id = p.owner_id WHERE p.owner_id = '{ALICE}' GROUP BY p.id
    """
    assert databases.query(live.url, backups) == [(7 + 1_000_000, 3)]


def test_what_pad_ws_stored_that_is_no_drawing_keeps_nothing_else_away(live: Live) -> None:
    rules = {
        "pads": ("pads_data_is_scene", "pad_ws.is_scene(data)"),
        "backups": ("backups_data_is_object", "jsonb_typeof(data) = 'object'"),
    }
    for table, (name, rule) in rules.items():
        live.execute(
            f"ALTER TABLE pad_ws.{table} DROP CONSTRAINT {name};"
            f"UPDATE pad_ws.{table} SET data = '[]'"
            "WHERE id IN (md5('first')::uuid, md5('first1')::uuid);"
            f"ALTER TABLE pad_ws.{table} ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID"
        )
    live.run("rm -f padws.dump\n" + commands("dump"))
    live.restore_user(ALICE, "psql -v overwrite=on")
    live.execute("DELETE FROM pad_ws.pads WHERE display_name = 'first'")
    live.restore_user(ALICE)
    assert live.pads()[str(uuid.UUID(md5(b"first").hexdigest()))][2] == []
    sql = "SELECT count(*) FROM pad_ws.backups WHERE source_id = md5('first')::uuid"
    assert databases.query(live.url, sql) == [(2,)]
