"""Servers that never outlive the process that started them.

Each server runs below a small helper process (this file, run as a script) in a session of its own,
so that Ctrl-C reaches the starter alone. The helper's standard input is a pipe whose other end only
the starter holds. When the starter closes it, or dies for whatever reason, the helper reads the end
of the pipe and stops the server. When the helper itself is killed, Linux sends the server the same
stop signal.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

_HELPER = (sys.executable, "-I", "-S", __file__)  # without site-packages: it starts at once
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class StartError(Exception):
    """The program could not be run at all; the message says why."""


class ChildProcess:
    """A running server, and the pipe whose closing stops it."""

    def __init__(self, name: str, helper: subprocess.Popen[bytes], pid: int, log: Path | None):
        self.name = name
        self.pid = pid  # the server's own, not the helper's
        self.log = log
        self._helper = helper

    def is_alive(self) -> bool:
        """Whether the server still runs."""
        return self._helper.poll() is None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, as a shell gives it: 128 + n after signal n.

        Raises subprocess.TimeoutExpired after `timeout` seconds.
        """
        return self._helper.wait(timeout)

    def stop(self) -> int:
        """Stop the server, by force after its grace period; returns its exit code."""
        assert self._helper.stdin  # noqa: S101 - a pipe, see start
        self._helper.stdin.close()
        return self.wait()

    def kill(self) -> int:
        """Stop the server with SIGKILL, as a crash would; returns its exit code."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace: float = 10,
    user: tuple[int, int] | None = None,
    log: Path | None = None,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    held: Iterable[int] = (),
    inherited: Sequence[int] = (),
) -> ChildProcess:
    """Run `command` in a process that ends when this one does.

    Asked to stop, it gets `stop_signal` and, `grace` seconds later, SIGKILL. `user` is a user id
    and a group id to run as. Its output goes to the file `log`, or to our standard error. `held`
    are file descriptors that stay open until the server has ended, `inherited` those that the
    server itself gets, under the same numbers. Raises StartError.
    """
    descriptors = ",".join(map(str, inherited))
    ids = ":".join(map(str, user)) if user else ""
    with log.open("ab") if log else nullcontext() as output:
        helper = subprocess.Popen(
            [*_HELPER, str(int(stop_signal)), str(grace), ids, descriptors, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env=environ,
            cwd=directory,
            pass_fds=(*held, *inherited),
            start_new_session=True,
        )
    return ChildProcess(name, helper, _server_id(name, helper), log)


def _server_id(name: str, helper: subprocess.Popen[bytes]) -> int:
    """The process id that the helper reports; StartError when it reports something else."""
    assert helper.stdout  # noqa: S101 - a pipe, see start
    with helper.stdout as stdout:
        answer = stdout.read().decode()
    if not answer.isdigit():
        helper.wait()
        raise StartError(f"{name} could not be started: {answer or 'its helper was killed'}")
    return int(answer)


def _answer_starter(answer: str) -> None:
    """Report the process id, or what went wrong, and close the pipe."""
    with suppress(BrokenPipeError):
        os.write(1, answer.encode())
    os.dup2(2, 1)


def _die_with_helper(stop_signal: int) -> Callable[[], None] | None:
    """What the server must call before it runs, on Linux."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    return (lambda: prctl(_PR_SET_PDEATHSIG, stop_signal)) if prctl else None


def _run(
    command: Sequence[str], ids: str, descriptors: str, stop_signal: int
) -> subprocess.Popen[bytes]:
    user, group = map(int, ids.split(":")) if ids else (None, None)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        user=user,
        group=group,
        extra_groups=[] if ids else None,
        process_group=0,
        pass_fds=tuple(map(int, filter(None, descriptors.split(",")))),
        preexec_fn=_die_with_helper(stop_signal),  # the helper still has only one thread
    )


def _stop_when_let_go(server: subprocess.Popen[bytes], stop_signal: int, grace: float) -> None:
    os.read(0, 1)  # nothing is ever written: this returns at the end of the pipe
    server.send_signal(stop_signal)
    time.sleep(grace)
    server.kill()


def _hold(
    stop_signal: int, grace: float, ids: str, descriptors: str, command: Sequence[str]
) -> int:
    """The helper's work; returns the server's exit code."""
    try:
        server = _run(command, ids, descriptors, stop_signal)
    except OSError as error:
        _answer_starter(f"{command[0]}: {error.strerror}")
        return 127
    _answer_starter(str(server.pid))
    threading.Thread(
        target=_stop_when_let_go, args=(server, stop_signal, grace), daemon=True
    ).start()
    status = server.wait()
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)  # processes that it left behind
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    stop, grace, ids, descriptors, *command = sys.argv[1:]
    sys.exit(_hold(int(stop), float(grace), ids, descriptors, command))
