"""What tests take from npm: installed once beside its package.json, by the locked node.

Where npm's registry cannot be reached, whoever needs it says so and is skipped.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tools.node import NODE, NPX, NpmError, install

__all__ = ["NODE", "NPX", "missing"]


@cache
def missing(folder: Path) -> str:
    """Why the packages of a folder cannot be used; empty if they can. Installs them first."""
    try:
        install(folder)
    except NpmError as error:
        return str(error)
    return ""
