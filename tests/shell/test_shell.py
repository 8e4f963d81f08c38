"""`padws users`, `pads` and `templates`, as operators run them."""

from __future__ import annotations

import getpass
import json
import logging
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pytest
from click.testing import CliRunner, Result

from padws.auth.session_index import SessionIndex
from padws.cli import main
from padws.config import known_variables, load_settings
from padws.database import Database
from padws.queries import tokens
from padws.redis_client import connect
from padws.uuid7 import uuid7
from tests.helpers.rows import delete, new_pad, new_user

Run = Callable[..., Result]


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command; by default it must succeed."""
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def invoke(*words: object, code: int = 0, **options: Any) -> Result:
        result = CliRunner().invoke(main, [*map(str, words)], env=environment, **options)
        assert result.exit_code == code, result.output + repr(result.exception)
        assert "Traceback" not in result.output
        return result

    yield invoke
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def database(environment: Mapping[str, str]) -> Iterator[Database]:
    database = Database(load_settings(environment))
    yield database
    database.close()


@pytest.fixture
def alice(database: Database) -> UUID:
    """Somebody with two pads, one of them with a backup and a picture."""
    with database.connection() as conn:
        owner_id = new_user(conn, username="alice", email="Alice@example.org")
        shown = [{"id": "b", "fileId": "a"}, {"id": "c", "isDeleted": True}]
        new_pad(conn, owner_id, elements=shown, files={"a": {"dataURL": "data:x" * 1000}})
        pad = new_pad(conn, owner_id)
        conn.execute(
            "INSERT INTO pad_ws.backups (id, source_id, owner_id, data) VALUES (%s, %s, %s, %s)",
            [uuid7(), pad.id, owner_id, pad.data],
        )
        new_user(conn, username="bob", email="bob@example.org")
    return owner_id


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_users_are_listed_and_shown(run: Run, alice: UUID) -> None:
    table = run("users", "list").stdout.splitlines()
    assert table[0].split() == ["ID", "USERNAME", "EMAIL", "NAME", "CREATED_AT"]
    assert len(table) == 3
    listed = lines(run("users", "list", "--json"))
    assert {each["username"] for each in listed} == {"alice", "bob"}
    for name in (alice, "alice", "alice@EXAMPLE.org"):
        (shown,) = lines(run("users", "show", name, "--json"))
        assert (shown["id"], shown["roles"]) == (str(alice), [])
    assert "There is no user nobody" in run("users", "show", "nobody", code=1).output
    assert "username" in run("users", "show", "alice").stdout


def test_what_cannot_be_asked_is_one_line(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    refused = run("users", "show", "\udcff", code=1).output
    assert refused == "Error: A name or an address must be UTF-8.\n"
    environment["DATABASE_URL"] = f"postgresql:///padws?host={tmp_path}"
    refused = run("users", "list", code=1).output
    assert refused.count("\n") == 1
    assert "No such file or directory" in refused


def test_usage(run: Run, alice: UUID) -> None:
    (usage,) = lines(run("users", "usage", "alice", "--json"))
    assert usage["pads"] == 2
    assert usage["bytes"] > 0


def test_sessions_and_tokens_end_and_that_is_logged(
    run: Run, alice: UUID, database: Database, environment: Mapping[str, str]
) -> None:
    client = connect(load_settings(environment), within=5, retries=0)
    client.set("padws:session:sid", "x")
    SessionIndex(client).add(str(alice), "sid", 10**10, None)
    with database.connection() as conn:
        tokens.insert_token(
            conn,
            token_id=uuid7(),
            user_id=alice,
            name="x",
            scope="read",
            token_digest=b"x" * 32,
            expires_at=None,
        )
    assert "1 session of" in run("users", "end-sessions", "alice", "--dry-run").stdout
    assert "1 token of" in run("users", "revoke-tokens", "alice", "--dry-run").stdout
    for command in ("end-sessions", "revoke-tokens"):
        result = run("users", command, "alice")
        assert result.stdout.startswith("1 ")
        assert getpass.getuser() in result.stderr
        assert str(alice) in result.stderr
        assert run("users", command, "alice").stdout.startswith("0 ")
    client.close()


def test_a_takeout_goes_out_and_comes_in(run: Run, alice: UUID, tmp_path: Path) -> None:
    path = tmp_path / "alice.zip"
    run("users", "export", "alice", path)
    assert [each.name for each in tmp_path.iterdir()] == ["alice.zip"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert "File exists" in run("users", "export", "alice", path, code=1).output
    nowhere = run("users", "export", "alice", tmp_path / "none" / "x", code=1).output
    assert nowhere == f"Error: No such file or directory: {tmp_path / 'none'}\n"
    assert "2 pads" in run("users", "import", "bob", path, "--dry-run").stdout
    assert run("pads", "list", "bob", "--json").stdout == ""
    (done,) = lines(run("users", "import", "bob", path, "--json"))
    assert done == {"pads": 2, "backups": 1, "skipped": []}
    assert len(lines(run("pads", "list", "bob", "--json"))) == 2
    (done,) = lines(run("users", "import", "alice", path, "--json"))
    assert done == {"pads": 0, "backups": 0, "skipped": []}


def test_what_is_skipped_is_said(run: Run, alice: UUID, tmp_path: Path) -> None:
    path = tmp_path / "alice.zip"
    run("users", "export", "alice", path)
    with zipfile.ZipFile(path, "a") as more:
        more.writestr("notes.txt", b"x")
    assert "Skipped notes.txt" in run("users", "import", "bob", path, code=3).stdout
    path.write_bytes(b"x")
    assert "no ZIP" in run("users", "import", "bob", path, code=1).output


def test_a_pad_is_exported(run: Run, alice: UUID, tmp_path: Path) -> None:
    first, _ = lines(run("pads", "list", "alice", "--json"))
    run("pads", "export", "alice", first["id"], tmp_path / "a.excalidraw")
    written = json.loads((tmp_path / "a.excalidraw").read_bytes())
    assert (written["type"], written["source"]) == ("excalidraw", "padws")
    assert written["elements"] == [{"id": "b", "fileId": "a"}]
    assert written["appState"] == {"name": first["display_name"]}
    assert written["files"]["a"]["dataURL"].startswith("data:x")
    assert json.loads(run("pads", "export", "alice", first["id"], "-").stdout) == written
    assert "no pad" in run("pads", "export", "bob", first["id"], "-", code=1).output
    run("pads", "export", "alice", "x", "-", code=2)


def test_a_file_becomes_a_pad(run: Run, alice: UUID, tmp_path: Path) -> None:
    path = tmp_path / "Plan.excalidraw"
    first, _ = lines(run("pads", "list", "alice", "--json"))
    run("pads", "export", "alice", first["id"], path)
    assert "Plan" in run("pads", "import", "bob", path, "--dry-run").stdout
    assert run("pads", "list", "bob", "--json").stdout == ""
    made = run("pads", "import", "bob", path)
    assert getpass.getuser() in made.stderr
    (pad,) = lines(run("pads", "list", "bob", "--json"))
    assert (pad["id"], pad["display_name"]) == (made.stdout.strip(), "Plan")
    again = json.loads(run("pads", "export", "bob", pad["id"], "-").stdout)
    assert again["files"] == json.loads(path.read_bytes())["files"]
    assert again["files"]
    run("pads", "import", "bob", path, "--name", "Other")
    path.write_text('{"type": "excalidrawlib"}')
    assert "library" in run("pads", "import", "bob", path, code=1).output
    assert len(lines(run("pads", "list", "bob", "--json"))) == 2


def test_pads_move_to_another_user(run: Run, alice: UUID) -> None:
    owned = lines(run("pads", "list", "alice", "--json"))
    assert "2 pads" in run("pads", "move", "alice", "bob", "--dry-run").stdout
    assert "2 pads" in run("pads", "move", "alice", "bob", input="n\n", code=1).stdout
    run("pads", "move", "alice", alice, "--yes", code=2)
    assert lines(run("pads", "list", "alice", "--json")) == owned
    moved = run("pads", "move", "alice", "bob", "--yes")
    assert getpass.getuser() in moved.stderr
    assert lines(run("pads", "list", "bob", "--json")) == owned
    assert run("pads", "list", "alice", "--json").stdout == ""


def test_a_pad_is_restored_from_its_history_and_from_the_trash(
    run: Run, alice: UUID, database: Database
) -> None:
    _, pad = lines(run("pads", "list", "alice", "--json"))
    (backup,) = lines(run("pads", "history", "alice", pad["id"], "--json"))
    asked = ("pads", "restore", "alice", pad["id"], "--dry-run")
    assert "nothing" in run(*asked, code=1).output, "it is not in the trash"
    assert "nothing" in run(*asked, "--backup", pad["id"], code=1).output
    assert "would be" in run(*asked, "--backup", backup["id"]).stdout
    restored = run("pads", "restore", "alice", pad["id"], "--backup", backup["id"])
    assert getpass.getuser() in restored.stderr
    assert lines(run("pads", "list", "alice", "--json"))[1]["version"] == 2
    assert "nothing" in run("pads", "restore", "alice", pad["id"], code=1).output
    with database.connection() as conn:
        conn.execute("UPDATE pad_ws.pads SET deleted_at = now() WHERE id = %s", [pad["id"]])
    assert [each["id"] for each in lines(run("pads", "list", "alice", "--trash", "--json"))] == [
        pad["id"]
    ]
    assert "would be" in run(*asked).stdout
    run("pads", "restore", "alice", pad["id"])
    assert run("pads", "list", "alice", "--trash", "--json").stdout == ""


@pytest.mark.parametrize(("number", "counted"), [(0, "0 links"), (1, "1 link"), (2, "2 links")])
def test_links_are_counted_and_ended(
    run: Run, alice: UUID, database: Database, number: int, counted: str
) -> None:
    with database.connection() as conn:
        conn.execute(
            """
            INSERT INTO pad_ws.links (id, owner_id, pad_id, token_digest)
            SELECT gen_random_uuid(), owner_id, id, sha256(id::text::bytea || n::text::bytea)
            FROM (SELECT * FROM pad_ws.pads WHERE owner_id = %s LIMIT 1), generate_series(1, %s) n
            """,
            [alice, number],
        )
    for _ in range(2):
        asked = run("users", "end-links", "alice", "--dry-run").stdout
        assert asked == f"{counted} of alice would be ended.\n"
    assert run("users", "end-links", "alice").stdout == f"{counted} of alice ended.\n"
    assert run("users", "end-links", "alice").stdout == "0 links of alice ended.\n"


def test_templates_are_loaded_and_exported(run: Run, alice: UUID, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"elements": []}')
    assert "mine.json" in run("templates", "load", tmp_path, "--dry-run").stdout
    assert run("templates", "list", "--json").stdout == ""
    run("templates", "load", tmp_path)
    (listed,) = lines(run("templates", "list", "--json"))
    assert listed["name"] == "mine"
    assert json.loads(run("templates", "export", "mine", "-").stdout) == {"elements": []}
    assert "no template" in run("templates", "export", "other", "-", code=1).output


def commands(group: click.Group = main, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of every group and command."""
    yield words
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *words, name)
        else:
            yield (*words, name)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_is_complete(words: tuple[str, ...]) -> None:
    """Of a group also the lines about its commands, which are cut off where they are long."""
    text = CliRunner().invoke(main, [*words, "--help"]).stdout
    assert text.startswith("Usage: padws")
    assert "..." not in text.replace("[ARGS]...", "").replace("[OPTIONS]...", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes(shell: str) -> None:
    """By what docs/shell.md says."""
    script = CliRunner().invoke(main, env={"_PADWS_COMPLETE": f"{shell}_source"}, prog_name="padws")
    assert "_padws_completion" in script.stdout
    typed = {"COMP_WORDS": "padws users end", "COMP_CWORD": "2", "_PADWS_COMPLETE": "bash_complete"}
    completed = CliRunner().invoke(main, env=typed, prog_name="padws")
    assert completed.stdout.split() == ["plain,end-links", "plain,end-sessions"]


def test_a_user_is_deleted_after_a_question(run: Run, alice: UUID) -> None:
    assert "2 pads" in run("users", "delete", "alice", "--dry-run").stdout
    run("users", "delete", "alice", code=1, input="n\n")
    run("users", "show", "alice")
    assert str(alice) in run("users", "delete", "alice", "--yes").stderr
    run("users", "show", "alice", code=1)


def test_what_a_user_has_is_kept_in_a_file_first(
    run: Run, database: Database, alice: UUID, tmp_path: Path, environment: dict[str, str]
) -> None:
    environment["TAKEOUT_DIR"] = str(tmp_path)
    with database.connection() as conn:
        delete(conn, new_pad(conn, alice))  # which is in the trash
    run("users", "delete", "alice", "--yes")
    (path,) = tmp_path.iterdir()
    assert path.name.endswith(f"-alice-{alice}.zip")
    with zipfile.ZipFile(path) as written:
        assert written.testzip() is None
        assert len([name for name in written.namelist() if name.endswith("pad.json")]) == 3
