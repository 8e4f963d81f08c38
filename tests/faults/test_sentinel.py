"""Redis Sentinel: the master dies, a replica takes its place, and the service follows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import requests

from padws.embedded import ends_with_parent, temporary
from padws.embedded.servers import redis_program
from padws.embedded.startup import LOOPBACK, free_port
from tests.helpers import servers
from tests.helpers.parts import Part
from tests.helpers.people import sign_in_all
from tests.helpers.programs import run
from tests.helpers.waiting import wait_until

PASSWORD, SENTINEL_PASSWORD = "not-secret", "not-secret-either"
DATABASE = 3
SERVICE = "drawings"


@dataclass
class Node:
    """A redis-server of these tests, on its own port; with `--sentinel`, a Sentinel."""

    title: str
    port: int
    directory: Path
    options: tuple[str, ...]
    password: str = PASSWORD
    database: int = DATABASE

    def start(self) -> ends_with_parent.ChildProcess:
        """Start it."""
        self.directory.mkdir(exist_ok=True)
        conf = self.directory / "redis.conf"  # which a Sentinel rewrites
        if not conf.exists():
            conf.write_text(f"bind {LOOPBACK}\nport {self.port}\ndir {self.directory}\n")
        command = [redis_program(), str(conf), *self.options]
        return ends_with_parent.start(self.title, command, log=self.directory / "log")

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.client().ping())
        except redis.ConnectionError:
            return False

    def client(self) -> redis.Redis:
        """A connection for looking."""
        return redis.Redis(LOOPBACK, self.port, self.database, password=self.password)

    def replicas(self) -> int:
        """How many replicas are up to date."""
        return int(self.client().wait(10, 1000))

    def role(self) -> str:
        """Whether it is a master or a slave, in Redis's words."""
        return str(self.client().role()[0], "ascii")


@dataclass(frozen=True)
class Redises:
    """Two servers and a Sentinel that watches them."""

    first: Node
    second: Node
    sentinel: Node
    first_part: Part

    @property
    def settings(self) -> dict[str, str]:
        """The service's settings. The host in the URL does not exist."""
        return {
            "REDIS_URL": f"redis://:{PASSWORD}@nowhere.invalid:1/{DATABASE}",
            "REDIS_SENTINELS": f"{LOOPBACK}:1,{LOOPBACK}:{self.sentinel.port}/{SERVICE}",
            "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
            "REDIS_TIMEOUT": "4",
        }

    def has_failed_over(self) -> bool:
        """Whether the second one is the master."""
        return self.second.role() == "master"


@pytest.fixture
def redises(tmp_path: Path) -> Iterator[Redises]:
    ports = [free_port() for _ in range(3)]
    access = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
    first = Node("the first Redis", ports[0], tmp_path / "first", access)
    replica = (*access, "--replicaof", LOOPBACK, str(ports[0]))
    second = Node("the second Redis", ports[1], tmp_path / "second", replica)
    sentinel = a_sentinel(tmp_path / "sentinel", ports[2], ports[0])
    with ExitStack() as stack:
        parts = [Part(each) for each in (first, second, sentinel)]
        for part in parts:
            stack.callback(part.stop)
            part.start()
        wait_until(lambda: first.replicas() == 1)
        wait_until(lambda: knows_a_replica(sentinel))
        yield Redises(first, second, sentinel, parts[0])


def a_sentinel(directory: Path, port: int, master: int) -> Node:
    directory.mkdir()
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f"dir {directory}",
        f"requirepass {SENTINEL_PASSWORD}",
        f"sentinel monitor {SERVICE} {LOOPBACK} {master} 1",
        f"sentinel auth-pass {SERVICE} {PASSWORD}",
        f"sentinel down-after-milliseconds {SERVICE} 1500",
        f"sentinel failover-timeout {SERVICE} 5000",
    ]
    (directory / "redis.conf").write_text("\n".join(lines) + "\n")
    return Node("Sentinel", port, directory, ("--sentinel",), SENTINEL_PASSWORD, 0)


def knows_a_replica(sentinel: Node) -> bool:
    return len(sentinel.client().sentinel_slaves(SERVICE)) == 1


@pytest.fixture
def environment(database_url: str, oidc_issuer: str, redises: Redises) -> dict[str, str]:
    return servers.settings_of(database_url, "", oidc_issuer) | redises.settings


def test_sessions_follow_the_master(
    redises: Redises, environment: dict[str, str], tmp_path: Path
) -> None:
    with temporary.running_service(environment, tmp_path / "log") as service:
        (alice,) = sign_in_all(service.url, ["alice"])
        wait_until(lambda: redises.first.replicas() == 1)

        def ask() -> int:
            headers = {"Cookie": alice.header}
            answer = requests.get(f"{service.url}/api/users/me", headers=headers, timeout=60)
            assert answer.status_code == 200 or "Retry-After" in answer.headers
            return answer.status_code

        def serves() -> bool:
            return all(ask() == 200 for _ in range(16))

        redises.first_part.kill()
        ask()
        wait_until(serves)
        assert redises.has_failed_over()
        sign_in_all(service.url, ["bob"])

        redises.first_part.start()  # it comes back, and is told to follow the second one
        wait_until(lambda: redises.first.role() == "slave")
        assert serves()
        assert "Traceback" not in service.log.read_text()


def test_migrations_find_their_lock_through_sentinel(
    redises: Redises, environment: dict[str, str]
) -> None:
    redises.first.client().set("padws:migration:lock", "somebody's", ex=60)
    environ = temporary.environment(environment)
    status = run(sys.executable, "-m", "flask", "db-status", environ=environ)
    assert "Redis lock          held by host unknown" in status
