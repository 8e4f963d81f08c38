"""What the figures were measured on: the machine, the versions, the settings."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.floor import pgbench
from bench.load import wrk
from bench.stand import WORKERS, Stand
from padws.config import ROOT

_PACKAGES = ("flask", "gunicorn", "psycopg", "redis", "orjson", "flask-smorest")
_SETTINGS = (
    "shared_buffers",
    "max_wal_size",
    "fsync",
    "synchronous_commit",
    "default_toast_compression",
)
_SIZES = """
SELECT round(octet_length(data::text), -3) AS read, avg(pg_column_size(data)) AS stored
FROM pad_ws.pads GROUP BY 1 ORDER BY 1
"""


def describe(stand: Stand) -> list[str]:
    """What a reader needs to know, in sentences."""
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_commit()}, {_machine()}.",
        f"{_servers(stand)}; {_packages()}; {WORKERS} workers.",
        f"Load by {_first_line(wrk(), '-v')}; floor by "
        f"{_first_line(pgbench(stand.servers.postgres), '--version')}, -M prepared, with the "
        "statements of sql/.",
    ]


def sizes(stand: Stand) -> str:
    """How large the drawings in the database are as they are read, and as they are stored."""
    rows = stand.servers.connection.execute(_SIZES).fetchall()
    pairs = (f"{int(read) // 1000} KB in {int(stored) // 1000} KB" for read, stored in rows)
    return f"Scenes as they are read, and what they take when stored: {', '.join(pairs)}."


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} CPUs ({_processor()}), {memory:.0f} GB, Linux {platform.release()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """The commit that is measured, if git can be asked."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "no git"
    return f"commit {run.stdout.strip()}" if run.returncode == 0 else "no git"


def _servers(stand: Stand) -> str:
    """PostgreSQL with the settings that count, and Redis."""
    shown = [f"{name} {_show(stand, name)}" for name in _SETTINGS]
    redis = stand.servers.redis.info("server")
    assert isinstance(redis, dict)  # noqa: S101 - not a coroutine
    postgres = _show(stand, "server_version")
    return f"PostgreSQL {postgres} ({', '.join(shown)}); Redis {redis['redis_version']}"


def _show(stand: Stand, name: str) -> str:
    row = stand.servers.connection.execute(f"SHOW {name}".encode()).fetchone()
    return str(row[0]) if row else ""


def _packages() -> str:
    python = ".".join(map(str, sys.version_info[:3]))
    return ", ".join([f"Python {python}", *(f"{name} {version(name)}" for name in _PACKAGES)])


def _first_line(*command: str) -> str:
    """What a program prints about itself; wrk does so with an exit code of 1."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.partition("\n")[0].partition(" Copyright")[0].strip()
