"""What a look finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it; without secrets."""

    look: str
    outcome: Outcome
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.look}: {self.text}{f' {self.remedy}' if self.remedy else ''}"


def ok(look: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(look, "ok", text)


def warning(look: str, text: str, remedy: str = "") -> Finding:
    """It works, but not as it should or not for long."""
    return Finding(look, "warning", text, remedy)


def error(look: str, text: str, remedy: str = "") -> Finding:
    """It does not work."""
    return Finding(look, "error", text, remedy)
