"""SIGTERM and Ctrl-C while migrating: cancel the running statement, then release the locks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(KeyboardInterrupt):
    """A signal to stop has come. On a KeyboardInterrupt psycopg cancels what the server runs."""


class Stop:
    """Turns the first signal into `Stopped`, but only where that leaves nothing half done."""

    def __init__(self) -> None:
        self.struck_by = ""
        self._late: signal.Signals | None = None
        self._interruptible = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals here, and put the handlers back as they were afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python lets only the main thread handle signals
            return
        heard = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._handle) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self._late:
                signal.raise_signal(self._late)  # for whoever handles it next

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A block in which the signal takes effect; one that came before does so at once."""
        before, self._interruptible = self._interruptible, True
        try:
            if self._late:
                self._strike()
            yield
        finally:
            self._interruptible = before

    def sleep(self, seconds: float) -> None:
        """Sleep, unless asked to stop."""
        with self.interruptible():
            time.sleep(seconds)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if not self.struck_by:
            self._late = signal.Signals(number)
            if self._interruptible:
                self._strike()

    def _strike(self) -> None:
        """Interrupt, once: what cleans up afterwards is not interrupted."""
        self.struck_by, self._late = self._late.name if self._late else "", None
        raise Stopped
