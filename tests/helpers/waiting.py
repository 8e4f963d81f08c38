"""Waiting for what happens soon, and failing if it does not."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 120.0  # seconds, which only a hanging process takes, however slow the machine


def wait_until(condition: Callable[[], object], what: str = "") -> None:
    """Return as soon as `condition` holds; fail after two minutes, naming `what`."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what or condition}"
        time.sleep(0.02)
