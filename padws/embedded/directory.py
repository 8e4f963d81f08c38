"""The directory in which embedded servers keep data, logs and sockets."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from io import TextIOWrapper
from pathlib import Path

import click

# sockaddr_un holds 108 bytes on Linux and 104 on macOS; PostgreSQL's file name takes 19 of them.
_LONGEST_SOCKET_DIRECTORY = 84
_SECONDS_TO_STOP = 60


class DataDirectory:
    """The directory of one run's servers.

    `held` are file descriptors that keep the claim on it: handed to every server, they make the
    claim last until the last server has ended, even where the run itself was killed.
    """

    def __init__(self, path: Path):
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.held: tuple[int, ...] = ()
        self.path.mkdir(parents=True, exist_ok=True)
        # As root, PostgreSQL runs as another user, who must be able to reach its own part.
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def log(self, name: str) -> Path:
        """The log of the server `name`, emptied."""
        log = self.logs / f"{name}.log"
        log.write_bytes(b"")
        return log

    def claim(self, address: str) -> None:
        """Take the directory for a run that serves at `address`; ClickException when it is taken.

        The servers of a killed run need a moment to stop, and are waited for.
        """
        run = (self.path / "run").open("a+")
        if not _lock(run):
            run.seek(0)
            raise click.ClickException(
                f"padws is already running on {self.path}: {run.read() or 'it is just starting'}. "
                "Stop it first, or name another directory in PADWS_DATA_DIR."
            )
        run.truncate(0)
        run.write(f"process {os.getpid()}, {address}")
        run.flush()
        servers = (self.path / "servers").open("a")
        _wait_for_lock(servers, self.path)
        self._claim = (run, servers)  # open for as long as we live
        self.held = (servers.fileno(),)

    def sockets(self) -> Path:
        """A private directory for sockets, with a name that is short enough for them."""
        directory = self.path / "sockets"
        if _can_hold_sockets(directory):
            directory.mkdir(mode=0o700, exist_ok=True)
        elif not directory.exists():
            directory.unlink(missing_ok=True)  # a link to a directory that is gone
            directory.symlink_to(tempfile.mkdtemp(prefix="padws-"))
        return directory.resolve()

    def remove_sockets(self) -> None:
        """Leave no directory behind outside this one."""
        directory = self.path / "sockets"
        if directory.is_symlink():
            shutil.rmtree(directory.resolve(), ignore_errors=True)
            directory.unlink()


def _can_hold_sockets(directory: Path) -> bool:
    """Whether the name is short enough, and a PostgreSQL URL does not take it for several."""
    return len(os.fsencode(directory)) <= _LONGEST_SOCKET_DIRECTORY and "," not in str(directory)


def _lock(file: TextIOWrapper) -> bool:
    """Lock the file until every process that has it open closes it; False if it is locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_lock(file: TextIOWrapper, path: Path) -> None:
    if _lock(file):
        return
    click.echo("Waiting for the servers of the last run to stop …")
    for _ in range(_SECONDS_TO_STOP * 10):
        time.sleep(0.1)
        if _lock(file):
            return
    raise click.ClickException(
        f"Servers of an earlier run are still using {path} after {_SECONDS_TO_STOP} seconds."
    )
