"""What the database refuses by itself, whoever writes; and that no clock breaks a rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest
from psycopg.errors import IntegrityError

from padws.database import Connection
from padws.error_handler import problem_of
from padws.errors import CONSTRAINTS
from padws.json_text import JsonText
from padws.queries import backups, pads, templates, tokens, trash, users
from padws.uuid7 import uuid7
from tests.helpers import citus
from tests.helpers.rows import (
    ALWAYS_DUE,
    ANY_VERSION,
    FIVE_MINUTES,
    NOON,
    THIRTY_DAYS,
    backups_of,
    delete,
    new_backup,
    new_pad,
    new_user,
    pad_row,
    remove_user,
    restore,
    retention,
    save,
    scene,
    user_row,
    violates,
)

# Constraints that no request can violate, and why: a violation is a mistake of padws's own, a 500.
UNREACHABLE = {
    **dict.fromkeys(
        (
            "pads_pkey",
            "pads_id_owner_id_key",
            "backups_pkey",
            "backups_id_owner_id_key",
            "template_pads_pkey",
            "access_tokens_pkey",
            "links_pkey",
        ),
        "ids are random",
    ),
    "access_tokens_token_digest_key": "tokens are random",
    "access_tokens_digest_is_sha256": "digests are made by hashlib",
    "links_owner_id_token_digest_key": "tokens are random",
    "links_digest_is_sha256": "digests are made by hashlib",
    "links_password_is_hashed": "passwords are hashed by werkzeug",
    "links_owner_id_fkey": "a pad has an owner",
    "links_pad_id_owner_id_fkey": "a link is made for a pad that is there, whose row is held",
    **dict.fromkeys(
        (
            "pads_display_name_not_blank",
            "access_tokens_name_not_blank",
            "access_tokens_scope_known",
        ),
        "the schemas refuse such input, and no row breaks the rule",
    ),
    **dict.fromkeys(
        (
            "pads_owner_id_fkey",
            "access_tokens_user_id_fkey",
            "pictures_owner_id_fkey",
            "pad_pictures_owner_id_fkey",
            "backup_pictures_owner_id_fkey",
        ),
        "the caller's row is made where it is missing",
    ),
    **dict.fromkeys(
        (
            "pictures_pkey",
            "pad_pictures_pkey",
            "backup_pictures_pkey",
            "pad_pictures_pad_id_owner_id_fkey",
            "pad_pictures_owner_id_digest_fkey",
            "backup_pictures_backup_id_owner_id_fkey",
            "backup_pictures_owner_id_digest_fkey",
        ),
        "a picture is added where it is missing, and held until something refers to it",
    ),
    "pictures_digest_is_sha256": "digests are made by hashlib",
    "pictures_content_is_text": "a string, as it was in the scene",
    **dict.fromkeys(
        ("backups_source_id_fkey", "backups_source_id_owner_id_fkey", "backups_owner_id_given"),
        "a backup is taken, with its pad's owner, by the function that holds its pad's row",
    ),
    "backups_reason_known": "the reasons are those of our own functions",
    "functions_pkey": "migrations alone write there",
    **dict.fromkeys(
        ("checks_pkey", "checks_faults_not_negative"), "db-verify and db-drill alone write there"
    ),
    **dict.fromkeys(
        ("limits_pkey", "limits_value_not_negative"),
        "settings, which are checked when they are read",
    ),
    **dict.fromkeys(
        ("usage_pkey", "usage_owner_id_fkey"), "written by use_quota alone, for whoever has pads"
    ),
    **dict.fromkeys(("tidied_pkey", "tidied_number_not_negative"), "db-tidy alone writes there"),
    "pads_version_not_negative": "versions are counted up",
    **dict.fromkeys(
        (
            f"{table}_times_in_order"
            for table in ("users", "pads", "backups", "template_pads", "access_tokens")
        ),
        "statements set no time earlier than the row's own",
    ),
}

LATER = "now() + interval '1 hour'"

NAMES_OF_RULES = """
    SELECT conname, convalidated FROM pg_constraint
    WHERE connamespace = 'pad_ws'::regnamespace AND contype <> 'n'
    AND conrelid::regclass::text !~ 'yoyo'
    UNION
    SELECT relname, TRUE FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
    WHERE relnamespace = 'pad_ws'::regnamespace AND indisunique AND relname !~ 'yoyo'
