"""Starting gunicorn with padws's settings, from a checkout as from an installed wheel."""

from __future__ import annotations

import sys

from padws.config import ROOT


def command(*options: str) -> list[str]:
    """The command that serves; gunicorn's own `options` go before gunicorn.conf.py."""
    ours = [f"--config={ROOT / 'gunicorn.conf.py'}", f"--pythonpath={ROOT}"]
    return [sys.executable, "-m", "gunicorn", *ours, *options, "wsgi:app"]
