"""`flask dev` as a person uses it, and what is left when it ends, however it ends."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis
import requests

from padws.config import ROOT
from padws.embedded import temporary
from padws.embedded.directory import DataDirectory
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Redis
from padws.embedded.startup import LOOPBACK, free_port
from tests.helpers.waiting import wait_until

READY = "Ctrl-C stops everything."
COMMAND = (sys.executable, "-m", "flask", "dev")


class Terminal:
    """A terminal, and all that has been written to it."""

    def __init__(self, columns: int, lines: int):
        self._ours, self.inside = os.openpty()
        self.resize(columns, lines)
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError):  # at the end of a terminal
            while data := os.read(self._ours, 65_536):
                self.text += data.decode()

    def resize(self, columns: int, lines: int) -> None:
        termios.tcsetwinsize(self._ours, (lines, columns))

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.text, f"{text!r} on the screen")


class Run:
    """A running `flask dev` on a data directory, in a process group of its own."""

    def __init__(
        self,
        data: Path,
        log: Path,
        settings: dict[str, str],
        command: tuple[str, ...] = COMMAND,
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
    ):
        settings = {"PADWS_DATA_DIR": str(data), "PORT": str(free_port()), **settings}
        self.url = f"http://{LOOPBACK}:{settings['PORT']}"
        self._log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=temporary.environment({**settings, "PYTHONUNBUFFERED": "1"}),
                stdin=stdin,
                stdout=stdout or output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def wait_until_ready(self) -> None:
        wait_until(lambda: READY in self.output or self.process.poll() is not None)
        assert self.process.poll() is None, self.output

    def interrupt(self) -> int:
        """Press Ctrl-C: a signal to the whole group; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


StartRun = Callable[..., Run]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with temporary.data_directory() as directory:
        (directory.path / "sign-in-port").write_text(f"{free_port()}\n")
        yield directory.path


@pytest.fixture
def run(data: Path, tmp_path: Path) -> Iterator[StartRun]:
    """Start `flask dev`; whatever a failing test leaves running is killed at the end."""
    with ExitStack() as stack:

        def start(settings: dict[str, str] | None = None, **how: Any) -> Run:
            started = Run(data, tmp_path / f"{free_port()}.log", settings or {}, **how)
            stack.callback(started.process.wait)
            stack.callback(started.process.kill)
            return started

        yield start
    wait_until(lambda: not processes_of(data))


def processes_of(data: Path) -> list[Any]:
    """All processes that were started for the data directory or work in it."""
    found = psutil.process_iter(["pid", "cmdline", "cwd", "environ"])
    return [each.info for each in found if str(data) in str(each.info)]


def pid_of(data: Path, program: str) -> int:
    """The process id of a server of the run."""
    (pid,) = (
        int(each["pid"])
        for each in processes_of(data)
        if program in str(each["cmdline"][:3])
        and "ends_with_parent.py" not in str(each["cmdline"][:4])
    )
    return pid


def settings_of(data: Path) -> tuple[str, str]:
    """The URLs of the run's database and Redis."""
    directory = DataDirectory(data)
    return Postgres(directory).url(), Redis(directory).url()


def test_a_run_serves_then_stops_in_order_and_the_next_one_has_its_data(
    run: StartRun, data: Path
) -> None:
    first = run()
    first.wait_until_ready()
    assert requests.get(f"{first.url}/readyz", timeout=60).status_code == 200
    assert f"  Open               {first.url}\n" in first.output
    database, cache = settings_of(data)
    assert database in first.output
    with psycopg.connect(database) as connection, redis.Redis.from_url(cache) as client:
        connection.execute("CREATE TABLE IF NOT EXISTS kept ()")
        client.set("kept", "yes")
    assert first.interrupt() == 0
    assert "Traceback" not in first.output
    stopped = re.findall(r"Stopping (.*) …", first.output)
    assert stopped == ["gunicorn", "the sign-in provider", "Redis", "PostgreSQL"]
    assert not processes_of(data)

    second = run()
    second.wait_until_ready()
    with psycopg.connect(database) as connection, redis.Redis.from_url(cache) as client:
        connection.execute("SELECT FROM kept")
        assert client.get("kept") == b"yes"


def test_a_terminal_shows_a_line_of_status_in_place(run: StartRun) -> None:
    terminal = Terminal(columns=120, lines=30)
    on_terminal = run({"TERM": "xterm"}, stdin=terminal.inside, stdout=terminal.inside)
    os.close(terminal.inside)
    terminal.wait_for("Requests: 0, failed: 0, warnings: 0")
    assert requests.get(f"{on_terminal.url}/nowhere", timeout=60).status_code == 404
    terminal.wait_for("0\r\x1b[JRequests: 1, failed: 0, warnings: 0")
    assert "/nowhere" not in terminal.text

    terminal.resize(columns=20, lines=30)
    terminal.wait_for("0\x1b[1A\r\x1b[JRequests: 1, failed")
    assert on_terminal.interrupt() == 0
    terminal.wait_for("\r\x1b[J\rStopping gunicorn")


