"""Programs of this machine; psql, pg_dump and pg_restore in the server's own version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from padws.config import ROOT
from padws.embedded import postgres

ENVIRONMENT = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}


def program(name: str) -> str:
    """The path of a program; skips the test where it is not there."""
    path = os.pathsep.join([*os.get_exec_path(), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if not found:
        pytest.skip(f"no {name} on the PATH")
    return found


def run(
    *command: str | Path,
    environ: Mapping[str, str] | None = None,
    within: Path = ROOT,
    code: int = 0,
) -> str:
    """What a command prints, to both streams; asserts that it ends with this code."""
    ended = subprocess.run(
        command,
        env=environ,
        cwd=within,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert ended.returncode == code, ended.stdout
    return ended.stdout


def search_path(url: str) -> str:
    """A PATH on which the programs of the server's version come first; skips the test if none."""
    with psycopg.connect(url) as conn:
        wanted = conn.info.server_version // 10_000
    for directory in (postgres._programs(), *map(Path, os.get_exec_path())):
        if _version(directory / "pg_dump") == wanted:
            return os.pathsep.join([str(directory), *os.get_exec_path()])
    pytest.skip(f"no pg_dump of the server's version {wanted} on the PATH")


def _version(program: Path) -> int:
    if not program.exists():
        return 0
    printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\) (\d+)", printed.stdout)
    return int(found[1]) if found else 0


def shell_environment(url: str, **variables: str) -> dict[str, str]:
    """The environment of a shell whose psql goes to the database of `url`."""
    parts = conninfo_to_dict(url)
    connection = {ENVIRONMENT[name]: str(parts[name]) for name in ENVIRONMENT if parts.get(name)}
    others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {
        **others,
        **connection,
        "PGDATABASE": str(parts["dbname"]),
        "PATH": search_path(url),
        **variables,
    }


def psql(url: str, script: Path, **variables: str) -> str:
    """Run a script with psql, as its header says; what it prints."""
    given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
    return run("psql", "-X", *given, "-f", script, environ=shell_environment(url))
