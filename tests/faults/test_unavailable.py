"""PostgreSQL or Redis goes down and comes back while the service runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from padws.embedded import temporary
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Redis
from tests.faults.every_request import Request, requests_about
from tests.helpers import people, servers
from tests.helpers.contract import assert_problem, check_answer, ok
from tests.helpers.drawings import drawing, without_mark
from tests.helpers.parallel import at_once
from tests.helpers.parts import Part
from tests.helpers.waiting import wait_until

#: Requests that need no server, and so work whatever is down.
OPEN = ["/healthz", "/", "/api/app/config", "/api/app/build-info", "/api/docs", "/api/openapi.json"]


@dataclass(frozen=True)
class Place:
    """A service with servers of its own, and an administrator who has signed in."""

    postgres: Part
    redis: Part
    settings: dict[str, str]
    service: temporary.Service
    cookie: str

    def ask(self, method: str, path: str, json: Any = None) -> requests.Response:
        """Send a request; no answer within a minute fails the test."""
        url, headers = f"{self.service.url}{path}", {"Cookie": self.cookie}
        answer = requests.request(
            method, url, json=json, headers=headers, timeout=60, allow_redirects=False
        )
        check_answer(method, path, answer.status_code, answer.headers, answer.content)
        return answer

    def ask_all(self, wanted: list[Request]) -> list[requests.Response]:
        """Send requests at the same time."""
        return at_once([partial(self.ask, *request) for request in wanted])

    def ask_often(self, request: Request, times: int) -> list[int]:
        """The statuses of the answers to one request, sent many times at the same time."""
        return [answer.status_code for answer in self.ask_all([request] * times)]

    def serves(self) -> bool:
        """Whether every worker serves again: each recovers by itself."""
        lists = self.ask_often(("GET", "/api/pad", None), 16)
        return {*lists, *self.ask_often(("GET", "/readyz", None), 16)} == {200}


@pytest.fixture(scope="module")
def running_place(oidc_issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    log = tmp_path_factory.mktemp("gunicorn") / "log"
    with ExitStack() as stack:
        directory = stack.enter_context(temporary.data_directory())
        postgres, cache = Postgres(directory), Redis(directory)
        parts = Part(postgres), Part(cache)
        for part in parts:
            part.start()
            stack.callback(part.stop)
        settings = servers.settings_of(postgres.url(), cache.url(), oidc_issuer)
        impatient = {**settings, "DB_POOL_TIMEOUT": "1", "DB_LOCK_TIMEOUT": "1"}
        service = stack.enter_context(temporary.running_service(impatient, log))
        (admin,) = people.sign_in_all(service.url, ["admin"])
        yield Place(*parts, settings, service, admin.header)


@pytest.fixture
def place(running_place: Place) -> Iterator[Place]:
    """The place with everything running, before and after; nothing logs a traceback."""
    yield running_place
    for part in (running_place.postgres, running_place.redis):
        part.start()
    wait_until(running_place.serves)
    assert "Traceback" not in running_place.service.log.read_text()


@pytest.fixture
def pad(place: Place) -> dict[str, Any]:
    """A new pad with a backup."""
    body = {"display_name": "Plan", "data": drawing()}
    made: dict[str, Any] = ok(place.ask("POST", "/api/pad", body), 201)
    ok(place.ask("POST", f"/api/pad/{made['id']}/backups"), 201)
    return made


@pytest.fixture
def every_request(place: Place, pad: dict[str, Any]) -> list[Request]:
    path = f"/api/pad/{pad['id']}"
    backup = ok(place.ask("GET", f"{path}/backups"))["backups"][0]["id"]
    link = ok(place.ask("POST", f"{path}/links", {}), 201)["url"]
    return requests_about(path, backup, link)


def assert_open(place: Place) -> None:
    """What needs no server works, and /readyz says that something is missing."""
    for path in OPEN:
        assert place.ask("GET", path).status_code == 200, path
    assert place.ask("GET", "/readyz").status_code == 503


def assert_back(place: Place, pad: dict[str, Any]) -> None:
    """The service recovers by itself, and serves what it served before."""
    wait_until(place.serves)
    assert ok(place.ask("GET", f"/api/pad/{pad['id']}")) == pad


@pytest.mark.parametrize("end", [Part.stop, Part.kill])
class TestAway:
    def test_without_postgresql_every_request_is_a_503_till_it_is_back(
        self,
        place: Place,
        pad: dict[str, Any],
        every_request: list[Request],
        end: Callable[[Part], None],
    ) -> None:
        end(place.postgres)
        for _ in range(2):  # first the pool's connections are dead, then it has none
            for answer in place.ask_all(every_request):
                assert_problem(answer, 503, "database_unavailable")
        assert_open(place)
        assert place.ask("GET", "/api/workspace/state").status_code == 200
        place.postgres.start()
        assert_back(place, pad)

    def test_without_redis_every_request_is_a_503_till_it_is_back(
        self,
        place: Place,
        pad: dict[str, Any],
        every_request: list[Request],
        end: Callable[[Part], None],
    ) -> None:
        """The session survives: Redis keeps its data, here as in production."""
        end(place.redis)
        more: list[Request] = [
            ("GET", "/api/workspace/state", None),
            ("GET", "/api/users/count", None),
            ("GET", "/auth/login", None),
            ("POST", "/auth/logout", None),
        ]
        for answer in place.ask_all(every_request + more):
            assert_problem(answer, 503, "redis_unavailable")
        assert_open(place)
        place.redis.start()
        assert_back(place, pad)


def test_without_both_it_is_a_503_as_well(
    place: Place, pad: dict[str, Any], every_request: list[Request]
) -> None:
    place.redis.stop()
    place.postgres.stop()
    for answer in place.ask_all(every_request):
        assert_problem(answer, 503, "redis_unavailable")
    assert_open(place)
    place.redis.start()
    place.postgres.start()
    assert_back(place, pad)


@pytest.fixture
def patient_place(place: Place, tmp_path: Path) -> Iterator[Place]:
    """The place with a service that has the default time-outs."""
    with temporary.running_service(place.settings, tmp_path / "log") as service:
        yield replace(place, service=service)
        assert "Traceback" not in service.log.read_text()


@pytest.mark.parametrize("part", ["postgres", "redis"])
def test_a_restart_between_two_requests_fails_none(
    patient_place: Place, pad: dict[str, Any], part: str
) -> None:
    """The connections that were kept open are dead by then; each worker has several."""
    save = ("POST", f"/api/pad/{pad['id']}", drawing(5))
    for request in (("GET", "/api/pad", None), save, ("GET", "/api/users/me", None)):
        assert patient_place.ask_often(request, 24) == [200] * 24
        getattr(patient_place, part).restart()
        assert patient_place.ask_often(request, 24) == [200] * 24


def test_what_was_acknowledged_is_there_after_a_crash(place: Place, pad: dict[str, Any]) -> None:
    path = f"/api/pad/{pad['id']}"
    for round_ in range(2):
        saved = [ok(place.ask("POST", path, drawing(10 * round_ + n))) for n in range(10)]
        place.postgres.kill()
        assert_problem(place.ask("POST", path, drawing(99)), 503, "database_unavailable")
        place.postgres.start()
        wait_until(place.serves)
        found = ok(place.ask("GET", path))
        assert found["version"] == saved[-1]["version"]
        assert without_mark(found["data"]) == drawing(10 * round_ + 9)


def test_waiting_for_a_row_or_a_connection_ends_in_a_503(place: Place, pad: dict[str, Any]) -> None:
    """Somebody else holds the pad's row; more saves come than there are connections."""
    save = ("POST", f"/api/pad/{pad['id']}", drawing(4))
    with psycopg.connect(place.settings["DATABASE_URL"]) as other:
        other.execute("SELECT FROM pad_ws.pads WHERE id = %s FOR UPDATE", [pad["id"]])
        for answer in place.ask_all([save] * 48):
            assert_problem(answer, 503, "database_unavailable")
    assert_back(place, pad)
