"""wrk, which drives the service.

There is no substitute where it is missing: a generator in Python takes as much CPU for a request as
the service itself, and on one machine that is CPU the service does not get.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
import orjson

from bench.client import Request, rising_number

_SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True)
class Driven:
    """What a load generator has done; `cpu` is its own CPU time in seconds.

    wrk also counts the bytes of the answers, and times them: `p50` and `p99` are milliseconds.
    """

    answers: int
    seconds: float
    cpu: float
    bytes: int = 0
    p50: float = 0
    p99: float = 0


def wrk() -> str:
    """The path of wrk; ClickException where there is none."""
    found = shutil.which("wrk")
    if not found:
        raise click.ClickException(
            "The benchmark drives the service with wrk, which is not on the PATH. "
            "Debian and Ubuntu: apt install wrk. Fedora: dnf install wrk. macOS: brew install wrk."
        )
    return found


def drive(url: str, requests: Sequence[Sequence[Request]], seconds: int) -> Driven:
    """Send the requests, one connection for each list of them, for a time.

    Raises ClickException on any answer that is an error and on broken connections.
    """
    with tempfile.TemporaryDirectory(prefix="padws-requests-") as directory:
        for number, variants in enumerate(requests):
            for variant, request in enumerate(variants):
                file = Path(directory, f"{number}-{variant}")
                file.write_bytes(request.raw(urlsplit(url).netloc))
        connections = str(len(requests))
        program = [wrk(), f"-t{connections}", f"-c{connections}", f"-d{seconds}s", "--timeout=30s"]
        before, start = child_cpu_seconds(), str(rising_number())
        output = run_program([*program, "-s", str(_SCRIPT), url, "--", directory, start])
        cpu = child_cpu_seconds() - before
    summary = orjson.loads(output.splitlines()[-1])
    if summary.pop("refused") or summary.pop("broken"):
        raise click.ClickException(f"Requests were refused or broken off:\n{output}")
    return Driven(cpu=cpu, **summary)


def child_cpu_seconds() -> float:
    """The CPU time of the programs that were run and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_program(command: Sequence[str], environ: dict[str, str] | None = None) -> str:
    """What a program prints; ClickException with all its output when it fails."""
    run = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    if run.returncode != 0:
        raise click.ClickException(
            f"{Path(command[0]).name} failed with exit code {run.returncode}:\n"
            f"{run.stdout}{run.stderr}"
        )
    return run.stdout
