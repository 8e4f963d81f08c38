import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from padws.embedded import ends_with_parent
from tests.helpers.waiting import wait_until

SLEEP = ["sleep", "600"]
STARTER = """
    import subprocess, sys, time
    from padws.embedded import ends_with_parent
    server = ends_with_parent.start("server", ["sleep", "600"])
    other = subprocess.Popen(["sleep", "600"])
    print(server.pid, other.pid, flush=True)
    time.sleep(600)
"""


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def server() -> ends_with_parent.ChildProcess:
    return ends_with_parent.start("server", SLEEP)


def test_a_started_server_is_alive_under_its_own_process_id(
    server: ends_with_parent.ChildProcess,
) -> None:
    assert server.is_alive()
    assert psutil.Process(server.pid).cmdline() == SLEEP
    server.stop()


def test_stopping_sends_the_stop_signal() -> None:
    server = ends_with_parent.start("server", SLEEP, stop_signal=signal.SIGUSR1)
    assert server.stop() == 128 + signal.SIGUSR1
    assert is_gone(server.pid)
    assert not server.is_alive()


def test_stopping_twice_is_stopping_once(server: ends_with_parent.ChildProcess) -> None:
    assert server.stop() == server.stop()


def test_a_server_that_does_not_stop_is_killed_after_its_grace_time(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["bash", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]
    server = ends_with_parent.start("server", command, grace=0.2, log=log)
    wait_until(lambda: log.read_text() == "deaf\n")
    assert server.stop() == 128 + signal.SIGKILL


def test_the_end_of_a_server_is_seen_with_its_exit_code() -> None:
    assert ends_with_parent.start("server", ["bash", "-c", "exit 7"]).wait() == 7


def test_a_killed_server_ends_like_a_crashed_one(server: ends_with_parent.ChildProcess) -> None:
    assert server.kill() == 128 + signal.SIGKILL
    assert server.kill() == 128 + signal.SIGKILL


def test_what_a_server_leaves_behind_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = ends_with_parent.start("server", ["bash", "-c", "sleep 600 & echo $!; wait"], log=log)
    wait_until(lambda: log.read_text().endswith("\n"))
    server.kill()
    wait_until(lambda: is_gone(int(log.read_text())))


def test_a_program_that_is_not_there_is_one_clear_line() -> None:
    with pytest.raises(
        ends_with_parent.StartError, match=r"^server could not be started: /no/such: No such"
    ):
        ends_with_parent.start("server", ["/no/such"])


def test_a_server_dies_with_its_starter_though_another_child_lives_on() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STARTER)], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout
    server, other = map(int, starter.stdout.readline().split())
    starter.kill()
    starter.wait()
    wait_until(lambda: is_gone(server))
    assert not is_gone(other)
    os.kill(other, signal.SIGKILL)
    starter.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_server_dies_with_its_helper(server: ends_with_parent.ChildProcess) -> None:
    os.kill(psutil.Process(server.pid).ppid(), signal.SIGKILL)
    wait_until(lambda: is_gone(server.pid))
    server.stop()


def test_signals_to_the_starters_group_do_not_reach_the_server(
    server: ends_with_parent.ChildProcess,
) -> None:
    assert os.getsid(server.pid) != os.getsid(0)
    server.stop()


def test_held_files_stay_open_until_the_server_has_ended() -> None:
    reader, writer = os.pipe()
    server = ends_with_parent.start("server", SLEEP, held=[writer])
    os.close(writer)
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    server.stop()
    assert os.read(reader, 1) == b""
    os.close(reader)
