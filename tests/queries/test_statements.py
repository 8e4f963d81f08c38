"""What holds for every file of sql/: it fits the schema, its function, its index and its header."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest

from padws.config import ROOT
from padws.database import Connection, prepare_connection
from padws.statements import SQL_DIR, load_statement
from tests.helpers import citus, servers
from tests.helpers.statements import (
    FILES,
    FUNCTIONS,
    NAMES,
    break_references,
    fill,
    forget_what_was_rolled_back,
    found_something,
    run_example,
)

SOURCES = sorted((ROOT / "padws").rglob("*.py"))
# No example has more than two users, two pads and eight backups to look at.
MOST_ENTRIES = 20

# Of these tables, read as a whole by whoever reads them.
SMALL = {
    *("template_pads", "template_pads_name_key", "template_pads_pkey"),
    *("checks", "checks_pkey"),
    *("tidied", "tidied_pkey"),
    *("limits", "limits_pkey"),
}

every_file = pytest.mark.parametrize("path", FILES, ids=NAMES)
every_function = pytest.mark.parametrize("path", FUNCTIONS, ids=[each.stem for each in FUNCTIONS])


def header_of(path: Path) -> str:
    """The comment a file starts with, as one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = [line for line in lines[: lines.index("")] if line.startswith("--")]
    return " ".join(line.removeprefix("--").strip() for line in comment)


def indexes_of(path: Path) -> set[str]:
    """The indexes that a file's header names, or that of a function which it names there."""
    _, _, after = header_of(path).partition("Index: ")
    words = set(re.findall(r"\w+", after.partition("psql -v")[0]))
    called = [each for each in FUNCTIONS if each.stem in words and each != path]
    return {word for word in words if re.search(r"_(?:pkey|key|idx)$", word)}.union(
        *map(indexes_of, called)
    )


def without_twins(indexes: set[str]) -> set[str]:
    """The indexes by one name each: a search for ids alone, or for one picture, may use either.

    Which one of two PostgreSQL takes for a picture has been seen to differ from run to run.
    """
    twins = {
        "backups_id_owner_id_key": "backups_pkey",
        "pads_id_owner_id_key": "pads_pkey",
        "pad_pictures_owner_id_digest_idx": "pad_pictures_pkey",
        "backup_pictures_owner_id_digest_idx": "backup_pictures_pkey",
    }
    return {twins.get(each, each) for each in indexes}


# Files, functions and callers


def query_functions() -> set[str]:
    """`noun/function` for every function that from_file makes."""
    return {
        f"{path.stem}/{node.name}"
        for path in (ROOT / "padws" / "queries").glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and "from_file" in map(ast.unparse, node.decorator_list)
    }


@cache
def used_names() -> set[str]:
    """Every name that some code of padws uses; defining or importing it does not count."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = {node.id for node in nodes if isinstance(node, ast.Name)}
    return plain | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_every_file_lies_in_the_directory_of_its_noun() -> None:
    assert FILES
    files = sorted(path for path in SQL_DIR.rglob("*") if path.is_file())
    assert files == sorted(FILES + FUNCTIONS)


def test_every_file_has_its_function_and_every_function_its_file() -> None:
    assert query_functions() == set(NAMES)


@every_file
def test_is_used(path: Path) -> None:
    assert path.stem in used_names()


# Headers


@every_file
def test_header_says_what_for_and_which_index(path: Path) -> None:
    header = header_of(path)
    assert re.match(r"[A-Z][^.:]+[.:;]", header)
    assert indexes_of(path) or re.search(r"Index: none (is read|needed)\.", header)


@every_file
def test_header_shows_how_to_try_it_in_psql(path: Path) -> None:
    _, _, command = header_of(path).partition("psql ")
    assert f"-f {path.relative_to(ROOT)}" in command
    assert sorted(re.findall(r"-v (\w+)=", command)) == sorted(load_statement(path).parameters)


# Functions


@every_function
def test_a_function_has_its_file_and_takes_the_owner_first(path: Path) -> None:
    """All but those that read no table."""
    text = path.read_text(encoding="utf-8")
    ((name, first),) = re.findall(r"CREATE (?:OR REPLACE )?FUNCTION (\S+?)\(\s*(\w+ \w+),?", text)
    assert name == f"pad_ws.{path.stem}"
    assert first == "owner_id uuid" or reads_nothing(path)
    assert text.count("CREATE ") == 1


def reads_nothing(path: Path) -> bool:
    """Whether a function depends on its parameters alone, or on the session's time zone."""
    text = path.read_text(encoding="utf-8")
    says_so = re.search(r"\b(IMMUTABLE|STABLE) PARALLEL SAFE$", text, re.MULTILINE)
    return bool(says_so) and "Index: none is read." in header_of(path)


