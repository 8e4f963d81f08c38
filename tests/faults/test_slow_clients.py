"""Clients that take their time: they cost no thread, keep nobody waiting, and have a deadline."""

from __future__ import annotations

import json
import resource
import select
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import psutil
import pytest

from padws.embedded import temporary
from tests.helpers import servers, wire
from tests.helpers.people import alice_and_her_pad
from tests.helpers.waiting import PATIENCE, wait_until

HEALTH = wire.request("GET", "/healthz")
ENDING = wire.request("GET", "/healthz", "Connection: close")

#: Beginnings of requests that a thread cannot do anything with yet.
BEGINNINGS = {
    "a letter": b"G",
    "a head": b"GET /healthz HTTP/1.1\r\nX-",
    "a body": wire.request("POST", "/api/pad", "Content-Length: 60000"),
    "chunks": wire.request("POST", "/api/pad", "Transfer-Encoding: chunked", body=b"ffff\r\n"),
    "a size": wire.request("POST", "/api/pad", "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n"),
    "zeros": wire.request("POST", "/api/pad", f"Content-Length: {'0' * 30}9"),
    "a size of zeros": wire.request(
        "POST", "/api/pad", "Transfer-Encoding: chunked", body=b"0" * 30 + b"9\r\n"
    ),
    "leave": wire.request("POST", "/api/pad", "Content-Length: 9", "Expect: 100-continue"),
}


class Running:
    """A service with one worker, and what its worker does."""

    def __init__(self, service: temporary.Service):
        self.url, self.log = service.url, service.log
        self._master = psutil.Process(service.server.pid)
        self.worker = self._workers()[0]

    def _workers(self) -> list[psutil.Process]:
        return [each for each in self._master.children() if each.is_running()]

    def connect(self, stack: ExitStack, content: bytes = b"", source: str = "") -> socket.socket:
        connection = stack.enter_context(wire.connect(self.url, source))
        connection.sendall(content)
        return connection

    def serves(self, source: str = "") -> None:
        """Assert that somebody else is answered, by the same worker as before."""
        with wire.connect(self.url, source) as connection:
            connection.sendall(HEALTH)
            assert wire.read(connection).status == 200
        assert self._workers() == [self.worker]


StartRunning = Callable[[Mapping[str, str]], Running]


@pytest.fixture(scope="module")
def start(
    postgres: str,
    template_database: str,
    redis_server: str,
    oidc_issuer: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StartRunning]:
    """Start services with one worker; tests with the same settings share one."""
    started: dict[str, Running] = {}
    with servers.database(postgres, template_database) as url, ExitStack() as stack:
        environment = servers.settings_of(url, redis_server, oidc_issuer)

        def running_with(settings: Mapping[str, str]) -> Running:
            if (key := str(settings)) not in started:
                whole = {**environment, "WEB_CONCURRENCY": "1", **settings}
                log = tmp_path_factory.mktemp("gunicorn") / "log"
                service = stack.enter_context(temporary.running_service(whole, log))
                started[key] = Running(service)
            return started[key]

        yield running_with


@pytest.fixture
def running(start: StartRunning, settings: Mapping[str, str]) -> Iterator[Running]:
    """A service that is as patient as the test says, with one worker."""
    service = start(settings)
    yield service
    assert "Traceback" not in service.log.read_text()


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many connections as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 3000:
        pytest.skip("not enough files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("settings", [{}])
@pytest.mark.usefixtures("many_files")
def test_two_thousand_keep_nobody_waiting_and_cost_no_thread(running: Running) -> None:
    """Each has begun a request, in one way or another, and sends a byte of it now and then."""
    with ExitStack() as stack:
        kinds = list(BEGINNINGS.values())
        slow = [running.connect(stack, kinds[index % len(kinds)]) for index in range(2000)]
        for _ in range(3):
            for connection in slow:
                connection.sendall(b"1")
            running.serves()
        assert running.worker.num_threads() < 40
        slow[1].sendall(b": x\r\n\r\n")
        assert wire.read(slow[1]).status == 200


@pytest.mark.parametrize("settings", [{"WEB_THREADS": "8"}])
def test_large_bodies_on_their_way_leave_threads_for_others(running: Running) -> None:
    """So much of each has arrived that a thread has it, or would."""
    cookie, path = alice_and_her_pad(running.url)
    headers = (cookie, "Content-Type: application/json", "Content-Length: 100000")
    begun = wire.request("POST", path, *headers, body=b" " * 70_000)
    with ExitStack() as stack:
        for _ in range(20):
            running.connect(stack, begun)
        running.serves()


@pytest.mark.parametrize("settings", [{}])
def test_a_client_that_stays_after_the_last_answer_keeps_nobody_waiting(running: Running) -> None:
    with ExitStack() as stack:
        gone = [running.connect(stack, ENDING) for _ in range(150)]
        for connection in gone:
            assert wire.read(connection).status == 200
        running.serves()
        assert all(wire.is_closed(connection) for connection in gone)


class TestDeadlines:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"CLIENT_TIMEOUT": "1"}

    def test_a_request_that_does_not_arrive_is_given_up_and_told_so(self, running: Running) -> None:
        with ExitStack() as stack:
            slow = {name: running.connect(stack, begun) for name, begun in BEGINNINGS.items()}
            assert slow["leave"].recv(100).startswith(b"HTTP/1.1 100 ")
            for name, connection in slow.items():
                answer = wire.read(connection)
                assert (answer.status, answer.check_problem()) == (408, "too_slow"), name
                assert wire.is_closed(connection)

    def test_a_byte_now_and_then_does_not_help(self, running: Running) -> None:
        with ExitStack() as stack:
            slow = [running.connect(stack, begun) for begun in BEGINNINGS.values()]
            for connection in slow:
                connection.settimeout(0.2)
            while slow:
                slow = [each for each in slow if not was_refused(each)]

    def test_a_thread_does_not_wait_longer_either(self, running: Running) -> None:
        cookie, path = alice_and_her_pad(running.url)
        for framing, body in (
            ("Content-Length: 100000", b" " * 70_000),
            ("Transfer-Encoding: chunked", b"fffff\r\n" + b" " * 70_000),
        ):
            headers = (cookie, "Content-Type: application/json", framing)
            answer = wire.exchange(running.url, wire.request("POST", path, *headers, body=body))
            assert (answer.status, answer.check_problem()) == (408, "too_slow")

    def test_a_client_that_sends_nothing_gets_no_answer(self, running: Running) -> None:
        with wire.connect(running.url) as silent:
            assert wire.is_closed(silent)

    def test_between_two_requests_there_is_more_time(self, running: Running) -> None:
        with wire.connect(running.url) as idle, wire.connect(running.url) as silent:
            idle.sendall(HEALTH)
            assert wire.read(idle).status == 200
            assert wire.is_closed(silent)
            idle.sendall(HEALTH)
            assert wire.read(idle).status == 200

    def test_a_client_that_does_not_read_the_answer_is_cut_off(self, running: Running) -> None:
        cookie, path = alice_and_her_pad(running.url)
        scene = json.dumps({"elements": [{"id": "x" * 12_000_000}]}).encode()
        headers = (cookie, "Content-Type: application/json", f"Content-Length: {len(scene)}")
        save = wire.request("POST", path, *headers, body=scene)
        assert wire.exchange(running.url, save).status == 200
        with small_window(running.url) as connection:
            connection.sendall(wire.request("GET", path, cookie))
            cut_off = select.poll()
            cut_off.register(connection, select.POLLHUP)
            assert cut_off.poll(1000 * PATIENCE)
            with pytest.raises(ConnectionResetError):
                received(connection)