"""

# A table of which `row` has one row, what is set there, and the rule that refuses it.
BROKEN = [
    *(
        (table, f"{column} = '{blank}'", f"{table}_{column}_not_blank")
        for table, column in (
            ("users", "username"),
            ("users", "email"),
            ("pads", "display_name"),
            ("template_pads", "name"),
            ("template_pads", "display_name"),
            ("access_tokens", "name"),
            ("backups", "label"),
        )
        for blank in ("", " \t\n")
    ),
    *(
        ("users", f"roles = '{roles}'", "users_roles_are_texts")
        for roles in ("null", "{}", '"admin"', "[1]", '["admin", null]', '[["admin"]]', "[{}]")
    ),
    ("pads", "version = -1", "pads_version_not_negative"),
    ("backups", "reason = 'other'", "backups_reason_known"),
    ("backups", "label = repeat('x', 101)", "backups_label_not_blank"),
    *(("backups", f"data = '{data}'", "backups_data_is_object") for data in ("null", "[]", "1")),
    *(
        (table, f"created_at = {LATER}", f"{table}_times_in_order")
        for table in ("users", "pads", "backups", "template_pads")
    ),
    (
        "access_tokens",
        f"created_at = {LATER}, last_used_at = now()",
        "access_tokens_times_in_order",
    ),
    ("access_tokens", "expires_at = created_at", "access_tokens_expires_after_creation"),
    ("access_tokens", "token_digest = 'short'", "access_tokens_digest_is_sha256"),
]


@pytest.fixture
def row(conn: Connection) -> pads.Pad:
    """A pad; one row in every table."""
    pad = new_pad(conn)
    mine = {"pad_id": pad.id, "owner_id": pad.owner_id}
    backups.insert_backup(conn, retention=retention(), **mine)
    templates.insert_template(conn, template_id=uuid7(), name="t", display_name="T", scene=scene())
    tokens.insert_token(
        conn,
        token_id=uuid7(),
        user_id=pad.owner_id,
        name="Script",
        scope="read",
        token_digest=sha256(b"t").digest(),
        expires_at=None,
    )
    return pad


@pytest.mark.parametrize(("table", "change", "rule"), BROKEN)
@pytest.mark.usefixtures("row")
def test_the_database_refuses_it_by_itself(
    conn: Connection, table: str, change: str, rule: str
) -> None:
    with pytest.raises(IntegrityError) as caught:
        conn.execute(f"UPDATE pad_ws.{table} SET {change}".encode())
    assert violates(caught.value, rule)


# What pad.ws may have written, and padws would not.


@pytest.fixture(params=["[]", "{}", '{"appState": []}'])
def pad_of_pad_ws(conn: Connection, request: pytest.FixtureRequest) -> pads.Pad:
    """A pad that is no scene, with a backup that is no object and whose times are in no order."""
    pad = new_pad(conn)
    new_backup(conn, pad.id, NOON)
    conn.execute(
        "UPDATE pad_ws.pads SET data = %s, version = 0, updated_at = 'epoch'", [request.param]
    )
    conn.execute("UPDATE pad_ws.backups SET data = '[]', updated_at = 'epoch'")
    return pad


def label(conn: Connection, pad: pads.Pad) -> object:
    (backup,) = backups_of(conn, pad.id)
    mine = {"pad_id": pad.id, "owner_id": pad.owner_id, "backup_id": backup["id"]}
    return backups.label_backup(conn, label="old", **mine)


def move(conn: Connection, pad: pads.Pad) -> object:
    return pads.move_pads(conn, owner_id=pad.owner_id, new_owner_id=new_user(conn))


def come_back(conn: Connection, pad: pads.Pad) -> object:
    delete(conn, pad)
    mine = {"pad_id": pad.id, "owner_id": pad.owner_id}
    return trash.restore_pad(conn, trash_for=THIRTY_DAYS, **mine).rows


def go_for_good(conn: Connection, pad: pads.Pad) -> object:
    delete(conn, pad)
    mine = {"pad_id": pad.id, "owner_id": pad.owner_id}
    return trash.purge_pad(conn, trash_for=THIRTY_DAYS, most=100, **mine)


def empty_trash(conn: Connection, pad: pads.Pad) -> object:
    delete(conn, pad)
    return trash.empty_trash(conn, owner_id=pad.owner_id, trash_for=THIRTY_DAYS, most=100)


def lose_its_newest_backup(conn: Connection, pad: pads.Pad) -> object:
    (backup,) = backups_of(conn, pad.id)
    conn.execute("UPDATE pad_ws.pads SET last_backup_at = %s", [backup["created_at"]])
    mine = {"pad_id": pad.id, "owner_id": pad.owner_id}
    return backups.delete_backup(conn, backup_id=backup["id"], **mine)


@pytest.mark.parametrize(
    "change",
    [
        delete,
        come_back,
        go_for_good,
        empty_trash,
        label,
        lose_its_newest_backup,
        save,
        pytest.param(move, marks=citus.on_one_machine),
        lambda conn, pad: remove_user(conn, pad.owner_id),
    ],
)
def test_a_row_of_pad_ws_that_breaks_a_rule_is_in_nobodys_way(
    conn: Connection, pad_of_pad_ws: pads.Pad, change: Callable[..., object]
) -> None:
    assert change(conn, pad_of_pad_ws)


@pytest.mark.usefixtures("row")
def test_what_is_in_order_is_taken(conn: Connection) -> None:
    conn.execute(
        "UPDATE pad_ws.users SET roles = '[\"admin\", \"\"]', name = '', family_name = NULL"
    )
    conn.execute("UPDATE pad_ws.pads SET created_at = now() + interval '50 seconds'")
    conn.execute("UPDATE pad_ws.backups SET data = '{}'")


@citus.on_one_machine
def test_every_rule_holds_for_all_rows_and_has_its_error(conn: Connection) -> None:
    found = dict(conn.execute(NAMES_OF_RULES).fetchall())
    assert [name for name, validated in found.items() if not validated] == []
    of_pad_ws = {name for name in CONSTRAINTS if name.startswith("ix_")}
    assert found.keys() == (CONSTRAINTS.keys() | UNREACHABLE.keys()) - of_pad_ws
    assert not CONSTRAINTS.keys() & UNREACHABLE.keys()


@pytest.mark.parametrize(
    ("sql", "status", "code", "fields"),
    [
        ("UPDATE pad_ws.users SET email = ''", 422, "invalid", ["email"]),
        ("UPDATE pad_ws.backups SET data = '[]'", 422, "scene_invalid", ["data"]),
        ("UPDATE pad_ws.pads SET version = -1", 500, "internal_error", []),
    ],
)
@pytest.mark.usefixtures("row")
def test_a_violation_is_an_error_of_the_field(
    conn: Connection, sql: str, status: int, code: str, fields: list[str]
) -> None:
    with pytest.raises(IntegrityError) as caught:
        conn.execute(sql.encode())
    problem = problem_of(caught.value)
    assert (problem.status, problem.code) == (status, code)
    assert list(problem.members.get("errors", {})) == fields


# What shards of Citus say, in several languages: no constraint's name but the one in the message.
OF_SHARDS = [
    (
        "23505",
        'duplicate key value violates unique constraint "users_username_key_102008"',
        "username_taken",
    ),
    (
        "23505",
        "doppelter Schlüsselwert verletzt Unique-Constraint »users_email_lower_key_102008«",
        "email_taken",
    ),
    (
        "23505",
        "la valeur d'une clé dupliquée rompt la contrainte unique « template_pads_name_key_7 »",
        "template_taken",
    ),
    (
        "23514",
        'リレーション"pads_102027"の新しい行は検査制約"pads_data_is_scene"に違反しています',
        "scene_invalid",
    ),
    (
        "23514",
        'новая строка в отношении "users_2" нарушает ограничение-проверку "users_email_not_blank"',
        "invalid",
    ),
    ("23514", 'new row for relation "users_1" violates check constraint "x"', "internal_error"),
    ("23505", "", "internal_error"),
]


@pytest.mark.parametrize(("sqlstate", "message", "code"), OF_SHARDS)
def test_a_shards_violation_is_told_in_any_language(
    conn: Connection, sqlstate: str, message: str, code: str
) -> None:
    conn.execute("SELECT set_config('test.message', %s, false)", [message])
    statement = (
        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '%s', "
        "MESSAGE = current_setting('test.message'); END $$"
    )
    with pytest.raises(IntegrityError) as caught:
        conn.execute((statement % sqlstate).encode())
    assert caught.value.diag.constraint_name is None
    assert problem_of(caught.value).code == code


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("XX000", "database_unavailable"),  # Citus: postmaster was shut down, exiting
        ("08006", "database_unavailable"),  # Citus: connection to the remote node failed
        ("XX001", "internal_error"),  # rows are broken: trying again is of no use
    ],
)
def test_a_server_that_fails_is_not_there_for_now(
    conn: Connection, sqlstate: str, code: str
) -> None:
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$"
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(statement.encode())
    assert problem_of(caught.value).code == code


# A clock that was ahead, and has been set back: all that is there is from the future.


@pytest.fixture
def future(conn: Connection, row: pads.Pad) -> pads.Pad:
    for table in ("users", "pads", "template_pads"):
        conn.execute(
            f"UPDATE pad_ws.{table} SET created_at = {LATER}, updated_at = {LATER}".encode()
        )
    conn.execute(f"UPDATE pad_ws.access_tokens SET created_at = {LATER}".encode())
    return row


def test_a_pad_from_the_future_can_be_saved_and_is_backed_up_as_often_as_any(
    conn: Connection, future: pads.Pad
) -> None:
    conn.execute(f"UPDATE pad_ws.pads SET last_backup_at = {LATER}".encode())
    before = len(backups_of(conn, future.id))
    for step in range(3):
        assert save(conn, future, scene=scene(step=step), backup_interval=FIVE_MINUTES)
    assert len(backups_of(conn, future.id)) == before + 1
    kept = pad_row(conn, future.id)
    assert kept["created_at"] <= kept["updated_at"] < datetime.now(UTC) + timedelta(minutes=1)


def test_a_pad_from_the_future_can_be_renamed_and_restored(
    conn: Connection, future: pads.Pad
) -> None:
    mine = {"pad_id": future.id, "owner_id": future.owner_id}
    (backup,) = backups.insert_backup(conn, retention=retention(10), **mine).rows
    assert pads.rename_pad(conn, display_name="New", accepted_versions=ANY_VERSION, **mine).rows
    assert restore(conn, future, backup.id)
    assert save(conn, future, backup_interval=ALWAYS_DUE)


def test_a_user_from_the_future_can_sign_in_be_changed_and_lose_a_name(
    conn: Connection, future: pads.Pad
) -> None:
    with conn.transaction():
        users.record_sign_in(conn, user_row(user_id=future.owner_id, username="wanted"))
    conn.execute(f"UPDATE pad_ws.users SET created_at = {LATER}, updated_at = {LATER}".encode())
    with conn.transaction():
        users.record_sign_in(conn, user_row(username="wanted"))
    conn.execute(f"UPDATE pad_ws.users SET created_at = {LATER}, updated_at = {LATER}".encode())
    unchanged = dict.fromkeys(user_row(), None) | {"user_id": future.owner_id}
    assert users.update_user(conn, **unchanged)  # type: ignore[arg-type]


def test_a_template_and_a_token_from_the_future_can_be_used(
    conn: Connection, future: pads.Pad
) -> None:
    assert templates.update_template(conn, name="t", new_name=None, display_name="U", scene=None)
    conn.execute(
        f"UPDATE pad_ws.template_pads SET file_digest = 'old', created_at = {LATER}, "
        f"updated_at = {LATER}".encode()
    )
    file = {"template_id": uuid7(), "display_name": "V", "scene": scene(), "file_digest": "new"}
    assert templates.load_template(conn, name="t", **file) == "replaced"  # type: ignore[arg-type]
    assert tokens.use_token(conn, user_id=future.owner_id, token_digest=sha256(b"t").digest())


# Addresses, whatever their case


def email_of(conn: Connection, user_id: UUID) -> str:
    user = users.get_user(conn, user_id=user_id)
    assert user
    return user.email


def test_an_address_is_one_users_whatever_its_case(conn: Connection) -> None:
    users.insert_user(conn, **user_row(email="alice@example.org"))
    with pytest.raises(IntegrityError) as caught:
        users.insert_user(conn, **user_row(email="Alice@Example.org"))
    problem = problem_of(caught.value)
    assert (problem.status, problem.code) == (409, "email_taken")


def test_the_latest_sign_in_has_the_address_whatever_its_case(conn: Connection) -> None:
    early, late = user_row(email="alice@example.org"), user_row(email="Alice@Example.org")
    for row in (early, late):
        with conn.transaction():
            users.record_sign_in(conn, row)
    assert email_of(conn, late["user_id"]) == "Alice@Example.org"
    assert email_of(conn, early["user_id"]) == f"user_{early['user_id']}@example.com"
    assert users.bring_in_line(conn, early).email == f"user_{early['user_id']}@example.com"


def test_a_user_may_write_the_own_address_in_another_case(conn: Connection) -> None:
    row = user_row(email="alice@example.org", roles=JsonText(b'["admin"]'))
    for email in ("alice@example.org", "Alice@Example.org"):
        with conn.transaction():
            users.record_sign_in(conn, {**row, "email": email})
        assert email_of(conn, row["user_id"]) == email
    assert new_user(conn) != row["user_id"]
