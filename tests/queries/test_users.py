"""Users: reading and changing rows, and whose a name is when sign-ins claim the same one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import UniqueViolation

from padws.database import Connection, Database
from padws.errors import Forbidden
from padws.json_text import JsonText
from padws.queries import pads, users
from padws.queries.users import UserRow
from tests.helpers.rows import (
    NULL_TIMES,
    Times,
    at_once,
    count,
    new_backup,
    new_pad,
    new_user,
    plain,
    remove_user,
    row_of,
    user_row,
    violates,
)

NOBODY = UUID(int=0)
_RULES = """
    SELECT conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '') FROM pg_constraint
    WHERE conrelid = 'pad_ws.users'::regclass AND contype = 'c'
"""


def sign_in(conn: Connection, row: UserRow) -> users.User:
    with conn.transaction():
        return users.record_sign_in(conn, row)


def name_of(conn: Connection, user_id: UUID) -> str:
    user = users.get_user(conn, user_id=user_id)
    assert user
    return user.username


# One user


def test_a_new_user_is_read_as_it_was_made(conn: Connection) -> None:
    row = user_row(roles=JsonText(b'["admin", "tester"]'))
    made = users.insert_user(conn, **row)
    read = users.get_user(conn, user_id=row["user_id"])
    assert read
    for user in (made, read):
        assert {**row, "roles": row["roles"].json} == {
            "user_id": user.id,
            "username": user.username,
            "email": user.email,
            "email_verified": user.email_verified,
            "name": user.name,
            "given_name": user.given_name,
            "family_name": user.family_name,
            "roles": user.roles.json,
        }
        assert user.created_at == user.updated_at


def test_nobody_is_none(conn: Connection) -> None:
    everything_unchanged = dict.fromkeys(user_row(), None) | {"user_id": NOBODY}
    assert users.get_user(conn, user_id=NOBODY) is None
    assert users.delete_user(conn, user_id=NOBODY) is None
    assert users.update_user(conn, **everything_unchanged) is None  # type: ignore[arg-type]
    assert users.get_user_if_current(conn, **user_row()) is None


@pytest.mark.parametrize(
    ("same", "constraint"),
    [
        ("user_id", "users_pkey"),
        ("username", "users_username_key"),
        ("email", "users_email_key"),
    ],
)
def test_what_is_taken_is_told_by_its_constraint(
    conn: Connection, same: str, constraint: str
) -> None:
    first = user_row()
    users.insert_user(conn, **first)
    with pytest.raises(UniqueViolation) as caught:
        users.insert_user(conn, **user_row(**{same: dict(first)[same]}))
    assert violates(caught.value, constraint)


def test_update_changes_what_is_given_and_nothing_else(conn: Connection) -> None:
    user_id = new_user(conn)
    before = users.get_user(conn, user_id=user_id)
    change = dict.fromkeys(user_row(), None) | {
        "user_id": user_id,
        "email_verified": False,
        "name": "",
    }
    changed = users.update_user(conn, **change)  # type: ignore[arg-type]
    assert before
    assert changed
    assert (changed.email_verified, changed.name) == (False, "")
    assert (changed.username, changed.email) == (before.username, before.email)
    assert (changed.given_name, changed.family_name) == (before.given_name, before.family_name)
    assert changed.roles.json == before.roles.json
    assert changed.created_at == before.created_at
    assert changed.updated_at > before.updated_at


def test_deleting_a_user_takes_pads_and_backups_along_and_nobody_elses(conn: Connection) -> None:
    bystander = new_pad(conn)
    new_backup(conn, bystander.id, datetime.now(UTC))
    pad = new_pad(conn)
    new_backup(conn, pad.id, datetime.now(UTC))
    assert users.delete_user(conn, user_id=pad.owner_id) is None, "one who is barred alone"
    assert remove_user(conn, pad.owner_id)
    assert not remove_user(conn, pad.owner_id)
    assert [count(conn, table) for table in ("users", "pads", "backups")] == [1, 1, 1]
    assert row_of(conn, "pads", bystander.id)


def test_who_is_barred_is_nobody(conn: Connection) -> None:
    row = user_row()
    sign_in(conn, row)
    users.bar_user(conn, user_id=row["user_id"])
    changes = dict.fromkeys(
        ("username", "email", "email_verified", "name", "given_name", "family_name", "roles")
    )
    assert users.get_user(conn, user_id=row["user_id"]) is None
    assert users.get_user_if_current(conn, **row) is None
    assert users.list_users(conn, after=NOBODY, limit=10) == []
    assert users.list_users_by_id(conn, user_ids=[row["user_id"]]) == []
    assert users.update_user(conn, user_id=row["user_id"], **changes) is None
    for enter in (sign_in, users.bring_in_line):
        with pytest.raises(Forbidden) as caught:
            enter(conn, row)
        assert caught.value.code == "user_deleted"
    assert remove_user(conn, row["user_id"])
    assert sign_in(conn, row).username == row["username"]


@pytest.mark.parametrize("times", NULL_TIMES)
def test_null_times_and_names_of_adopted_rows(adopted: Connection, times: Times) -> None:
    user_id = new_user(adopted)
    adopted.execute(
        "UPDATE pad_ws.users SET (created_at, updated_at) = (%s, %s), name = NULL,"
        " given_name = NULL, family_name = NULL",
        times,
    )
    (user,) = users.list_users(adopted, after=NOBODY, limit=10)
    assert (user.created_at, user.updated_at) == NULL_TIMES[times]
    assert (user.name, user.given_name, user.family_name) == ("", "", "")
    (by_id,) = users.list_users_by_id(adopted, user_ids=[user_id])
    assert plain(by_id) == plain(user) == plain(users.get_user(adopted, user_id=user_id))


# Lists


def test_pages_of_users_miss_and_repeat_nobody(conn: Connection) -> None:
    ids = {new_user(conn) for _ in range(7)}
    after, seen = NOBODY, list[UUID]()
    while page := users.list_users(conn, after=after, limit=3):
        assert len(page) <= 3
        seen += [user.id for user in page]
        after = page[-1].id
    assert seen == sorted(ids)


def test_users_by_id_come_by_name_and_without_strangers(conn: Connection) -> None:
    by_name = {name: new_user(conn, username=name) for name in ("carol", "alice", "bob")}
    new_user(conn, username="mallory")
    found = users.list_users_by_id(conn, user_ids=[*by_name.values(), uuid4()])
    assert [user.username for user in found] == ["alice", "bob", "carol"]
    assert users.list_users_by_id(conn, user_ids=[]) == []


# Sign-ins


def test_the_first_sign_in_makes_the_row_and_the_next_changes_it(conn: Connection) -> None:
    row = user_row()
    made = sign_in(conn, row)
    changed = sign_in(conn, {**row, "name": "Alice Elsewhere", "roles": JsonText(b'["admin"]')})
    assert (made.id, changed.id) == (row["user_id"], row["user_id"])
    assert (changed.name, changed.roles.json) == ("Alice Elsewhere", b'["admin"]')
    assert changed.created_at == made.created_at
    assert changed.updated_at > made.updated_at
    assert count(conn, "users") == 1


def test_the_latest_sign_in_has_the_names_and_no_account_is_merged(conn: Connection) -> None:
    alice, bob = user_row(username="alice"), user_row(email="bob@example.org")
    alices_pad = new_pad(conn, sign_in(conn, alice).id)
    sign_in(conn, bob)
    carol = user_row(username="alice", email="bob@example.org")
    assert sign_in(conn, carol).username == "alice"
    left = {user.id: user for user in users.list_users(conn, after=NOBODY, limit=10)}
    assert left[alice["user_id"]].username == f"user_{alice['user_id']}"
    assert left[alice["user_id"]].email == alice["email"]
    assert left[bob["user_id"]].email == f"user_{bob['user_id']}@example.com"
    assert left[bob["user_id"]].username == bob["username"]
    assert pads.get_pad_version(conn, pad_id=alices_pad.id, owner_id=alice["user_id"]) == 1
    assert sign_in(conn, alice).username == "alice"
    assert name_of(conn, carol["user_id"]) == f"user_{carol['user_id']}"


def test_the_row_that_loses_its_names_keeps_what_they_were(
    conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    alice = user_row(username="alice", email="Alice@example.org")
    sign_in(conn, alice)
    first, second = user_row(username="alice"), user_row(email="alice@example.org")
    for winner in (first, second):
        sign_in(conn, winner)
    row = row_of(conn, "users", alice["user_id"])
    assert row
    assert (row["former_username"], row["former_email"]) == ("alice", "Alice@example.org")
    assert [record.getMessage() for record in caplog.records] == [
        f"User {winner['user_id']} has signed in with the {lost} of user {alice['user_id']}."
        for winner, lost in ((first, "username"), (second, "email"))
    ]


@pytest.mark.parametrize(
    ("theirs", "own", "taken"),
    [(True, False, False), (True, True, True), (False, False, True), (False, True, True)],
)
def test_an_address_that_is_not_verified_takes_no_verified_one(
    conn: Connection, theirs: bool, own: bool, taken: bool
) -> None:
    holder = user_row(email="alice@example.org", email_verified=theirs)
    newcomer = user_row(email="Alice@Example.org", email_verified=own)
    sign_in(conn, holder)
    for _ in range(2):
        user = sign_in(conn, newcomer)
        assert (user.email == newcomer["email"]) is taken
        assert users.bring_in_line(conn, newcomer) == user
    left = users.get_user(conn, user_id=holder["user_id"])
    assert left
    assert (left.email == holder["email"]) is not taken


def test_two_who_have_each_others_names_can_swap_them(conn: Connection) -> None:
    alice, bob = user_row(username="alice"), user_row(username="bob")
    sign_in(conn, alice)
    sign_in(conn, bob)
    sign_in(conn, {**alice, "username": "bob"})
    sign_in(conn, {**bob, "username": "alice"})
    assert name_of(conn, alice["user_id"]) == "bob"
    assert name_of(conn, bob["user_id"]) == "alice"


def test_many_first_requests_of_one_user_end_as_one_row(database: Database) -> None:
    row = user_row()
    tasks = [partial(sign_in, row=row), partial(users.bring_in_line, row=row)]
    signed_in = at_once(database, tasks * 10)
    assert {user.id for user in signed_in} == {row["user_id"]}
    with database.connection() as conn:
        assert count(conn, "users") == 1


@pytest.mark.parametrize("same", ["username", "email"])
def test_many_who_claim_one_name_at_once_all_get_in(database: Database, same: str) -> None:
    rows = [user_row(**{same: "wanted@example.org"}) for _ in range(20)]
    for _ in range(5):
        signed_in = at_once(database, [partial(sign_in, row=row) for row in rows])
        assert {user.id for user in signed_in} == {row["user_id"] for row in rows}
        assert {getattr(user, same) for user in signed_in} == {"wanted@example.org"}
        with database.connection() as conn:
            left = users.list_users(conn, after=NOBODY, limit=100)
        assert len(left) == 20
        assert [getattr(user, same) for user in left].count("wanted@example.org") == 1


def test_many_who_pass_names_around_at_once_all_get_in(database: Database) -> None:
    """Each claims the name that its neighbour has, in a circle."""
    rows = [user_row(username=f"name {n}", email=f"{n}@example.org") for n in range(10)]
    with database.connection() as conn:
        for row in rows:
            sign_in(conn, row)
    circle: list[UserRow] = [
        {**row, "username": rows[n - 1]["username"], "email": rows[n - 3]["email"]}
        for n, row in enumerate(rows)
    ]
    for claims in (circle, rows, circle):
        signed_in = at_once(database, [partial(sign_in, row=row) for row in claims])
        assert [user.username for user in signed_in] == [row["username"] for row in claims]
    with database.connection() as conn:
        left = users.list_users(conn, after=NOBODY, limit=100)
    assert len({user.username for user in left}) == len({user.email for user in left}) == len(rows)


def test_a_sign_in_and_a_session_that_say_different_names_at_once(database: Database) -> None:
    """What a session says of its user may claim a name that another is just signing in with."""
    for _ in range(20):
        row, other = user_row(username="wanted"), user_row(username="wanted")
        brought, signed_in = at_once(
            database, [partial(users.bring_in_line, row=row), partial(sign_in, row=other)]
        )
        assert (brought.id, signed_in.id) == (row["user_id"], other["user_id"])
        assert signed_in.username == "wanted"


def renamed(row: UserRow, kind: str, name: str) -> UserRow:
    return {**row, kind: name}  # type: ignore[misc]


def placeholder(user_id: UUID, kind: str) -> str:
    """What the provider's silence makes of a user's name."""
    return {"username": f"user_{user_id}", "email": f"user_{user_id}@example.com"}[kind]


@pytest.mark.parametrize("kind", ["username", "email"])
@pytest.mark.parametrize("upper", [False, True])
def test_whoever_is_called_by_anothers_placeholder_stops_nobody(
    conn: Connection, kind: str, upper: bool
) -> None:
    """Each of these claims a name that another has, or would get."""
    alice, bob, carol = (user_row() for _ in range(3))
    alices = placeholder(alice["user_id"], kind)
    mallory = user_row(**{kind: alices.upper() if upper else alices})
    sign_in(conn, alice)
    sign_in(conn, mallory)
    wanted = alice["username"] if kind == "username" else alice["email"]
    claims = [
        (carol, wanted),  # alice's name: her placeholder is mallory's
        (bob, alices),  # mallory's
        (alice, alices),  # as if her provider told none
        (bob, alices),  # her very placeholder
        (mallory, alices),
        (mallory, placeholder(bob["user_id"], kind)),
        (alice, wanted),
        (carol, wanted),
        (bob, placeholder(carol["user_id"], kind)),
        (alice, wanted),
    ]
    for row, name in claims:
        signed_in = sign_in(conn, renamed(row, kind, name))
        assert (signed_in.id, getattr(signed_in, kind)) == (row["user_id"], name)
    left = users.list_users(conn, after=NOBODY, limit=10)
    assert {user.id for user in left} == {each["user_id"] for each in (alice, bob, carol, mallory)}


def test_both_names_may_be_lost_at_once_with_both_placeholders_taken(conn: Connection) -> None:
    alice = user_row()
    sign_in(conn, alice)
    names = {kind: placeholder(alice["user_id"], kind) for kind in ("username", "email")}
    sign_in(conn, user_row(**names))
    sign_in(conn, user_row(username=alice["username"], email=alice["email"]))
    left = users.get_user(conn, user_id=alice["user_id"])
    assert left
    assert left.username.startswith(names["username"])
    assert left.email.endswith("@example.com")
    assert (left.username, left.email) != (names["username"], names["email"])


def test_a_session_whose_placeholder_is_taken_keeps_its_row(conn: Connection) -> None:
    row = user_row()
    silent: UserRow = {**row, "username": placeholder(row["user_id"], "username")}
    sign_in(conn, silent)
    sign_in(conn, user_row(username=silent["username"]))
    brought = users.bring_in_line(conn, silent)
    assert brought.id == row["user_id"]
    assert brought.username.startswith(silent["username"])


# A session's user, brought in line


def test_a_row_that_is_in_line_is_only_read(conn: Connection) -> None:
    row = user_row()
    made = sign_in(conn, row)
    assert plain(users.bring_in_line(conn, row)) == plain(made)


@pytest.mark.parametrize(
    "change",
    [
        {"username": "other"},
        {"email": "other@example.org"},
        {"email_verified": False},
        {"name": ""},
        {"given_name": "Other"},
        {"family_name": "Other"},
        {"roles": JsonText(b'["admin"]')},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_difference_is_noticed(conn: Connection, change: dict[str, object]) -> None:
    row = user_row()
    sign_in(conn, row)
    changed: UserRow = {**row, **change}  # type: ignore[typeddict-item]
    assert users.get_user_if_current(conn, **changed) is None
    brought = users.bring_in_line(conn, changed)
    assert plain(brought) == plain(users.get_user_if_current(conn, **changed))
    assert count(conn, "users") == 1


def test_names_that_are_missing_in_an_adopted_row_are_brought_in_line(conn: Connection) -> None:
    row = user_row(name="", given_name="", family_name="")
    sign_in(conn, row)
    conn.execute("UPDATE pad_ws.users SET name = NULL, given_name = NULL")
    assert users.bring_in_line(conn, row).name == ""
    assert users.get_user_if_current(conn, **row)


def test_a_name_taken_at_a_later_sign_in_stays_with_that_one(conn: Connection) -> None:
    early, late = user_row(username="wanted"), user_row(username="wanted")
    sign_in(conn, early)
    sign_in(conn, late)
    brought = users.bring_in_line(conn, early)
    assert brought.username == f"user_{early['user_id']}"
    assert name_of(conn, late["user_id"]) == "wanted"


def test_a_missing_row_is_made_again_even_if_its_name_is_taken(conn: Connection) -> None:
    deleted, other = user_row(username="wanted"), user_row(username="wanted")
    sign_in(conn, other)
    assert users.bring_in_line(conn, deleted).username == "wanted"
    assert name_of(conn, other["user_id"]) == f"user_{other['user_id']}"


@contextmanager
def past_the_rules(conn: Connection) -> Iterator[None]:
    """Rows that are written meanwhile may break the rules, as pad.ws's may."""
    rules = conn.execute(_RULES).fetchall()
    for name, _ in rules:
        conn.execute(f"ALTER TABLE pad_ws.users DROP CONSTRAINT {name}".encode())
    yield
    for name, check in rules:
        rule = f"ALTER TABLE pad_ws.users ADD CONSTRAINT {name} {check} NOT VALID"
        conn.execute(rule.encode())


@pytest.mark.parametrize("broken", [{"email": ""}, {"roles": JsonText(b'{"admin": true}')}])
def test_a_row_of_pad_ws_that_breaks_a_rule_keeps_nobody_from_its_name(
    adopted: Connection, broken: dict[str, Any]
) -> None:
    with past_the_rules(adopted):
        old = users.insert_user(adopted, **{**user_row(username="alice"), **broken})
    assert sign_in(adopted, user_row(username="alice")).username == "alice"
    assert name_of(adopted, old.id) == f"user_{old.id}"


@pytest.mark.parametrize(
    "broken", ["username = ''", "email = ' '", "roles = '[1]'", "updated_at = 'epoch'"]
)
def test_a_row_of_pad_ws_that_breaks_a_rule_can_be_deleted(
    adopted: Connection, broken: str
) -> None:
    user_id = new_user(adopted)
    with past_the_rules(adopted):
        adopted.execute(f"UPDATE pad_ws.users SET {broken}".encode())
    assert remove_user(adopted, user_id)
