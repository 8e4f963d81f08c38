"""Servers of a test's own, to be stopped, killed, frozen and started again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from padws.embedded.ends_with_parent import ChildProcess
from padws.embedded.startup import Server, wait_until_ready


class Part:
    """A server that the service needs, or the service itself."""

    def __init__(self, server: Server):
        self._server = server
        self._running: ChildProcess | None = None

    def start(self) -> None:
        """Start it unless it runs, and wait until it can be used."""
        if self._running is None:
            self._running = self._server.start()
            wait_until_ready(self._server, self._running)

    def stop(self, end: Callable[[ChildProcess], int] = ChildProcess.stop) -> None:
        """Stop it in good order, if it runs."""
        if self._running is not None:
            end(self._running)
            self._running = None

    def kill(self) -> None:
        """Stop it as a crash would."""
        self.stop(ChildProcess.kill)

    def restart(self) -> None:
        """Stop it in good order and start it again."""
        self.stop()
        self.start()

    @property
    def process(self) -> psutil.Process:
        """Its first process."""
        assert self._running, "not running"
        return psutil.Process(self._running.pid)

    def children(self) -> list[psutil.Process]:
        """The processes that its first one has started."""
        return self.process.children()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All its processes stand still while the block runs."""
        with still([self.process]), still(self.children()):
            yield


@contextmanager
def still(processes: list[psutil.Process]) -> Iterator[None]:
    """The processes stand still (SIGSTOP) while the block runs."""
    for each in processes:
        _signal(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            _signal(each, signal.SIGCONT)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):  # it may end by itself, or be killed meanwhile
        process.send_signal(number)
