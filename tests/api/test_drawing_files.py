"""Drawings leave as files of Excalidraw's, and come back from them."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, assert_refused, check_pad, ok
from tests.helpers.drawings import drawing, without_mark

PICTURE = f"data:image/png;base64,{'QUFB' * 1_000}"
ELEMENTS = [
    {"id": "a", "type": "image", "fileId": "f", "isDeleted": False},
    {"id": "b", "type": "text", "text": "gone", "isDeleted": True},
    {"id": "c", "type": "image", "fileId": "g", "isDeleted": True},
    {"id": "d", "type": "text", "text": "there"},
]
FILES = {
    "f": {"id": "f", "mimeType": "image/png", "dataURL": PICTURE},
    "g": {"id": "g", "dataURL": "data:,g"},
}
SCENE = {"elements": ELEMENTS, "appState": {"gridSize": 20}, "files": FILES}
EXCALIDRAW = "application/vnd.excalidraw+json"


def export(client: Client, pad: dict[str, Any]) -> Any:
    answer = client.get(f"/api/pad/{pad['id']}/export")
    assert answer.headers["Content-Type"] == EXCALIDRAW
    return json.loads(answer.data)


def bring_in(client: Client, content: Any, path: str = "/api/pad/import") -> dict[str, Any]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    pad: dict[str, Any] = ok(client.post(path, data=body), 201)
    check_pad(pad)
    return pad


def byte_string(data: bytes) -> str:
    """A character for each byte, as Excalidraw keeps bytes in JSON."""
    return data.decode("latin-1")


def embedded(file: Any, *, compressed: bool = True) -> str:
    data = json.dumps(file, ensure_ascii=False).encode()
    encoded = byte_string(zlib.compress(data) if compressed else data)
    members = {"version": "1", "encoding": "bstring", "compressed": compressed, "encoded": encoded}
    return json.dumps(members, ensure_ascii=False)


def png(text: str, keyword: bytes = EXCALIDRAW.encode()) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    content = keyword + b"\0" + text.encode("latin-1")
    chunks = [chunk(b"IHDR", b"\0" * 13), chunk(b"tEXt", content), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def svg(text: str, version: int = 2) -> bytes:
    data = base64.b64encode(text.encode("latin-1" if version > 1 else "utf-8")).decode()
    marks = f"<!-- payload-type:{EXCALIDRAW} --><!-- payload-version:{version} -->"
    payload = f"{marks}<!-- payload-start -->{data}<!-- payload-end -->"
    return f"<svg><!-- svg-source:excalidraw --><metadata>{payload}</metadata></svg>".encode()


# Out


def test_a_file_has_what_is_drawn_and_nothing_else(alice: Client) -> None:
    assert export(alice, make_pad(alice, "Plan", SCENE)) == {
        "type": "excalidraw",
        "version": 2,
        "source": "http://localhost",
        "elements": [ELEMENTS[0], ELEMENTS[3]],
        "appState": {"gridSize": 20, "name": "Plan"},
        "files": {"f": FILES["f"]},
    }


def test_what_is_no_usual_scene_can_be_exported(
    alice: Client, configure: Configure, client_of: ClientOf, sql: SqlConnection
) -> None:
    assert export(alice, make_pad(alice, "Odd", {"a": 1}))["elements"] == []
    odd = {"elements": {"x": 1}, "files": [1], "type": "x"}
    file = export(alice, make_pad(alice, "Odd", odd))
    assert (file["elements"], file["files"], file["type"]) == ({"x": 1}, [1], "excalidraw")
    inside = client_of(configure(PICTURES_APART="off"), "alice")
    assert export(inside, make_pad(inside, "Plan", SCENE))["files"] == {"f": FILES["f"]}
    pad = make_pad(alice, data=SCENE)
    sql.execute("UPDATE pad_ws.pads SET version = 0 WHERE id = %s", [pad["id"]])  # as of pad.ws
    assert len(export(alice, pad)["elements"]) == 2


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Plan", "filename=\"Plan.excalidraw\"; filename*=UTF-8''Plan.excalidraw"),
        ("Grüße", "filename=\"Grue.excalidraw\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.excalidraw"),
        (
            '../a\\b:"c";%41',
            "filename=\"_a_b__c_;_41.excalidraw\"; filename*=UTF-8''_a_b__c_%3B%2541.excalidraw",
        ),
        (
            "שלום",
            "filename=\"drawing.excalidraw\"; filename*=UTF-8''%D7%A9%D7%9C%D7%95%D7%9D.excalidraw",
        ),
        ("...", "filename=\"drawing.excalidraw\"; filename*=UTF-8''drawing.excalidraw"),
        ("🎉", "filename=\"drawing.excalidraw\"; filename*=UTF-8''%F0%9F%8E%89.excalidraw"),
    ],
)
def test_a_file_is_called_like_its_pad(alice: Client, name: str, header: str) -> None:
    pad = make_pad(alice, name)
    answer = alice.get(f"/api/pad/{pad['id']}/export")
    expected = header.replace("Grue", "Gruße".encode("ascii", "ignore").decode())
    assert answer.headers["Content-Disposition"] == f"attachment; {expected}"


# In


def test_a_file_comes_back_as_it_went(alice: Client, bob: Client) -> None:
    file = export(alice, make_pad(alice, "Größe", SCENE))
    pad = bring_in(bob, file)
    assert pad["display_name"] == "Größe"
    assert without_mark(pad["data"]) == {
        "elements": file["elements"],
        "appState": file["appState"],
        "files": file["files"],
    }
    assert export(bob, pad) == file


def test_it_begins_with_a_backup_and_its_pictures_apart(alice: Client, sql: SqlConnection) -> None:
    pad = bring_in(alice, {"type": "excalidraw", "version": 2, **SCENE})
    (backup,) = ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"]
    assert backup["reason"] == "import"
    assert backup["data"] == pad["data"]
    assert sql.execute("SELECT count(*) AS n FROM pad_ws.pictures").fetchall() == [{"n": 1}]
    ok(alice.post(f"/api/pad/{pad['id']}", json=drawing(2)))
    assert len(ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"]) == 1, "none was due"


FORMS: dict[str, dict[str, Any]] = {
    "of excalidraw.com": {"type": "excalidraw", "version": 2, "source": "https://excalidraw.com"},
    "of 2020": {"type": "excalidraw", "version": 1, "source": "https://excalidraw.com"},
    "of a pad": {},
    "from the clipboard": {"type": "excalidraw/clipboard"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", EXCALIDRAW, "text/plain", "application/x-www-form-urlencoded", "x"],
)
def test_files_of_every_kind_come_in(alice: Client, form: str, content_type: str) -> None:
    scene = {"elements": ELEMENTS, "appState": {"gridSize": 20}, "own": [1.50, "é"]}
    file: dict[str, Any] = {**FORMS[form], **scene}
    answer = alice.post(
        "/api/pad/import", data=json.dumps(file).encode(), content_type=content_type
    )
    pad = ok(answer, 201)
    assert without_mark(pad["data"]) == scene
    assert answer.headers["Location"] == f"/api/pad/{pad['id']}"
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize("file", [{"type": "excalidraw"}, {"elements": None}, {"elements": []}])
def test_an_empty_file_is_an_empty_drawing(alice: Client, file: Any) -> None:
    assert bring_in(alice, b"\xef\xbb\xbf" + json.dumps(file).encode())["data"]["elements"] == []


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ({"name": " Plan "}, "Plan"),
        ({"name": "x" * 300}, "x" * 100),
        ({"name": ""}, "Untitled"),
        ({"name": "\u200b"}, "Untitled"),
        ({"name": "a\u0007b"}, "Untitled"),
        ({"name": "a\u202eb"}, "Untitled"),
        ({"name": 5}, "Untitled"),
        ({"name": None}, "Untitled"),
        ({}, "Untitled"),
    ],
)
def test_it_is_called_as_the_file_says_if_that_is_a_name(
    alice: Client, state: Any, name: str
) -> None:
    file = {"type": "excalidraw", "elements": [], "appState": state}
    assert bring_in(alice, file)["display_name"] == name
    asked = bring_in(alice, file, "/api/pad/import?display_name=Asked%20for")
    assert asked["display_name"] == "Asked for"


def test_a_name_that_is_asked_for_must_be_one(alice: Client) -> None:
    path = "/api/pad/import?display_name=%07"
    assert_refused(alice.post(path, data=b'{"elements": []}'), "display_name")


FILE = {"type": "excalidraw", "version": 2, "elements": ELEMENTS, "appState": {"name": "é 🎉"}}
PICTURES = {
    "a PNG": png(embedded(FILE)),
    "a PNG, not compressed": png(embedded(FILE, compressed=False)),
    "a PNG of 2020": png(json.dumps(FILE)),
    "an SVG": svg(embedded(FILE)),
    "an SVG of version 1": svg(embedded(FILE), 1),
    "an SVG of 2020": svg(json.dumps(FILE, ensure_ascii=False), 1),
    "an SVG that begins as XML": b'\n<?xml version="1.0"?>' + svg(embedded(FILE)),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_picture_brings_the_drawing_inside(alice: Client, picture: bytes) -> None:
    pad = bring_in(alice, picture)
    assert (pad["display_name"], pad["data"]["elements"]) == ("é 🎉", ELEMENTS)


#: What Excalidraw 0.18.1 makes of one drawing in Chromium: serializeAsJSON, exportToBlob and, with
#: `boundElements` as [] where they were null, exportToSvg, both with exportEmbedScene. It has read
#: PICTURES as well.
REAL = Path(__file__).parent / "drawings" / "of_excalidraw.excalidraw"


@pytest.mark.parametrize("ending", ["", ".png", ".svg"])
def test_what_excalidraw_itself_has_written_comes_in(alice: Client, ending: str) -> None:
    expected = json.loads(REAL.read_bytes())
    data = bring_in(alice, REAL.with_name(REAL.name + ending).read_bytes())["data"]
    for element in (*data["elements"], *expected["elements"]):
        element["boundElements"] = element["boundElements"] or []
    assert data["elements"] == expected["elements"]
    assert data["files"] == expected["files"]


NO_DRAWING_INSIDE = {
    "a PNG": png(embedded(FILE), b"Comment"),
    "a PNG that is cut off": png(embedded(FILE))[:120],
    "a PNG of no length": b"\x89PNG\r\n\x1a\n" + b"\0" * 1_000_000,
    "an endless chunk": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt",
    "an SVG": b"<svg/>",
    "an SVG without an end": svg(embedded(FILE)).replace(b"payload-end", b"x"),
    "an SVG that is the wrong way round": b"<!-- payload-end --><!-- payload-start -->",
    "an SVG without base64": b"<!-- payload-start -->(!)<!-- payload-end -->",
    "what is not compressed": svg(json.dumps({"encoded": "x", "compressed": True})),
    "what is cut off": svg(embedded(FILE).replace('", "x": 1', "")[:-30] + '"}'),
    "what is no byte": svg(json.dumps({"encoded": "\u2603"})),
    "what is something else": svg(json.dumps({"type": "excalidraw/other"})),
    "what nests too deeply": png('{"x":' + "[" * 200_000),
    "a library": png(embedded({"type": "excalidrawlib", "libraryItems": []})),
}


@pytest.mark.parametrize("picture", NO_DRAWING_INSIDE.values(), ids=NO_DRAWING_INSIDE)
def test_a_picture_without_one_is_refused(alice: Client, picture: bytes) -> None:
    assert_problem(alice.post("/api/pad/import", data=picture), 422, "not_a_drawing")


def test_what_grows_beyond_every_measure_is_refused(
    configure: Configure, client_of: ClientOf
) -> None:
    alice = client_of(configure(MAX_BODY_BYTES="100000"), "alice")
    bomb = png(embedded({"elements": [], "x": "x" * 5_000_000}))
    assert len(bomb) < 100_000
    assert_problem(alice.post("/api/pad/import", data=bomb), 413, "body_too_large")


NOT_DRAWINGS = [
    {"type": "excalidrawlib", "version": 2, "libraryItems": []},
    {"type": "excalidrawlib", "version": 1, "library": [[]]},
    {"type": "something"},
    {"type": 5, "elements": []},
    {"elements": {}},
    {"elements": "x"},
    {"type": "excalidraw", "elements": 5},
    {},
    {"a": 1},
    [],
    [{"id": "a"}],
    "x",
    None,
    5,
]


@pytest.mark.parametrize("content", NOT_DRAWINGS)
def test_what_is_no_drawing_is_refused_with_a_word(alice: Client, content: Any) -> None:
    answer = alice.post("/api/pad/import", data=json.dumps(content).encode())
    problem = assert_problem(answer, 422, "not_a_drawing")
    is_library = "excalidrawlib" in str(content)
    assert ("library" in problem["detail"]) == is_library
    assert len(ok(alice.get("/api/pad?data=0"))) == 1, "nothing but the first pad"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"elements": [}',
        b"--boundary\r\nContent-Disposition: form-data\r\n",
        b'{"elements": [], "x": "\\u0000"}',
        b'{"elements": [], "x": "\\ud800"}',
        b'{"elements": [], "x": "\xff"}',
        b'{"elements": [], "appState": {"name": "\xff"}}',
        b'{"elements": []} x',
        b'{"elements": [], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_cannot_be_read_is_a_400(alice: Client, body: bytes) -> None:
    assert_problem(alice.post("/api/pad/import", data=body), 400, "invalid_json")


@pytest.mark.parametrize("state", [[], "x", 5, {"pad": 5}])
def test_a_state_that_is_none_is_refused(alice: Client, state: Any) -> None:
    file = {"type": "excalidraw", "elements": [], "appState": state}
    answer = alice.post("/api/pad/import", data=json.dumps(file).encode())
    assert_problem(answer, 422, "scene_invalid")


def test_a_file_that_is_too_large_is_refused(configure: Configure, client_of: ClientOf) -> None:
    alice = client_of(configure(MAX_BODY_BYTES="2000"), "alice")
    body = json.dumps({"elements": [], "x": "x" * 3_000}).encode()
    assert_problem(alice.post("/api/pad/import", data=body), 413, "body_too_large")


def test_it_is_not_for_other_sites(alice: Client, anyone: Client) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    body = b'{"elements": []}'
    assert_problem(alice.post("/api/pad/import", data=body, headers=headers), 403, "cross_site")
    assert_problem(anyone.post("/api/pad/import", data=body), 401, "sign_in_required")
