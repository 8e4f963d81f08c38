"""Starting gunicorn with padws's settings, from a checkout as from an installed wheel."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from padws.config import ROOT


def command(*options: str) -> list[str]:
    """The command that serves; gunicorn's own `options` override gunicorn.conf.py."""
    ours = [f"--config={ROOT / 'gunicorn.conf.py'}", f"--pythonpath={ROOT}"]
    return [sys.executable, "-m", "gunicorn", *ours, *options, "wsgi:app"]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment to start it in: gunicorn would read an empty WEB_CONCURRENCY as a number."""
    empty = {"WEB_CONCURRENCY"} if not environ.get("WEB_CONCURRENCY", "").strip() else set()
    return {name: value for name, value in environ.items() if name not in empty}
