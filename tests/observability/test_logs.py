"""The log: one whole line per request, with the id that its answer has, and never a secret."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from padws.embedded.temporary import Service, running_service
from tests.helpers import servers, wire
from tests.helpers.browser import Browser, Script, signed_in
from tests.helpers.waiting import wait_until
from tests.observability.conftest import Start
from tests.observability.journal import FIELDS, entries, of_request

SCENE = "a-scene-that-nobody-else-may-read"
TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 \[\d+\] [A-Z]+ [\w.]+: .+")

#: Of a service that logs as much as it can, and believes what a proxy says.
DEBUG = {"LOG_LEVEL": "debug", "SLOW_REQUEST_MS": "1", "TRUSTED_PROXIES": "1"}


@pytest.fixture(scope="module")
def database_url(postgres: str, template_database: str) -> Iterator[str]:
    with servers.database(postgres, template_database) as url:
        yield url


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Start services; tests with the same settings share one."""
    services: dict[str, Service] = {}
    with ExitStack() as stack:

        def service_with(settings: dict[str, str]) -> Service:
            if (key := str(settings)) not in services:
                log = tmp_path_factory.mktemp("gunicorn") / "log"
                services[key] = stack.enter_context(running_service(settings, log))
            return services[key]

        yield service_with


@pytest.fixture
def start(started: Callable[..., Service], environment: dict[str, str]) -> Start:
    """A service of one worker with some settings of its own."""
    usual = {"LOG_FORMAT": "json", "WEB_CONCURRENCY": "1"}
    return lambda **settings: started({**environment, **usual, **settings})


def test_each_request_is_one_line_with_everything(start: Start) -> None:
    service = start()
    alice = signed_in(service.url, "alice")
    pad = alice.new_pad()
    body = json.dumps({"elements": [1], "appState": {}})
    answer = alice.post(
        f"/api/pad/{pad}?x=1", data=body, headers={"Content-Type": "application/json"}
    )
    (line,) = of_request(service, answer.headers["X-Request-ID"])
    assert line.keys() == FIELDS
    assert (line["method"], line["route"]) == ("POST", "/api/pad/{pad_id}")
    assert line["path"] == f"/api/pad/{pad}", "without the query"
    assert (line["status"], line["level"]) == (200, "info")
    assert line["user_id"] == alice.who()["id"]
    assert (line["bytes_in"], line["bytes_out"]) == (len(body), len(answer.content))
    assert (line["sql_statements"], line["redis_commands"]) == (1, 1)
    assert line["address"] == "127.0.0.1"
    assert line["backend_pid"] > 0
    signed = [each for each in entries(service) if each.get("route") == "/auth/callback"]
    assert signed[-1]["user_id"] == line["user_id"]


def test_a_probe_is_logged_at_level_debug_or_if_it_fails(start: Start) -> None:
    def logged(**settings: str) -> list[Any]:
        service = start(**settings)
        before = len(entries(service))
        for path in ("/healthz", "/metrics", "/nowhere"):
            Browser(service.url).get(path)
        return [each["route"] for each in entries(service)[before:] if each.get("status")]

    assert logged() == ["unmatched"]
    assert {"/healthz", "/metrics", "unmatched"} <= set(logged(**DEBUG))
    assert logged(ACCESS_LOG="off") == []


def test_a_failure_has_one_id_in_answer_and_log_and_no_scene(
    start: Start, sql: psycopg.Connection
) -> None:
    """PostgreSQL's own message quotes the row that it refuses, scene and all."""
    service = start()
    alice = signed_in(service.url, "alice")
    sql.execute("ALTER TABLE pad_ws.pads ADD CONSTRAINT broken CHECK (display_name <> 'boom')")
    new = {"display_name": "boom", "data": {"elements": [SCENE]}}
    answer = alice.post("/api/pad", json=new)
    assert answer.status_code == 500
    request_id = answer.json()["request_id"]
    assert request_id == answer.headers["X-Request-ID"]
    failure, access = of_request(service, request_id)
    assert (failure["level"], access["level"]) == ("error", "warning")
    assert "CheckViolation" in failure["exception"]
    assert access["status"] == 500
    assert SCENE not in service.log.read_text()


def test_a_slow_request_is_a_warning(start: Start, sql: psycopg.Connection) -> None:
    service = start(SLOW_REQUEST_MS="100", ACCESS_LOG="false")
    alice = signed_in(service.url, "alice")
    pad = alice.new_pad()
    with ThreadPoolExecutor() as pool:
        with sql.transaction():
            sql.execute("SELECT FROM pad_ws.pads FOR UPDATE")
            saved = pool.submit(alice.save, pad)
            wait_until(lambda: sql.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount)
            time.sleep(0.2)  # at least, till it may go on
        slow = of_request(service, saved.result().headers["X-Request-ID"])
    assert [each["level"] for each in slow] == ["warning"]


