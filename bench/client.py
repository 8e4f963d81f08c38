"""HTTP for one connection at a time: for single requests, and for drawing at a person's pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import click

#: In a body: a number that is higher each time it is sent, of as many digits.
RISING = b"@" * 16

_PIECE = 262_144  # bytes


def rising_number() -> int:
    """Higher each time: microseconds."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Request:
    """A request of one person."""

    method: str
    path: str
    cookie: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self, host: str) -> bytes:
        """The bytes that go over the wire."""
        return self.head(host) + self.body

    def head(self, host: str) -> bytes:
        """What goes before the body."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        if self.cookie:
            lines.append(f"Cookie: session_id={self.cookie}")
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "\r\n"]).encode()


def _pieces(body: bytes) -> Iterator[bytes | memoryview]:
    """A body with a number in place of RISING, in pieces: a large one is not copied whole."""
    view, at = memoryview(body), body.find(RISING)
    if at >= 0:
        yield view[:at]
        yield str(rising_number()).encode()
        view = view[at + len(RISING) :]
    for begin in range(0, len(view), _PIECE):
        yield view[begin : begin + _PIECE]


@dataclass(frozen=True)
class Answer:
    """An answer; `size` is all of its bytes, head and body."""

    status: int
    headers: dict[str, str]
    body: bytes
    size: int


class Connection:
    """A connection that is kept open."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._host = urlsplit(url).netloc
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect to the service."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
        return cls(url, reader, writer)

    async def ask(self, request: Request) -> Answer:
        """Send a request and read its answer.

        Raises ClickException when the connection breaks.
        """
        try:
            self._writer.write(request.head(self._host))
            for piece in _pieces(request.body):
                self._writer.write(piece)
                await self._writer.drain()
            return await self._read()
        except (OSError, EOFError) as error:
            raise click.ClickException(
                f"{request.method} {request.path}: the connection broke: {error}"
            ) from None

    async def _read(self) -> Answer:
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").rstrip().split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        if headers.get("transfer-encoding") == "chunked":
            size, body = await self._read_chunks()
        else:
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
            size = len(body)
        return Answer(int(status.split()[1]), headers, body, len(head) + size)

    async def _read_chunks(self) -> tuple[int, bytes]:
        """How many bytes a chunked body takes on its way, and the body."""
        size, body = 0, bytearray()
        while True:
            line = await self._reader.readuntil(b"\r\n")
            chunk = await self._reader.readexactly(int(line, 16) + len(b"\r\n"))
            size += len(line) + len(chunk)
            body += chunk[:-2]
            if len(chunk) == len(b"\r\n"):
                return size, bytes(body)

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()


def ask(url: str, request: Request) -> Answer:
    """Ask once."""

    async def once() -> Answer:
        connection = await Connection.open(url)
        try:
            return await connection.ask(request)
        finally:
            await connection.close()

    return asyncio.run(once())
