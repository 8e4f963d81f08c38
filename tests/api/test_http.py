"""What only a real server shows: how bodies arrive, and requests that no library would send."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from padws.embedded import temporary
from tests.api.conftest import ClientOf, Configure, SignedIn
from tests.api.pads import make_pad
from tests.helpers import people, wire
from tests.helpers.contract import Client, ok
from tests.helpers.drawings import drawing, without_mark
from tests.helpers.wire import Answer

SCENE = json.dumps(drawing(2)).encode()


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    return make_pad(alice)


@pytest.fixture
def url(gunicorn: temporary.Service) -> str:
    return gunicorn.url


@pytest.fixture
def cookie(signed_in: SignedIn) -> str:
    return f"Cookie: {people.COOKIE}={signed_in.cookies['alice']}"


@pytest.fixture
def head(pad: dict[str, Any], cookie: str) -> tuple[str, ...]:
    """The beginning of a save, without the header for its length."""
    return ("POST", f"/api/pad/{pad['id']}", cookie, "Content-Type: application/json")


def chunked(*chunks: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + last


class TestWholeBodies:
    @pytest.mark.parametrize("size", [1, 7, 100, 100_000])
    def test_a_body_in_chunks_is_saved(
        self, alice: Client, url: str, pad: dict[str, Any], head: tuple[str, ...], size: int
    ) -> None:
        chunks = [SCENE[start : start + size] for start in range(0, len(SCENE), size)]
        start = wire.request(*head, "Transfer-Encoding: chunked")
        assert wire.exchange(url, start + chunked(*chunks)).status == 200
        saved = ok(alice.get(f"/api/pad/{pad['id']}"))
        assert without_mark(saved["data"]) == drawing(2)

    def test_chunks_may_have_extensions_and_trailers(self, url: str, head: tuple[str, ...]) -> None:
        body = b'8;name="x"\r\n{"a": 1}\r\n0\r\nX-Trailer: y\r\n\r\n'
        start = wire.request(*head, "Transfer-Encoding: chunked")
        assert wire.exchange(url, start + body).status == 200

    def test_a_client_that_asks_whether_to_go_on_is_told_to(
        self, url: str, head: tuple[str, ...]
    ) -> None:
        start = wire.request(*head, f"Content-Length: {len(SCENE)}", "Expect: 100-continue")
        with wire.connect(url) as connection:
            connection.sendall(start)
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
            connection.sendall(SCENE)
            assert wire.read(connection).status == 200

    def test_a_connection_serves_one_request_after_the_other(
        self, url: str, head: tuple[str, ...]
    ) -> None:
        save = wire.request(*head, f"Content-Length: {len(SCENE)}", body=SCENE)
        with wire.connect(url) as connection:
            for version in (2, 3, 4):
                connection.sendall(save)
                assert json.loads(wire.read(connection).body)["version"] == version

    def test_the_old_protocol_is_understood(self, url: str, cookie: str) -> None:
        content = f"GET /api/users/me HTTP/1.0\r\n{cookie}\r\n\r\n".encode()
        assert wire.exchange(url, content).status == 200


class TestBrokenBodies:
    """Bodies that do not arrive whole: nothing of them is saved."""

    @pytest.fixture(autouse=True)
    def nothing_is_saved(self, alice: Client, pad: dict[str, Any]) -> Iterator[None]:
        yield
        assert ok(alice.get("/api/pad")) == [pad]
        assert ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"] == []

    @pytest.mark.parametrize("missing", [1, 100, 10_000_000])
    @pytest.mark.parametrize("sent", [b'{"a": 1}', b'{"a": 1', b"", b'{"a": 1}   '])
    def test_a_body_shorter_than_announced(
        self, url: str, head: tuple[str, ...], sent: bytes, missing: int
    ) -> None:
        start = wire.request(*head, f"Content-Length: {len(sent) + missing}")
        answer = wire.exchange(url, start + sent, end=True)
        assert (answer.status, answer.check_problem()) == (400, "body_incomplete")

    @pytest.mark.parametrize(
        "rest",
        [
            b"",
            b"0\r\n",
            b"5\r\nab",
            b"zz\r\n\r\n",
            b"-1\r\n\r\n",
            b"\r\n",
            b"1\r\nxx\r\n0\r\n\r\n",
            b"0x1\r\nx\r\n0\r\n\r\n",
            b"ffffffffffffffffff\r\nx",
            b"1\nx\n0\n\n",
            b" 1\r\n \r\n0\r\n\r\n",
            b"\x00\r\n\r\n",
            b"1" * 100_000,
        ],
    )
    def test_chunks_that_are_none_or_end_too_early(
        self, url: str, head: tuple[str, ...], rest: bytes
    ) -> None:
        start = wire.request(*head, "Transfer-Encoding: chunked")
        body = chunked(b'{"a": 1}', last=rest)
        answer = wire.exchange(url, start + body, end=True)
        assert (answer.status, answer.check_problem()) == (400, "body_incomplete")

    def test_a_body_without_a_length(self, url: str, head: tuple[str, ...]) -> None:
        answer = wire.exchange(url, wire.request(*head) + b'{"a": 1}', end=True)
        assert (answer.status, answer.check_problem()) == (400, "invalid_json")

    @pytest.mark.parametrize(
        "length", ["x", "-1", "1, 2", "0x8", "+8", "8 8", "٨", "9" * 30, "1e3"]
    )
    def test_a_length_that_is_none(self, url: str, head: tuple[str, ...], length: str) -> None:
        header = f"Content-Length: {length}".encode().decode("latin-1")
        answer = wire.exchange(url, wire.request(*head, header) + b'{"a": 1}', end=True)
        assert 400 <= answer.status < 500
        assert_no_inside(answer)

    @pytest.mark.parametrize(
        "headers",
        [
            ("Transfer-Encoding: chunked", "Content-Length: 8"),
            ("Content-Length: 8", "Transfer-Encoding: chunked"),
            ("Content-Length: 8", "Content-Length: 9"),
            ("Transfer-Encoding: gzip",),
            ("Transfer-Encoding: chunked, identity",),
            ("Transfer-Encoding: chunked, chunked",),
            ("Transfer-Encoding: xchunked",),
            ("Transfer-Encoding : chunked",),
            ("Transfer-Encoding:\x0bchunked",),
            ("Transfer-Encoding: gzip, chunked",),
        ],
        ids=str,
    )
    def test_a_length_that_two_servers_could_read_in_two_ways(
        self, url: str, head: tuple[str, ...], headers: tuple[str, ...]
    ) -> None:
        answer = wire.exchange(url, wire.request(*head, *headers) + b'{"a": 1}', end=True)
        assert 400 <= answer.status < 500 or answer.status == 501
        assert_no_inside(answer)


def assert_no_inside(answer: Answer) -> None:
    """Assert that an answer which the server itself gives reveals nothing internal."""
    assert b"Traceback" not in answer.body
    assert b"padws" not in answer.body


class TestTooLarge:
    def test_the_announcement_is_enough_to_be_refused(
        self, url: str, head: tuple[str, ...]
    ) -> None:
        """Not a byte of the body is sent."""
        answer = wire.exchange(url, wire.request(*head, "Content-Length: 20000001"))
        assert (answer.status, answer.check_problem()) == (413, "body_too_large")

    def test_nor_is_more_than_the_limit_read_in_chunks(
        self, url: str, head: tuple[str, ...]
    ) -> None:
        """The client could send more: the server stops reading."""
        chunk = chunked(b" " * 1_000_000, last=b"")
        with wire.connect(url) as connection:
            connection.sendall(wire.request(*head, "Transfer-Encoding: chunked"))
            sent = wire.send(connection, itertools.repeat(chunk, 100))
            assert 20 <= sent < 60

    def test_one_chunk_beyond_the_limit_is_refused(self, url: str, head: tuple[str, ...]) -> None:
        body = chunked(b"[" * 20_000_001, last=b"0\r\n\r\n")
        with wire.connect(url) as connection:
            wire.send(connection, [wire.request(*head, "Transfer-Encoding: chunked"), body])
            answer = wire.read(connection)
        assert (answer.status, answer.check_problem()) == (413, "body_too_large")

    def test_the_limit_is_a_setting(
        self, configure: Configure, client_of: ClientOf, pad: dict[str, Any]
    ) -> None:
        alice = client_of(configure(MAX_BODY_BYTES="1000"), "alice")
        for size, status in ((1001, 413), (1000, 200)):
            body = b'{"a": 1}'.ljust(size)
            path = f"/api/pad/{pad['id']}"
            answer = alice.post(path, data=body, content_type="application/json")
            assert answer.status_code == status


class TestOddRequests:
    """None of these is worse than a 4xx."""

    @pytest.mark.parametrize(
        "path",
        [
            "/api/pad?data=%00",
            "/api/pad?data=%FF",
            "/api/pad?data=false%00",
            "/api/pad?data=%ED%A0%80",
            "/api/pad?%00=1",
            "/api/pad?%FF=%FE",
            "/api/pad?data",
            "/api/pad?data=&data=",
            "/api/pad?=&&&=;",
            "/api/pad?%",
            "/api/pad?%zz=%z",
            "/api/pad?" + "a=1&" * 900,
            "/api/pad/recent?limit=%00",
            "/api/pad/recent?limit=%D9%A1%FF",
            "/api/pad/%00",
            "/api/pad/%FF%FE",
            "/api/pad/%ED%A0%80",
            "/api/pad/%",
            "/api/pad/%zz",
            "/api/pad/%2e%2e/users",
            "/api/pad/../users/me",
            "/api/./pad",
            "/api/pad;x=1",
            "/api/pad%3Fdata=false",
            "/api/templates/%00",
            "/api/templates/%FF",
            "/api/templates/a%2Fb",
            "/api/templates/%E2%80%AE",
            "/api/users/me%00",
            "/auth/login?next=%00",
            "/auth/login?kc_idp_hint=%00%FF",
            "/auth/login?kc_idp_hint=" + "x" * 3000,
            "/auth/callback?state=%00&code=%FF",
            "/auth/callback?state[]=1&code[]=2",
            "/pages/%00",
            "/pages/%FF",
            "/%00",
            "/%FF",
            "//api/pad",
            "///",
            "/api/docs/assets/%00",
            "http://localhost/api/users/me",
            "http://evil.example/api/users/me",
            "*",
            "api/pad",
            "/api/p\u00e4d",
            "/" + "x" * 3900,
            "/" + "x" * 100_000,
            "/api/pad\x01",
            "/api/pad#x",
        ],
        ids=lambda path: ascii(path[:40]),
    )
    def test_a_path_or_query(self, url: str, cookie: str, path: str) -> None:
        answer = wire.exchange(url, wire.request("GET", path, cookie))
        assert answer.status < 500
        if answer.headers.get_content_type() == "application/problem+json":
            answer.check_problem()
        else:
            assert_no_traceback(answer)

    @pytest.mark.parametrize(
        "header",
        [
            "Cookie: session_id=\xff\xfe",
            "Cookie: session_id=\xed\xa0\x80",
            "Cookie: session_id=\x80\x81; session_id=x",
            'Cookie: session_id="a\\001\\377"',
            "Cookie: session_id=",
            "Cookie: session_id",
            "Cookie: =;=;;=",
            "Cookie: session_id=a b; c",
            "Cookie: session_id=*",
            "Cookie: session_id=x\r\nCookie: session_id=y",
            "Cookie: session_id=" + "x" * 7000,
            "Cookie: " + "; ".join(f"c{number}=x" for number in range(800)),
            "Authorization: ",
            "Authorization: Bearer",
            "Authorization: Bearer \xff",
            "Authorization: Bearer " + "x" * 7000,
            "Authorization: Bearer a.b.c",
            "Authorization: Basic dXNlcjpwYXNz",
            "Authorization: \xff",
        ],
        ids=lambda header: ascii(header[:50]),
    )
    def test_credentials(self, url: str, header: str) -> None:
        answer = wire.exchange(url, wire.request("GET", "/api/users/me", header))
        assert answer.status == 401
        answer.check_problem()

    @pytest.mark.parametrize(
        "header",
        [
            "If-None-Match: \xff",
            'If-None-Match: "\xff\x80"',
            "If-None-Match: " + '"x", ' * 1500 + '"y"',
            "If-None-Match: " + "9" * 8000,
            'If-None-Match: "' + "9" * 7000 + '"',
            'If-None-Match: "-1"',
            'If-None-Match: "[1,2]"',
            "Accept: \xff",
            "Accept: text/html;q=x",
            "Accept-Language: \xff" + "x" * 5000,
            "Accept-Encoding: \xff",
            "Range: bytes=0-1",
            "Range: \xff",
            "If-Modified-Since: \xff",
            "If-Range: x",
            "Content-Type: \xff",
            "Content-Type: application/json; charset=\xff",
            "X-Forwarded-For: \xff, '; DROP TABLE pads",
            "X-Forwarded-Host: evil.example",
            "X-Forwarded-Proto: \xff",
            "X-HTTP-Method-Override: DELETE",
            "Origin: \xff",
            "Host: evil.example",
            "User-Agent: " + "x" * 8000,
            "Connection: \xff",
            "Upgrade: websocket",
        ],
        ids=lambda header: ascii(header[:50]),
    )
    def test_a_header(self, url: str, pad: dict[str, Any], cookie: str, header: str) -> None:
        """The request is answered as if the header were not there, or refused by the server."""
        answer = wire.exchange(url, wire.request("GET", "/api/pad", cookie, header))
        if answer.status != 200:
            assert 400 <= answer.status < 500
            assert_no_traceback(answer)
        else:
            assert json.loads(answer.body) == [pad]

    @pytest.mark.parametrize(
        "content",
        [
            b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"get /api/pad HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /api/pad HTTP/9.9\r\nHost: x\r\n\r\n",
            b"GET /api/pad HTTP/1.1\r\nHost: x\r\nX-A\r\n\r\n",
            b"GET /api/pad HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
            b"GET /api/pad HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n",
            b"GET /api/pad HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
            b"GET /api/pad HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * 1000 + b"\r\n",
            b"GET /api/pad HTTP/1.1\r\nHost: x\r\n X: folded\r\n\r\n",
            b"G\xc3\x84T /api/pad HTTP/1.1\r\nHost: x\r\n\r\n",
        ],
        ids=lambda content: ascii(content[:40]),
    )
    def test_what_is_no_request(self, url: str, content: bytes) -> None:
        with wire.connect(url) as connection:
            wire.send(connection, [content])
            connection.shutdown(1)
            begin = connection.recv(1000)
        assert not begin or begin.split(b" ")[1].startswith(b"4"), begin

    @pytest.mark.parametrize(
        "host", ["a b", "", "evil.example:99999999", "[::", "\xff", "a/b", "a,b"]
    )
    def test_a_host(self, url: str, cookie: str, host: str) -> None:
        for method, path in (
            ("GET", "/api/users/me"),
            ("DELETE", "/api/pad"),
            ("GET", "/auth/login"),
        ):
            content = wire.request(method, path, cookie, f"Host: {host}", host=False)
            answer = wire.exchange(url, content)
            assert answer.status < 500, path
            assert_no_traceback(answer)


def assert_no_traceback(answer: Answer) -> None:
    assert b"Traceback" not in answer.body
    assert b"psycopg" not in answer.body
