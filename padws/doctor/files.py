"""Files: the templates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from padws.config import Settings
from padws.doctor.findings import Finding, ok, warning


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about files."""
    yield _templates(settings.templates_dir)


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
