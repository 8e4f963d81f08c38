"""The directory in which embedded servers keep data, logs and sockets."""

from __future__ import annotations

import fcntl
import json
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
    """A directory of servers.

    `held` are file descriptors that keep the claim on it: handed to every server, they make the
    claim last until the last server has ended, even where the run itself was killed.
    """

    def __init__(self, path: Path):
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.held: tuple[int, ...] = ()
        self.path.mkdir(parents=True, exist_ok=True)
        # As root, PostgreSQL runs as another user, who has to get through to its own part.
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def log(self, name: str) -> Path:
        """The log of the server `name`, emptied."""
        log = self.logs / f"{name}.log"
        log.write_bytes(b"")
        return log

    def claim(self, address: str) -> None:
        """Take the directory for a run that serves at `address`; ClickException when it is taken.

        What a killed run has started needs a moment to stop: that is waited for.
        """
        file = (self.path / "run.json").open("a+")
        _wait_for_lock(file, self.path)
        file.truncate(0)
        json.dump({"pid": os.getpid(), "address": address}, file)
        file.flush()
        self._claim = file  # open for as long as we live
        self.held = (file.fileno(),)

    def sockets(self) -> Path:
        """A private directory for sockets whose name is short enough for them."""
        directory = self.path / "sockets"
        if len(os.fsencode(directory)) <= _LONGEST_SOCKET_DIRECTORY:
            directory.mkdir(mode=0o700, exist_ok=True)
        elif not directory.exists():
            directory.unlink(missing_ok=True)  # a link to what has been cleaned up since
            directory.symlink_to(tempfile.mkdtemp(prefix="padws-"))
        return directory.resolve()

    def remove_sockets(self) -> None:
        """Leave no directory behind outside this one."""
        directory = self.path / "sockets"
        if directory.is_symlink():
            shutil.rmtree(directory.resolve(), ignore_errors=True)
            directory.unlink()


def _wait_for_lock(file: TextIOWrapper, path: Path) -> None:
    for attempt in range(_SECONDS_TO_STOP * 10):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _refuse_second_run(file, path)
            if attempt == 0:
                click.echo("Waiting for the servers of the last run to stop …")
            time.sleep(0.1)
        else:
            return
    raise click.ClickException(
        f"Servers of an earlier run are still using {path} after {_SECONDS_TO_STOP} seconds."
    )


def _refuse_second_run(file: TextIOWrapper, path: Path) -> None:
    """ClickException when the run that has the claim lives."""
    file.seek(0)
    try:
        run = json.load(file)
        os.kill(run["pid"], 0)
    except (ValueError, ProcessLookupError):
        return  # being written, or its process is gone
    except PermissionError:
        pass  # lives, as another user
    raise click.ClickException(
        f"padws is already running on {path}: process {run['pid']}, {run['address']}. "
        "Stop it first, or name another directory in PADWS_DATA_DIR."
    )
