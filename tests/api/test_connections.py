"""Several requests on one connection, with bodies that the service has no use for."""

from __future__ import annotations

import re
import socket

from padws.embedded.temporary import Service
from tests.api import wire

#: Answered before its body is read: 404, 405, 401.
UNREAD = [
    ("POST", "/api/nothing", 404),
    ("POST", "/healthz", 405),
    ("POST", "/api/pad", 401),
]


def test_a_request_that_comes_right_behind_a_body_that_nobody_reads_is_answered(
    gunicorn: Service,
) -> None:
    """Both may arrive at once, and nothing after them: there is no more to wait for."""
    for method, path, status in UNREAD:
        body = b"{}" * 50
        first = wire.request(method, path, f"Content-Length: {len(body)}", body=body)
        with wire.connect(gunicorn.url) as connection:
            connection.sendall(first + wire.request("GET", "/healthz") + first)
            assert statuses(connection, 3) == [status, 200, status]


def statuses(connection: socket.socket, number: int) -> list[int]:
    """The statuses of the next answers, which may come in one piece; ten seconds in vain fail."""
    told = b""
    while len(found := re.findall(rb"HTTP/1.1 (\d+) ", told)) < number:
        received = connection.recv(65_536)
        assert received, told
        told += received
    return [int(status) for status in found]
