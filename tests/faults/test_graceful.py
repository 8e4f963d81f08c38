"""Stopping and reloading gunicorn: what was accepted is answered, and the end comes soon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from padws.config import ROOT
from padws.embedded import temporary
from padws.embedded.postgres import Postgres
from padws.embedded.startup import LOOPBACK, free_port, http_status, is_free
from tests.faults.campaign import Campaign
from tests.faults.catalogue import Fault
from tests.faults.place import PATIENT, POSTGRES_OPTIONS, Place, serving, started, write
from tests.helpers import wire
from tests.helpers.parts import still
from tests.helpers.people import alice_and_her_pad
from tests.helpers.waiting import wait_until

#: Seconds, more than any test takes: nothing may depend on waiting for their end.
FOR_EVER = {"GUNICORN_CMD_ARGS": "--graceful-timeout=3600"}

SCENE = b'{"elements": [1, 2, 3]}'
HEALTH = wire.request("GET", "/healthz")


@pytest.fixture
def running(environment: dict[str, str], tmp_path: Path) -> Iterator[temporary.Service]:
    with temporary.running_service(environment | FOR_EVER, tmp_path / "log") as service:
        yield service
        assert "Traceback" not in service.log.read_text()


def save_of_alice(url: str) -> bytes:
    """The bytes of a save, head and body."""
    cookie, path = alice_and_her_pad(url)
    headers = (cookie, "Content-Type: application/json", f"Content-Length: {len(SCENE)}")
    return wire.request("POST", path, *headers, body=SCENE)


def port_of(service: temporary.Service) -> int:
    return urlsplit(service.url).port or 0


def order_to_stop(service: temporary.Service) -> None:
    """Send SIGTERM, and wait until the port is closed."""
    os.kill(service.server.pid, signal.SIGTERM)
    wait_until(lambda: is_free(port_of(service)))


def test_stopping_answers_what_was_begun_and_says_that_it_was_the_last(
    running: temporary.Service,
) -> None:
    save = save_of_alice(running.url)
    with wire.connect(running.url) as begun, wire.connect(running.url) as idle:
        idle.sendall(HEALTH)
        assert wire.read(idle).status == 200
        begun.sendall(save[:-5])
        order_to_stop(running)
        idle.sendall(HEALTH)
        begun.sendall(save[-5:])
        answer = wire.read(idle)
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        assert wire.read(begun).status == 200
    assert running.server.wait(60) == 0


def test_stopping_does_not_wait_for_idle_clients(running: temporary.Service) -> None:
    with wire.connect(running.url) as idle, wire.connect(running.url) as silent:
        idle.sendall(HEALTH)
        assert wire.read(idle).status == 200
        order_to_stop(running)
        assert running.server.wait(60) == 0
        assert (idle.recv(1), silent.recv(1)) == (b"", b"")


def test_stopping_answers_clients_still_waiting_at_the_port(running: temporary.Service) -> None:
    """The kernel has accepted them, and no worker has yet."""
    master = psutil.Process(running.server.pid)
    with ExitStack() as stack:
        with still(master.children()):
            waiting = [stack.enter_context(wire.connect(running.url)) for _ in range(8)]
            for connection in waiting:
                connection.sendall(HEALTH)
            master.terminate()
        assert [wire.read(connection).status for connection in waiting] == [200] * 8
    assert running.server.wait(60) == 0


def test_workers_without_their_master_leave_the_port_and_end(environment: dict[str, str]) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", f"--bind={LOOPBACK}:{port}", "wsgi:app"],
        cwd=ROOT,
        env=temporary.environment(environment | FOR_EVER),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        wait_until(lambda: http_status(port, "/readyz") == 200)
        workers = psutil.Process(process.pid).children()
        with wire.connect(f"http://{LOOPBACK}:{port}") as idle:
            idle.sendall(HEALTH)
            assert wire.read(idle).status == 200
            process.kill()
            wait_until(lambda: not any(each.is_running() for each in workers))
    assert is_free(port)


def test_a_reload_under_load_loses_no_request() -> None:
    """SIGHUP: new workers take over the port, the old ones finish."""

    def reload(place: Place) -> None:
        (instance,) = place.instances
        old = instance.children()
        instance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not any(each.is_running() for each in old))

    with ExitStack() as stack:
        directory = stack.enter_context(temporary.data_directory())
        database = Postgres(directory, *POSTGRES_OPTIONS)
        place = serving(stack, directory, started(stack, database), [database.url()], **PATIENT)
        write(stack, place, 6)
        campaign = Campaign(place)
        for _ in range(2):
            assert not campaign.inject(Fault("reload", reload)).failures
        assert not campaign.wrong
