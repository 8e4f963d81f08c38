"""Relays in front of PostgreSQL and Redis that count what the servers have done.

They find the statements of a run by themselves: an answer on its way back is the moment at which
the server has done something that the client does not know yet.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

import redis
from psycopg.conninfo import conninfo_to_dict

Answered = Callable[[], None]
Connect = Callable[[], socket.socket]
LastSent = list[bytes]  # one item: what the client of a connection has sent last
Pump = Callable[[socket.socket, socket.socket, LastSent], None]


@contextmanager
def postgres_relay(url: str, answered: Answered) -> Iterator[str]:
    """The URL of a relay to the database `url`, which calls `answered` before it passes an answer.

    One answer is one ReadyForQuery: of the connection's beginning, of a statement, of a COMMIT.
    """
    given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    host, port = given.get("host", "localhost"), given.get("port", "5432")

    def connect() -> socket.socket:
        if host.startswith("/"):
            return _unix(f"{host}/.s.PGSQL.{port}")
        return socket.create_connection((host, int(port)))

    def pump(server: socket.socket, client: socket.socket, _: LastSent) -> None:
        stream = server.makefile("rb")
        while head := stream.read(5):
            body = stream.read(int.from_bytes(head[1:]) - 4)
            if head[:1] == b"Z":
                answered()
            client.sendall(head + body)

    with _relay(connect, pump) as own_port:
        user, password = (quote(given.get(name, ""), safe="") for name in ("user", "password"))
        yield (
            f"postgresql://{user}:{password}@127.0.0.1:{own_port}/{given['dbname']}"
            "?sslmode=disable&gssencmode=disable"
        )


@contextmanager
def redis_relay(url: str, answered: Answered) -> Iterator[str]:
    """The URL of a relay to the Redis `url`, which calls `answered` before the answer to a SET."""
    parts = urlsplit(url)

    def connect() -> socket.socket:
        if parts.scheme == "unix":
            return _unix(unquote(parts.path))
        return socket.create_connection((parts.hostname, parts.port or 6379))

    def pump(server: socket.socket, client: socket.socket, last: LastSent) -> None:
        while data := server.recv(65536):
            if b"\r\nSET\r\n" in last[0]:
                answered()
            client.sendall(data)

    with _relay(connect, pump) as own_port:
        database = redis.Redis.from_url(url).connection_pool.connection_kwargs.get("db", 0)
        yield f"redis://127.0.0.1:{own_port}/{database}"


@contextmanager
def _relay(connect: Connect, pump: Pump) -> Iterator[int]:
    """The port of a relay to what `connect` opens; `pump` hands on the server's answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    relay = _Relay(connect, pump)
    threading.Thread(target=relay.accept, args=(listener,), daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@dataclass(frozen=True)
class _Relay:
    """Two threads for each connection, one for each direction."""

    connect: Connect
    pump: Pump

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                server, last = self.connect(), [b""]
            except OSError:  # the server is away, and so are we
                client.close()
                continue
            for way in (self.forth, self.back):
                threading.Thread(target=way, args=(client, server, last), daemon=True).start()

    def forth(self, client: socket.socket, server: socket.socket, last: LastSent) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                last[0] = data
                server.sendall(data)
        _hang_up(server)

    def back(self, client: socket.socket, server: socket.socket, last: LastSent) -> None:
        with suppress(OSError):
            self.pump(server, client, last)
        _hang_up(client)
        server.close()


def _unix(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.connect(path)
    return server


def _hang_up(peer: socket.socket) -> None:
    with suppress(OSError):
        peer.shutdown(socket.SHUT_RDWR)
