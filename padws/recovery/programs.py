"""pg_dump and pg_restore: which ones there are, and running them."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from padws.recovery.errors import CannotLook

# Where Debian and Red Hat keep each version's own, whatever is on the PATH.
_PLACES = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin")


class Program:
    """A running program of PostgreSQL."""

    def __init__(self, process: subprocess.Popen[bytes], messages: Iterator[str]):
        self._process = process
        self._messages = messages

    def failure(self) -> str:
        """Wait for its end: empty if all went well, else its first complaint."""
        if self._process.wait() == 0:
            return ""
        name = Path(os.fsdecode(self._process.args[0])).name  # type: ignore[arg-type,index]
        first = next(self._messages, f"{name} ended with {self._process.returncode}")
        return first.strip()


def find(name: str, server: int, *, oldest: int) -> Path:
    """The program of the server's major version, else a newer one than `oldest` or the same.

    Raises CannotLook, which says what to install.
    """
    places = [Path(each.format(server)) for each in _PLACES] + [*map(Path, os.get_exec_path())]
    found = {place / name: major(place / name) for place in places if (place / name).is_file()}
    for wanted in ([server], range(max(server, oldest), 100)):
        for path, version in found.items():
            if version in wanted and version >= oldest:
                return path
    install = f"install the client programs of PostgreSQL {max(server, oldest)} "
    install += f"(Debian: postgresql-client-{max(server, oldest)})"
    if not found:
        raise CannotLook(f"There is no {name} on the PATH: {install}.")
    versions = ", ".join(sorted({str(version) for version in found.values()}))
    raise CannotLook(f"{name} is of PostgreSQL {versions}, which is too old: {install}.")


def major(program: Path) -> int:
    """The major version of a program, 0 if it does not say."""
    printed = subprocess.run([program, "--version"], capture_output=True, text=True)
    version = re.search(r"\) (\d+)", printed.stdout)
    return int(version[1]) if version else 0


@contextmanager
def running(
    program: Path, url: str, *options: str | Path, pass_fds: Sequence[int] = ()
) -> Iterator[Program]:
    """Run a program on the database of `url`; stopped when the block ends before it does.

    The password goes through the environment, because everybody can read command lines.
    """
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    environ = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    command = [program, "--no-password", f"--dbname={make_conninfo('', **parts)}", *options]
    with (
        tempfile.TemporaryFile("w+", errors="replace") as messages,
        subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stderr=messages, pass_fds=pass_fds
        ) as process,
    ):
        try:
            yield Program(process, _complaints(messages))
        finally:
            process.terminate()


def _complaints(messages: Iterator[str]) -> Iterator[str]:
    messages.seek(0)  # type: ignore[attr-defined]
    yield from messages
