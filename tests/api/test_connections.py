"""What happens on a connection before a request reaches the application, and after its answer."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from padws.embedded import ends_with_parent, temporary
from padws.embedded.startup import LOOPBACK, free_port, http_status
from padws.embedded.temporary import Service
from tests.api.conftest import SignedIn, SqlConnection
from tests.helpers import people, wire
from tests.helpers.contract import check_problem
from tests.helpers.waiting import wait_until

#: Answered before its body is read: 404, 405, 401.
UNREAD = [
    ("POST", "/api/nothing", 404),
    ("POST", "/healthz", 405),
    ("POST", "/api/pad", 401),
]

LARGE = b" " * 5_000_000

PAD = "/api/pad/00000000-0000-4000-8000-000000000000"
WAITING = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'relation'"
)


@pytest.fixture
def url(gunicorn: Service) -> str:
    return gunicorn.url


@pytest.fixture
def cookie(signed_in: SignedIn) -> str:
    return f"{people.COOKIE}={signed_in.cookies['alice']}"


@pytest.fixture
def nginx(url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of an nginx in front that does not collect bodies."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        pytest.skip("no nginx on the PATH")
    port, settings = free_port(), tmp_path / "nginx.conf"
    paths = "".join(
        f"{kind}_temp_path {tmp_path}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    settings.write_text(
        f"daemon off; user root; pid {tmp_path}/pid; error_log stderr; events {{}} "
        f"http {{ access_log off; {paths} server {{ listen {LOOPBACK}:{port}; "
        f"client_max_body_size 0; location / {{ proxy_pass {url}; proxy_http_version 1.1; "
        "proxy_request_buffering off; } } }\n"
    )
    server = ends_with_parent.start("nginx", [program, "-c", settings], log=tmp_path / "log")
    try:
        wait_until(lambda: http_status(port, "/healthz") == 200)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.stop()


def statuses(connection: socket.socket, number: int) -> list[int]:
    """The statuses of the next answers, which may come in one piece."""
    answers = b""
    while len(found := re.findall(rb"HTTP/1.1 (\d+) ", answers)) < number:
        received = connection.recv(65_536)
        assert received, answers
        answers += received
    return [int(status) for status in found]


class TestBodiesThatNobodyReads:
    def test_a_request_that_comes_right_behind_one_is_answered(self, url: str) -> None:
        """Both may arrive at once, and nothing after them: there is no more to wait for."""
        for method, path, status in UNREAD:
            body = b"{}" * 50
            first = wire.request(method, path, f"Content-Length: {len(body)}", body=body)
            with wire.connect(url) as connection:
                connection.sendall(first + wire.request("GET", "/healthz") + first)
                assert statuses(connection, 3) == [status, 200, status]

    def test_chunks_are_passed_over_too(self, url: str) -> None:
        body = b'8;a=b\r\n{"a": 1}\r\n2\r\n  \r\n0\r\nX-Trailer: y\r\n\r\n'
        first = wire.request("POST", "/api/nothing", "Transfer-Encoding: chunked", body=body)
        with wire.connect(url) as connection:
            connection.sendall(first + wire.request("GET", "/healthz") + first)
            assert statuses(connection, 3) == [404, 200, 404]

    @pytest.mark.parametrize(
        "body",
        [
            b"2 \r\nab\r\n0\r\n\r\n",
            b"2\r\nabXX0\r\n\r\n",
            b"2\r\nab\r\n0\r\nX y\r\n\r\n",
            b"2;a\rb\r\nab\r\n0\r\n\r\n",
        ],
    )
    @pytest.mark.parametrize("path", ["/auth/backchannel-logout", "/api/nothing"])
    def test_chunks_that_are_refused_are_the_connections_end(
        self, url: str, path: str, body: bytes
    ) -> None:
        """What follows must not count as a request: nobody knows where they end."""
        form = ("Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked")
        smuggled = wire.request("GET", "/healthz")
        with wire.connect(url) as connection:
            connection.sendall(wire.request("POST", path, *form, body=body) + smuggled)
            answer = wire.read(connection)
            assert answer.status in (400, 404)
            assert wire.is_closed(connection)

    @pytest.mark.parametrize(
        "beginning", [b"0\r\n", b"0\r\nX: ", b"2;", b"0"], ids=["lines", "line", "name", "size"]
    )
    def test_lines_among_chunks_have_an_end(self, url: str, beginning: bytes) -> None:
        form = ("Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked")
        more = b"X: y\r\n" * 14_000 if beginning == b"0\r\n" else b"0" * 80_000
        with wire.connect(url) as connection:
            begin = wire.request("POST", "/auth/backchannel-logout", *form, body=beginning)
            connection.sendall(begin + more)
            assert wire.read(connection).status == 400

    @pytest.mark.parametrize("framing", ["Content-Length: 5000000", "Transfer-Encoding: chunked"])
    def test_a_client_that_reads_only_after_sending_gets_the_answer(
        self, url: str, framing: str
    ) -> None:
        """If nobody took the rest, the connection would be reset, and the answer lost."""
        headers = ("Cookie: session_id=unknown", "Content-Type: application/json", framing)
        body = LARGE if "Length" in framing else b"%x\r\n%s\r\n0\r\n\r\n" % (len(LARGE), LARGE)
        with wire.connect(url) as connection:
            connection.sendall(wire.request("POST", "/api/pad", *headers) + body)
            answer = wire.read(connection)
            assert wire.is_closed(connection)
        assert (answer.status, answer.headers["Connection"]) == (401, "close")
        answer.check_problem()

    def test_so_does_a_proxy_that_sends_it_on_as_it_comes(self, url: str, nginx: str) -> None:
        for _ in range(5):
            headers = ("Cookie: session_id=unknown", f"Content-Length: {len(LARGE)}")
            answer = wire.exchange(nginx, wire.request("POST", "/api/pad", *headers) + LARGE)
            assert (answer.status, answer.check_problem()) == (401, "sign_in_required")


@pytest.mark.parametrize("length", [2**21 - 1, 2**21, 2**21 + 1, 2**22 - 48])
def test_a_large_body_arrives_whole_whatever_its_length(url: str, cookie: str, length: int) -> None:
    """From 2 MB on its memory is asked for in huge pages; it may end right where one does."""
    before, after = b'{"display_name": "Large", "data": {"elements": [], "note": "', b'"}}'
    note = (b"0123456789" * (length // 10))[: length - len(before) - len(after)]
    headers = (f"Cookie: {cookie}", "Content-Type: application/json", f"Content-Length: {length}")
    content = wire.request("POST", "/api/pad", *headers) + before + note + after
    answer = wire.exchange(url, content)
    assert answer.status == 201
    assert json.loads(answer.body)["data"]["note"] == note.decode()


class TestHeads:
    @pytest.mark.parametrize("size", [9_000, 16_384, 60_000])
    def test_a_long_token_gets_through(self, url: str, size: int) -> None:
        header = f"Authorization: Bearer {'a' * size}"
        answer = wire.exchange(url, wire.request("GET", "/api/users/me", header))
        assert (answer.status, answer.check_problem()) == (401, "invalid_token")

    @pytest.mark.parametrize("size", [9_000, 60_000])
    def test_a_long_code_gets_through(self, url: str, size: int) -> None:
        path = f"/auth/callback?state=x&code={'c' * size}"
        answer = wire.exchange(url, wire.request("GET", path))
        assert answer.status not in (414, 431)
        assert answer.headers["X-Request-ID"]

    def test_a_head_that_comes_byte_by_byte_is_one(self, url: str, cookie: str) -> None:
        content = wire.request("GET", "/api/users/me", f"Cookie: {cookie}")
        with wire.connect(url) as connection:
            for index in range(len(content)):
                connection.sendall(content[index : index + 1])
            assert wire.read(connection).status == 200

    @pytest.mark.parametrize(
        "lines",
        [
            ("Cookie: a=b", "Cookie: {}"),
            ("Cookie: {}", "Cookie: a=b", "Cookie: c=d"),
            ("cookie: a=b; c=d", "X-A: 1", "COOKIE: {}"),
        ],
        ids=str,
    )
    def test_cookies_in_several_lines_are_one_list(
        self, url: str, cookie: str, lines: tuple[str, ...]
    ) -> None:
        headers = [line.format(cookie) for line in lines]
        assert wire.exchange(url, wire.request("GET", "/api/users/me", *headers)).status == 200


#: What does not reach the application, and how it is answered.
REFUSED = [
    (b"GET\r\n\r\n", 400, "bad_request"),
    (b"\r\n\r\n", 400, "bad_request"),
    (b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
    (b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", 400, "bad_request"),
    (b"GET <script> HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "bad_request"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX A: y\r\n\r\n", 400, "bad_request"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400, "bad_request"),
    (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long"),
    (b"GET /" + b"x" * 200_000, 414, "uri_too_long"),
    (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        431,
        "head_too_large",
    ),
    (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 200_000, 431, "head_too_large"),
    (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * 101 + b"\r\n",
        431,
        "head_too_large",
    ),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417, "expectation_failed"),
    *(
        (
            b"POST /api/pad HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n0\r\n\r\n",
            status,
            {400: "bad_request", 501: "transfer_coding_unknown"}[status],
        )
        for framing, status in [
            (b"Transfer-Encoding: gzip, chunked", 501),
            (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
            (b"Transfer-Encoding: deflate,chunked", 501),
            (b"Transfer-Encoding: identity, chunked", 501),
            (b"Transfer-Encoding: chunked, chunked", 501),
            (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501),
            (b"Transfer-Encoding: chunked, gzip", 501),
            (b"Transfer-Encoding: chunked, identity", 501),
            (b"Transfer-Encoding: identity", 501),
            (b"Transfer-Encoding: gzip", 501),
            (b"Transfer-Encoding: xchunked", 501),
            (b'Transfer-Encoding: "chunked"', 501),
            (b"Transfer-Encoding: chunked;q=1", 501),
            (b"Transfer-Encoding: , chunked", 501),
            (b"Transfer-Encoding:", 501),
            (b"Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
            (b"Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
            (b"Content-Length: 5\r\nContent-Length: 5", 400),
            (b"Content-Length: 5, 5", 400),
            (b"Content-Length: +5", 400),
            (b"Content-Length: 5\r\nContent-Type: text/plain\r\nContent-Type: text/html", 400),
        ]
    ),
]


class TestWhatDoesNotGetToTheApplication:
    @pytest.mark.parametrize(
        ("content", "status", "code"), REFUSED, ids=lambda each: ascii(each)[:60]
    )
    def test_is_a_problem_like_any_other(
        self, url: str, content: bytes, status: int, code: str
    ) -> None:
        with wire.connect(url) as connection:
            connection.sendall(content + wire.request("GET", "/healthz"))
            answer = wire.read(connection)
            assert wire.is_closed(connection), "what follows cannot be trusted"
        assert (answer.status, answer.check_problem()) == (status, code)
        problem = check_problem(answer.status, answer.headers, answer.body)
        assert problem["request_id"] == answer.headers["X-Request-ID"]
        assert answer.headers["Connection"] == "close"
        assert answer.headers["Date"]

    def test_has_the_headers_that_the_applications_own_problems_have(self, url: str) -> None:
        ours = wire.exchange(url, b"GET\r\n\r\n").headers
        theirs = wire.exchange(url, wire.request("GET", "/api/nothing")).headers
        assert set(ours) ^ set(theirs) <= {"Vary", "Server"}
        for name in ("Content-Security-Policy", "Referrer-Policy", "Cache-Control"):
            assert ours[name] == theirs[name]

    def test_behind_tls_that_is_said_too(self, environment: dict[str, str], tmp_path: Path) -> None:
        settings = {**environment, "REDIRECT_URI": "https://pad.example.org/auth/callback"}
        with temporary.running_service(settings, tmp_path / "log") as service:
            assert wire.exchange(service.url, b"GET\r\n\r\n").headers["Strict-Transport-Security"]


class TestClientsThatHaveGone:
    """Nobody waits for what they have asked for. A lock keeps PostgreSQL from answering it."""

    @pytest.fixture
    def pads(self, sql: SqlConnection) -> Iterator[None]:
        with sql.transaction():
            sql.execute("LOCK TABLE pad_ws.pads")
            yield

    @pytest.fixture
    def waiting(self, signed_in: SignedIn) -> Iterator[Callable[[], int]]:
        """Count the statements that wait for the lock."""
        with psycopg.connect(signed_in.database_url, autocommit=True) as other:
            yield lambda: len(other.execute(WAITING).fetchall())

    @pytest.mark.parametrize("path", ["/api/pad?q=plan", f"{PAD}/elements/i/history"])
    def test_what_takes_long_is_cancelled(
        self, url: str, cookie: str, pads: None, waiting: Callable[[], int], path: str
    ) -> None:
        content = wire.request("GET", path, f"Cookie: {cookie}")
        answer = wire.exchange(url, content, end=True)
        assert (answer.status, answer.check_problem()) == (400, "client_gone")
        assert waiting() == 0

    def test_it_is_behind_a_proxy_too(
        self, nginx: str, cookie: str, pads: None, waiting: Callable[[], int], gunicorn: Service
    ) -> None:
        with wire.connect(nginx) as connection:
            connection.sendall(wire.request("GET", "/api/pad?q=nginx", f"Cookie: {cookie}"))
            wait_until(lambda: waiting() == 1)
        wait_until(lambda: waiting() == 0)
        wait_until(lambda: "GET /api/pad 400" in gunicorn.log.read_text())

    def test_one_that_waits_gets_the_answer(
        self, url: str, cookie: str, sql: SqlConnection, waiting: Callable[[], int]
    ) -> None:
        with wire.connect(url) as connection:
            with sql.transaction():
                sql.execute("LOCK TABLE pad_ws.pads")
                connection.sendall(wire.request("GET", "/api/pad?q=plan", f"Cookie: {cookie}"))
                wait_until(lambda: waiting() == 1)
                sql.execute("SELECT pg_sleep(0.3)")  # it has been asked whether the client is gone
            assert wire.read(connection).status == 200
