"""`flask db-dump` and `db-drill`: a good dump is proved, and each bad one is found out."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from padws.config import load_settings
from padws.recovery.connection import connected
from padws.recovery.dump import _lock
from padws.recovery.errors import CannotLook
from padws.recovery.manifest import users_of
from padws.recovery.progress import Progress
from tests.helpers import databases
from tests.helpers.commands import Forks
from tests.helpers.programs import program, search_path
from tests.helpers.waiting import wait_until
from tests.recovery.conftest import COULD_NOT_LOOK, DAMAGED, SOUND, Command
from tests.recovery.planted import DAMAGE, PICTURE, id_of

SCRATCH = "SELECT datname FROM pg_database WHERE datname LIKE 'padws\\_drill\\_%'"
Run = Callable[..., str]


@pytest.fixture(autouse=True)
def _programs(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client programs of the server's version come first on the PATH; skips where none are."""
    monkeypatch.setenv("PATH", search_path(postgres))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "padws.dump"


@pytest.fixture
def dump(command: Command, url: str, path: Path) -> Run:
    return partial(command, url, "db-dump", str(path))


@pytest.fixture
def drill(command: Command, url: str, path: Path) -> Iterator[Run]:
    """Drills the dump; whatever happens, no scratch database is left."""
    yield partial(command, url, "db-drill", str(path))
    assert databases.query(url, SCRATCH) == []


def manifest_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(f"{path}.manifest").read_text().splitlines()]


def rewrite(path: Path, change: Callable[[list[dict[str, object]]], object]) -> None:
    """Change the lines of a dump's manifest."""
    lines = manifest_of(path)
    change(lines)
    Path(f"{path}.manifest").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


# Dumps


def test_a_dump_and_what_is_in_it(dump: Run, path: Path) -> None:
    assert "3 users, 6 pads, 18 backups and 4 pictures" in dump(code=SOUND)
    header, *users, end = manifest_of(path)
    assert header["format"] == 1
    assert header["padws"]
    assert sorted(str(user["user_id"]) for user in users) == [
        str(user["user_id"]) for user in users
    ]
    assert {str(user["user_id"]) for user in users} == {
        str(id_of(f"user {number}")) for number in (1, 2, 3)
    }
    assert [(user["pads"], user["backups"]) for user in users] == [(2, 6)] * 3
    assert sorted(str(user["pictures"]) for user in users) == ["0", "2", "2"]
    assert (end["users"], end["pads"], end["backups"], end["pictures"]) == (3, 6, 18, 4)
    assert end["dump_bytes"] == path.stat().st_size
    assert path.read_bytes()[:5] == b"PGDMP"
    names = {each.name for each in path.parent.iterdir()}
    assert names >= {"padws.dump", "padws.dump.manifest"}
    assert not [name for name in names if "partial" in name]
    for file in (path, Path(f"{path}.manifest")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, "it has everybody's drawings"


def test_nothing_is_overwritten(dump: Run, path: Path) -> None:
    for there in (path, Path(f"{path}.manifest")):
        there.write_text("mine")
        assert "not overwritten" in dump(code=COULD_NOT_LOOK)
        assert there.read_text() == "mine"
        assert [each for each in path.parent.glob("padws.dump*") if each != there] == []
        there.unlink()


def test_manifest_and_dump_are_of_one_moment(
    forker: Forks, url: str, path: Path, drill: Run, tmp_path: Path
) -> None:
    """pg_dump waits until a save has come in between; the manifest has none of it."""
    real = program("pg_dump")
    started, gate = tmp_path / "started", tmp_path / "gate"
    held = tmp_path / "bin" / "pg_dump"
    held.parent.mkdir()
    held.write_text(
        f'#!/bin/sh\ncase "$*" in *--snapshot*) touch {started}; '
        f'while [ ! -e {gate} ]; do sleep 0.05; done;; esac\nexec {real} "$@"\n'
    )
    held.chmod(0o755)
    environ = {"DATABASE_URL": url, "PATH": f"{held.parent}{os.pathsep}{os.environ['PATH']}"}
    running = forker.start(environ, "db-dump", str(path))
    wait_until(started.exists, "pg_dump")
    databases.execute(url, b"UPDATE pad_ws.pads SET version = version + 1")
    databases.execute(url, b"DELETE FROM pad_ws.backups")
    gate.touch()
    running.ended(SOUND)
    assert "18 backups" in running.output
    drill(code=SOUND)


def test_a_killed_dump_leaves_nothing_in_the_way(
    forker: Forks, url: str, path: Path, dump: Run, tmp_path: Path
) -> None:
    Path(f"{path}.partial").write_bytes(b"left behind" * 100_000)
    Path(f"{path}.manifest.partial").write_bytes(b"left behind")
    dump(code=SOUND)
    assert sorted(each.name for each in path.parent.glob("padws.dump*")) == [
        "padws.dump",
        "padws.dump.manifest",
    ]


def test_two_dumps_to_one_place_do_not_mix(url: str, path: Path, dump: Run) -> None:
    import fcntl

    with Path(f"{path}.partial").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another db-dump" in dump(code=COULD_NOT_LOOK)


def test_a_file_that_became_a_dump_as_it_was_opened_is_not_emptied(tmp_path: Path) -> None:
    partial = tmp_path / "padws.dump.partial"
    partial.write_text("a whole dump")
    with partial.open("r+b") as file:
        partial.rename(tmp_path / "padws.dump")
        with pytest.raises(CannotLook):
            _lock(file, partial)
        partial.write_text("another one's")
        with pytest.raises(CannotLook):
            _lock(file, partial)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_dump_removes_what_it_has_written(
    forker: Forks, url: str, path: Path, number: signal.Signals
) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("LOCK TABLE pad_ws.template_pads IN ACCESS EXCLUSIVE MODE")
        running = forker.start({"DATABASE_URL": url}, "db-dump", str(path))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        waiting += "AND wait_event_type = 'Lock'"
        wait_until(lambda: databases.query(url, waiting) == [(2,)], "both wait for the table")
        running.signal(number)
        running.ended(COULD_NOT_LOOK)
    assert f"Stopped by {number.name}" in running.output
    assert list(path.parent.glob("padws.dump*")) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE pad_ws.pictures SET created_at = created_at + interval '1 s' WHERE {row}",
        "DELETE FROM pad_ws.pad_pictures WHERE {row}",
        "DELETE FROM pad_ws.backup_pictures WHERE {row}",
        "UPDATE pad_ws.usage SET bytes = 2 WHERE {owner}",
        "UPDATE pad_ws.links SET expires_at = now() + interval '1 day' WHERE {owner}",
        "UPDATE pad_ws.pads SET deleted_at = now() WHERE {owner}",
        "UPDATE pad_ws.backups SET label = 'First draft' WHERE {owner}",
    ],
)
def test_a_digest_is_of_pictures_and_references_too(url: str, change: str) -> None:
    def digests() -> dict[UUID, str]:
        with connected(load_settings({"DATABASE_URL": url}), url) as conn:
            return {each.user_id: each.digest for each in users_of(conn, Progress())}

    before = digests()
    row, owner = f"digest = '\\x{PICTURE}'", f"owner_id = '{id_of('user 2')}'"
    databases.execute(url, change.format(row=row, owner=owner).encode())
    after = digests()
    assert {each for each in before if before[each] != after[each]} == {id_of("user 2")}


