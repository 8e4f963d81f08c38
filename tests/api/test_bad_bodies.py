"""Bodies that no service should choke on: each is a 4xx within seconds and changes nothing.

They go to a running gunicorn, and clients wait at most a minute for an answer.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.conftest import Browser, SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, ok
from tests.helpers.drawings import drawing, nested

MILLION = 1_000_000
JSON = {"Content-Type": "application/json"}


def repeated(item: bytes, size: int) -> bytes:
    """A scene of about `size` bytes whose elements repeat this item."""
    return b'{"elements": [' + (item + b",") * (size // (len(item) + 1)) + b"0]}"


#: What is not JSON that PostgreSQL can store; made when needed, because some are large.
UNREADABLE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "white space": lambda: b" \n",
    "a word": lambda: b"scene",
    "undefined": lambda: b"undefined",
    "a truncated scene": lambda: json.dumps(drawing()).encode()[:-1],
    "a scene and more": lambda: b'{"a": 1} {"b": 2}',
    "a scene and a bracket": lambda: b'{"a": 1}}',
    "single quotes": lambda: b"{'a': 1}",
    "no quotes": lambda: b"{a: 1}",
    "a comma too many": lambda: b'{"a": [1,]}',
    "a comment": lambda: b'{"a": 1 /* one */}',
    "not a number": lambda: b'{"a": NaN}',
    "infinity": lambda: b'{"a": Infinity}',
    "minus infinity": lambda: b'{"a": -Infinity}',
    "a hexadecimal number": lambda: b'{"a": 0x10}',
    "a number with a zero first": lambda: b'{"a": 01}',
    "a number with a plus": lambda: b'{"a": +1}',
    "a number without digits": lambda: b'{"a": .5}',
    "a raw control character": lambda: b'{"a": "\x01"}',
    "a raw line end in a string": lambda: b'{"a": "x\ny"}',
    "an unknown escape": lambda: b'{"a": "\\x41"}',
    "a short escape": lambda: b'{"a": "\\u12"}',
    "the escaped character 0": lambda: b'{"a": "\\u0000"}',
    "the escaped character 0 in a key": lambda: b'{"\\u0000": 1}',
    "a byte 0 in a string": lambda: b'{"a": "\x00"}',
    "a byte 0 after the scene": lambda: b'{"a": 1}\x00',
    "a byte 0 before the rest": lambda: b'{"a": 1}\x00{"b": 2}',
    "a byte 0 first": lambda: b'\x00{"a": 1}',
    "a lone high surrogate": lambda: b'{"a": "\\ud800"}',
    "a lone low surrogate": lambda: b'{"a": "\\udc00"}',
    "surrogates the wrong way round": lambda: b'{"a": "\\udc00\\ud800"}',
    "half a pair and a letter": lambda: b'{"a": "\\ud83dx"}',
    "a lone surrogate in a key": lambda: b'{"\\ud800": 1}',
    "an encoded surrogate": lambda: b'{"a": "\xed\xa0\x80"}',
    "a byte that is no UTF-8": lambda: b'{"a": "\xff"}',
    "a cut character": lambda: b'{"a": "\xf0\x9f\x98"}',
    "an overlong slash": lambda: b'{"a": "\xc0\xaf"}',
    "a character beyond the last": lambda: b'{"a": "\xf4\x90\x80\x80"}',
    "Latin 1": lambda: '{"a": "ä"}'.encode("latin-1"),
    "UTF-16": lambda: '{"a": "ä"}'.encode("utf-16"),
    "UTF-32": lambda: '{"a": "ä"}'.encode("utf-32"),
    "a byte order mark": lambda: b'\xef\xbb\xbf{"a": 1}',
    "gzip": lambda: b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabVJT\xb2R0\xac\x05\x00",
    "a form": lambda: b"a=1&b=2",
    "XML": lambda: b"<scene/>",
    "a number out of range": lambda: b'{"a": 1e999999}',
    "a number far out of range": lambda: b'{"a": 1e9999999999999999999999}',
    "a number just as far the other way": lambda: b'{"a": 1e-999999999999999}',
    "a number with 200,000 digits": lambda: b'{"a": ' + b"9" * 200_000 + b"}",
    "a hundred thousand levels": lambda: nested(100_000).encode(),
    "a hundred thousand objects": lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a hundred thousand open brackets": lambda: b"[" * 100_000,
    "ten million open brackets": lambda: b"[" * 10 * MILLION,
    "ten million quotes": lambda: b'"' * 10 * MILLION,
    "ten million backslashes": lambda: b'{"a": "' + b"\\" * (10 * MILLION + 1) + b'"}',
}

#: What is larger than allowed, as it is or once PostgreSQL has written it out.
TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "a byte too many": lambda: b'{"a": 1}'.ljust(20 * MILLION + 1),
    "a million times 1e99999": lambda: repeated(b"1e99999", 8 * MILLION),
    "twenty megabytes of 1e300": lambda: repeated(b"1e300", 20 * MILLION - 100),
    "twenty megabytes of 1E+300": lambda: repeated(b"1E+300", 20 * MILLION - 100),
    "twenty megabytes of 1e-300": lambda: repeated(b"-1.5e-300", 20 * MILLION - 100),
    "twenty megabytes of 1e99": lambda: repeated(b"1e99", 20 * MILLION - 100),
    "numbers with zeros in their exponents": lambda: repeated(b"1e0000099999", 8 * MILLION),
}


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    return make_pad(alice)


@pytest.fixture(autouse=True)
def nothing_changes(pad: dict[str, Any], sql: SqlConnection) -> Iterator[None]:
    """Assert that a test changes no row of any table."""
    tables = ("users", "pads", "backups", "template_pads")
    digest = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) AS digest FROM pad_ws.{} AS t"

    def digests() -> list[Any]:
        return [sql.execute(digest.format(table)).fetchone() for table in tables]

    before = digests()
    yield
    assert digests() == before


@pytest.mark.parametrize("kind", UNREADABLE)
class TestUnreadable:
    def test_as_a_scene(self, alices_browser: Browser, pad: dict[str, Any], kind: str) -> None:
        path = f"/api/pad/{pad['id']}"
        answer = alices_browser("POST", path, data=UNREADABLE[kind](), headers=JSON)
        assert_problem(answer, 400, "invalid_json")

    def test_inside_a_new_pad(self, alices_browser: Browser, kind: str) -> None:
        body = b'{"display_name": "x", "data": ' + UNREADABLE[kind]() + b"}"
        answer = alices_browser("POST", "/api/pad", data=body, headers=JSON)
        assert_problem(answer, 400, "invalid_json")

    def test_as_the_whole_new_pad(self, alices_browser: Browser, kind: str) -> None:
        answer = alices_browser("POST", "/api/pad", data=UNREADABLE[kind](), headers=JSON)
        assert answer.status_code in (400, 422)  # a number that only a schema refuses is 422


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_what_is_too_large_is_refused(
    alices_browser: Browser, pad: dict[str, Any], kind: str
) -> None:
    path = f"/api/pad/{pad['id']}"
    answer = alices_browser("POST", path, data=TOO_LARGE[kind](), headers=JSON)
    assert_problem(answer, 413, "body_too_large")
    body = b'{"display_name": "x", "data": ' + TOO_LARGE[kind]() + b"}"
    answer = alices_browser("POST", "/api/pad", data=body, headers=JSON)
    assert_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/octet-stream",
        "json",
        "application/",
        "\xff",
        "application/json" + "x" * 5000,
    ],
    ids=str,
)
def test_a_body_of_another_type_is_refused(
    alices_browser: Browser, pad: dict[str, Any], content_type: str | None
) -> None:
    headers = {"Content-Type": content_type.encode("latin-1")} if content_type is not None else {}
    path = f"/api/pad/{pad['id']}"
    for method, target in (("POST", path), ("PUT", path), ("PATCH", path), ("POST", "/api/pad")):
        answer = alices_browser(method, target, data=b'{"a": 1}', headers=headers)
        assert_problem(answer, 415, "not_json")


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"[{}]", b"true"])
def test_a_body_that_is_no_object_is_refused(
    alices_browser: Browser, pad: dict[str, Any], body: bytes
) -> None:
    for method, path in (("POST", "/api/pad"), ("PATCH", f"/api/pad/{pad['id']}")):
        answer = alices_browser(method, path, data=body, headers=JSON)
        assert answer.status_code == 422


def test_deep_nesting_in_any_field_is_refused(alices_browser: Browser, pad: dict[str, Any]) -> None:
    deep = b'{"display_name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for method, path in (("POST", "/api/pad"), ("PATCH", f"/api/pad/{pad['id']}")):
        answer = alices_browser(method, path, data=deep, headers=JSON)
        assert answer.status_code in (400, 422)


def test_ten_thousand_unknown_fields_are_refused(alices_browser: Browser) -> None:
    body = json.dumps(dict.fromkeys(map(str, range(10_000)), 1))
    answer = alices_browser("POST", "/api/pad", data=body, headers=JSON)
    assert answer.status_code == 422


def test_what_only_looks_like_a_large_number_is_kept(
    alices_browser: Browser, pad: dict[str, Any], sql: SqlConnection
) -> None:
    """Ids in hexadecimal digits, as some tools make them, look full of exponents."""
    scene = {"elements": [f"7e{number:06}-{number}e99999" for number in range(20_000)]}
    made = alices_browser("POST", "/api/pad", json={"display_name": "x", "data": scene})
    assert ok(made, 201)["data"]["elements"] == scene["elements"]
    sql.execute("DELETE FROM pad_ws.pads WHERE id = %s", [made.json()["id"]])


def test_after_all_that_the_service_still_serves(
    alices_browser: Browser, pad: dict[str, Any]
) -> None:
    assert ok(alices_browser("GET", "/api/pad")) == [pad]


def test_the_largest_body_that_is_allowed_is_kept(
    alices_browser: Browser, sql: SqlConnection
) -> None:
    frame = b'{"display_name": "x", "data": {"files": ""}}'
    text = b"x" * (20 * MILLION - len(frame))
    body = frame.replace(b'""', b'"' + text + b'"')
    assert len(body) == 20 * MILLION
    made = ok(alices_browser("POST", "/api/pad", data=body, headers=JSON), 201)
    assert made["data"]["files"] == text.decode()
    sql.execute("DELETE FROM pad_ws.pads WHERE id = %s", [made["id"]])


@pytest.mark.parametrize(
    "coding", ["gzip", "x-gzip", "br", "zstd", "deflate", "nonsense", "gzip, identity", "\xff"]
)
def test_a_body_in_a_coding_is_refused_by_saying_that_none_is_taken(
    alice: Client, pad: dict[str, Any], coding: str
) -> None:
    for body in (b'{"elements": []}', gzip.compress(b'{"elements": []}')):
        answer = alice.post(
            f"/api/pad/{pad['id']}",
            data=body,
            headers={"Content-Encoding": coding},
            content_type="application/json",
        )
        assert_problem(answer, 415, "content_coding_unknown")
        assert answer.headers["Accept-Encoding"] == "identity"
    assert ok(alice.get("/api/pad")) == [pad]
