"""Every statement on what belongs to a user asks one node, and that once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from secrets import token_bytes
from typing import Any

import psycopg
import pytest

from padws.database import prepare_connection
from padws.errors import NotProvided
from padws.migrations import pending
from padws.queries import pads
from padws.statements import load_statement
from padws.uuid7 import uuid7
from tests.helpers import citus
from tests.helpers.rows import new_pad, new_user, pad_row
from tests.helpers.statements import FILES, FUNCTIONS, NAMES, example_of, fill, run_example

#: One has nothing but a token of an earlier release to go by, the others go from user to user.
ON_EVERY_SHARD = {
    "tokens/get_token_owner",
    "pictures/get_next_owner_of_pictures",
    "trash/get_next_owner_of_trash",
    "links/get_next_owner_of_expired",
}
#: These lock or ask, and read no table.
WITHOUT_A_TABLE = {"users/lock_user_names", "pictures/are_pictures_apart"}
#: `db-verify` is for one PostgreSQL (docs/citus.md).
CHECKS = {name for name in NAMES if name.startswith("checks/")}
CALLS = {
    name: path
    for name, path in zip(NAMES, FILES, strict=True)
    if name not in CHECKS
    and any(f"FROM pad_ws.{each.stem}(" in path.read_text(encoding="utf-8") for each in FUNCTIONS)
}
#: These read everything there is, on one machine.
PLAIN = {
    name: path for name, path in zip(NAMES, FILES, strict=True) if name not in CALLS.keys() | CHECKS
}


@pytest.fixture(scope="module")
def conn(distributed_url: str) -> Iterator[psycopg.Connection[Any]]:
    fill(distributed_url)
    with psycopg.connect(distributed_url, autocommit=True) as opened:
        prepare_connection(opened)
        yield opened


def test_any_other_node_serves_a_user(conn: psycopg.Connection[Any]) -> None:
    """So that saving can go on while the coordinator is dead. First: others delete the pad."""
    node = citus.url_on(citus.nodes()[1], conn.info.dbname)
    with psycopg.connect(node, autocommit=True) as elsewhere:
        prepare_connection(elsewhere)
        assert pending(elsewhere) == []
        for name in ("pads/save_pad", "pads/get_pad", "pads/list_pads", "tokens/use_token"):
            assert run_example(elsewhere, FILES[NAMES.index(name)]), name


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_statement_is_one_task(conn: psycopg.Connection[Any], name: str) -> None:
    rows = psycopg.RawCursor(conn).execute(
        f"EXPLAIN {load_statement(PLAIN[name]).text}".encode(), example_of(PLAIN[name])
    )
    tasks = [int(n) for (line,) in rows for n in re.findall(r"Task Count: (\d+)", line)]
    if name in ON_EVERY_SHARD:
        assert max(tasks) > 1
    else:
        assert set(tasks) <= {1}
        assert tasks or name in WITHOUT_A_TABLE
        assert (
            len(tasks) == 1 or name.startswith(("users/", "templates/")) or name in WITHOUT_A_TABLE
        )


def new_example_of(name: str) -> list[Any]:
    """An example that can be run again: what is inserted gets another id each time."""
    parameters = load_statement(CALLS[name]).parameters
    values = dict(zip(parameters, example_of(CALLS[name]), strict=True))
    new: dict[str, dict[str, Any]] = {"pads/insert_pad": {"pad_id": uuid7()}}
    new["links/insert_link"] = {"link_id": uuid7(), "token_digest": token_bytes(32), "most": 100}
    return list((values | new.get(name, {})).values())


@pytest.mark.parametrize("name", CALLS)
def test_a_function_is_run_where_its_owner_is(conn: psycopg.Connection[Any], name: str) -> None:
    """By a statement that is prepared, too, which it is after some executions."""
    said: list[str] = []
    text = load_statement(CALLS[name]).text

    def note(notice: psycopg.errors.Diagnostic) -> None:
        said.append(notice.message_primary or "")

    conn.add_notice_handler(note)
    conn.execute("SET client_min_messages = debug1; SET citus.log_remote_commands = on")
    try:
        for _ in range(10):
            psycopg.RawCursor(conn).execute(text.encode(), new_example_of(name), prepare=True)
    finally:
        conn.execute("RESET client_min_messages; RESET citus.log_remote_commands")
        conn.remove_notice_handler(note)
    assert said.count("pushing down the function call") == 10, said
    assert sum(line.startswith("issuing") for line in said) == 10, said


def test_pads_cannot_move_to_another_owner(conn: psycopg.Connection[Any]) -> None:
    """Who may be on another node; the pad stays as it is."""
    owner_id, other_id = new_user(conn), new_user(conn)
    pad = new_pad(conn, owner_id)
    with pytest.raises(NotProvided) as refused:
        pads.move_pads(conn, owner_id=owner_id, new_owner_id=other_id)
    assert refused.value.code == "one_machine_only"
    assert pad_row(conn, pad.id)["owner_id"] == owner_id


def test_all_statements_are_looked_at() -> None:
    assert PLAIN.keys() | CALLS.keys() | CHECKS == set(NAMES)
