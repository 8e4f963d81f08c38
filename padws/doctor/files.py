"""Directories: the templates, and where the workers count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from padws.config import Settings
from padws.doctor.findings import Finding, error, ok, warning


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about directories."""
    yield _templates(settings.templates_dir)
    yield _metrics(os.environ.get("METRICS_DIR", ""))


def _templates(directory: Path) -> Finding:
    files = sorted(directory.glob("*.json"))
    broken = [path.name for path in files if not _is_json(path)]
    if broken:
        return warning("templates", f"{', '.join(broken)} cannot be read as JSON.")
    if not files:
        return warning("templates", f"there is none in {directory}: new users start with nothing.")
    return ok("templates", f"{len(files)} in {directory}")


def _is_json(path: Path) -> bool:
    try:
        orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return False
    return True


def _metrics(named: str) -> Finding:
    if not named:
        return ok("metrics", "counted in memory, or in the system's temporary directory")
    if not os.access(named, os.W_OK | os.X_OK):
        return error("metrics", "METRICS_DIR is no directory that can be written to.")
    return ok("metrics", f"counted in {named}")