# Programs


def test_it_says_what_to_install(command: Command, url: str, path: Path, drill: Run) -> None:
    command(url, "db-dump", str(path), code=SOUND)
    for name, args in (
        ("pg_dump", ("db-dump", f"{path}2")),
        ("pg_restore", ("db-drill", str(path))),
    ):
        place = path.parent / f"only-{name}"
        place.mkdir()
        os.environ["PATH"] = str(place)  # put back by the fixture `_programs`
        printed = command(url, *args, code=COULD_NOT_LOOK)
        assert f"{name} on the PATH" in printed or "too old" in printed
        assert "install the client programs of PostgreSQL" in printed
        old = place / name
        old.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 9.6.1'\n")
        old.chmod(0o755)
        assert "too old" in command(url, *args, code=COULD_NOT_LOOK)


def test_no_password_is_on_a_command_line(url: str, path: Path, tmp_path: Path) -> None:
    from padws.recovery import programs

    told = tmp_path / "told"
    fake = tmp_path / "pg_dump"
    fake.write_text(f'#!/bin/sh\necho "$@" "$PGPASSWORD" > {told}\n')
    fake.chmod(0o755)
    secret = databases.as_role(url, "alice", databases.SECRET)
    with programs.running(fake, secret, "--format=custom") as running:
        assert running.failure() == ""
    arguments, _, password = told.read_text().strip().rpartition(" ")
    assert password == databases.SECRET
    assert databases.SECRET not in arguments
    assert str(conninfo_to_dict(url)["dbname"]) in arguments


# Drills


def test_a_good_dump_is_proved(dump: Run, drill: Run, url: str) -> None:
    dump(code=SOUND)
    printed = drill(code=SOUND)
    assert "3 users, 6 pads, 18 backups" in printed
    assert "Damaged: 0." in printed
    recorded = (
        "SELECT faults, succeeded_at = finished_at FROM pad_ws.checks WHERE name = 'db-drill'"
    )
    assert databases.query(url, recorded) == [(0, True)]


@pytest.mark.parametrize(
    "name",
    [
        "a backup that is no scene",
        "a backup whose digest is another's",
        "what a user takes, below nothing",
    ],
)
def test_damage_is_found_in_what_comes_back(dump: Run, drill: Run, url: str, name: str) -> None:
    DAMAGE[name].plant(url)
    dump(code=SOUND)
    assert DAMAGE[name].finding in drill(code=DAMAGED)
    recorded = "SELECT faults > 0, succeeded_at FROM pad_ws.checks WHERE name = 'db-drill'"
    assert databases.query(url, recorded) == [(True, None)]


