"""What a connection takes for a whole request, however it is cut up; how it sends the answer."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidHeader, InvalidResponseHeader

from padws.client_connection import LONGEST_HEAD, Connection, Socket
from padws.config import load_settings
from padws.worker import _counted, _problem_of_head, hold_settings
from tests.helpers import wire

CHUNKED = "Transfer-Encoding: chunked"

WHOLE = {
    "no body": wire.request("GET", "/"),
    "an empty body": wire.request("POST", "/", "Content-Length: 0"),
    "a body": wire.request("POST", "/", "content-LENGTH:  5 ", body=b"\r\n\r\n1"),
    "a body after much else": wire.request(
        "POST", "/", "X-Content-Length: 9", "X: Content-Length: 9", "Content-Length: 1", body=b"1"
    ),
    "no chunk": wire.request("POST", "/", CHUNKED, body=b"0\r\n\r\n"),
    "chunks": wire.request(
        "POST", "/", CHUNKED, body=b"2\r\n{}\r\n00A;x=y\r\n0123456789\r\n0\r\n\r\n"
    ),
    "chunks like ends": wire.request("POST", "/", CHUNKED, body=b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"),
    "trailers": wire.request("POST", "/", CHUNKED, body=b"1\r\n1\r\n0\r\nX: 0\r\nY: 1\r\n\r\n"),
}


class Pair:
    """Both ends of a connection."""

    def __init__(self) -> None:
        accepted, self.client = socket.socketpair()
        self.connection = Connection(Config(), accepted, "", "", load_settings({}))

    def send(self, content: bytes) -> bool:
        self.client.sendall(content)
        return self.connection.receive()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.client.close()
    made.connection.close()


@pytest.mark.parametrize("name", WHOLE)
def test_a_request_is_whole_with_its_last_byte_and_not_before(name: str, pair: Pair) -> None:
    content = WHOLE[name]
    for index in range(len(content) - 1):
        assert not pair.send(content[index : index + 1]), content[: index + 1]
    assert pair.send(content[-1:])
    assert pair.connection.is_whole


@pytest.mark.parametrize("name", WHOLE)
def test_what_comes_behind_it_is_the_next(name: str, pair: Pair) -> None:
    """All at once; the parser gets each in its turn, and nothing is lost between them."""
    content, connection = WHOLE[name], pair.connection
    assert pair.send(content * 3 + content[:-1])
    for _ in range(3):
        assert connection.is_ready()
        assert connection.is_whole
        connection.init()
        request = next(connection.parser)
        assert request.uri == "/"
        assert connection.finish_request(75)
    assert not connection.has_another(0)
    assert pair.send(content[-1:])


def test_a_head_without_end_is_not_waited_for(pair: Pair) -> None:
    assert not pair.send(b"G" * LONGEST_HEAD)
    assert pair.send(b"G")
    assert pair.connection.is_whole


@pytest.mark.parametrize(
    "content",
    [
        wire.request("POST", "/", "Content-Length: 5, 5"),
        wire.request("POST", "/", "Content-Length: +5"),
        wire.request("POST", "/", "Content-Length : 5"),
        wire.request("POST", "/", "Content-Length: 5", "Expect: the-best"),
        wire.request("POST", "/", CHUNKED, body=b"no size\r\n"),
        wire.request("POST", "/", CHUNKED, body=b"-1\r\n"),
        wire.request("POST", "/", CHUNKED, body=b"0x1\r\n"),
        wire.request("POST", "/", CHUNKED, body=b"\r\n"),
    ],
    ids=lambda content: ascii(content[-20:]),
)
def test_what_only_gunicorn_can_tell_goes_to_the_threads_that_may_wait(
    content: bytes, pair: Pair
) -> None:
    assert pair.send(content)
    assert not pair.connection.is_whole


def test_a_thread_for_whole_requests_waits_for_nobody(pair: Pair) -> None:
    assert pair.send(wire.request("POST", "/", "Content-Length: 2", body=b"{}"))
    pair.connection.init()
    assert [pair.connection.next_piece() for _ in range(3)][1:] == [b"{}", b""]


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", CHUNKED])
def test_of_a_large_body_a_thread_takes_what_is_there(framing: str, pair: Pair) -> None:
    head = wire.request("POST", "/", framing)
    assert not pair.send(head + b"fffff\r\n" + b" " * 60_000)
    assert pair.send(b" " * 60_000)
    assert not pair.connection.is_whole


def body_of(pair: Pair, content: bytes, *, length: int, then: bytes = b"") -> bytes:
    """What is read of a body of that length; without anything `then` the client leaves."""
    everything = wire.request("POST", "/", f"Content-Length: {length}") + content + then

    def send() -> None:
        pair.client.sendall(everything)
        if not then:
            pair.client.close()

    with ThreadPoolExecutor(1) as sender:
        sender.submit(send)
        while not pair.connection.receive():
            pass
        pair.connection.init()
        return bytes(next(pair.connection.parser).body.read(length))


# Shorter than what is taken at once, longer, and so long that the kernel gives it large pages.
SIZES = [2, 65_536, 65_537, 300_000, 5_000_000]


@pytest.mark.parametrize("size", SIZES)
def test_a_body_is_read_to_its_end_and_no_further(size: int, pair: Pair) -> None:
    content = random.Random(size).randbytes(size)
    following = wire.request("GET", "/next")
    assert body_of(pair, content, length=size, then=following) == content
    assert pair.connection.finish_request(75)
    while not pair.connection.has_another(1000):
        pass
    pair.connection.init()
    assert next(pair.connection.parser).uri == "/next"


@pytest.mark.parametrize("size", SIZES)
def test_of_a_body_that_is_cut_off_what_was_sent_is_read(size: int, pair: Pair) -> None:
    content = random.Random(size).randbytes(size)
    assert body_of(pair, content, length=size + 1) == content
    assert pair.connection.has_ended


def test_a_body_that_does_not_come_is_not_waited_for_any_longer(pair: Pair) -> None:
    assert pair.send(wire.request("POST", "/", "Content-Length: 100000", body=b" " * 70_000))
    pair.connection.sock.patience = 0.01
    pair.connection.init()
    request = next(pair.connection.parser)
    with pytest.raises(TimeoutError):
        request.body.read(100_000)
    assert request.should_close()


def test_a_body_that_is_too_large_is_refused_at_once(pair: Pair) -> None:
    assert pair.send(wire.request("POST", "/", "Content-Length: 20000001"))


# Answers


def sent_in(*pieces: bytes) -> list[int]:
    """The sizes in which pieces of an answer are handed to the system."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, Socket(ours, patience=1) as sender:
        for piece in pieces:
            sender.sendall(piece)
        sender.flush()
        sender.flush()  # of nothing
        sender.shutdown(socket.SHUT_WR)
        return [len(piece) for piece in iter(lambda: theirs.recv(100_000), b"")]


def test_a_head_and_a_short_body_are_sent_at_once() -> None:
    assert sent_in(b"head", b"body") == [8]
    assert sent_in(b"head") == [4]


def test_a_longer_body_is_not_copied_behind_the_head() -> None:
    assert sent_in(b"head", b" " * 60_000, b"end") == [4, 60_000, 3]


def test_a_header_that_cannot_be_sent_is_no_mistake_of_the_client() -> None:
    assert _problem_of_head(InvalidHeader("X")).status == 400
    assert _problem_of_head(InvalidResponseHeader("X")).status == 500


# Connections


def test_a_head_is_read_without_searching_for_settings(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_settings(pair.connection.cfg)
    monkeypatch.delattr(Config, "__getattr__")
    assert pair.send(wire.request("GET", "/"))
    pair.connection.init()
    assert next(pair.connection.parser).path == "/"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:0:0:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
    ],
)
def test_connections_count_for_an_address_or_a_network(address: str, counted: str) -> None:
    assert _counted(address) == counted
