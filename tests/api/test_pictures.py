"""Pictures are kept apart from scenes, come back with them, and can be read one at a time."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import redis
from flask import Flask
from werkzeug.test import TestResponse

from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.api.traffic import Tap
from tests.helpers.contract import Client, ok
from tests.helpers.drawings import Scene, exact, without_mark

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script>' + b" " * 3_000 + b"</svg>"
)


def data_url(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def scene_with(*texts: str, **members: Any) -> Scene:
    files = {
        f"file {number}": {"id": f"file {number}", "mimeType": "image/png", "dataURL": text}
        for number, text in enumerate(texts)
    }
    return {"elements": [{"id": "a", "version": 1}], "files": files, **members}


ONE, TWO, THREE = (data_url(PNG + bytes([number])) for number in range(3))


def path_of(pad: dict[str, Any]) -> str:
    return f"/api/pad/{pad['id']}"


def stored(sql: SqlConnection, table: str = "pads") -> list[dict[str, Any]]:
    """Scenes as they are in the table."""
    return sql.execute(f"SELECT data, pictures FROM pad_ws.{table} ORDER BY id".encode()).fetchall()


def number_of(sql: SqlConnection, table: str) -> int:
    (row,) = sql.execute(f"SELECT count(*) AS number FROM pad_ws.{table}".encode()).fetchall()
    number: int = row["number"]
    return number


# Coming back


def test_a_picture_is_stored_once_for_all_pads_and_backups(
    alice: Client, sql: SqlConnection
) -> None:
    pads = [make_pad(alice, data=scene_with(ONE, TWO, ONE)) for _ in range(3)]
    for pad in pads:
        ok(alice.post(f"{path_of(pad)}/backups"), 201)
    assert number_of(sql, "pictures") == 2
    for row in stored(sql) + stored(sql, "backups"):
        assert "base64" not in json.dumps(row["data"])
        assert row["pictures"] == {
            "file 0": digest_of(ONE),
            "file 1": digest_of(TWO),
            "file 2": digest_of(ONE),
        }


def test_everything_that_sends_scenes_sends_them_whole(alice: Client) -> None:
    scene = scene_with(ONE, "data:,short", TWO)
    pad = make_pad(alice, data=scene)
    path = path_of(pad)
    backup = ok(alice.post(f"{path}/backups"), 201)
    renamed = ok(alice.patch(path, json={"display_name": "Other"}))["pad"]
    answers = [
        pad,
        backup,
        renamed,
        ok(alice.get(path)),
        *ok(alice.get("/api/pad")),
        *ok(alice.get(f"{path}/backups"))["backups"],
        *ok(alice.get("/api/pad/recent"))["backups"],
        ok(alice.get(f"{path}/backups/{backup['id']}")),
    ]
    assert len(answers) == 8
    assert [without_mark(each["data"]) for each in answers] == [scene] * 8


def test_saves_and_restores_change_pictures_with_the_scene(alice: Client) -> None:
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    first = ok(alice.post(f"{path}/backups"), 201)["id"]
    for scene in (scene_with(ONE, TWO), scene_with(TWO), scene_with(), scene_with("x", ONE)):
        ok(alice.post(path, json=scene))
        assert without_mark(ok(alice.get(path))["data"]) == scene
    ok(alice.post(f"{path}/backups/{first}/restore"))
    assert without_mark(ok(alice.get(path))["data"]) == scene_with(ONE)


def test_a_pad_from_a_template_has_its_pictures(
    alice: Client, admin: Client, sql: SqlConnection
) -> None:
    scene = scene_with(ONE, "data:,short", TWO)
    template = {"name": "pictures", "display_name": "x", "data": scene}
    assert ok(admin.post("/api/templates", json=template), 201)["data"] == scene
    pad = ok(alice.post("/api/pad/from-template/pictures"), 201)
    assert without_mark(pad["data"]) == scene
    assert without_mark(ok(alice.get(path_of(pad)))["data"]) == scene
    (backup,) = ok(alice.get(f"{path_of(pad)}/backups"))["backups"]
    assert without_mark(backup["data"]) == scene
    assert number_of(sql, "pictures") == 2
    assert "base64" not in json.dumps([row["data"] for row in stored(sql)])


HARD: dict[str, Callable[[], Any]] = {
    "twenty megabytes in one": lambda: scene_with("data:image/png;base64," + "A" * 19_900_000),
    "two hundred": lambda: scene_with(*(data_url(PNG + str(n).encode()) for n in range(200))),
    "no data URL": lambda: scene_with("x" * 5_000),
    "every character": lambda: scene_with("".join(map(chr, range(1, 0xD7FF)))),
    "escapes": lambda: scene_with('"\\/\b\f\n\r\t' * 500),
    "an empty entry beside": lambda: {"files": {"a": {"dataURL": ONE}, "b": {}}},
    "nothing but a picture": lambda: {"files": {"": {"dataURL": ONE}}},
    "files is an array": lambda: {"files": [{"dataURL": ONE}]},
    "an entry is no object": lambda: {"files": {"a": {"dataURL": ONE}, "b": [ONE]}},
    "a picture of another kind": lambda: {"files": {"a": {"dataURL": ONE, "picture": [1]}}},
}


@pytest.mark.parametrize("make", HARD.values(), ids=HARD)
def test_a_hard_scene_comes_back_equal(alice: Client, make: Callable[[], Any]) -> None:
    scene = make()
    path = path_of(make_pad(alice, data={"a": 1}))
    for _ in range(2):
        ok(alice.post(path, json=scene))
        assert without_mark(exact(alice.get(path).data)["data"]) == exact(json.dumps(scene))


def test_one_id_can_have_another_picture_later(alice: Client) -> None:
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    for text in (TWO, THREE, ONE):
        ok(alice.post(path, json=scene_with(text)))
        assert ok(alice.get(path))["data"]["files"]["file 0"]["dataURL"] == text


# What was written before, or is written by others


def write_whole(sql: SqlConnection, pad: dict[str, Any], scene: Scene) -> None:
    """Write a scene as pad.ws and earlier releases do."""
    sql.execute(
        "UPDATE pad_ws.pads SET data = %s, version = version + 1 WHERE id = %s",
        [json.dumps(scene), pad["id"]],
    )


def test_an_older_scene_is_read_as_it_is_and_taken_apart_by_the_next_save(
    alice: Client, sql: SqlConnection
) -> None:
    pad = make_pad(alice)
    write_whole(sql, pad, scene_with(ONE))
    assert ok(alice.get(path_of(pad)))["data"] == scene_with(ONE)
    backup = ok(alice.post(f"{path_of(pad)}/backups"), 201)
    assert backup["data"] == scene_with(ONE)
    assert number_of(sql, "pictures") == 0
    ok(alice.post(path_of(pad), json=scene_with(ONE)))
    assert number_of(sql, "pictures") == 1

    ok(alice.post(path_of(pad), json={"a": 1}))
    ok(alice.post(f"{path_of(pad)}/backups/{backup['id']}/restore"))
    assert without_mark(ok(alice.get(path_of(pad)))["data"]) == scene_with(ONE)
    assert "base64" not in json.dumps(stored(sql)[0]["data"])


@pytest.mark.parametrize(
    "scene",
    [scene_with(TWO), scene_with(), {"a": 1}, {"files": []}, {"files": {"file 0": 1}}],
)
def test_what_somebody_else_wrote_over_a_pad_with_pictures_is_read_as_it_is(
    alice: Client, sql: SqlConnection, scene: Scene
) -> None:
    pad = make_pad(alice, data=scene_with(ONE))
    write_whole(sql, pad, scene)
    assert ok(alice.get(path_of(pad)))["data"] == scene
    assert ok(alice.get("/api/pad"))[0]["data"] == scene
    ok(alice.post(path_of(pad), json=scene))
    assert without_mark(ok(alice.get(path_of(pad)))["data"]) == scene


def test_with_the_setting_off_new_pictures_stay_in_scenes(
    alice: Client, configure: Configure, client_of: ClientOf, sql: SqlConnection
) -> None:
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    other = client_of(configure(PICTURES_APART="off"), "alice")
    assert without_mark(ok(other.get(path))["data"]) == scene_with(ONE)
    ok(other.post(path, json=scene_with(ONE, TWO)))
    assert without_mark(ok(alice.get(path))["data"]) == scene_with(ONE, TWO)
    assert stored(sql)[0]["pictures"] is None
    address = {"picture": digest_of(ONE)}
    assert other.post(path, json={"files": {"a": address}}).status_code == 200
    assert ok(alice.get(path))["data"]["files"] == {"a": {"dataURL": ONE}}


@pytest.mark.parametrize(
    "part",
    [
        {"elements": [{"id": "b", "version": 1}]},
        scene_with(ONE) | {"elements": [{"id": "b", "version": 1}]},
        {"elements": [{"id": "b", "version": 1}], "files": {"file 0": {"id": "file 0"}}},
    ],
)
def test_a_merge_leaves_pictures_where_they_are(alice: Client, part: Scene) -> None:
    path = path_of(make_pad(alice, data=scene_with(ONE, TWO)))
    ok(alice.patch(f"{path}/data", json=part))
    files = ok(alice.get(path))["data"]["files"]
    assert {file_id: each["dataURL"] for file_id, each in files.items()} == {
        "file 0": ONE,
        "file 1": TWO,
    }


def test_a_merge_keeps_new_pictures_apart_and_unites_them(
    alice: Client, sql: SqlConnection
) -> None:
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    part = {"files": {"file 1": {"id": "file 1", "dataURL": TWO}}}
    assert ok(alice.patch(f"{path}/data", json=part))["version"] == 2
    assert stored(sql)[0]["pictures"] == {"file 0": digest_of(ONE), "file 1": digest_of(TWO)}
    assert "dataURL" not in stored(sql)[0]["data"]["files"]["file 1"]
    assert number_of(sql, "pad_pictures") == 2
    files = ok(alice.get(path))["data"]["files"]
    assert [files[f"file {n}"]["dataURL"] for n in range(2)] == [ONE, TWO]

    assert ok(alice.patch(f"{path}/data", json=part))["version"] == 2  # nothing has changed


def test_a_merge_takes_pictures_by_their_addresses(alice: Client, sql: SqlConnection) -> None:
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    other = path_of(make_pad(alice, data={"elements": []}))
    by_address = {"files": {"a": {"id": "a", "picture": f"{path}/pictures/{digest_of(ONE)}"}}}
    ok(alice.patch(f"{other}/data", json=by_address))
    assert ok(alice.get(other))["data"]["files"] == {"a": {"id": "a", "dataURL": ONE}}
    assert number_of(sql, "pictures") == 1

    unknown = {"files": {"a": {"picture": digest_of(TWO)}}}
    problem = alice.patch(f"{other}/data", json=unknown)
    assert (problem.status_code, problem.get_json()["code"]) == (422, "unknown_picture")
    assert ok(alice.get(other))["version"] == 2


def test_a_merge_that_replaces_a_picture_keeps_the_old_one(alice: Client) -> None:
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    for version in (1, 2):  # the first is backed up
        part = {"elements": [{"id": "b", "version": version}]}
        ok(alice.patch(f"{path}/data", json=part))
    replaced = {"files": {"file 0": {"id": "file 0", "dataURL": TWO}}}
    merged = ok(alice.patch(f"{path}/data", json=replaced, headers={"If-Match": '"1"'}))
    assert merged["others"]
    backup = ok(alice.get(f"{path}/backups/{merged['kept']}"))
    assert backup["data"]["files"]["file 0"]["dataURL"] == ONE
    assert ok(alice.get(path))["data"]["files"]["file 0"]["dataURL"] == TWO


def test_a_merge_takes_pictures_out_of_an_old_row(
    alice: Client, configure: Configure, client_of: ClientOf, sql: SqlConnection
) -> None:
    before = client_of(configure(PICTURES_APART="off"), "alice")
    path = path_of(make_pad(before, data=scene_with(ONE, "data:,short")))
    assert stored(sql)[0]["pictures"] is None

    same = {"files": {"file 0": scene_with(ONE)["files"]["file 0"]}}
    assert ok(alice.patch(f"{path}/data", json=same))["version"] == 1
    ok(alice.patch(f"{path}/data", json={"elements": [{"id": "b", "version": 1}]}))
    assert stored(sql)[0]["pictures"] == {"file 0": digest_of(ONE)}
    files = ok(alice.get(path))["data"]["files"]
    assert [files[f"file {n}"]["dataURL"] for n in range(2)] == [ONE, "data:,short"]


@pytest.mark.parametrize("change", ["merge", "restore"])
def test_one_connection_is_enough_for_the_first_request(
    alice: Client, configure: Configure, client_of: ClientOf, change: str
) -> None:
    """Which asks whether pictures are kept apart, and does so before it takes a connection."""
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    backup = ok(alice.post(f"{path}/backups"), 201)["id"]
    fresh = client_of(configure(DB_POOL_MAX_SIZE="1", DB_POOL_MIN_SIZE="1"), "alice")
    if change == "merge":
        ok(fresh.patch(f"{path}/data", json={"elements": [{"id": "b", "version": 1}]}))
    else:
        ok(fresh.post(f"{path}/backups/{backup}/restore"))


# Without pictures


def test_pictures_can_be_left_out_and_saved_by_their_addresses(
    alice: Client, sql: SqlConnection
) -> None:
    scene = scene_with(ONE, "data:,short")
    path = path_of(make_pad(alice, data=scene))
    backup = ok(alice.post(f"{path}/backups"), 201)["id"]
    address = f"{path}/pictures/{digest_of(ONE)}"
    expected = {
        "file 0": {"id": "file 0", "mimeType": "image/png", "picture": address},
        "file 1": scene["files"]["file 1"],
    }
    answers = [
        ok(alice.get(f"{path}?pictures=false")),
        *ok(alice.get("/api/pad?pictures=0")),
        *ok(alice.get(f"{path}/backups?pictures=false"))["backups"],
        *ok(alice.get("/api/pad/recent?pictures=false"))["backups"],
        ok(alice.get(f"{path}/backups/{backup}?pictures=false")),
    ]
    assert [each["data"]["files"] for each in answers] == [expected] * 5

    ok(alice.post(path, json=answers[0]["data"]))
    assert without_mark(ok(alice.get(path))["data"]) == scene
    other = make_pad(alice, data=answers[0]["data"])  # the address names another pad
    assert without_mark(other["data"]) == scene
    assert number_of(sql, "pictures") == 1


# With random bytes it is stored as it is, with equal ones compressed to a hundredth.
@pytest.mark.parametrize("content", [random.Random(1).randbytes(30_000), b"A" * 30_000])
def test_pictures_count_as_often_as_they_are_shown(
    configure: Configure, client_of: ClientOf, content: bytes
) -> None:
    """A few bytes for each would make a drawing that no memory holds, and no column."""
    alice = client_of(configure(MAX_BODY_BYTES="100000"), "alice")
    text = data_url(content)
    path, merged = (path_of(make_pad(alice, data=scene_with(text))) for _ in range(2))
    for number, expected in ((2, 200), (3, 413)):
        files = {f"again {n}": {"picture": digest_of(text)} for n in range(number)}
        part = {"elements": [], "files": files}
        assert alice.post(path, json=part).status_code == expected
        brought = {"a": {"dataURL": text}} | dict(list(files.items())[1:])
        assert alice.post(path, json=part | {"files": brought}).status_code == expected
        assert alice.post("/api/pad", json={"display_name": "x", "data": part}).status_code == {
            200: 201
        }.get(expected, expected)
        part["files"] = dict(list(files.items())[1:])  # the pad has one already
        assert alice.patch(f"{merged}/data", json=part).status_code == expected
    assert len(ok(alice.get(path))["data"]["files"]) == 2


def test_a_merge_cannot_make_a_drawing_too_large_beside_its_pictures(
    configure: Configure, client_of: ClientOf
) -> None:
    alice = client_of(configure(MAX_BODY_BYTES="100000"), "alice")
    path = path_of(make_pad(alice, data=scene_with(data_url(random.Random(1).randbytes(60_000)))))

    def element(number: int) -> Scene:
        text = base64.b64encode(random.Random(number).randbytes(9_000)).decode()
        return {"elements": [{"id": f"b{number}", "version": 1, "text": text}]}

    assert alice.patch(f"{path}/data", json=element(1)).status_code == 200
    assert [alice.patch(f"{path}/data", json=element(n)).status_code for n in (2, 3)] == [413] * 2


@pytest.mark.parametrize("make", [True, False])
def test_a_picture_that_is_not_there_cannot_be_referred_to(
    alice: Client, bob: Client, sql: SqlConnection, make: bool
) -> None:
    theirs = make_pad(bob, data=scene_with(ONE))
    pad = make_pad(alice, data=scene_with(TWO))
    address = f"{path_of(theirs)}/pictures/{digest_of(ONE)}"
    scene = scene_with(THREE) | {"files": {"a": {"picture": address}, "b": {"dataURL": THREE}}}
    if make:
        answer = alice.post("/api/pad", json={"display_name": "x", "data": scene})
    else:
        answer = alice.post(path_of(pad), json=scene)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "unknown_picture")
    assert digest_of(ONE) in answer.get_json()["detail"]
    assert without_mark(ok(alice.get(path_of(pad)))["data"]) == scene_with(TWO)
    assert len(ok(alice.get("/api/pad"))) == 1
    for _ in range(2):
        sql.execute("SELECT pad_ws.tidy_pictures(id, '0 s') FROM pad_ws.users")
    assert number_of(sql, "pictures") == 2, "nothing is left of what was refused"


# One at a time


def picture_path(pad: dict[str, Any], text: str = ONE) -> str:
    return f"{path_of(pad)}/pictures/{digest_of(text)}"


def test_a_picture_is_sent_as_what_it_is(alice: Client) -> None:
    answer = alice.get(picture_path(make_pad(alice, data=scene_with(ONE))))
    assert (answer.status_code, answer.data) == (200, PNG + b"\0")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers.getlist("Content-Security-Policy")
    assert "Content-Disposition" not in answer.headers


SENT_AS = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "image/avif": "image/avif",
    "IMAGE/PNG": "image/png",
    "image/png;charset=utf-8": "image/png",
    "image/svg+xml": None,
    "text/html": None,
    "image/pngx": None,
    "": None,
    "image/png\r\nX: y": None,
}


@pytest.mark.parametrize("media_type", SENT_AS)
def test_only_plain_pictures_have_their_own_type(alice: Client, media_type: str) -> None:
    text = data_url(SVG, media_type)
    answer = alice.get(picture_path(make_pad(alice, data=scene_with(text)), text))
    assert answer.data == SVG
    sent_as = SENT_AS[media_type]
    assert answer.headers["Content-Type"] == (sent_as or "application/octet-stream")
    assert ("Content-Disposition" in answer.headers) == (sent_as is None)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("data:image/png," + "%89PNG" * 600, b"\x89PNG" * 600),
        ("data:image/svg+xml;utf8,<svg>" + "ü" * 3_000, b"<svg>" + "ü".encode() * 3_000),
        ("x" * 3_000, b"x" * 3_000),
        ("data:image/png;base64" + "A" * 3_000, None),
        ("data:image/png;base64,A" + "A" * 3_000, None),
        ("data:image/png," + "%41" * 200_000, None),
        ("data:" + ";" * 3_000, None),
    ],
)
def test_what_is_no_usual_data_url_is_sent_too(
    alice: Client, text: str, content: bytes | None
) -> None:
    answer = alice.get(picture_path(make_pad(alice, data=scene_with(text)), text))
    assert answer.data == (text.encode() if content is None else content)


def test_a_picture_is_not_sent_again(alice: Client) -> None:
    path = picture_path(make_pad(alice, data=scene_with(ONE)))
    etag = alice.get(path).headers["ETag"]
    for known in (etag, f"W/{etag}", "*", f'"x", {etag}'):
        answer = alice.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert "immutable" in answer.headers["Cache-Control"]
    assert alice.get(path, headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=0-7", PNG[:8]), ("bytes=100-", (PNG + b"\0")[100:]), ("bytes=-5", (PNG + b"\0")[-5:])],
)
def test_a_part_of_a_picture(alice: Client, wanted: str, part: bytes) -> None:
    path = picture_path(make_pad(alice, data=scene_with(ONE)))
    answer = alice.get(path, headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (206, part)
    assert answer.headers["Content-Range"].endswith(f"/{len(PNG) + 1}")
    whole = alice.get(path, headers={"Range": wanted, "If-Range": '"x"'})
    assert (whole.status_code, len(whole.data)) == (200, len(PNG) + 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=-99999999"},
        {"Range": "pages=1-2"},
        {"Range": "bytes=0-1,4-5"},
        {"If-Match": '"x"'},
    ],
)
def test_the_whole_picture(alice: Client, headers: dict[str, str]) -> None:
    """A part that is all of it, what is in no unit that is known, and several at once."""
    path = picture_path(make_pad(alice, data=scene_with(ONE)))
    answer = alice.get(path, headers=headers)
    assert answer.status_code == (206 if headers.get("Range") == "bytes=-99999999" else 200)
    assert answer.data == PNG + b"\0"
    assert alice.head(path, headers=headers).status_code == 200


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=x", "bytes=5-1"])
def test_a_part_that_is_not_there(alice: Client, wanted: str) -> None:
    path = picture_path(make_pad(alice, data=scene_with(ONE)))
    answer = alice.get(path, headers={"Range": wanted})
    assert (answer.status_code, answer.get_json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(PNG) + 1}"


def test_pictures_of_a_pad_and_its_backups_alone_are_there(alice: Client, bob: Client) -> None:
    pad, other = make_pad(alice, data=scene_with(ONE)), make_pad(alice, data=scene_with(TWO))
    ok(alice.post(f"{path_of(pad)}/backups"), 201)
    ok(alice.post(path_of(pad), json=scene_with(THREE)))

    def status(client: Client, path: str) -> int:
        return client.get(path).status_code

    assert status(alice, picture_path(pad, ONE)) == 200  # of a backup
    assert status(alice, picture_path(pad, THREE)) == 200
    unknown = {"id": uuid4()}
    for path in (
        picture_path(pad, TWO),
        picture_path(other, ONE),
        picture_path(unknown, ONE),
        f"{path_of(pad)}/pictures/{digest_of(ONE).upper()}",
        f"{path_of(pad)}/pictures/x",
        f"{path_of(pad)}/pictures/{digest_of(ONE)}0",
    ):
        assert status(alice, path) == 404
    assert status(bob, picture_path(pad, ONE)) == 404


# What it costs


def test_statements(configure: Configure, client_of: ClientOf, redis_client: redis.Redis) -> None:
    """One; two where a picture is new."""
    app = configure(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1")
    alice, tap = client_of(app, "alice"), Tap(app, redis_client)
    path = path_of(make_pad(alice, data=scene_with(ONE)))
    backup = ok(alice.post(f"{path}/backups"), 201)["id"]

    def statements(ask: Callable[[], TestResponse]) -> int:
        with tap.listen() as traffic:
            assert ask().status_code in (200, 201)
        return traffic.statements

    assert statements(lambda: alice.post(path, json=scene_with(ONE, elements=[1]))) == 1
    assert statements(lambda: alice.post(path, json=scene_with(ONE, TWO))) == 2
    assert statements(lambda: alice.post(path, json=scene_with(TWO))) == 1
    assert statements(lambda: alice.post(path, json=scene_with(ONE, TWO, THREE))) == 2
    assert statements(lambda: alice.post(path, json=scene_with())) == 1
    by_address = {"files": {"a": {"picture": digest_of(ONE)}}}  # whose size must be asked for
    assert statements(lambda: alice.post(path, json=by_address)) == 2
    assert statements(lambda: alice.post(f"{path}/backups/{backup}/restore")) == 1
    new = {"display_name": "x", "data": scene_with(data_url(b"x" * 3_000))}
    assert statements(lambda: alice.post("/api/pad", json=new)) == 1
    for read in (
        path,
        "/api/pad",
        f"{path}/backups",
        "/api/pad/recent",
        picture_path({"id": path[9:]}),
    ):
        assert statements(lambda read=read: alice.get(read)) == 1  # type: ignore[misc]
        if "pictures/" not in read:
            assert statements(lambda read=read: alice.get(f"{read}?pictures=false")) == 1  # type: ignore[misc]


def test_deleting_takes_everything_along(alice: Client, admin: Client, sql: SqlConnection) -> None:
    pad = make_pad(alice, data=scene_with(ONE))
    ok(alice.post(f"{path_of(pad)}/backups"), 201)
    ok(alice.delete(path_of(pad)))
    ok(alice.delete("/api/pad/trash"))
    assert [number_of(sql, table) for table in ("pad_pictures", "backup_pictures")] == [0, 0]
    assert number_of(sql, "pictures") == 1, "until it is tidied away"
    other = make_pad(alice, data=scene_with(ONE, TWO))
    ok(alice.post(f"{path_of(other)}/backups"), 201)
    ok(admin.delete(f"/api/users/{other['owner_id']}"))
    assert number_of(sql, "pictures") == 0


def test_the_app_asks_the_database_once_whether_pictures_are_apart(
    app: Flask, alice: Client, sql: SqlConnection
) -> None:
    """As the database has it for one that began without drawings."""
    assert sql.execute("SELECT pad_ws.are_pictures_apart() AS apart").fetchall() == [
        {"apart": True}
    ]
    make_pad(alice, data=scene_with(ONE))
    assert number_of(sql, "pictures") == 1
    assert app.extensions["padws"].new_pictures_apart