# Secrets


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_secret_is_logged(start: Start, log_format: str) -> None:
    service = start(LOG_FORMAT=log_format, **DEBUG)
    alice = Browser(service.url)
    begun = alice.begin("?next=/a-place-to-go")
    callback = alice.approve(begun, "alice")
    state = {**parse_qs(urlsplit(begun).query), **parse_qs(urlsplit(callback).query)}
    assert alice.get(callback).status_code == 302
    alice.get(callback)  # once more, which fails
    pad = alice.new_pad()
    alice.save(pad, elements=[SCENE])
    alice.post(f"/api/pad/{pad}", data=f'["{SCENE}"', headers={"Content-Type": "application/json"})
    alice.post("/api/pad", json={"display_name": SCENE * 9, "data": {"elements": [SCENE]}})
    token = alice.post("/api/users/me/tokens", json={"name": "x"}).json()["token"]
    for each in (token, f"{token}x", "made-up-token-in-nobodys-hands"):
        Script(service.url, each).get(f"/api/pad?token={each}")
    log = service.log.read_text()
    secrets = {SCENE, token, "made-up-token", alice.cookie, "a-place-to-go", "not-secret"}
    secrets |= {state[name][0] for name in ("code", "state", "nonce", "code_challenge")}
    assert [each for each in secrets if each and each in log] == []
    assert log.count("/auth/callback") >= 2


# Forgery

FORGED = "2026-01-01T00:00:00.000+00:00 [1] INFO padws.access: GET /forged 200"
ENDS = ("%0A", "%0D%0A", "%E2%80%A8", "%C2%85", "%1B[2K", "%00", "%FF%0A")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_client_writes_a_line_of_its_own(start: Start, log_format: str) -> None:
    service = start(LOG_FORMAT=log_format, **DEBUG)
    words = FORGED.replace(" ", "%20")
    forged_json = '{"level":%20"info",%20"path":%20"/forged"}'
    for end in ENDS:
        for content in (words, forged_json):
            wire.exchange(service.url, wire.request("GET", f"/x{end}{content}"))
    for header in ("X-Request-ID: ", "User-Agent: ", "X-Forwarded-For: ", "Cookie: session_id="):
        for end in ("\n", "\r", "\x85", "\x0b", "\x1b[2K"):
            head = wire.request("GET", "/api/pad", f"{header}x{end}{FORGED}")
            wire.exchange(service.url, head)
    wire.exchange(service.url, b"GET /\x1b[2K" + FORGED.encode() + b"\r\n\r\n")

    for line in _lines_after_the_start(service.log.read_text()):
        if log_format == "json":
            assert json.loads(line).get("path") != "/forged"
        else:
            assert TEXT_LINE.fullmatch(line) or line.startswith("    "), line
            assert not line.startswith(FORGED)
        assert line.isprintable()


def _lines_after_the_start(log: str) -> list[str]:
    lines = log.splitlines()
    assert len(lines) > len(ENDS) * 2
    return lines


# Ids

BEHIND_A_PROXY = {"TRUSTED_PROXIES": "1", "SQL_COMMENTS": "on"}


@pytest.mark.parametrize("settings", [{}, BEHIND_A_PROXY], ids=["nobody", "a proxy"])
def test_a_callers_id_is_taken_from_a_trusted_proxy_if_it_is_harmless(
    start: Start, settings: dict[str, str]
) -> None:
    service = start(**settings)
    browser = Browser(service.url)
    for given, harmless in (
        ("edge-1.a_B", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("a*/b", False),
        ("ä".encode().decode("latin-1"), False),
    ):
        answer = browser.get("/api/pad", headers={"X-Request-ID": given})
        taken = answer.headers["X-Request-ID"]
        assert (taken == given) == (harmless and settings == BEHIND_A_PROXY)
        assert answer.json()["request_id"] == taken
        assert len(of_request(service, taken)) == 1


@pytest.mark.parametrize("settings", [{}, BEHIND_A_PROXY], ids=["off", "on"])
def test_a_running_statement_leads_to_its_request(
    start: Start, sql: psycopg.Connection, database_url: str, settings: dict[str, str]
) -> None:
    service = start(**settings)
    alice = signed_in(service.url, "alice")
    pad = alice.new_pad()
    waiting: list[Any] = []

    def is_waiting() -> bool:
        waiting[:] = sql.execute(
            "SELECT pid, application_name, query FROM pg_stat_activity "
            # The wait is read later than the rest, which could still be of the statement before.
            "WHERE wait_event_type = 'Lock' AND state = 'active' AND datname = current_database()"
        ).fetchall()
        return bool(waiting)

    with ThreadPoolExecutor() as pool:
        with psycopg.connect(database_url) as other:
            other.execute("SELECT FROM pad_ws.pads FOR UPDATE")
            saved = pool.submit(alice.save, pad)
            wait_until(is_waiting)
        request_id = saved.result().headers["X-Request-ID"]
    ((backend_pid, name, query),) = waiting
    (line,) = of_request(service, request_id)
    assert line["backend_pid"] == backend_pid
    assert re.fullmatch(rf"padws/[^/]+/{line['process']}/[^/]+", name)
    assert query.startswith(f"/* request_id={request_id} */") == (settings == BEHIND_A_PROXY)
