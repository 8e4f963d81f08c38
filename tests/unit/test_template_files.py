"""Template files: what is loaded, and what is left out without stopping the rest."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from padws.config import ROOT
from padws.database import Connection
from padws.queries import templates
from padws.template_files import files_to_load, load_templates
from tests.helpers import servers

Log = pytest.LogCaptureFixture


@pytest.fixture(scope="module")
def conn_of_all(postgres: str, template_database: str) -> Iterator[Connection]:
    with (
        servers.database(postgres, template_database) as url,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        yield conn


@pytest.fixture
def conn(conn_of_all: Connection) -> Connection:
    """A connection to a database without templates."""
    conn_of_all.execute("DELETE FROM pad_ws.template_pads")
    return conn_of_all


@pytest.fixture(autouse=True)
def every_line(caplog: Log) -> None:
    caplog.set_level("INFO", logger="padws.templates")


def scene(name: str | None = None, **members: Any) -> bytes:
    app_state = {"pad": {"displayName": name}} if name is not None else {}
    return json.dumps({"elements": [], "appState": app_state, **members}).encode()


def write(directory: Path, name: str, content: bytes) -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


def load(conn: Connection, directory: Path) -> None:
    """Load all files, whatever is stored."""
    load_templates(conn, files_to_load(directory, {}))


def loaded(conn: Connection) -> dict[str, str]:
    """Display names of the stored templates, by name."""
    rows = templates.list_templates(conn, with_data=False)
    return {row.name: row.display_name for row in rows}


def lines(log: Log) -> list[str]:
    """What was logged since this was last asked."""
    messages = [record.getMessage() for record in log.records]
    log.clear()
    return messages


def test_the_templates_of_the_repository_can_be_loaded(conn: Connection, caplog: Log) -> None:
    load(conn, ROOT / "templates")
    names = {path.stem for path in (ROOT / "templates").iterdir()}
    assert loaded(conn).keys() == names
    assert {record.levelname for record in caplog.records} == {"INFO"}
    assert "default" in names


def test_files_are_added_replaced_and_left_as_they_are(
    conn: Connection, tmp_path: Path, caplog: Log
) -> None:
    write(tmp_path, "grid.json", scene("Grid"))
    write(tmp_path, "maps.json", scene("Maps"))
    load(conn, tmp_path)
    assert lines(caplog) == ["template grid: added", "template maps: added"]
    assert loaded(conn) == {"grid": "Grid", "maps": "Maps"}
    write(tmp_path, "grid.json", scene("Dots", dots=1))
    load(conn, tmp_path)
    assert lines(caplog) == ["template grid: replaced by the changed file"]
    assert loaded(conn) == {"grid": "Dots", "maps": "Maps"}
    load(conn, tmp_path)
    assert lines(caplog) == []


def test_what_an_administrator_has_edited_is_kept_and_said(
    conn: Connection, tmp_path: Path, caplog: Log
) -> None:
    write(tmp_path, "grid.json", scene("Grid"))
    load(conn, tmp_path)
    templates.update_template(conn, name="grid", new_name=None, display_name="Mine", scene=None)
    lines(caplog)
    load(conn, tmp_path)
    (line,) = lines(caplog)
    assert line.startswith("template grid: kept as an administrator has edited it")
    assert loaded(conn) == {"grid": "Mine"}


@pytest.mark.parametrize(
    ("content", "display_name"),
    [
        (scene("Läufer ♞"), "Läufer ♞"),
        (scene("  Grid \n"), "Grid"),
        (scene(), "grid"),
        (scene(""), "grid"),
        (scene("x" * 101), "grid"),
        (scene("a\nb"), "grid"),
        (scene("a\0b", appState={"pad": {"displayName": 7}}), "grid"),
        (b'{"elements": []}', "grid"),
        (b'{"appState": {"pad": {}}}', "grid"),
    ],
)
def test_the_display_name_is_the_scenes_or_the_files(
    conn: Connection, tmp_path: Path, content: bytes, display_name: str
) -> None:
    write(tmp_path, "grid.json", content)
    load(conn, tmp_path)
    assert loaded(conn) == {"grid": display_name}


def test_the_scene_is_stored_as_it_is_in_the_file(conn: Connection, tmp_path: Path) -> None:
    content = scene("Grid", files={"a": 1.5}, appState={"pad": {"displayName": "Grid", "x": None}})
    write(tmp_path, "grid.json", content)
    load(conn, tmp_path)
    stored = templates.get_template(conn, name="grid")
    assert stored
    assert stored.data
    assert json.loads(bytes(stored.data.json)) == json.loads(content)


BROKEN = {
    "nothing": b"",
    "no JSON": b"{elements: []}",
    "cut short": scene("Grid")[:-1],
    "two scenes": scene() + scene(),
    "not UTF-8": scene("Grid").replace(b"Grid", b"Gr\xefd"),
    "UTF-16": scene("Grid").decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + scene("Grid"),
    "a byte 0": scene("Grid") + b"\0",
    "an escaped NUL": scene(text="\0"),
    "a lone surrogate": scene(text="\ud800"),
    "no number": b'{"a": NaN}',
    "a large number": b'{"a": 1e400}',
    "too large a number": b'{"a": 1e200000}',
    "too deep": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "an empty object": b"{}",
    "a list": b"[]",
    "null": b"null",
    "an appState that is none": b'{"appState": []}',
    "a pad that is none": b'{"appState": {"pad": 1}}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_and_stops_nothing_else(
    conn: Connection, tmp_path: Path, caplog: Log, content: bytes
) -> None:
    write(tmp_path, "first.json", scene("First"))
    write(tmp_path, "grid.json", content)
    write(tmp_path, "last.json", scene("Last"))
    load(conn, tmp_path)
    assert loaded(conn) == {"first": "First", "last": "Last"}
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage().startswith("template grid.json is left out: ")
    assert "\n" not in error.getMessage()
    assert error.exc_info is None


def test_a_file_that_breaks_leaves_what_it_had_loaded(conn: Connection, tmp_path: Path) -> None:
    write(tmp_path, "grid.json", scene("Grid"))
    load(conn, tmp_path)
    write(tmp_path, "grid.json", b"{")
    load(conn, tmp_path)
    assert loaded(conn) == {"grid": "Grid"}


NO_TEMPLATE_NAMES = [
    "my grid.json",
    "-x.json",
    ".json",
    ".hidden.json",
    "ä.json",
    f"{'x' * 101}.json",
]


@pytest.mark.parametrize("name", NO_TEMPLATE_NAMES)
def test_a_file_with_an_unusable_name_is_left_out(
    conn: Connection, tmp_path: Path, caplog: Log, name: str
) -> None:
    write(tmp_path, name, scene("Grid"))
    load(conn, tmp_path)
    assert loaded(conn) == {}
    assert lines(caplog) == [
        f"template {name} is left out: the file's name is not a template's name"
    ]


def test_other_files_are_no_templates(conn: Connection, tmp_path: Path, caplog: Log) -> None:
    for name in ("README.md", "grid.json.bak", "grid.excalidraw", "json"):
        write(tmp_path, name, scene("Grid"))
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper", "grid.json", scene("Grid"))
    load(conn, tmp_path)
    assert (loaded(conn), lines(caplog)) == ({}, [])


def test_a_link_is_the_file_it_leads_to(conn: Connection, tmp_path: Path) -> None:
    """Deployments mount files as links."""
    (tmp_path / "elsewhere").mkdir()
    target = write(tmp_path / "elsewhere", "1", scene("Grid"))
    (tmp_path / "grid.json").symlink_to(target)
    load(conn, tmp_path)
    assert loaded(conn) == {"grid": "Grid"}


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    path.symlink_to(path)


def make_huge(path: Path) -> None:
    with path.open("wb") as file:  # takes no room: it is one hole
        file.truncate(300_000_000)


ODD: dict[str, Callable[[Path], None]] = {
    "a directory": Path.mkdir,
    "a pipe": make_pipe,
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": make_loop,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a huge file": make_huge,
    "unreadable": lambda path: path.symlink_to("/proc/self/mem"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="makes files that Linux has")
@pytest.mark.parametrize("kind", ODD)
def test_what_only_looks_like_a_file_is_left_out(
    conn: Connection, tmp_path: Path, caplog: Log, kind: str
) -> None:
    """Something that cannot be read even by root stands for a file without permission."""
    ODD[kind](tmp_path / "grid.json")
    write(tmp_path, "last.json", scene("Last"))
    load(conn, tmp_path)
    assert loaded(conn) == {"last": "Last"}
    error, added = lines(caplog)
    assert error.startswith("template grid.json is left out: ")
    assert added == "template last: added"


def test_an_empty_directory_is_no_reason_to_complain(
    conn: Connection, tmp_path: Path, caplog: Log
) -> None:
    load(conn, tmp_path)
    assert (loaded(conn), lines(caplog)) == ({}, [])


def due(conn: Connection, directory: Path) -> list[str]:
    """The names of the files that are to be loaded, by the digests that are stored."""
    rows = conn.execute("SELECT name, file_digest FROM pad_ws.template_pads").fetchall()
    return [path.name for path in files_to_load(directory, dict(rows))]


def test_only_files_that_are_not_stored_as_they_are_have_to_be_loaded(
    conn: Connection, tmp_path: Path, caplog: Log
) -> None:
    for name in ("grid.json", "maps.json", "mine.json"):
        write(tmp_path, name, scene())
    assert due(conn, tmp_path) == ["grid.json", "maps.json", "mine.json"]
    load(conn, tmp_path)
    lines(caplog)
    assert due(conn, tmp_path) == []

    write(tmp_path, "dots.json", scene())
    write(tmp_path, "grid.json", scene("Grid"))
    templates.delete_template(conn, name="maps")
    assert due(conn, tmp_path) == ["dots.json", "grid.json", "maps.json"]
    assert lines(caplog) == []


def test_the_file_of_an_edited_template_need_not_be_loaded_and_the_log_says_so(
    conn: Connection, tmp_path: Path, caplog: Log
) -> None:
    write(tmp_path, "grid.json", scene("Grid"))
    load(conn, tmp_path)
    templates.update_template(conn, name="grid", new_name=None, display_name="Mine", scene=None)
    write(tmp_path, "grid.json", scene("Dots"))
    lines(caplog)
    assert due(conn, tmp_path) == []
    (line,) = lines(caplog)
    assert line.startswith("template grid: kept as an administrator has edited it")


@pytest.mark.skipif(sys.platform != "linux", reason="makes files that Linux has")
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_longer_a_file_is_left_to_loading_which_names_it(
    conn: Connection, tmp_path: Path, kind: str
) -> None:
    path = write(tmp_path, "grid.json", scene("Grid"))
    load(conn, tmp_path)
    path.unlink()
    ODD[kind](path)
    assert due(conn, tmp_path) == ["grid.json"]
