"""What `flask dev` shows while it serves: where to click, what has failed, and a status line."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click

_SECONDS_BETWEEN_LINES = 60  # where no line can be replaced
_LABELS = 19  # columns

# An entry of the log, as text or as JSON; everything else was printed without the log.
_ENTRY = re.compile(r'\S+ \[\d+\] ([A-Z]+) |{"time": .*?"level": "([a-z]+)"')
_REQUEST = re.compile(
    r'padws\.access: .* (\d{3}) request_id=|"logger": "padws\.access".*"status": (\d{3})'
)


class Log:
    """The log of the service, read as it grows."""

    def __init__(self, path: Path):
        self.requests = self.failed = self.warnings = 0
        self._file = path.open(encoding="utf-8", errors="replace")
        self._partial = ""
        self._is_shown = False

    def news(self) -> list[str]:
        """The lines since the last call that a person should see: warnings, errors, surprises."""
        *lines, self._partial = (self._partial + self._file.read()).split("\n")
        return [line for line in lines if self._count(line)]

    def _count(self, line: str) -> bool:
        """Count what the line reports; returns whether to show it."""
        if line.startswith(" "):  # it belongs to the entry above
            return self._is_shown
        entry, request = _ENTRY.match(line), _REQUEST.search(line)
        if request:
            self.requests += 1
            self.failed += "".join(request.groups("")).startswith("5")
        level = "".join(entry.groups("")).upper() if entry else ""
        self._is_shown = bool(line) and level not in ("DEBUG", "INFO")
        self.warnings += self._is_shown and not request
        return self._is_shown


class Screen:
    """The terminal, or whatever else reads our output."""

    def __init__(self, rows: Mapping[str, str], log: Log):
        self._rows = rows
        self._log = log
        self._replaces = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._status = ""
        self._columns = 0
        self._box_lines = self._lines_since_box = 0
        self._next_line_at = 0.0

    def show(self) -> None:
        """Show what has gone wrong so far, then the box, so that the box is what a person sees."""
        for line in self._log.news():
            click.echo(line)
        self._show_box()
        self._show_status()

    def update(self) -> None:
        """Show what is new."""
        columns, lines = self._size()
        news = self._log.news()
        if news or columns != self._columns:
            self.clear_status()
        for line in news:
            click.echo(line)
            self._lines_since_box += 1 + len(line) // columns
        if self._replaces and self._lines_since_box >= max(lines - self._box_lines, lines // 2):
            self._show_box()
        self._show_status()

    def clear_status(self) -> None:
        """Remove the status line, which wraps in a terminal that has become narrower."""
        if self._replaces and self._status:
            wrapped = (len(self._status) - 1) // self._size()[0]
            click.echo(f"\x1b[{wrapped}A" * (wrapped > 0) + "\r\x1b[J", nl=False)
            self._status = ""

    def _size(self) -> tuple[int, int]:
        """Columns and lines; some terminals do not report theirs."""
        columns, lines = os.get_terminal_size(sys.stdout.fileno()) if self._replaces else (0, 0)
        return columns or 80, lines or 24

    def _show_box(self) -> None:
        columns = self._size()[0]
        lines = [f"  {name:<{_LABELS}}{value}" for name, value in self._rows.items()]
        if self._replaces and max(map(len, lines)) > columns:
            lines = [f"  {name}\n    {value}" for name, value in self._rows.items()]
        box = "\n".join(["\npadws is ready.\n", *lines, "\nCtrl-C stops everything.\n"])
        click.echo(box)
        self._box_lines, self._lines_since_box = box.count("\n") + 2, 0

    def _show_status(self) -> None:
        log = self._log
        status = f"Requests: {log.requests}, failed: {log.failed}, warnings: {log.warnings}"
        if self._replaces:
            self._columns = self._size()[0]
            self._replace(status[: self._columns - 1])
        elif status != self._status and time.monotonic() > self._next_line_at:
            click.echo(status)
            self._status = status
            self._next_line_at = time.monotonic() + _SECONDS_BETWEEN_LINES

    def _replace(self, status: str) -> None:
        if status != self._status:
            self.clear_status()
            click.echo(status, nl=False)
            self._status = status