def test_without_a_terminal_lines_stay_and_the_log_has_the_requests(
    run: StartRun, data: Path
) -> None:
    running = run({"SLOW_REQUEST_MS": "1"})
    running.wait_until_ready()
    requests.get(f"{running.url}/readyz", timeout=60)  # after the run's own
    shown = re.compile(r"WARNING padws.access: GET /readyz 200 request_id=")
    wait_until(lambda: len(shown.findall(running.output)) == 2, "both requests in the output")
    assert running.interrupt() == 0
    assert "\x1b" not in running.output
    assert "Requests: 1, failed: 0, warnings: 0\n" in running.output
    log = data / "logs" / "padws.log"
    assert f"  Requests           {log}\n" in running.output
    assert shown.search(log.read_text())


def test_a_run_whose_reader_has_gone_stops_in_order(run: StartRun, data: Path) -> None:
    reader, writer = os.pipe()
    running = run(stdout=writer)
    os.close(writer)
    with os.fdopen(reader) as output:
        assert f"{READY}\n" in iter(output.readline, "")
    assert running.interrupt() == 0
    assert not processes_of(data)


def test_a_run_that_is_told_to_end_leaves_nothing(run: StartRun, data: Path) -> None:
    running = run()
    running.wait_until_ready()
    running.process.send_signal(signal.SIGHUP)
    assert running.process.wait(60) == 0
    assert not processes_of(data)


def test_a_killed_run_leaves_nothing_and_the_next_one_starts(run: StartRun, data: Path) -> None:
    killed = run()
    killed.wait_until_ready()
    killed.process.kill()
    following = run()  # at once, while the servers are still stopping
    following.wait_until_ready()
    following.process.kill()
    wait_until(lambda: not processes_of(data))


def test_a_run_that_is_interrupted_while_it_starts_leaves_nothing(
    run: StartRun, data: Path
) -> None:
    running = run()
    wait_until(lambda: "Starting PostgreSQL" in running.output)
    assert running.interrupt() == 0
    assert "Traceback" not in running.output
    assert not processes_of(data)


def test_a_run_ends_with_its_parent(run: StartRun, data: Path) -> None:
    script = f"{shlex.join(COMMAND)} --stop-with-parent $$; true"
    parent = run(command=("sh", "-c", script))
    parent.wait_until_ready()
    parent.process.kill()
    wait_until(lambda: not processes_of(data))
    assert "Stopping PostgreSQL" in parent.output


def test_a_run_ends_with_its_terminal(run: StartRun, data: Path) -> None:
    # The shell is the session's first process, and like make does not pass on the signal.
    script = f"trap '' HUP; {shlex.join(COMMAND)}; true"
    terminal, inside = os.openpty()
    on_terminal = run(command=("sh", "-c", script), stdin=inside)
    os.close(inside)
    on_terminal.wait_until_ready()
    os.close(terminal)
    wait_until(lambda: not processes_of(data))
    assert "Stopping PostgreSQL" in on_terminal.output


def test_a_server_that_dies_ends_the_run_and_is_named(run: StartRun, data: Path) -> None:
    running = run()
    running.wait_until_ready()
    os.kill(pid_of(data, "redis-server"), signal.SIGKILL)
    assert running.process.wait(60) == 1
    assert "Error: Redis stopped with exit code 137. The end of" in running.output
    assert not processes_of(data)


def test_a_second_run_on_the_same_data_says_where_the_first_is(run: StartRun) -> None:
    first = run()
    first.wait_until_ready()
    second = run()
    assert second.process.wait(60) == 1
    assert f"process {first.process.pid}, {first.url}" in second.output
    assert requests.get(f"{first.url}/readyz", timeout=60).status_code == 200


def test_a_taken_port_is_named_before_anything_starts(run: StartRun) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        running = run({"PORT": str(port)})
        assert running.process.wait(60) == 1
    assert f"Error: Port {port} is taken by another program. Set PORT" in running.output
    assert "Starting" not in running.output


def test_an_impossible_port_is_refused(run: StartRun) -> None:
    running = run({"PORT": "70000"})
    assert running.process.wait(60) == 1
    assert "PORT: Not a whole number from 1 to 65535." in running.output


def test_the_providers_port_is_never_changed_in_silence(run: StartRun, data: Path) -> None:
    with socket.create_server((LOOPBACK, int((data / "sign-in-port").read_text()))):
        running = run()
        assert running.process.wait(60) == 1
    assert "the sign-in provider has always used here, is taken" in running.output
    assert str(data / "sign-in-port") in running.output


def test_servers_that_are_named_are_used_and_not_started(
    run: StartRun, data: Path, database_url: str, redis_url: str
) -> None:
    named = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "OIDC_CLIENT_ID": "padws"}
    running = run({**named, "OIDC_ISSUER": "http://127.0.0.1:9"})
    running.wait_until_ready()
    assert "PostgreSQL: the one that DATABASE_URL names." in running.output
    assert "Redis: the one that REDIS_URL names." in running.output
    assert "the sign-in provider: the one that OIDC_ISSUER, OIDC_CLIENT_ID names" in running.output
    assert "Starting PostgreSQL" not in running.output
    assert running.interrupt() == 0


def test_a_service_that_does_not_start_says_why_and_ends_the_run(run: StartRun, data: Path) -> None:
    running = run({"DATABASE_URL": f"postgresql://{LOOPBACK}:{free_port()}/nowhere"})
    assert running.process.wait(60) == 1
    assert "Error: gunicorn stopped with exit code 1." in running.output
    assert "Traceback" not in running.output
    assert not processes_of(data)
