"""A takeout has everything of its user's and comes back equal; what is sent is not believed."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from padws.takeout import archive, bounds
from tests.api.conftest import Browser, ClientOf, Configure, SignedIn, SqlConnection
from tests.api.pads import make_pad
from tests.api.takeouts import PATH, Files, bring_in, send, take_out, zipped
from tests.helpers.contract import Client, assert_problem, ok
from tests.helpers.drawings import SCENES, drawing, exact, without_mark
from tests.helpers.people import COOKIE

PICTURE = "data:image/png;base64," + "iVBORw0KGgo=" * 400


def with_picture(seed: int = 1) -> dict[str, Any]:
    scene = drawing(seed)
    scene["files"]["big"] = {"id": "big", "dataURL": PICTURE + str(seed), "created": 1}
    return scene


def everything(client: Client) -> list[Any]:
    """What somebody sees of all pads and their backups."""
    return [
        (pad, ok(client.get(f"/api/pad/{pad['id']}/backups"))["backups"])
        for pad in ok(client.get("/api/pad"))
    ]


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    """A pad of alice's, with a picture and two backups, one of another scene."""
    made = make_pad(alice, "Grüße / 👩‍👩‍👧", with_picture())
    path = f"/api/pad/{made['id']}"
    ok(alice.post(f"{path}/backups"), 201)
    ok(alice.post(path, json=with_picture(2)))
    ok(alice.post(f"{path}/backups"), 201)
    return made


@pytest.fixture
def files(alice: Client, pad: dict[str, Any]) -> Files:
    return take_out(alice)


def path_in(pad: Mapping[str, Any], name: str) -> str:
    return f"pads/{pad['id']}/{name}"


def history_in(files: Files) -> list[str]:
    return [name for name in files if "/history/" in name]


def gone(client: Client, pad: Mapping[str, Any], sql: SqlConnection) -> None:
    """Another installation: this one after everything has been deleted for good."""
    sql.execute("DELETE FROM pad_ws.pads")
    sql.execute("DELETE FROM pad_ws.pictures")


# Taking out


def test_it_has_everything_and_says_so_last(alice: Client, pad: dict[str, Any]) -> None:
    files = take_out(alice)
    assert next(iter(files)) == "README.txt"
    assert list(files)[-1] == "manifest.json"
    manifest = json.loads(files["manifest.json"])
    assert (manifest["format"], manifest["version"]) == ("padws-takeout", 1)
    assert manifest["user"]["username"] == "alice"
    assert manifest["files"] == {
        name: sha256(content).hexdigest()
        for name, content in files.items()
        if name != "manifest.json"
    }
    shown = ok(alice.get(f"/api/pad/{pad['id']}"))
    about = json.loads(files[path_in(pad, "pad.json")])
    assert [about[name] for name in ("id", "display_name", "version")] == [
        shown[name] for name in ("id", "display_name", "version")
    ]
    listed = ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"]
    assert [each["id"] for each in about["history"]] == [b["id"] for b in reversed(listed)]
    assert [path_in(pad, each["file"]) for each in about["history"]] == history_in(files)


def test_its_drawings_are_files_that_excalidraw_opens(
    alice: Client, pad: dict[str, Any], files: Files
) -> None:
    content = json.loads(files[path_in(pad, "drawing.excalidraw")])
    assert content.pop("type") == "excalidraw"
    assert content.pop("version") == 2
    assert content.pop("source") == "padws"
    assert content == ok(alice.get(f"/api/pad/{pad['id']}"))["data"]
    assert content["files"]["big"]["dataURL"] == PICTURE + "2"
    names = [name.rpartition("/")[2] for name in history_in(files)]
    assert all(name.endswith("-manual.excalidraw") for name in names if "interval" not in name)


def test_it_has_nothing_of_others(alice: Client, bob: Client, pad: dict[str, Any]) -> None:
    others = make_pad(bob)
    assert not [name for name in take_out(alice) if others["id"] in name]
    assert not [name for name in take_out(bob) if pad["id"] in name]


def test_somebody_without_pads_has_one_too(charlie: Client) -> None:
    assert list(take_out(charlie)) == ["README.txt", "manifest.json"]


