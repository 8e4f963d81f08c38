"""`flask db-…` as real processes: of this checkout, of another release, or many, quickly."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from padws.config import ROOT
from padws.embedded import temporary
from tests.helpers.waiting import wait_until

COMPLAINT = re.compile(
    r"^(?:Error: |\S+ \[\d+\] ERROR gunicorn\.error: )", re.MULTILINE
)  # flask, gunicorn


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with exactly these settings of padws."""
    return {**temporary.environment(settings), "PYTHONUNBUFFERED": "1"}


@dataclass
class Command:
    """A started command; `output` is what it printed, to both streams."""

    pid: int
    log: Path
    poll: Callable[[], int | None]

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def complaint(self) -> str:
        """What it says is wrong: once, at the end of its output, without a traceback."""
        _, *complaints = COMPLAINT.split(self.output)
        assert len(complaints) == 1, self.output
        assert "Traceback" not in self.output
        return complaints[0].removesuffix("\n")

    @property
    def is_one_line(self) -> bool:
        """Whether what it says is wrong takes one line."""
        return "\n" not in self.complaint

    def wait(self) -> int:
        """Its exit code; negative when a signal ended it."""
        wait_until(lambda: self.poll() is not None, f"the end of {self.log}:\n{self.output}")
        code = self.poll()
        assert code is not None
        return code

    def ended(self, code: int) -> Command:
        """The command itself; asserts that it ends with this code."""
        assert self.wait() == code, self.output
        return self

    def says(self, text: str) -> None:
        """Wait until it has printed `text`."""
        wait_until(
            lambda: text in self.output or self.poll() is not None, f"{text!r} in {self.output!r}"
        )
        assert text in self.output

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


@dataclass(frozen=True)
class Release:
    """A checkout, with its own migrations."""

    directory: Path

    def flask(self, log: Path, settings: Mapping[str, str], *args: str) -> Command:
        """Start `flask` with `args`."""
        process = self._start(log, settings, "flask", *args)
        return Command(process.pid, log, process.poll)

    def run(self, log: Path, settings: Mapping[str, str], *args: str, code: int = 0) -> Command:
        """Run `flask` with `args`, which ends with this code."""
        return self.flask(log, settings, *args).ended(code)

    @contextmanager
    def gunicorn(self, log: Path, settings: Mapping[str, str]) -> Iterator[Command]:
        """Run gunicorn, which listens on PORT; it is stopped at the end."""
        process = self._start(log, settings, "gunicorn", "wsgi:app")
        try:
            yield Command(process.pid, log, process.poll)
        finally:
            process.terminate()
            process.wait()

    def _start(
        self, log: Path, settings: Mapping[str, str], *module: str
    ) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=self.directory,
                env={**clean_environment(settings), "PYTHONPATH": str(self.directory)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def add(self, name: str, sql: str, rollback: str = "SELECT 1;") -> None:
        """Write a migration that comes after all others."""
        folder = self.directory / "migrations"
        others = {path.stem for path in folder.glob("*.sql")} - {name}
        last = max(other for other in others if not other.endswith(".rollback"))
        (folder / f"{name}.sql").write_text(f"-- depends: {last}\n\n{sql}\n")
        (folder / f"{name}.rollback.sql").write_text(rollback)


THIS = Release(ROOT)


def another_release(directory: Path) -> Release:
    """A copy of this checkout that can be given other migrations."""
    for name in ("padws", "migrations", "sql", "templates"):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("wsgi.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, directory)
    return Release(directory)


class Forks:
    """Processes forked off one that has imported everything, so that a command starts at once."""

    def __init__(self, server: subprocess.Popen[str], directory: Path):
        self._server = server
        self._directory = directory
        self._turn = threading.Lock()
        self._numbers = count()
        self._codes: dict[int, int] = {}

    def start(self, settings: Mapping[str, str], *args: str) -> Command:
        """Start the command `args` of padws.cli."""
        log = self._directory / f"command-{next(self._numbers)}.log"
        log.touch()
        request = {"args": args, "environ": clean_environment(settings), "log": str(log)}
        pid = self._ask(request)
        assert pid
        self._codes.pop(pid, None)  # of an earlier process that had the same number
        return Command(pid, log, lambda: self._poll(pid))

    def run(self, settings: Mapping[str, str], *args: str, code: int = 0) -> Command:
        """Run the command `args`, which ends with this code."""
        return self.start(settings, *args).ended(code)

    def _poll(self, pid: int) -> int | None:
        if pid not in self._codes:
            code = self._ask({"poll": pid})
            if code is None:
                return None
            self._codes[pid] = code
        return self._codes[pid]

    def _ask(self, request: object) -> int | None:
        assert self._server.stdin
        assert self._server.stdout
        with self._turn:
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            answer = json.loads(self._server.stdout.readline())
        assert answer is None or isinstance(answer, int)
        return answer


@contextmanager
def forks(directory: Path) -> Iterator[Forks]:
    """The process to fork from; whatever still runs at the end is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", "from tests.helpers.commands import serve; serve()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            yield Forks(server, directory)
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def serve() -> None:
    """Fork a command for each request; answers are process ids and exit codes."""
    from flask import Flask

    from padws import cli
    from padws.migrations.files import known

    app = Flask("padws")
    cli.register(app)
    for migration in known():
        assert migration.script  # read and parsed once for all
    gc.freeze()  # a collection in a fork would copy all memory
    for line in sys.stdin:
        request = json.loads(line)
        if "poll" in request:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                _become(app.cli.commands[request["args"][0]].main, request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _become(command: Callable[[list[str]], object], request: dict[str, object]) -> None:
    """Be the command: its environment, its output, its exit code."""
    log = os.open(str(request["log"]), os.O_WRONLY | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    environ, args = request["environ"], request["args"]
    assert isinstance(environ, dict)
    assert isinstance(args, list)
    os.environ.clear()
    os.environ.update(environ)
    # A shell lets background jobs ignore it, whose children would then ignore it, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command(args[1:])
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(end.code or 0))  # without taking a copied interpreter apart
