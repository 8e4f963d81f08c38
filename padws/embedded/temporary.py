"""Servers for as long as a block lasts: what tests and benchmark share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from padws.config import SettingsSchema
from padws.embedded.directory import DataDirectory
from padws.embedded.ends_with_parent import ChildProcess
from padws.embedded.servers import Gunicorn
from padws.embedded.startup import LOOPBACK, Replaceable, Server, free_port, wait_until_ready


def is_named(kind: type[Replaceable]) -> bool:
    """Whether the environment names such a server."""
    return any(os.environ.get(name) for name in kind.replaced_by)


@contextmanager
def data_directory(parent: Path | None = None) -> Iterator[DataDirectory]:
    """A directory for embedded servers that those of any user can reach; removed in the end."""
    directory = DataDirectory(Path(tempfile.mkdtemp(prefix="padws-", dir=parent)))
    try:
        yield directory
    finally:
        directory.remove_sockets()
        shutil.rmtree(directory.path)


@contextmanager
def running(server: Server) -> Iterator[ChildProcess]:
    """A server that is ready, and stopped in the end."""
    process = server.start()
    try:
        wait_until_ready(server, process)
        yield process
    finally:
        process.stop()


@dataclass(frozen=True)
class Service:
    """A running gunicorn with the service."""

    url: str
    server: ChildProcess
    log: Path


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process with these settings and none of the developer's own."""
    known = SettingsSchema().fields
    others = {name: value for name, value in os.environ.items() if name not in known}
    unset = dict.fromkeys(dotenv_values(".env"), "")
    return {**others, **unset, **settings}


@contextmanager
def running_service(settings: Mapping[str, str], log: Path) -> Iterator[Service]:
    """The service with these settings, ready on a free port.

    Whatever gunicorn and the workers print goes to `log`; a failure to start shows its end.
    """
    port = free_port()
    with running(Gunicorn(port, environment(settings), log=log)) as server:
        yield Service(f"http://{LOOPBACK}:{port}", server, log)