def test_backups_of_one_moment_have_names_of_their_own(
    alice: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    sql.execute("UPDATE pad_ws.backups SET created_at = 'epoch', reason = NULL")
    names = history_in(take_out(alice))
    assert {name.rpartition("/")[2] for name in names} == {
        "19700101T000000.000000Z-unknown.excalidraw",
        "19700101T000000.000000Z-unknown-2.excalidraw",
    }


def test_no_connection_is_held_while_it_is_read(
    configure: Configure, client_of: ClientOf, signed_in: SignedIn
) -> None:
    app = configure(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1")
    alice = client_of(app, "alice")
    for number in range(2):
        scene = {"elements": [], "text": random.Random(number).randbytes(100_000).hex()}
        made = make_pad(alice, data=scene)
    slow = FlaskClient(app, app.response_class)  # which does not look at all of it
    slow.set_cookie(COOKIE, signed_in.cookies["alice"])
    with slow.get(PATH) as answer:
        blocks = answer.iter_encoded()
        next(blocks)
        ok(alice.get(f"/api/pad/{made['id']}"))
        assert_problem(alice.get(PATH), 429, "too_many_requests")
        assert b"manifest.json" in b"".join(blocks)


# Bringing in


def test_it_comes_back_equal(
    alice: Client, pad: dict[str, Any], files: Files, sql: SqlConnection
) -> None:
    before = everything(alice)
    gone(alice, pad, sql)
    content = zipped(files, manifest=False)
    assert bring_in(alice, content) == (1, len(history_in(files)), {})
    assert everything(alice) == before
    again = take_out(alice)
    del files["manifest.json"], again["manifest.json"]
    assert again == files


def test_twice_changes_nothing(
    alice: Client, files: Files, pad: dict[str, Any], sql: SqlConnection
) -> None:
    gone(alice, pad, sql)
    bring_in(alice, zipped(files))
    before = everything(alice)
    assert bring_in(alice, zipped(files)) == (0, 0, {})
    assert everything(alice) == before


@pytest.mark.parametrize("text", SCENES.values(), ids=SCENES)
def test_every_scene_comes_back_equal(alice: Client, sql: SqlConnection, text: str) -> None:
    body = f'{{"display_name": "x", "data": {text}}}'
    made = ok(alice.post("/api/pad", data=body, content_type="application/json"), 201)
    path = f"/api/pad/{made['id']}"
    before = exact(alice.get(path).data)
    taken = zipped(take_out(alice))
    gone(alice, made, sql)
    assert bring_in(alice, taken) == (1, 0, {})
    assert exact(alice.get(path).data) == before


@pytest.mark.parametrize("name", ["type", "version", "source"])
def test_a_scene_that_is_a_file_already_stays_as_it_is(
    alice: Client, sql: SqlConnection, name: str
) -> None:
    made = make_pad(alice, data={"elements": [], name: "mine"})
    files = take_out(alice)
    assert json.loads(files[path_in(made, "drawing.excalidraw")])[name] == "mine"
    gone(alice, made, sql)
    bring_in(alice, zipped(files))
    assert without_mark(ok(alice.get(f"/api/pad/{made['id']}"))["data"]) == {
        "elements": [],
        name: "mine",
    }


def test_a_pad_that_has_changed_stays_and_gets_the_old_drawing_into_its_history(
    alice: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    path = f"/api/pad/{pad['id']}"
    ok(alice.post(path, json=with_picture(3)))
    files = take_out(alice)
    sql.execute("DELETE FROM pad_ws.backups")
    ok(alice.post(path, json={"elements": [], "appState": {"theme": "dark"}}))
    now = ok(alice.get(path))
    pads, brought, skipped = bring_in(alice, zipped(files))
    assert (pads, skipped) == (0, {})
    assert brought >= len(history_in(files))
    assert ok(alice.get(path)) == now
    listed = ok(alice.get(f"{path}/backups"))["backups"]
    taken = json.loads(files[path_in(pad, "drawing.excalidraw")])
    assert taken["elements"] in [each["data"]["elements"] for each in listed]
    assert taken["files"] in [each["data"].get("files") for each in listed]
    assert bring_in(alice, zipped(files)) == (0, 0, {})


def test_a_pad_that_pad_ws_wrote_and_nobody_has_changed_is_no_other_drawing(
    alice: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    """What is stored is without the marks that it is shown and taken out with."""
    sql.execute("UPDATE pad_ws.pads SET version = 0, data = data #- '{appState,pad}'")
    assert bring_in(alice, zipped(take_out(alice))) == (0, 0, {})


def test_a_drawing_that_is_brought_in_is_not_gone_with_the_next_backup(
    alice: Client, pad: dict[str, Any]
) -> None:
    """However old it is."""
    path = f"/api/pad/{pad['id']}"
    files = take_out(alice)
    files[path_in(pad, "drawing.excalidraw")] = json.dumps(drawing(9)).encode()
    about = json.loads(files[path_in(pad, "pad.json")])
    about |= {"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"}
    files[path_in(pad, "pad.json")] = json.dumps(about | {"history": []}).encode()
    for name in history_in(files):
        del files[name]
    for seed in range(10, 21):
        ok(alice.post(path, json=drawing(seed)))
        alice.post(f"{path}/backups")
    assert bring_in(alice, zipped(files)) == (0, 1, {})
    ok(alice.post(path, json=drawing(30)))
    ok(alice.post(f"{path}/backups"), 201)
    reasons = [each["reason"] for each in ok(alice.get(f"{path}/backups"))["backups"]]
    assert "import" in reasons
    assert bring_in(alice, zipped(files)) == (0, 0, {})


def test_ids_of_somebody_else_are_replaced_by_derived_ones(
    alice: Client, bob: Client, pad: dict[str, Any], files: Files
) -> None:
    before = everything(alice)
    assert bring_in(bob, zipped(files)) == (1, len(history_in(files)), {})
    bob_id = ok(bob.get("/api/users/me"))["id"]
    ((brought, history),) = everything(bob)
    assert brought["id"] == str(uuid5(UUID(pad["id"]), bob_id))
    assert without_mark(brought["data"]) == without_mark(before[0][0]["data"])
    assert [each["data"] for each in history] == [each["data"] for each in before[0][1]]
    assert everything(alice) == before
    assert bring_in(bob, zipped(files)) == (0, 0, {})


Change = Callable[[Files, str], None]


def _damage(files: Files, path: str) -> None:
    files[path] = files[path][:-1]


DAMAGE: dict[str, tuple[Change, str]] = {
    "not JSON": (_damage, ""),
    "no scene": (lambda files, path: files.update({path: b"[]"}), ""),
    "NUL": (lambda files, path: files.update({path: b'{"a": "\\u0000"}'}), ""),
    "an unknown picture": (
        lambda files, path: files.update(
            {path: json.dumps({"files": {"a": {"picture": "f" * 64}}}).encode()}
        ),
        "There is no picture",
    ),
    "too complex": (
        lambda files, path: files.update(
            {path: json.dumps({"a": dict.fromkeys(map(str, range(9000)))}).encode()}
        ),
        "An object may have",
    ),
    "missing": (lambda files, path: files.__delitem__(path), ""),
}


@pytest.mark.parametrize(("change", "why"), DAMAGE.values(), ids=DAMAGE)
def test_a_pad_whose_drawing_cannot_be_read_stays_away_and_stops_no_other(
    alice: Client, pad: dict[str, Any], sql: SqlConnection, change: Change, why: str
) -> None:
    other = make_pad(alice, "Other")
    files = take_out(alice)
    change(files, path_in(pad, "drawing.excalidraw"))
    gone(alice, pad, sql)
    pads, backups, skipped = bring_in(alice, zipped(files))
    assert (pads, backups) == (1, 0)
    assert len(skipped) == 1
    assert pad["id"] in next(iter(skipped))
    assert why in next(iter(skipped.values()))
    assert [each["id"] for each in ok(alice.get("/api/pad"))] == [other["id"]]
    assert sql.execute("SELECT count(*) AS n FROM pad_ws.pictures").fetchone() == {"n": 0}


@pytest.mark.parametrize(("change", "why"), DAMAGE.values(), ids=DAMAGE)
def test_a_part_of_the_history_that_cannot_be_read_stops_nothing_else(
    alice: Client, pad: dict[str, Any], files: Files, sql: SqlConnection, change: Change, why: str
) -> None:
    before = everything(alice)
    change(files, history_in(files)[1])
    gone(alice, pad, sql)
    pads, backups, skipped = bring_in(alice, zipped(files))
    assert (pads, backups) == (1, len(before[0][1]) - 1)
    assert len(skipped) == 1
    assert pad["id"] in next(iter(skipped))
    assert why in next(iter(skipped.values()))
    ((drawing, history),) = everything(alice)
    assert drawing == before[0][0]
    assert history == [each for each in before[0][1] if each in history]


def test_what_pad_ws_has_stored_and_no_new_row_may_have_stops_nothing_else(
    alice: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    """A backup that is no object; names and labels with characters that are not allowed."""
    sql.execute("UPDATE pad_ws.pads SET display_name = E'\\u202eGrüße'")
    sql.execute("UPDATE pad_ws.backups SET label = E'a\\nb'")
    rule = "CONSTRAINT backups_data_is_object"
    sql.execute(f"ALTER TABLE pad_ws.backups DROP {rule}".encode())
    sql.execute("UPDATE pad_ws.backups SET data = '[]', pictures = NULL WHERE version = 2")
    again = f"ALTER TABLE pad_ws.backups ADD {rule} CHECK (jsonb_typeof(data) = 'object') NOT VALID"
    sql.execute(again.encode())
    files = take_out(alice)
    gone(alice, pad, sql)
    pads, backups, skipped = bring_in(alice, zipped(files))
    assert (pads, backups) == (1, len(history_in(files)) - 1)
    assert list(skipped) == [history_in(files)[-1]]
    ((brought, history),) = everything(alice)
    assert brought["display_name"] == "Untitled"
    assert {each["label"] for each in history} == {None}


ABOUT: dict[str, Callable[[dict[str, Any]], object]] = {
    "no name": lambda about: about.pop("display_name"),
    "a name that is none": lambda about: about.update(display_name=1),
    "another pad": lambda about: about.update(id=str(uuid4())),
    "no times": lambda about: about.update(created_at="yesterday"),
    "a version that no header can name": lambda about: about.update(version=2**52 + 1),
    "a version that is none": lambda about: about.update(version="1"),
    "no history": lambda about: about.pop("history"),
    "more history than files": lambda about: about["history"].extend([{}] * 10),
    "more than it can be": lambda about: about.update(more="x" * 4_000_000),
}


@pytest.mark.parametrize("change", ABOUT.values(), ids=ABOUT)
def test_what_a_pad_says_of_itself_is_checked(
    bob: Client, pad: dict[str, Any], files: Files, change: Callable[[dict[str, Any]], object]
) -> None:
    path = path_in(pad, "pad.json")
    about = json.loads(files[path])
    change(about)
    files[path] = json.dumps(about).encode()
    pads, backups, skipped = bring_in(bob, zipped(files))
    assert (pads, backups, list(skipped)) == (0, 0, [path])


ABOUT_HISTORY: dict[str, tuple[Callable[[list[Any]], object], int]] = {
    "one file less": (lambda history: history.pop(), 1),
    "a file twice": (lambda history: history.append(history[0]), 0),
    "the drawing": (lambda history: history.append({**history[0], "file": "pad.json"}), 0),
    "an id that is none": (lambda history: history[0].update(id="1"), 1),
    "no object": (lambda history: history.append(1), 0),
}


@pytest.mark.parametrize(("change", "lost"), ABOUT_HISTORY.values(), ids=ABOUT_HISTORY)
def test_what_a_pad_says_of_its_history_is_checked(
    bob: Client,
    pad: dict[str, Any],
    files: Files,
    change: Callable[[list[Any]], object],
    lost: int,
) -> None:
    """What is wrong is named, and stops nothing else."""
    path = path_in(pad, "pad.json")
    about = json.loads(files[path])
    change(about["history"])
    files[path] = json.dumps(about).encode()
    pads, backups, skipped = bring_in(bob, zipped(files))
    assert (pads, backups) == (1, len(history_in(files)) - lost)
    assert skipped
    assert all(pad["id"] in each for each in skipped)


def test_times_and_reasons_that_cannot_be_are_brought_in_line(
    bob: Client, pad: dict[str, Any], files: Files
) -> None:
    path = path_in(pad, "pad.json")
    about = json.loads(files[path])
    about |= {"created_at": "9000-01-01T00:00:00Z", "version": 0, "more": 1}
    about["history"][0] |= {"timestamp": "9000-01-01T00:00:00Z", "reason": "from the future"}
    files[path] = json.dumps(about).encode()
    assert bring_in(bob, zipped(files))[2] == {}
    ((brought, history),) = everything(bob)
    assert brought["version"] == 1
    assert brought["created_at"] == brought["updated_at"]
    assert history[0]["reason"] is None


def test_a_changed_file_is_found_by_its_digest(
    bob: Client, pad: dict[str, Any], files: Files
) -> None:
    path = path_in(pad, "drawing.excalidraw")
    files[path] = files[path].replace(b"dark", b"lite").replace(b"light", b"night")
    skipped = bring_in(bob, zipped(files, manifest=False))[2]
    assert list(skipped) == [path]
    assert "SHA-256" in skipped[path]


def test_what_is_no_part_of_a_takeout_is_named(bob: Client, files: Files) -> None:
    strange = [
        *("../../etc/passwd", "/etc/passwd", "pads/../x", "pads/x/pad.json", "__MACOSX/._a"),
        *(f"pads/{uuid4()}/history/../../x.excalidraw", f"pads/{uuid4()}/other.json"),
    ]
    named = bring_in(bob, zipped({**files, **dict.fromkeys(strange, b"x")}))[2]
    assert sorted(named) == sorted(strange)
    unnamed = f"pads/{uuid4()}/pad.json"
    content = zipped(files)
    target = io.BytesIO(content)
    with zipfile.ZipFile(target, "a") as more:
        more.writestr(unnamed, b"{}")
    assert list(bring_in(bob, target.getvalue())[2]) == [unnamed]


def test_a_file_that_is_there_twice_is_none(bob: Client, pad: dict[str, Any], files: Files) -> None:
    path = path_in(pad, "drawing.excalidraw")
    target = io.BytesIO(zipped(files))
    with zipfile.ZipFile(target, "a") as more, pytest.warns(UserWarning, match="Duplicate"):
        more.writestr(path, files[path])
    pads, _, skipped = bring_in(bob, target.getvalue())
    assert (pads, list(skipped)) == (0, [path])


def cut_short(files: Files) -> bytes:
    return zipped(files)[:-30]


def without_manifest(files: Files) -> bytes:
    return zipped({name: c for name, c in files.items() if name != "manifest.json"}, manifest=False)


def with_manifest(**members: Any) -> Callable[[Files], bytes]:
    def make(files: Files) -> bytes:
        about = json.loads(files["manifest.json"]) | members
        return zipped({**files, "manifest.json": json.dumps(about).encode()}, manifest=False)

    return make


def of_too_many_files(_: Files) -> bytes:
    """The list of files alone, which is all that there is to such a ZIP."""
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\0" + bytes(16) + b"x"
    listed = entry * (archive.MOST_FILES + 1)
    size = len(listed).to_bytes(4, "little")
    return listed + b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + size + bytes(6)


def with_a_list_without_end(_: Files) -> bytes:
    return bytes(10) + b"PK\x05\x06" + bytes(8) + b"\xff\xff\xff\x7f" + bytes(6)


NO_TAKEOUTS: dict[str, Callable[[Files], bytes]] = {
    "nothing": lambda _: b"",
    "no ZIP": lambda _: b"x" * 1000,
    "cut short": cut_short,
    "without a manifest": without_manifest,
    "of another format": with_manifest(format="other"),
    "of a newer version": with_manifest(version=2),
    "with a manifest that is none": with_manifest(files=[1]),
    "with a manifest that names too many": with_manifest(
        files=dict.fromkeys(map(str, range(archive.MOST_FILES + 1)), "")
    ),
    "with a manifest that nests too deeply": lambda _: zipped(
        {"manifest.json": b'{"x":' + b"[" * 200_000}, manifest=False
    ),
    "of too many files": of_too_many_files,
    "with a list without end": with_a_list_without_end,
}


@pytest.mark.parametrize("make", NO_TAKEOUTS.values(), ids=NO_TAKEOUTS)
def test_what_is_no_takeout_is_refused(
    alice: Client, files: Files, make: Callable[[Files], bytes]
) -> None:
    assert_problem(send(alice, make(files)), 422, "takeout_invalid")


def test_a_bomb_is_refused_before_it_is_unpacked(
    configure: Configure, client_of: ClientOf, files: Files, pad: dict[str, Any]
) -> None:
    app = configure(MAX_TAKEOUT_BYTES="1000000", MAX_BODY_BYTES="100000")
    alice = client_of(app, "alice")
    bomb = {**files, path_in(pad, "drawing.excalidraw"): b" " * 10_000_000}
    assert_problem(send(alice, zipped(bomb)), 413, "body_too_large")
    bomb[path_in(pad, "drawing.excalidraw")] = b" " * 400_001
    assert "400000 bytes" in bring_in(alice, zipped(bomb))[2][path_in(pad, "drawing.excalidraw")]


def test_a_size_that_lies_is_found_out(bob: Client, pad: dict[str, Any], files: Files) -> None:
    """No more is unpacked than the ZIP says."""
    content = bytearray(zipped(files))
    path = path_in(pad, "drawing.excalidraw")
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(path.encode()))
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    pads, _, skipped = bring_in(bob, bytes(content))
    assert (pads, list(skipped)) == (0, [path])


def test_its_size_has_a_limit_of_its_own(configure: Configure, client_of: ClientOf) -> None:
    app = configure(MAX_TAKEOUT_BYTES="1000000", MAX_BODY_BYTES="1000")
    alice = client_of(app, "alice")
    assert_problem(send(alice, b"x" * 1_000_001), 413, "body_too_large")
    assert_problem(send(alice, b"x" * 1_000_000), 422, "takeout_invalid")


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data", ""])
def test_only_zips_are_received(alice: Client, files: Files, media_type: str) -> None:
    assert_problem(send(alice, zipped(files), media_type), 415, "not_zip")


def test_what_is_skipped_takes_no_memory(bob: Client, pad: dict[str, Any], files: Files) -> None:
    """No exception is kept: all that was read hangs on it."""
    about = json.loads(files[path_in(pad, "pad.json")]) | {"history": []}
    for _ in range(8):
        damaged = {"id": str(uuid4())}
        files[path_in(damaged, "pad.json")] = json.dumps(about | damaged).encode()
        files[path_in(damaged, "drawing.excalidraw")] = b"{" + b" " * 5_000_000
    content = zipped(files)
    tracemalloc.start()
    try:
        assert len(bring_in(bob, content)[2]) == 8
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()


# At once


def test_it_works_over_http(alices_browser: Browser) -> None:
    """Sent in chunks, and received in chunks."""
    sent = alices_browser("GET", PATH)
    assert sent.headers["Transfer-Encoding"] == "chunked"
    with zipfile.ZipFile(io.BytesIO(sent.content)) as found:
        assert found.namelist()[-1] == "manifest.json"
    headers = {"Content-Type": "application/zip"}
    pieces = (sent.content[at : at + 100] for at in range(0, len(sent.content), 100))
    for body in (sent.content, pieces):
        done = alices_browser("POST", PATH, data=body, headers=headers)
        assert ok(done) == {"pads": 0, "backups": 0, "skipped": []}


def test_each_user_has_one_at_a_time(app: Flask, alice: Client, bob: Client) -> None:
    user_id = ok(alice.get("/api/users/me"))["id"]
    end = app.extensions["padws"].takeouts_under_way.begin(user_id)
    assert_problem(alice.get(PATH), 429, "too_many_requests")
    assert_problem(send(alice, b""), 429, "too_many_requests")
    assert bob.get(PATH).status_code == 200
    end()
    assert alice.get(PATH).status_code == 200


def test_there_are_only_so_many_at_once() -> None:
    running = bounds.TakeoutsUnderWay()
    ends = [running.begin(str(number)) for number in range(4)]
    with pytest.raises(Exception, match="Too many takeouts"):
        running.begin("another")
    ends[0]()
    running.begin("another")


def test_who_reads_for_too_long_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, alice: Client, pad: dict[str, Any]
) -> None:
    monkeypatch.setattr("padws.blueprints.takeouts.LONGEST", 0)
    with pytest.raises(ConnectionAbortedError):
        _ = alice.get(PATH).data
    monkeypatch.undo()
    assert alice.get(PATH).status_code == 200


def test_without_a_database_it_breaks_off(
    app: Flask, alice: Client, pad: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a ZIP that looks whole."""

    def fail(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr("padws.takeout.writing.takeouts.get_whole_pad", fail)
    with pytest.raises(ConnectionAbortedError):
        _ = alice.get(PATH).data
