"""How far a command has come: a line that is rewritten on a terminal, else one now and then."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from padws.migrations.waiting import REPORT_EVERY, repeated

_ON_TERMINAL = 0.2  # seconds


class Progress:
    """Goes to standard error, so that what is found can be redirected by itself."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._every = _ON_TERMINAL if self._is_terminal else REPORT_EVERY
        self._shown_at = time.monotonic()
        self._lock = threading.Lock()

    def show(self, text: str) -> None:
        """Show where it is, unless that was shown a moment ago."""
        now = time.monotonic()
        if now - self._shown_at >= self._every:
            self._shown_at = now
            self._write(text)

    def say(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._clear()
            click.echo(text, err=True)

    @contextmanager
    def watching(self, text: Callable[[], str]) -> Iterator[None]:
        """Show `text` again and again while the block runs."""
        with repeated(self._every, lambda: self._write(text())):
            yield
        self.done()

    def done(self) -> None:
        """Leave an empty line for whatever comes next."""
        with self._lock:
            self._clear()

    def _write(self, text: str) -> None:
        with self._lock:
            self._clear()
            click.echo(text, err=True, nl=not self._is_terminal)

    def _clear(self) -> None:
        if self._is_terminal:
            click.echo("\r\033[K", err=True, nl=False)
