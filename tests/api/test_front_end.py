"""The front end's files, compressed for clients that accept it."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from padws import front_end
from tests.api.conftest import Configure
from tests.helpers.contract import assert_problem

SCRIPT = b"".join(b"export const a%d = %d;\n" % (i, i) for i in range(2_000))
NOISE = random.Random(1).randbytes(20_000)
CODINGS = ["br", "gzip"]
DECODERS: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress}
BROWSERS = "gzip, deflate, br, zstd"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    build = tmp_path / "dist"
    (build / "assets").mkdir(parents=True)
    files = {
        "index.html": b"<!doctype html><title>whiteboard</title>" + SCRIPT,
        "assets/index-4f2a.js": SCRIPT,
        "assets/font.woff2": SCRIPT,
        "assets/noise.bin": NOISE,
        "assets/small.css": b"a{}",
        "assets/made.js": SCRIPT,
        "assets/made.js.br": brotli.compress(b"by whoever built it"),
        "assets/one.js": SCRIPT,
        "assets/one.js.gz": gzip.compress(b"gzip alone"),
    }
    for name, content in files.items():
        (build / name).write_bytes(content)
    return build


@pytest.fixture
def app(configure: Configure, build: Path) -> Flask:
    return configure(STATIC_DIR=str(build))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return FlaskClient(app)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("path", ["/assets/index-4f2a.js", "/static/assets/index-4f2a.js", "/"])
def test_a_file_comes_in_a_coding_that_the_client_takes(
    client: FlaskClient, path: str, coding: str
) -> None:
    plain, answer = client.get(path), client.get(path, headers={"Accept-Encoding": coding})
    assert answer.headers["Content-Encoding"] == coding
    assert DECODERS[coding](answer.data) == plain.data
    assert len(answer.data) == int(answer.headers["Content-Length"]) < len(plain.data) / 3
    assert "Content-Encoding" not in plain.headers
    for name in ("Content-Type", "Cache-Control", "Last-Modified", "Vary"):
        assert answer.headers[name] == plain.headers[name]
    assert answer.headers["Vary"] == "Accept-Encoding"
    head = client.head(path, headers={"Accept-Encoding": coding})
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]


def test_browsers_get_brotli(client: FlaskClient) -> None:
    answer = client.get("/assets/index-4f2a.js", headers={"Accept-Encoding": BROWSERS})
    assert answer.headers["Content-Encoding"] == "br"


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0, br;q=0", "deflate", "brotli"])
def test_whoever_takes_neither_gets_the_file(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/assets/index-4f2a.js", headers={"Accept-Encoding": accepted})
    assert answer.data == SCRIPT
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_each_coding_has_its_own_tag(client: FlaskClient) -> None:
    path, tags = "/assets/index-4f2a.js", {}
    for coding in ("identity", *CODINGS):
        headers = {"Accept-Encoding": coding}
        tags[coding] = client.get(path, headers=headers).headers["ETag"]
        again = client.get(path, headers={**headers, "If-None-Match": tags[coding]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == tags[coding]
        assert again.headers["Vary"] == "Accept-Encoding"
    assert len(set(tags.values())) == 3
    other = {"Accept-Encoding": "gzip", "If-None-Match": tags["br"]}
    assert client.get(path, headers=other).status_code == 200


def test_a_compressed_file_comes_in_parts_too(client: FlaskClient) -> None:
    path, headers = "/assets/index-4f2a.js", {"Accept-Encoding": "br"}
    whole = client.get(path, headers=headers).data
    first = client.get(path, headers={**headers, "Range": "bytes=0-99"})
    rest = client.get(path, headers={**headers, "Range": "bytes=100-"})
    assert first.status_code == rest.status_code == 206
    assert first.data + rest.data == whole
    assert client.get(path, headers={**headers, "Range": "bytes=9999999-"}).status_code == 416


@pytest.mark.parametrize("name", ["font.woff2", "noise.bin", "small.css"])
def test_what_would_not_shrink_is_left_alone(client: FlaskClient, build: Path, name: str) -> None:
    answer = client.get(f"/assets/{name}", headers={"Accept-Encoding": BROWSERS})
    assert answer.data == (build / "assets" / name).read_bytes()
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("name", "accepted", "coding", "content"),
    [
        ("made.js", BROWSERS, "br", b"by whoever built it"),
        ("made.js", "gzip", None, SCRIPT),
        ("one.js", BROWSERS, "gzip", b"gzip alone"),
    ],
)
def test_what_was_compressed_beforehand_is_served_and_nothing_else(
    client: FlaskClient, name: str, accepted: str, coding: str | None, content: bytes
) -> None:
    answer = client.get(f"/assets/{name}", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    assert DECODERS.get(coding or "", bytes)(answer.data) == content
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert client.get(f"/assets/{name}").headers["ETag"] != answer.headers["ETag"] or not coding
    assert client.get(f"/assets/{name}.br", headers={"Accept": "*/*"}).status_code == 404


def test_what_may_be_kept_by_its_name_says_so(client: FlaskClient) -> None:
    headers = {"Accept-Encoding": "br"}
    hashed = client.get("/assets/index-4f2a.js", headers=headers).headers["Cache-Control"]
    assert "immutable" in hashed
    assert client.get("/", headers=headers).headers["Cache-Control"] == "no-cache"


def test_a_file_is_compressed_once_and_nothing_is_written(
    client: FlaskClient, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, calls = sorted(build.rglob("*")), list[int]()
    encode = front_end._ENCODERS["br"]

    def count(data: bytes) -> bytes:
        calls.append(len(data))
        return encode(data)

    monkeypatch.setitem(front_end._ENCODERS, "br", count)
    for path in ("/assets/index-4f2a.js", "/static/assets/index-4f2a.js") * 2:
        client.get(path, headers={"Accept-Encoding": "br"})
    assert calls == [len(SCRIPT)]
    assert sorted(build.rglob("*")) == before


def test_what_a_worker_keeps_is_bounded(
    configure: Configure, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(front_end._ENCODERS["br"](SCRIPT))
    monkeypatch.setattr(front_end, "_MOST_IN_MEMORY", size)
    os.link(build / "assets" / "index-4f2a.js", build / "assets" / "another.js")
    client = FlaskClient(configure(STATIC_DIR=str(build)))
    paths = ("/assets/index-4f2a.js", "/assets/another.js")
    answers = [client.get(path, headers={"Accept-Encoding": "br"}) for path in paths]
    assert [each.headers.get("Content-Encoding") for each in answers] == ["br", None]
    assert answers[1].data == SCRIPT


@pytest.mark.parametrize("coding", ["identity", "br"])
def test_a_file_that_is_gone_is_not_found(client: FlaskClient, build: Path, coding: str) -> None:
    (build / "assets" / "index-4f2a.js").unlink()
    answer = client.get("/assets/index-4f2a.js", headers={"Accept-Encoding": coding})
    assert_problem(answer, 404, "not_found")


def test_writing_to_a_page_is_refused_as_everywhere(client: FlaskClient) -> None:
    answer = client.post("/")
    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
    assert_problem(client.post("/assets/index-4f2a.js"), 404, "not_found")