@every_function
def test_a_function_is_called(path: Path) -> None:
    others = [each for each in FILES + FUNCTIONS if each != path]
    assert any(f"pad_ws.{path.stem}(" in each.read_text(encoding="utf-8") for each in others)


@every_function
def test_a_functions_header_says_what_for_and_which_index(path: Path) -> None:
    assert re.match(r"[A-Z][^.:]+[.:;]", header_of(path))
    assert bool(indexes_of(path)) != reads_nothing(path)


# The schema


@every_file
def test_prepares_on_the_migrated_schema(conn: Connection, path: Path) -> None:
    with conn.transaction(force_rollback=True):
        conn.execute(f"PREPARE tried AS {load_statement(path).text}".encode())
        types = conn.execute(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'tried'"
        ).fetchone()
        conn.execute("DEALLOCATE tried")
    assert types
    assert len(types[0]) == len(load_statement(path).parameters)


@every_file
def test_indexes_of_the_header_exist(conn: Connection, path: Path) -> None:
    rows = conn.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'pad_ws'").fetchall()
    assert indexes_of(path) <= {name for (name,) in rows}


# Plans: each statement is run on full tables, and PostgreSQL counts what was scanned: in the
# statement and its CTEs, in the functions it calls and in what foreign keys ask and cascade to.

COUNT_SCANS = """
    SELECT relname, relkind = 'i', pg_stat_get_xact_tuples_returned(oid)
    FROM pg_class
    WHERE relnamespace = 'pad_ws'::regnamespace
    AND relkind IN ('r', 'i') AND pg_stat_get_xact_numscans(oid) > 0
"""


@dataclass(frozen=True)
class Scans:
    """What running a statement scanned, by name, and the most entries read from one of them."""

    tables: set[str]
    indexes: set[str]
    most_read: int


@pytest.fixture(scope="module")
def full_database_url(postgres: str, template_database: str) -> Iterator[str]:
    with servers.database(postgres, template_database) as url:
        fill(url)
        break_references(url)
        yield url


def scans_of(url: str, path: Path, plan_cache_mode: str) -> Scans:
    """Run a query on a connection that has run nothing before, and roll it back."""
    with psycopg.connect(url) as conn:
        prepare_connection(conn)
        conn.execute(f"SET plan_cache_mode = {plan_cache_mode}".encode())
        found = run_example(conn, path)
        assert found_something(path, found), "the example should be one that the statement finds"
        rows = conn.execute(COUNT_SCANS).fetchall()
        wrote = conn.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL").fetchone()
        conn.rollback()
    if wrote == (True,):
        forget_what_was_rolled_back(url)
    return Scans(
        tables={name for name, is_index, _ in rows if not is_index},
        indexes={name for name, is_index, _ in rows if is_index},
        most_read=max((read for *_, read in rows), default=0),
    )


@citus.on_one_machine
@pytest.mark.parametrize("plan_cache_mode", ["force_custom_plan", "force_generic_plan"])
@every_file
def test_lives_on_the_indexes_of_its_header(
    full_database_url: str, path: Path, plan_cache_mode: str
) -> None:
    scans = scans_of(full_database_url, path, plan_cache_mode)
    if "Index: none needed." in header_of(path):
        assert scans.tables | scans.indexes <= SMALL
    else:
        assert scans.tables <= {"limits"}  # which has two rows
        assert without_twins(scans.indexes) == without_twins(indexes_of(path))
        assert scans.most_read <= MOST_ENTRIES
