"""Bodies with Content-Encoding: gzip and zstd are taken within the size limit, nothing else is."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from padws import codings
from tests.api.conftest import ClientOf, Configure
from tests.api.contract import Client, assert_problem, ok
from tests.api.drawings import drawing, without_mark
from tests.api.test_pads import make_pad

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SCENE = json.dumps(drawing(3)).encode()

Encode = Callable[[bytes], bytes]

CODINGS: dict[str, Encode] = {"gzip": gzip.compress, "zstd": zstd.compress}


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    return make_pad(alice)


def save(
    client: Client, pad: dict[str, Any], body: bytes, coding: str, **options: Any
) -> TestResponse:
    headers = {"Content-Encoding": coding, **options.pop("headers", {})}
    path = f"/api/pad/{pad['id']}"
    return client.post(path, data=body, headers=headers, content_type="application/json", **options)


def saved(client: Client, pad: dict[str, Any]) -> Any:
    return without_mark(ok(client.get(f"/api/pad/{pad['id']}"))["data"])


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(SCENE)),
        ("GZip", gzip.compress(SCENE)),
        ("x-gzip", gzip.compress(SCENE)),
        ("zstd", zstd.compress(SCENE)),
        ("gzip", gzip.compress(SCENE[:99]) + gzip.compress(SCENE[99:])),
        ("zstd", zstd.compress(SCENE[:99]) + zstd.compress(SCENE[99:])),
        ("identity", SCENE),
        ("identity, gzip", gzip.compress(SCENE)),
        (" gzip ,", gzip.compress(SCENE)),
        ("", SCENE),
    ],
)
def test_a_body_is_taken_in_its_coding(
    alice: Client, pad: dict[str, Any], coding: str, body: bytes
) -> None:
    ok(save(alice, pad, body, coding))
    assert saved(alice, pad) == drawing(3)


@pytest.mark.parametrize("coding", CODINGS)
def test_an_envelope_is_taken_in_its_coding(alice: Client, coding: str) -> None:
    body = CODINGS[coding](json.dumps({"display_name": "Plan", "data": drawing(3)}).encode())
    headers = {"Content-Encoding": coding}
    answer = alice.post("/api/pad", data=body, headers=headers, content_type="application/json")
    assert without_mark(ok(answer, 201)["data"]) == drawing(3)


@pytest.mark.parametrize(
    "coding",
    ["br", "deflate", "compress", "nonsense", "gzip, gzip", "gzip,zstd", "gzip;q=1", "*", "\xff"],
)
def test_any_other_coding_is_refused_by_saying_which_are_taken(
    alice: Client, pad: dict[str, Any], coding: str
) -> None:
    for body in (SCENE, gzip.compress(SCENE), zlib.compress(SCENE)):
        answer = save(alice, pad, body, coding)
        assert_problem(answer, 415, "content_coding_unknown")
        assert answer.headers["Accept-Encoding"] == "gzip, zstd"
    assert ok(alice.get("/api/pad")) == [pad]


def spoilt(encode: Encode) -> list[bytes]:
    """What is no whole body in a coding."""
    body = encode(SCENE)
    changed = bytes([*body[:-6], body[-6] ^ 1, *body[-5:]])
    return [body[:-1], body[:10], body + b"more", body + body[:-1], changed, SCENE, b"x"]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_damaged_body_is_refused(alice: Client, pad: dict[str, Any], coding: str) -> None:
    for body in spoilt(CODINGS[coding]):
        assert_problem(save(alice, pad, body, coding), 400, "body_undecodable")
    assert ok(alice.get("/api/pad")) == [pad]


@pytest.mark.parametrize("coding", CODINGS)
def test_the_limit_is_that_of_what_comes_out(
    configure: Configure, client_of: ClientOf, coding: str
) -> None:
    client = client_of(configure(MAX_BODY_BYTES="100000"), "alice")
    pad = make_pad(client)
    for size, status in ((100_000, 200), (100_001, 413), (1_000_000, 413)):
        body = CODINGS[coding](b'{"elements":[]}'.ljust(size))
        assert save(client, pad, body, coding).status_code == status


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_goes_off_no_further_than_the_limit(
    app: Flask, alice: Client, pad: dict[str, Any], monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    """A gigabyte in a megabyte or less: what is decoded of it is counted."""
    pieces = [CODINGS[coding](b" " * 10_000_000)] * 100
    decoded = 0

    def counted(body: bytes, opener: Any) -> Any:
        nonlocal decoded
        for piece in original(body, opener):
            decoded += len(piece)
            yield piece

    original = codings.pieces
    monkeypatch.setattr(codings, "pieces", counted)
    assert_problem(save(alice, pad, b"".join(pieces), coding), 413, "body_too_large")
    assert decoded <= app.config["MAX_CONTENT_LENGTH"] + 300_000


def test_a_window_larger_than_browsers_use_is_refused(alice: Client, pad: dict[str, Any]) -> None:
    """It would be taken from memory before the first byte comes out."""
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27}
    compressor = zstd.ZstdCompressor(options=options)
    body = compressor.compress(SCENE) + compressor.flush()
    assert_problem(save(alice, pad, body, "zstd"), 400, "body_undecodable")


def test_a_large_scene_in_gzip_comes_back_equal(alice: Client, pad: dict[str, Any]) -> None:
    scene = {"elements": [drawing(number) for number in range(100)]}
    ok(save(alice, pad, gzip.compress(json.dumps(scene).encode()), "gzip"))
    assert saved(alice, pad) == scene
