"""How long to wait, and reporting it every ten seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]

REPORT_EVERY = 10.0


class Patience:
    """Up to `limit` seconds from now."""

    def __init__(self, limit: float, report: Report):
        self.limit = limit
        self._report = report
        self._began = time.monotonic()
        self._last: tuple[str, float] = ("", 0.0)  # what for, and when it was reported

    @property
    def waited(self) -> float:
        """Seconds since the waiting began."""
        return time.monotonic() - self._began

    @property
    def over(self) -> bool:
        """Whether the limit is reached."""
        return self.waited >= self.limit

    def report(self, what_for: str, detail: str = "") -> None:
        """Report what is waited for: at once when that is new, else every ten seconds."""
        last, when = self._last
        if last == what_for and self.waited - when < REPORT_EVERY:
            return
        self._last = (what_for, self.waited)
        self._report(
            f"Waiting for {what_for}{detail}: {self.waited:.0f} s of at most {self.limit:.0f} s."
        )


@contextmanager
def repeated(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Call `action` every so many seconds from a thread that ends with the block."""
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