def test_a_reference_to_nothing_cannot_be_restored(dump: Run, drill: Run, url: str) -> None:
    DAMAGE["a backup of no pad"].plant(url)
    dump(code=SOUND)
    printed = drill(code=DAMAGED)
    assert "the dump cannot be restored" in printed
    assert "backups_source_id_" in printed


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _overwrite_a_byte(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


@pytest.mark.parametrize(
    ("spoil", "complaint"), [(_cut, "bytes, and had"), (_overwrite_a_byte, "SHA-256 differs")]
)
def test_a_dump_that_is_not_as_it_was_written(
    dump: Run, drill: Run, path: Path, spoil: Callable[[Path], None], complaint: str
) -> None:
    dump(code=SOUND)
    spoil(path)
    assert complaint in drill(code=DAMAGED)


def test_a_truncated_dump_whose_manifest_fits_cannot_be_restored(
    dump: Run, drill: Run, path: Path
) -> None:
    from padws.recovery.manifest import sha256_of

    dump(code=SOUND)
    _cut(path)
    rewrite(
        path,
        lambda lines: lines[-1].update(dump_bytes=path.stat().st_size, dump_sha256=sha256_of(path)),
    )
    assert "cannot be restored: pg_restore" in drill(code=DAMAGED)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda lines: lines[2].update(digest="0" * 64), "the rows differ"),
        (lambda lines: lines[2].update(pads=3), "instead of 3 pads, 6 backups and "),
        (lambda lines: lines[2].update(pictures=7), "instead of 2 pads, 6 backups and 7 pictures"),
        (lambda lines: lines.pop(2), "was restored, and is not in the manifest"),
        (
            lambda lines: lines.insert(1, {**lines[1], "user_id": "0" * 32}),
            "is in the manifest, and was not restored",
        ),
        (lambda lines: lines[-1]["templates"].update(templates=7), "the templates differ"),
    ],
)
def test_a_manifest_that_does_not_fit(
    dump: Run,
    drill: Run,
    path: Path,
    change: Callable[[list[dict[str, object]]], object],
    complaint: str,
) -> None:
    dump(code=SOUND)
    rewrite(path, change)
    printed = drill(code=DAMAGED)
    assert complaint in printed
    assert "Damaged: 1." in printed


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda lines: lines[0].update(format=2), "has format 2"),
        (lambda lines: lines[0]["migrations"].pop(), "drill it with the release that wrote it"),
        (lambda lines: lines[0].update(postgresql=99), "name a newer one with --server"),
        (lambda lines: lines[0].update(pg_dump=98), "PostgreSQL 98"),
        (lambda lines: lines.pop(), "is not a whole manifest"),
        (lambda lines: lines.clear(), "is not a whole manifest"),
    ],
)
def test_a_dump_that_cannot_be_judged_here(
    dump: Run,
    drill: Run,
    path: Path,
    change: Callable[[list[dict[str, object]]], object],
    complaint: str,
) -> None:
    dump(code=SOUND)
    rewrite(path, change)
    printed = drill(code=COULD_NOT_LOOK)
    assert complaint in printed
    assert "Traceback" not in printed


def test_a_dump_that_is_not_there(drill: Run, dump: Run, path: Path) -> None:
    assert "padws.dump.manifest" in drill(code=COULD_NOT_LOOK)
    dump(code=SOUND)
    path.unlink()
    assert "No such file" in drill(code=COULD_NOT_LOOK)


def test_a_role_that_may_not_create_databases_is_told(
    dump: Run, drill: Run, url: str, path: Path
) -> None:
    dump(code=SOUND)
    role = f"padws_test_{os.getpid()}"
    databases.execute(url, f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
    try:
        printed = drill("--server", databases.as_role(url, role, "x"), code=COULD_NOT_LOOK)
    finally:
        databases.execute(url, f"DROP ROLE {role}".encode())
    assert "may not create databases" in printed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_drill_that_is_ended_leaves_nothing_for_long(
    forker: Forks,
    dump: Run,
    drill: Run,
    url: str,
    path: Path,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    dump(code=SOUND)
    held = tmp_path / "bin" / "pg_restore"
    held.parent.mkdir()
    real = program("pg_restore")
    held.write_text(
        f'#!/bin/sh\ncase "$1" in --version) exec {real} --version;; esac\nexec sleep 300\n'
    )
    held.chmod(0o755)
    environ = {"DATABASE_URL": url, "PATH": f"{held.parent}{os.pathsep}{os.environ['PATH']}"}
    running = forker.start(environ, "db-drill", str(path))
    wait_until(lambda: len(databases.query(url, SCRATCH)) == 1, "a scratch database")
    assert "Another db-drill is running" in drill(code=COULD_NOT_LOOK)
    running.signal(number)
    running.wait()
    if number == signal.SIGKILL:
        assert len(databases.query(url, SCRATCH)) == 1
        lock = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        lock += "(SELECT oid FROM pg_database WHERE datname = current_database())"
        wait_until(lambda: databases.query(url, lock) == [(0,)], "the end of its session")
        assert "has left behind" in drill(code=SOUND)
    assert databases.query(url, SCRATCH) == []
