"""Builds the board into padws/board, once for each state of board/: `make board`.

With --optional, a failure is only reported: padws then serves a small page in its place.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from padws.config import BOARD, ROOT
from tools.node import NODE, NpmError, install

SOURCES = ROOT / "board"
_VITE = SOURCES / "node_modules" / "vite" / "bin" / "vite.js"
_MARK = ROOT / "build" / "board.sha256"
_SECONDS_BETWEEN_SIGNS = 5


class BoardError(Exception):
    """The board cannot be built; the message says why."""


def digest() -> str:
    """Changes with every file from which the board is built."""
    seen = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            seen.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes() + b"\0")
    return seen.hexdigest()


def build() -> None:
    """Build the board unless that is done; BoardError where it cannot be."""
    _MARK.parent.mkdir(exist_ok=True)
    with _MARK.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one builds, others wait
        wanted = digest()
        if (BOARD / "index.html").is_file() and _MARK.is_file() and _MARK.read_text() == wanted:
            return
        _build()
        _MARK.write_text(wanted)


def _build() -> None:
    print("Building the board, once; it takes about a minute:")  # noqa: T201
    try:
        with _shown("fetching its packages from npm"):
            install(SOURCES)
        with _shown("bundling them"):
            subprocess.run(
                [NODE, _VITE, "build", "--logLevel=warn"],
                cwd=SOURCES,
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
    except NpmError as error:
        raise BoardError(str(error)) from None
    except subprocess.CalledProcessError as error:
        raise BoardError((error.stdout + error.stderr).decode(errors="replace").strip()) from None


@contextmanager
def _shown(step: str) -> Iterator[None]:
    """Say that a step goes on for as long as it does, and how long it took."""
    began, done = time.monotonic(), threading.Event()

    def report() -> None:
        while not done.wait(_SECONDS_BETWEEN_SIGNS):
            print(f"  {step} … {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201

    watcher = threading.Thread(target=report)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    print(f"  {step}: {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201


def serve_sources() -> None:
    """Become Vite's development server, which passes requests for the API on to the service."""
    install(SOURCES)
    os.chdir(SOURCES)
    os.execv(NODE, [str(NODE), str(_VITE)])  # noqa: S606 - in place of this process


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optional", action="store_true", help="do not fail, only say why")
    parser.add_argument("--dev", action="store_true", help="serve the sources instead")
    options = parser.parse_args()
    try:
        serve_sources() if options.dev else build()
    except (BoardError, NpmError) as error:
        print(f"The board cannot be built: {error}", file=sys.stderr)  # noqa: T201
        if not options.optional:
            sys.exit(1)
        served = "the board of last time" if (BOARD / "index.html").is_file() else "a small page"
        print(f"padws serves {served}; `make board` tries again.", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
