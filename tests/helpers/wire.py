"""HTTP as bytes, for requests that no library sends."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable
from dataclasses import dataclass
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
