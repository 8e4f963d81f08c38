"""Many requests at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The results of calls that all begin at the same moment."""
    barrier = threading.Barrier(len(calls))

    def begin(call: Callable[[], T]) -> T:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))


def in_background(call: Callable[[], T]) -> tuple[threading.Thread, list[T]]:
    """Run a call beside the test; its answer is in the list when the thread has ended."""
    answers: list[T] = []
    thread = threading.Thread(target=lambda: answers.append(call()), daemon=True)
    thread.start()
    return thread, answers


class Gate:
    """Holds up every caller of `wait` until it is opened, and tells when the first has come."""

    def __init__(self) -> None:
        self._come = threading.Event()
        self._open = threading.Event()

    def wait(self) -> None:
        self._come.set()
        assert self._open.wait(60)

    def wait_for_somebody(self) -> None:
        assert self._come.wait(60)

    def open(self) -> None:
        self._open.set()
