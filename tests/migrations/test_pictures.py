"""Pictures are taken apart where nothing can be lost by it, and a rollback puts them back."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import psycopg
import pytest

from padws.database import Connection, prepare_connection
from padws.json_text import JsonText
from padws.pictures import Drawing, put_back, take_apart, texts
from padws.queries import backups, pads
from padws.queries.pictures import are_pictures_apart
from padws.queries.users import insert_user
from padws.uuid7 import uuid7
from tests.helpers import databases
from tests.helpers.commands import Forks
from tests.helpers.pictures import drawing_with_pictures
from tests.helpers.rows import retention, save, user_row
from tests.helpers.waiting import wait_until

BEFORE = "20261126_0002_validate_reasons"
AFTER = "20261126_0007_checks"
PADS = 20

Scene = dict[str, Any]


OF_ALL = "data:image/png;base64," + "A" * 5_000


def scene(number: int) -> Scene:
    """Real pictures, the longest one twice, one that all drawings have, and what is no picture."""
    files = drawing_with_pictures(number)["files"]
    files |= {
        "once more": {"dataURL": max((each["dataURL"] for each in files.values()), key=len)},
        "of all": {"dataURL": OF_ALL},
        "short": {"dataURL": "data:,"},
    }
    return {"elements": [number], "appState": {}, "files": files}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as conn:
        prepare_connection(conn)
        yield conn


def drawing_of(number: int) -> Drawing:
    """A scene whose pictures are apart."""
    drawing = take_apart(json.dumps(scene(number)).encode(), lambda _: None, lambda: True)
    assert drawing.digests
    return drawing


def last_pad(conn: Connection) -> pads.Pad:
    """The pad of the last drawing."""
    found = conn.execute("SELECT id, owner_id FROM pad_ws.pads ORDER BY id DESC").fetchone()
    assert found
    mine = {"pad_id": found[0], "owner_id": found[1]}
    (pad,) = pads.get_pad(conn, known_versions="{}", with_pictures=False, **mine).rows
    return pad


def fill(conn: Connection) -> None:
    """Pads of one user, whose pictures are apart, each with a backup."""
    owner_id = insert_user(conn, **user_row()).id
    for number in range(PADS):
        drawing = drawing_of(number)
        (pad,) = pads.insert_pad(
            conn,
            pad_id=uuid7(),
            owner_id=owner_id,
            display_name="Drawing",
            scene=drawing.scene,
            pictures=drawing.pictures,
            contents=drawing.contents_of(drawing.contents),
            reason=None,
        ).rows
        backups.insert_backup(conn, pad_id=pad.id, owner_id=owner_id, retention=retention())


def scenes(url: str, table: str) -> list[tuple[Scene, object]]:
    """The scenes as they are stored, without what the service marks them by, and what is apart."""
    sql = f"SELECT data #- '{{appState,pad}}', pictures FROM pad_ws.{table} ORDER BY id"
    return databases.query(url, sql)


WHOLE = [(scene(number), None) for number in range(PADS)]


@pytest.fixture
def url(settings: dict[str, str], forker: Forks) -> str:
    """A database with pictures that are apart."""
    forker.run(settings, "db-upgrade")
    with connected(settings["DATABASE_URL"]) as conn:
        fill(conn)
    assert scenes(settings["DATABASE_URL"], "pads") != WHOLE
    return settings["DATABASE_URL"]


def is_whole(url: str) -> bool:
    of_backups = sorted(scenes(url, "backups"), key=lambda each: each[0]["elements"])
    return scenes(url, "pads") == of_backups == WHOLE


def test_a_rollback_puts_pictures_back_and_the_next_upgrade_leaves_them(
    url: str, settings: dict[str, str], forker: Forks
) -> None:
    run = forker.run(settings, "db-rollback", "--to", BEFORE, "--yes")
    assert f"Pictures: back in {2 * PADS} scenes." in run.output
    assert is_whole(url)
    ids = databases.query(url, "SELECT id FROM pad_ws.pads ORDER BY id LIMIT 1")
    databases.execute(url, b"DELETE FROM pad_ws.pads WHERE id = '%b'" % str(ids[0][0]).encode())

    forker.run(settings, "db-upgrade")
    assert scenes(url, "pads") == WHOLE[1:]
    for table in ("pad_pictures", "backup_pictures"):
        assert databases.query(url, f"SELECT count(*) FROM pad_ws.{table}") == [(0,)]
    with connected(url) as conn:
        assert not are_pictures_apart(conn)


def test_what_was_known_of_scenes_without_their_pictures_is_forgotten_with_the_rollback(
    url: str, settings: dict[str, str], forker: Forks
) -> None:
    """So a picture that goes is noticed afterwards, and equal scenes are found."""
    drawing = drawing_of(PADS - 1)
    with connected(url) as conn:
        pad = last_pad(conn)
        assert save(conn, pad, scene=drawing.scene, pictures=drawing.pictures)  # which counts it
    forker.run(settings, "db-rollback", "--to", BEFORE, "--yes")
    forker.run(settings, "db-upgrade")
    with connected(url) as conn:
        pad = last_pad(conn)
        mine = {"pad_id": pad.id, "owner_id": pad.owner_id}
        (backup,) = backups.insert_backup(conn, retention=retention(), **mine).rows
        assert backup.pruned is None, "it is there"
        assert backups.delete_backup(conn, backup_id=backup.id, **mine)
        without = JsonText(json.dumps({"elements": [PADS - 1], "files": {}}).encode())
        saved = save(conn, pad, scene=without)
        assert saved
        assert saved.kept


def test_a_rollback_killed_between_two_drawings_is_finished_by_the_next(
    url: str, settings: dict[str, str], forker: Forks
) -> None:
    def put_back_so_far() -> int:
        ((number,),) = databases.query(
            url, "SELECT count(*) FROM pad_ws.pads WHERE pictures IS NULL"
        )
        return int(number)

    settings["MIGRATION_LOCK_TTL"] = "0.4"
    forker.run(settings, "db-rollback", "--to", AFTER, "--yes")  # which waits for any lock
    with psycopg.connect(url) as conn:
        conn.execute(
            "SELECT FROM pad_ws.pads WHERE id = "
            "(SELECT id FROM pad_ws.pads ORDER BY id OFFSET 3 LIMIT 1) FOR UPDATE"
        )
        command = forker.start(settings, "db-rollback", "--to", BEFORE, "--yes")
        wait_until(lambda: put_back_so_far() == 3, "three drawings have their pictures")
        command.signal(signal.SIGKILL)
        assert command.wait() == -signal.SIGKILL
        databases.query(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
    assert put_back_so_far() == 3
    forker.run(settings, "db-rollback", "--to", BEFORE, "--yes")
    assert is_whole(url)


def test_pictures_are_apart_by_themselves_in_a_database_without_drawings(
    settings: dict[str, str], forker: Forks
) -> None:
    forker.run(settings, "db-upgrade")
    with connected(settings["DATABASE_URL"]) as conn:
        assert are_pictures_apart(conn)


def test_pictures_stay_in_scenes_where_there_are_drawings(
    pad_ws_settings: dict[str, str], forker: Forks
) -> None:
    """An earlier release may still be running, and would not see them."""
    forker.run(pad_ws_settings, "db-upgrade")
    with connected(pad_ws_settings["DATABASE_URL"]) as conn:
        assert not are_pictures_apart(conn)


def test_what_is_there_already_is_read_whole(url: str) -> None:
    """As a request does."""
    (owner_id,) = databases.query(url, "SELECT id FROM pad_ws.users")[0]
    with connected(url) as conn:
        found = pads.list_pads(
            conn, owner_id=owner_id, with_data=True, with_pictures=True, known_etags=[]
        )
    of_all = [file["dataURL"] for number in range(PADS) for file in scene(number)["files"].values()]
    long = {each for each in of_all if len(each) > 2_048}
    assert found.contents.keys() == {sha256(each.encode()).hexdigest() for each in long}
    for number, pad in enumerate(found.rows):
        assert isinstance(pad.data, JsonText)
        assert pad.files
        assert pad.pictures
        whole = put_back(pad.data, pad.files, pad.pictures, texts(found.contents))
        read = json.loads(b"".join(whole.pieces))
        assert read["files"] == scene(number)["files"]
