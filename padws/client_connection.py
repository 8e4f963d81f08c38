"""A client's connection: what has arrived of a request, and how long the client may take.

A request goes to a thread once its head has arrived, with its body or a good part of it. Until then
it costs some memory and no thread. Every wait for a client has a deadline.
"""

from __future__ import annotations

import ctypes
import errno
import io
import mmap
import re
import select
import socket
import struct
import time
from collections import deque
from typing import Any

from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import (
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn

from padws.config import Settings

# Bytes a second that a body or an answer must average; Apache asks for half as many.
_SLOWEST = 1_000

# The most bytes of a head: gunicorn's own limits together allow megabytes.
LONGEST_HEAD = 65_536

# Bytes of an incomplete body with which its request goes to a thread anyway.
_ENOUGH = 65_536

# Bytes that are held back until more is sent, or all is: so a head goes together with its body.
_SMALL = 16_384

# Bytes taken from a socket at once; gunicorn's own takes 8,192.
_PIECE = 65_536

# Bytes of a page that the kernel can give instead of 512 small ones.
_HUGE_PAGE = 2_097_152

# Bytes of a chunked body that gunicorn's reader gets at once; and the longest line with a chunk's
# size, or trailers.
_CHUNKED_PIECE, _LONGEST_LINE = 8_192, 8_192

# After the last answer whatever still arrives is thrown away, so that the kernel does not reset the
# connection before the client has read the answer: for how many seconds at first, after each piece,
# and in all.
_LINGERING, _LINGERING_ON, _LINGERING_IN_ALL = 2.0, 5.0, 120.0

# gunicorn accepts any number of leading zeros.
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*([0-9]{1,18})[ \t]*\r\n")
_EXPECTATION = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n")
_CHUNK_SIZE = re.compile(rb"0*([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


_libc = ctypes.CDLL(None)


# A client that has closed its side. Where the system does not tell, only one that has reset it.
_CLOSED = getattr(select, "POLLRDHUP", 0)


class Socket(socket.socket):
    """A client's socket: it waits for the client as long as the client makes progress."""

    #: By when the client must have read more of the answer; None until we have had to wait for it.
    sends_until: float | None = None

    def __init__(self, accepted: socket.socket, patience: float):
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.patience = patience
        self._held = b""
        #: When the first byte of the request came that is being served (time.monotonic).
        self.arrived = 0.0

    def later(self, until: float, size: int) -> float:
        """A deadline, moved on by `size` bytes of progress."""
        return min(time.monotonic() + self.patience, until + size / _SLOWEST)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything, small pieces together; the last ones may wait for `flush`.

        Raises ConnectionResetError if the client reads too slowly.
        """
        if len(self._held) + len(data) <= _SMALL:
            self._held += data
        else:
            self.flush()
            self._send_whole(data)

    def flush(self) -> None:
        """Send what has been held back. Raises ConnectionResetError like `sendall`."""
        held, self._held = self._held, b""
        self._send_whole(held)

    def _send_whole(self, data: Any) -> None:
        rest = memoryview(data)
        while rest:
            try:
                sent = self.send(rest, socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._wait_to_send()
                continue
            rest = rest[sent:]
            if self.sends_until:
                self.sends_until = self.later(self.sends_until, sent)

    def _wait_to_send(self) -> None:
        if self.sends_until is None:
            self.sends_until = time.monotonic() + self.patience
        if not self.wait(select.POLLOUT, self.sends_until):
            # The kernel is to drop what it still has of the answer.
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ConnectionResetError(errno.ECONNRESET, "The client reads too slowly")

    def receive_until(self, until: float) -> bytes:
        """The bytes that come next. Raises TimeoutError if none do."""
        self._wait_to_receive(until)
        return self.recv(_PIECE, socket.MSG_DONTWAIT)

    def receive_into(self, room: memoryview, until: float) -> int:
        """Receive what comes next, as much as there is room for; how many bytes that is.

        Raises TimeoutError if nothing comes.
        """
        try:
            return self.recv_into(room, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._wait_to_receive(until)
        return self.recv_into(room, 0, socket.MSG_DONTWAIT)

    def _wait_to_receive(self, until: float) -> None:
        if not self.wait(select.POLLIN, until):
            raise TimeoutError("The client sends too slowly")

    def is_gone(self) -> bool:
        """Whether the client has closed the connection, or at least sends nothing more."""
        return self.wait(_CLOSED, 0)

    def wait(self, event: int, until: float) -> bool:
        """Wait until the client sends or reads; returns whether it did so in time."""
        poll = select.poll()
        poll.register(self, event)
        return bool(poll.poll(max(until - time.monotonic(), 0) * 1000))


class Connection(TConn):  # type: ignore[misc]  # untyped
    """gunicorn's connection, which here receives requests before a thread takes them."""

    sock: Socket
    parser: Any
    has_ended = False
    is_lingering = False
    #: The address that it counts for, if any.
    address = ""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, settings: Settings):
        super().__init__(cfg, Socket(sock, settings.client_timeout), client, server)
        self.initialized = True  # gunicorn need not wait for anything
        self._largest_body = settings.max_body_bytes
        self._received = bytearray()
        self._pieces: deque[bytes] = deque()  # of the request that a thread has
        self._expect_request(settings.client_timeout)

    def _expect_request(self, seconds: float) -> None:
        #: When to give up waiting.
        self.until = time.monotonic() + seconds
        #: Whether the request has arrived as a whole.
        self.is_whole = False
        self._arrived = 0.0
        # Whether only gunicorn can tell what comes next; it refuses most of it.
        self._is_unclear = False
        self._searched = 0
        self._body_at = 0  # 0: the head has not ended
        self._body_length: int | None = 0  # None: chunked
        self._chunk_at = 0

    # Receiving, in the main thread

    @property
    def has_begun(self) -> bool:
        """Whether any of a request has arrived."""
        return bool(self._received)

    def receive(self) -> bool:
        """Take what has arrived, without waiting; returns whether a thread has something to do."""
        while True:
            try:
                piece = self.sock.recv(_PIECE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                piece = b""
            if not piece:
                self.has_ended = self.is_whole = True
                return True
            self._take(piece)
            if self.is_ready():
                return True
            if len(piece) < _PIECE:  # else there may be more
                return False

    def _take(self, piece: bytes) -> None:
        if self._body_at:
            self.until = self.sock.later(self.until, len(piece))
        elif not self._received:
            self._arrived = time.monotonic()
            self.until = self._arrived + self.sock.patience
        self._received += piece

    def is_ready(self) -> bool:
        """Whether a thread can take the request, or refuse it."""
        if not (self._body_at or self._find_body()):
            self.is_whole = len(self._received) > LONGEST_HEAD
            return self.is_whole
        self.is_whole = self._has_whole_body()
        return (
            self.is_whole
            or self._is_unclear
            or len(self._received) - self._body_at >= _ENOUGH
            or (self._body_length or 0) > self._largest_body
        )

    def _find_body(self) -> bool:
        """Look for the end of the head and the body's length; returns whether the head ends."""
        end = self._received.find(b"\r\n\r\n", max(self._searched - 3, 0))
        self._searched = len(self._received)
        if not 0 <= end <= LONGEST_HEAD:
            return False
        self._body_at = self._chunk_at = end + 4
        self.until = time.monotonic() + self.sock.patience
        head = bytes(memoryview(self._received)[: self._body_at]).lower()
        if b"\r\ntransfer-encoding:" in head:
            self._body_length = None
        elif b"\r\ntransfer-encoding" in head:
            self._is_unclear = True
        elif b"\r\ncontent-length" in head:
            length = _LENGTH.search(head)
            self._body_length = int(length[1]) if length else 0
            self._is_unclear = not length
        if b"\r\nexpect" in head:
            self._heed_expectation(head)
        return True

    def _heed_expectation(self, head: bytes) -> None:
        """Answer a client that waits for leave to send its body."""
        if not _EXPECTATION.search(head):
            self._is_unclear = True
        elif head.partition(b"\r\n")[0].endswith(b"http/1.1") and not self.is_ready():
            self.send_short(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _has_whole_body(self) -> bool:
        if self._is_unclear:
            return False
        if self._body_length is not None:
            return len(self._received) >= self._body_at + self._body_length
        while (line_end := self._received.find(b"\r\n", self._chunk_at)) >= 0:
            size = _CHUNK_SIZE.fullmatch(self._received, self._chunk_at, line_end)
            if size is None:
                self._is_unclear = True
                return False
            if int(size[1], 16) == 0:
                return self._received.find(b"\r\n\r\n", line_end) >= 0
            self._chunk_at = line_end + 2 + int(size[1], 16) + 2
        return False

    def send_short(self, content: bytes) -> None:
        """Send a few bytes, unless there is no room for them."""
        try:
            self.sock.send(content, socket.MSG_DONTWAIT)
        except OSError:
            self.has_ended = True

    # Being served, in a thread

    def init(self) -> None:
        """Hand what has been received to the parser; gunicorn calls this before each request."""
        if self.parser is None:
            self.parser = _Parser(self)
        self.sock.sends_until = None
        self.sock.arrived = self._arrived
        self.until = time.monotonic() + self.sock.patience
        received = memoryview(self._received)
        if self._body_at:
            parts = [received[: self._body_at], received[self._body_at :]]
        else:
            parts = [received[:LONGEST_HEAD]]
        self._pieces.extend(bytes(part) for part in parts if part)
        self._received = bytearray()

    def next_piece(self) -> bytes:
        """The bytes that come next for the parser, none at the end.

        Raises TimeoutError when the client is too slow, LimitRequestHeaders for an endless head.
        """
        if self._pieces:
            return self._small_if_chunked(self._pieces.popleft())
        if self.has_ended:
            return b""
        if not self._body_at:
            raise LimitRequestHeaders(f"more than {LONGEST_HEAD} bytes")
        if self.is_whole:  # the threads for whole requests wait for nobody
            return b""
        piece = self.sock.receive_until(self.until)
        self.until = self.sock.later(self.until, len(piece))
        self.has_ended = not piece
        return self._small_if_chunked(piece)

    def read_body(self, begun: bytes, length: int) -> bytes:
        """A body that has begun, or the part of it that the client sends. Raises TimeoutError.

        It is never copied: the kernel writes it where it stays.
        """
        received = b"".join(part for part in (begun, *self._pieces) if part)
        self._pieces.clear()
        if len(received) > length:
            self._pieces.append(received[length:])
        if len(received) >= length or self.is_whole:
            return received[:length]
        body = io.BytesIO(bytes(length))
        with body.getbuffer() as view:
            _ask_for_huge_pages(view)
            view[: len(received)] = received
            end = self._receive_rest(view, len(received))
        return body.getvalue()[:end]

    def _receive_rest(self, view: memoryview, at: int) -> int:
        while at < len(view) and not self.has_ended:
            size = self.sock.receive_into(view[at:], self.until)
            self.until = self.sock.later(self.until, size)
            self.has_ended = not size
            at += size
        return at

    def _small_if_chunked(self, piece: bytes) -> bytes:
        """The piece, cut if the body is chunked: gunicorn copies the rest for each chunk in it."""
        if self._body_length is None and len(piece) > _CHUNKED_PIECE:
            self._pieces.appendleft(piece[_CHUNKED_PIECE:])
            return piece[:_CHUNKED_PIECE]
        return piece

    def finish_request(self, keepalive: float) -> bool:
        """Get ready for another request; False if part of the body has not arrived yet."""
        message = self.parser.mesg
        if not (message.body_is_read or (self.is_whole and _read_away(message.body))):
            return False
        rest = b"".join([self.parser.unreader.take_buffered(), *self._pieces])
        self._pieces.clear()
        self._expect_request(keepalive)
        if rest:
            self._take(rest)
        return True

    def has_another(self, milliseconds: int) -> bool:
        """Whether the next request is here, or arrives in so short a time."""
        if self.has_begun:
            return self.is_ready()
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(milliseconds)) and self.receive()

    # Its end, in the main thread

    def linger(self) -> bool:
        """Close our direction; returns whether to wait for the client to notice."""
        if self.has_ended:
            return False
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        now = time.monotonic()
        self.is_lingering = True
        self.until, self._lingers_until = now + _LINGERING, now + _LINGERING_IN_ALL
        self._lingers_for = self._largest_body
        return True

    def throw_away(self) -> bool:
        """Throw away what arrives after the last answer; returns whether it is time to close."""
        try:
            piece = self.sock.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self._lingers_for -= len(piece)
        self.until = min(time.monotonic() + _LINGERING_ON, self._lingers_until)
        return not piece or self._lingers_for < 0


def _ask_for_huge_pages(room: memoryview) -> None:
    """Ask the kernel to give large memory in pages of 2 MB, where it can.

    In pages of 4 KB those for 5 MB take 2 ms, more than anything but its digest.
    """
    if len(room) < _HUGE_PAGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return
    at = ctypes.addressof(ctypes.c_char.from_buffer(room))
    begin = -(-at // mmap.PAGESIZE) * mmap.PAGESIZE
    size = ctypes.c_size_t(at + len(room) - begin)
    _libc.madvise(ctypes.c_void_p(begin), size, mmap.MADV_HUGEPAGE)


def _read_away(body: Body) -> bool:
    """Read a body to its end; returns whether it had one."""
    if body.failed:
        return False
    try:
        while body.read(_PIECE):
            pass
    except (OSError, ParseException):
        return False
    return True


class _Body(Body):  # type: ignore[misc]  # untyped
    """A body that is read in one piece when all of it is wanted at once."""

    def read(self, size: int | None = None) -> bytes:
        """So many bytes, or fewer if the client sends no more."""
        reader = self.reader
        is_whole = isinstance(reader, LengthReader) and size == reader.length
        if size is None or not is_whole or self.buf.tell():
            return bytes(super().read(size))
        unreader: _Unreader = reader.unreader
        try:
            body = unreader.connection.read_body(unreader.take_buffered(), size)
        except OSError:
            self.failed = True
            raise
        reader.length = 0
        return body


class _Unreader(Unreader):  # type: ignore[misc]  # untyped
    """What gunicorn's parser reads from."""

    def __init__(self, connection: Connection):
        super().__init__()
        self.connection = connection

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The bytes that come next."""
        return self.connection.next_piece()


class _Request(Request):  # type: ignore[misc]  # untyped
    """A request, read more strictly than gunicorn does."""

    unreader: _Unreader
    headers: list[tuple[str, str]]

    def read_line(self, *args: Any) -> Any:
        """The first line, and what has been read after it."""
        try:
            return super().read_line(*args)
        except LimitRequestHeaders as error:
            raise LimitRequestLine(str(error)) from error

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> list[tuple[str, str]]:
        """The fields of a head, or after a chunked body; Cookie only once (RFC 9113, 8.2.3)."""
        fields: list[tuple[str, str]] = super().parse_headers(data, from_trailer)
        cookies = [value for name, value in fields if name == "COOKIE"]
        if len(cookies) > 1:
            fields = [each for each in fields if each[0] != "COOKIE"]
            fields.append(("COOKIE", "; ".join(cookies)))
        return fields

    def set_body_reader(self) -> None:
        """Decide how the body is read."""
        self._expected_100_continue = False  # the connection has done so
        codings = [value for name, value in self.headers if name == "TRANSFER-ENCODING"]
        if codings and [each.lower() for each in codings] != ["chunked"]:
            raise UnsupportedTransferCoding(", ".join(codings))
        super().set_body_reader()
        self.body: Body = _Body(self.body.reader)
        if codings:
            reader = self.body.reader
            reader.limit_chunk_size_line = reader.limit_trailer_section = _LONGEST_LINE

    @property
    def body_is_read(self) -> bool:
        """Whether the application has read the body to its end."""
        reader = self.body.reader
        if isinstance(reader, ChunkedReader):
            return reader.parser is None and not self.body.failed
        return bool(reader.length == 0)

    def should_close(self) -> bool:
        """Whether this is the connection's last request."""
        if self.body.failed:
            return True
        return bool(super().should_close()) or not (
            self.body_is_read or self.unreader.connection.is_whole
        )


class _Parser(RequestParser):  # type: ignore[misc]  # untyped
    """gunicorn's parser, reading what the connection has received."""

    mesg_class = _Request

    def __init__(self, connection: Connection):
        super().__init__(connection.cfg, connection.sock, connection.client)
        self.unreader = _Unreader(connection)
