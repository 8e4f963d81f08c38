"""Programs that read the files in deploy/, run for real."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from padws.config import ROOT


def program(name: str) -> str:
    """The path of a program; skips the test where it is not there."""
    path = os.pathsep.join([*os.get_exec_path(), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if not found:
        pytest.skip(f"no {name} on the PATH")
    return found


def run(*command: str | Path, environ: Mapping[str, str] | None = None, within: Path = ROOT) -> str:
    """What a command prints; it has to succeed."""
    done = subprocess.run(
        command, env=environ, cwd=within, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
