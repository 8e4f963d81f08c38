"""Tables that differ from pad.ws's are taken over correctly, or refused by name beforehand."""

from __future__ import annotations

import psycopg
import pytest

from padws.migrations import adoption
from tests.helpers import databases
from tests.helpers.commands import Forks

NEWEST_PAD_WS = b"""
    ALTER TABLE pad_ws.users ADD open_pads uuid[], ADD last_selected_pad uuid;
    UPDATE pad_ws.users SET open_pads = '{}';
    ALTER TABLE pad_ws.users ALTER open_pads SET NOT NULL;
    ALTER TABLE pad_ws.pads ADD sharing_policy varchar(20), ADD whitelist uuid[];
    UPDATE pad_ws.pads SET sharing_policy = 'public';
    ALTER TABLE pad_ws.pads ALTER sharing_policy SET NOT NULL
"""
TRIGGER = """
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;
    CREATE TRIGGER touch {} UPDATE ON pad_ws.pads FOR EACH ROW EXECUTE FUNCTION touch();
"""

TAKEN_OVER = {
    "pad.ws's newest": NEWEST_PAD_WS.decode(),
    "longer texts": "ALTER TABLE pad_ws.users ALTER username TYPE text, ALTER email TYPE varchar",
    "a rule that padws keeps": "ALTER TABLE pad_ws.pads ADD CHECK (length(display_name) <= 100)",
    "a column of its own that may be null": "ALTER TABLE pad_ws.pads ADD colour text",
    "an identity": "ALTER TABLE pad_ws.pads ADD number int GENERATED ALWAYS AS IDENTITY",
    "a generated column": "ALTER TABLE pad_ws.pads ADD size int NOT NULL "
    "GENERATED ALWAYS AS (length(display_name)) STORED",
    "a domain with a default": "CREATE DOMAIN colour AS text NOT NULL DEFAULT 'red'; "
    "ALTER TABLE pad_ws.pads ADD colour colour",
    "a reference to a table of its own": "CREATE TABLE pad_ws.rooms (id uuid PRIMARY KEY); "
    "ALTER TABLE pad_ws.pads ADD room uuid REFERENCES pad_ws.rooms",
    "a trigger that looks on": TRIGGER.format("", "AFTER"),
    "a trigger that is off": TRIGGER.format("", "BEFORE")
    + "ALTER TABLE pad_ws.pads DISABLE TRIGGER touch",
    "row security that does not hold for its owner": "ALTER TABLE pad_ws.pads "
    "ENABLE ROW LEVEL SECURITY",
    "constraints of other names": "ALTER TABLE pad_ws.users RENAME CONSTRAINT users_pkey TO pk; "
    "ALTER TABLE pad_ws.users RENAME CONSTRAINT users_email_key TO uq_email; "
    "ALTER TABLE pad_ws.pads RENAME CONSTRAINT pads_owner_id_fkey TO fk",
}


@pytest.mark.parametrize("sql", TAKEN_OVER.values(), ids=TAKEN_OVER)
def test_it_is_taken_over(sql: str, settings: dict[str, str], forker: Forks) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF, sql.encode())
    forker.run(settings, "db-upgrade")
    databases.execute(
        url,
        b"INSERT INTO pad_ws.users (username, email) VALUES ('carol', 'carol@example.com');"
        b"INSERT INTO pad_ws.pads (owner_id, display_name, data)"
        b"SELECT id, 'Untitled', '{\"elements\": []}' FROM pad_ws.users WHERE username = 'carol'",
    )
    names = databases.query(
        url, "SELECT conname FROM pg_constraint WHERE conrelid = 'pad_ws.users'::regclass"
    )
    assert {("users_pkey",), ("users_email_key",), ("users_username_key",)} <= set(names)


def test_what_pad_ws_would_give_is_given(settings: dict[str, str], forker: Forks) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF, NEWEST_PAD_WS)
    forker.run(settings, "db-upgrade")
    new = "INSERT INTO pad_ws.users (username, email) VALUES ('c', 'c@d') RETURNING id, open_pads"
    ((carol, open_pads),) = databases.query(url, new)
    assert open_pads == []
    new = """
        INSERT INTO pad_ws.pads (owner_id, display_name, data) VALUES (%s, 'x', '{"elements": []}')
        RETURNING sharing_policy
    """
    assert databases.query(url, new, carol) == [("private",)]


