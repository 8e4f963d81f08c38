"""HTTP as bytes, for requests that no library sends."""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.helpers.contract import check_problem


@dataclass(frozen=True)
class Answer:
    """What came back on a connection, if anything did."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def check_problem(self) -> str:
        """Assert that it is a problem; its code."""
        return str(check_problem(self.status, self.headers, self.body)["code"])


def connect(url: str, source: str = "") -> socket.socket:
    """A connection to a service, from an address; waiting longer than a minute is an error."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), 60, (source, 0))


def request(method: str, path: str, *headers: str, body: bytes = b"", host: bool = True) -> bytes:
    """The bytes of a request; each header is a line."""
    lines = [f"{method} {path} HTTP/1.1", *(["Host: localhost"] if host else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def exchange(url: str, content: bytes, *, end: bool = False) -> Answer:
    """Send bytes (and say, if `end`, that no more will come); the first answer to them."""
    with connect(url) as connection:
        send(connection, [content])
        if end:
            connection.shutdown(socket.SHUT_WR)
        return read(connection)


def is_read(connection: socket.socket) -> bool:
    """Whether a process of this machine has accepted the connection, and read all that was sent."""
    ends = [_as_in_proc(*end) for end in (connection.getpeername(), connection.getsockname())]
    lines = map(str.split, Path("/proc/net/tcp").read_text().splitlines())
    ((queues, inode),) = ((line[4], line[9]) for line in lines if line[1:3] == ends)
    return inode != "0" and queues.endswith(":00000000")


def _as_in_proc(host: str, port: int) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"


def is_closed(connection: socket.socket) -> bool:
    """Wait until the other side sends something; whether it closes the connection instead."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def send(connection: socket.socket, parts: Iterable[bytes]) -> int:
    """Send until the other side stops reading; how many parts were sent."""
    sent = 0
    try:
        for part in parts:
            connection.sendall(part)
            sent += 1
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


def read(connection: socket.socket) -> Answer:
    """The next answer on a connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return Answer(response.status, response.msg, response.read())