def was_refused(connection: socket.socket) -> bool:
    """Send a byte; whether the answer says that it is too late."""
    try:
        connection.sendall(b"1")
        return b" 408 " in connection.recv(10_000)
    except TimeoutError:
        return False


def small_window(url: str) -> socket.socket:
    """A connection with a small receive buffer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(60)
    host, port = url.removeprefix("http://").split(":")
    connection.connect((host, int(port)))
    return connection


def received(connection: socket.socket) -> int:
    """How many bytes come until the end."""
    return sum(iter(lambda: len(connection.recv(1_000_000)), 0))


class TestRoom:
    @pytest.mark.parametrize("settings", [{"CONNECTIONS_PER_ADDRESS": "5", "WEB_THREADS": "20"}])
    def test_an_address_has_a_number_of_connections(self, running: Running) -> None:
        """A new one replaces the one that has waited longest; if all are in use, it is refused."""
        cookie, path = alice_and_her_pad(running.url)
        large = (cookie, "Content-Type: application/json", "Content-Length: 100000")
        begun = wire.request("POST", path, *large, body=b" " * 70_000)
        with ExitStack() as stack:
            ours = [running.connect(stack, HEALTH) for _ in range(10)]
            other = running.connect(stack, HEALTH, "127.0.0.3")
            theirs = []
            for _ in range(5):
                theirs.append(running.connect(stack, HEALTH, "127.0.0.2"))
                assert wire.read(theirs[-1]).status == 200
            # A thread stays with each for a moment; until then it does not count as waiting.
            wait_until(lambda: not is_refused(running, "127.0.0.2"))
            (longest,), _, _ = select.select(theirs, [], [], 60)
            assert wire.is_closed(longest)
            theirs.remove(longest)
            threads = running.worker.num_threads()
            for connection in theirs:
                connection.sendall(begun)
            wait_until(lambda: running.worker.num_threads() >= threads + 4)
            running.connect(stack, begun, "127.0.0.2")
            wait_until(lambda: running.worker.num_threads() >= threads + 5)
            assert is_refused(running, "127.0.0.2")
            for connection in [*ours, other]:
                assert wire.read(connection).status == 200
            theirs[0].sendall(b" " * 30_000)
            assert wire.read(theirs[0]).check_problem() == "invalid_json"
            wait_until(lambda: not is_refused(running, "127.0.0.2"))

    @pytest.mark.parametrize(
        "settings",
        [
            {"CONNECTIONS_PER_ADDRESS": "5", "TRUSTED_PROXIES": "1"},
            {"CONNECTIONS_PER_ADDRESS": "0"},
        ],
        ids=str,
    )
    def test_a_proxy_has_any_number(self, running: Running) -> None:
        with ExitStack() as stack:
            all_of_them = [running.connect(stack, HEALTH, "127.0.0.2") for _ in range(20)]
            assert [wire.read(each).status for each in all_of_them] == [200] * 20

    @pytest.mark.parametrize("settings", [{"GUNICORN_CMD_ARGS": "--worker-connections=20"}])
    def test_when_a_worker_is_full_the_longest_wait_ends(self, running: Running) -> None:
        with ExitStack() as stack:
            silent = []
            for _ in range(60):
                silent.append(running.connect(stack, b"G"))
                for each in silent[-20:]:
                    wire.send(each, [b"E"])
            running.serves()
            assert all(wire.is_closed(each) for each in silent[:40])


def is_refused(running: Running, source: str) -> bool:
    """Whether a new connection from an address is closed at once."""
    with wire.connect(running.url, source) as connection:
        wire.send(connection, [HEALTH])
        return wire.is_closed(connection)