REFUSED = {
    "ALTER TABLE pad_ws.pads ADD kind varchar DEFAULT '' NOT NULL; "
    "ALTER TABLE pad_ws.pads ALTER kind DROP DEFAULT": "pad_ws.pads.kind (varchar) may not be null",
    "CREATE DOMAIN kind AS text NOT NULL DEFAULT ''; ALTER TABLE pad_ws.pads ADD kind kind; "
    "ALTER DOMAIN kind DROP DEFAULT": "pad_ws.pads.kind (kind) may not be null",
    "ALTER TABLE pad_ws.users DROP name, ADD name varchar(254) "
    "GENERATED ALWAYS AS (lower(username)) STORED": "pad_ws.users.name is generated",
    "ALTER TABLE pad_ws.users ALTER username TYPE varchar(50)": "username is varchar(50), and must",
    "ALTER TABLE pad_ws.backups ALTER data TYPE json": "pad_ws.backups.data is json, and must",
    "ALTER TABLE pad_ws.pads ALTER created_at TYPE timestamp": "created_at is timestamp, and must",
    "ALTER TABLE pad_ws.pads ALTER created_at TYPE timestamptz(0)": "is timestamp(0) with",
    "ALTER TABLE pad_ws.users DROP given_name": "pad_ws.users has no column given_name",
    "ALTER TABLE pad_ws.users ALTER roles DROP NOT NULL": "roles may be null: ALTER TABLE",
    "ALTER TABLE pad_ws.users DROP CONSTRAINT users_username_key; "
    "DROP INDEX pad_ws.ix_pad_ws_users_username": "pad_ws.users.username is not unique",
    "ALTER TABLE pad_ws.pads DROP CONSTRAINT pads_owner_id_fkey": "from pad_ws.users stays in",
    "ALTER TABLE pad_ws.pads ADD version integer": "pad_ws.pads.version is integer, and must",
    "ALTER TABLE pad_ws.pads ADD elements text": "pad_ws.pads.elements is text, and must",
    "ALTER TABLE pad_ws.backups ADD reason text DEFAULT '' NOT NULL; "
    "ALTER TABLE pad_ws.backups ALTER reason DROP DEFAULT": "reason (text) may not be null",
    "ALTER TABLE pad_ws.template_pads SET UNLOGGED": "template_pads is empty after a crash",
    "ALTER TABLE pad_ws.template_pads RENAME TO own; "
    "CREATE VIEW pad_ws.template_pads AS TABLE pad_ws.own": "template_pads is a view, not a table",
    "CREATE TABLE pad_ws.old () INHERITS (pad_ws.pads)": "pad_ws.pads inherits from a table",
    "DROP TABLE pad_ws.backups; CREATE TABLE pad_ws.backups (id uuid) "
    "PARTITION BY HASH (id)": "pad_ws.backups is a partitioned table",
    TRIGGER.format("NEW.updated_at = now();", "BEFORE"): "the trigger touch may change",
    TRIGGER.format("RAISE 'not here';", "AFTER"): "rehearsal of what padws writes failed",
    "ALTER TABLE pad_ws.pads ADD CONSTRAINT short CHECK (length(display_name) < 50)": '"short"',
    "ALTER TABLE pad_ws.pads ADD CONSTRAINT once UNIQUE (owner_id, display_name)": '"once"',
    "CREATE TABLE people (id uuid PRIMARY KEY); INSERT INTO people SELECT id FROM pad_ws.users; "
    "ALTER TABLE pad_ws.users ADD CONSTRAINT person FOREIGN KEY (id) REFERENCES people": '"person"',
    "CREATE RULE none AS ON DELETE TO pad_ws.pads DO INSTEAD NOTHING": "failed, and nothing was",
}


def test_every_column_of_a_new_database_is_known(database_url: str) -> None:
    """So one that is found under the name of any of them is looked at."""
    with psycopg.connect(database_url) as conn:
        found = {
            (table.name, column.name): f"{column.type}{'!' * (column.required)}"
            for table in adoption.tables(conn)
            for column in adoption.columns(table.columns)
        }
    taken_over = {
        (table, name): kind
        for table, kinds in adoption.COLUMNS.items()
        for name, kind in kinds.items()
    }
    assert found.keys() == taken_over.keys() | adoption.ADDED.keys()
    assert {place: found[place] for place in adoption.ADDED} == dict(adoption.ADDED)


@pytest.mark.parametrize(("sql", "named"), REFUSED.items())
def test_it_is_refused_by_name_before_anything_is_changed(
    sql: str, named: str, settings: dict[str, str], forker: Forks
) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF, sql.encode())
    before = databases.catalogue(url)
    run = forker.run(settings, "db-upgrade", code=1)
    assert run.is_one_line
    assert named in run.complaint
    assert databases.catalogue(url) == before


def test_all_that_is_wrong_is_told_at_once(settings: dict[str, str], forker: Forks) -> None:
    url = settings["DATABASE_URL"]
    sql = b"ALTER TABLE pad_ws.users DROP given_name, ALTER roles DROP NOT NULL"
    databases.execute(url, databases.PAD_WS_ITSELF, sql)
    run = forker.run(settings, "db-upgrade", code=1)
    assert "no column given_name" in run.complaint
    assert "roles may be null" in run.complaint


def test_legacy_rows_that_could_not_be_moved_are_refused_beforehand(
    settings: dict[str, str], forker: Forks
) -> None:
    """The move comes before the defaults."""
    url = settings["DATABASE_URL"]
    databases.execute(url, databases.PAD_WS_ITSELF, databases.LEGACY, NEWEST_PAD_WS)
    run = forker.run(settings, "db-upgrade", code=1)
    assert "pad_ws.users.open_pads (uuid[]) may not be null" in run.complaint
    for table, column in (("users", "open_pads"), ("pads", "sharing_policy")):
        sql = f"ALTER TABLE pad_ws.{table} ALTER {column} SET DEFAULT '{{}}'"
        databases.execute(url, sql.encode())
    forker.run(settings, "db-upgrade")
