"""/metrics: exact over workers and their deaths, and never of unlimited size."""

from __future__ import annotations

import http.client
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from flask import Flask

from padws.embedded.temporary import Service
from tests.helpers.apps import open_app
from tests.helpers.browser import Browser, signed_in
from tests.helpers.waiting import wait_until
from tests.observability.conftest import Start
from tests.observability.journal import entries
from tests.observability.scrape import Scrape, scrape

PAD = "/api/pad/{pad_id}"


def workers_of(service: Service) -> list[psutil.Process]:
    return psutil.Process(service.server.pid).children()


def ask(browser: Browser, path: str, times: int) -> set[int]:
    """The statuses of that many requests, each on its own connection, several at once."""
    with ThreadPoolExecutor(8) as pool:
        cookies = {"Cookie": f"session_id={browser.cookie}"}
        asked = [pool.submit(Browser(browser.url).get, path, headers=cookies) for _ in range(times)]
        return {each.result().status_code for each in asked}


def test_the_workers_count_together_and_a_killed_ones_figures_stay(start: Start) -> None:
    service = start()
    alice = signed_in(service.url, "alice")
    path = f"/api/pad/{alice.new_pad()}"

    assert ask(alice, path, 100) == {200}
    for gone in workers_of(service):
        gone.kill()
        gone.wait(30)
        wait_until(lambda: len(workers_of(service)) == 2)
        assert ask(alice, path, 50) == {200}
    assert ask(alice, f"{path}x", 7) == {404}

    wait_until(lambda: scrape(service.url)("padws_workers") == 2)
    figures = scrape(service.url)
    assert figures("padws_http_requests_total", route=PAD, method="GET", status="200") == 200
    assert figures("padws_http_requests_total", route="unmatched", status="404") == 7
    assert figures("padws_http_request_duration_seconds_count", route=PAD) == 200
    assert figures("padws_http_request_duration_seconds_bucket", route=PAD, le="+Inf") == 200
    assert figures("padws_sql_statement_duration_seconds_count", statement="pads.get_pad") == 200
    assert figures("padws_worker_starts_total") == 4
    assert figures("padws_http_requests_in_progress") == 1, "the one that asks"
    served_by = {each["process"] for each in entries(service) if each.get("route") == PAD}
    assert len(served_by) > 2, "only one worker had anything to do"


def test_what_people_do_is_counted(start: Start, sql: psycopg.Connection) -> None:
    service = start(MIN_INTERVAL_MINUTES="60")
    alice = signed_in(service.url, "alice")
    alice.get("/api/pad")  # makes the first, with a backup
    pad = alice.new_pad()
    for number in range(5):  # the first of these takes a backup
        assert alice.save(pad, appState={"n": number}).status_code == 200
    path = f"/api/pad/{pad}/backups"
    backup = alice.post(path).json()["id"]
    assert alice.post(path).status_code == 200, "that is what the newest backup shows"
    assert alice.post(f"{path}/{backup}/restore").status_code == 200
    assert alice.post("/api/pad/from-template/default").status_code == 201
    assert alice.post(f"/api/pad/{pad}", data="no").status_code == 415
    alice.post("/auth/logout")

    figures = scrape(service.url)
    ((backups,),) = sql.execute("SELECT count(*) FROM pad_ws.backups").fetchall()
    ((pads,),) = sql.execute("SELECT count(*) FROM pad_ws.pads").fetchall()
    assert figures("padws_saves_total") == 6
    assert figures("padws_backups_taken_total") == backups == 4
    assert figures("padws_pads_created_total") == pads == 3
    assert figures("padws_sign_ins_total") == 1
    assert figures("padws_sessions_ended_total") == 1
    assert figures("padws_sessions") == 0
    statements = figures("padws_sql_statement_duration_seconds_count", statement="pads.save_pad")
    assert statements == 5
    assert figures("padws_redis_commands_total") > 10


def test_bytes_are_those_of_the_bodies(start: Start) -> None:
    service = start()
    alice = signed_in(service.url, "alice")
    pad = alice.new_pad()
    body = b'{"elements": [], "appState": {"a": 1}}'
    json = {"Content-Type": "application/json"}
    answers = [alice.post(f"/api/pad/{pad}", data=body, headers=json) for _ in range(3)]
    chunked = alice.post(f"/api/pad/{pad}", data=iter([body[:9], body[9:]]), headers=json)
    figures = scrape(service.url)
    of_saves = {"route": PAD, "method": "POST"}
    assert figures("padws_http_request_body_bytes_total", **of_saves) == 4 * len(body)
    sent = sum(len(each.content) for each in [*answers, chunked])
    assert figures("padws_http_response_body_bytes_total", **of_saves) == sent


def test_a_thousand_unknown_paths_and_methods_are_one_series_each(start: Start) -> None:
    service = start()
    url = urlsplit(service.url)

    def ask_all(kind: Callable[[int], tuple[str, str]]) -> None:
        connection = http.client.HTTPConnection(url.netloc, timeout=60)
        for number in range(1000):
            connection.request(*kind(number), headers={"X-Request-ID": f"r{number}"})
            connection.getresponse().read()
        connection.close()

    before = len(scrape(service.url).samples)
    ask_all(lambda number: ("GET", f"/nowhere/{number}"))
    ask_all(lambda number: (f"METHOD{number}", "/api/pad"))
    figures = scrape(service.url)
    assert figures("padws_http_requests_total", method="GET", route="unmatched") == 1000
    assert figures("padws_http_requests_total", method="other", route="unmatched") == 1000
    assert len(figures.samples) - before < 100
    known = {each.labels["route"] for each in figures.samples if "route" in each.labels}
    assert not [route for route in known if "nowhere" in route]


def test_requests_that_wait_for_a_connection_are_counted(
    start: Start, sql: psycopg.Connection
) -> None:
    one = {"WEB_CONCURRENCY": "1", "DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "1"}
    patient = {"DB_LOCK_TIMEOUT": "100", "DB_STATEMENT_TIMEOUT": "100"}
    service = start(DB_POOL_TIMEOUT="5", **one, **patient)
    alice = signed_in(service.url, "alice")
    pad = alice.new_pad()
    with ThreadPoolExecutor(4) as pool, sql.transaction():
        sql.execute("SELECT FROM pad_ws.pads FOR UPDATE")
        saves = [pool.submit(alice.at(service.url).save, pad) for _ in range(4)]
        wait_until(lambda: scrape(service.url)("padws_db_pool_waiting_requests") >= 3)
        ready = alice.get("/readyz")
        wait_until(lambda: sum(save.done() for save in saves) == 3)
    assert sorted(save.result().status_code for save in saves) == [200, 503, 503, 503]
    assert ready.status_code == 503
    assert ready.json()["checks"]["pool"].startswith("exhausted")
    assert ready.json()["checks"]["database"] == "ok"
    wait_until(lambda: scrape(service.url)("padws_db_pool_timeouts_total") >= 3)
    figures = scrape(service.url)
    assert figures("padws_db_pool_max_connections") == 1
    assert figures("padws_db_pool_waiting_requests") == 0
    assert figures("padws_db_pool_wait_seconds_total") > 0


def test_release_and_schema_are_told(start: Start, sql: psycopg.Connection) -> None:
    service = start()
    figures = scrape(service.url)
    ((applied,),) = sql.execute("SELECT count(*) FROM pad_ws._yoyo_migration").fetchall()
    assert figures("padws_build_info") == 1
    assert figures("padws_migrations", state="applied") == applied
    assert figures("padws_migrations", state="pending") == 0
    assert figures("padws_ready") == 5
    assert figures("padws_workers_resident_memory_bytes") > 1_000_000

    sql.execute("DELETE FROM pad_ws._yoyo_migration")
    figures = scrape(service.url)
    assert figures("padws_migrations", state="pending") == applied
    assert figures("padws_ready", check="schema") == 0


def test_how_checks_ended_is_told_by_every_worker(start: Start, sql: psycopg.Connection) -> None:
    service = start()
    figures = scrape(service.url)
    for check in ("db-verify", "db-drill"):
        assert figures("padws_check_finished_timestamp_seconds", check=check) == 0
        assert figures("padws_check_succeeded_timestamp_seconds", check=check) == 0
        assert figures("padws_check_faults", check=check) == 0

    sql.execute(
        "INSERT INTO pad_ws.checks (name, finished_at, succeeded_at, faults) "
        "VALUES ('db-drill', to_timestamp(2000), to_timestamp(1000), 7)"
    )
    for _ in range(8):
        figures = scrape(service.url)
        assert figures("padws_check_finished_timestamp_seconds", check="db-drill") == 2000
        assert figures("padws_check_succeeded_timestamp_seconds", check="db-drill") == 1000
        assert figures("padws_check_faults", check="db-drill") == 7

    sql.execute("DROP TABLE pad_ws.checks")
    assert scrape(service.url)("padws_build_info") == 1, "everything else is still told"


# The directory in which the workers count


def counting_in(parent: Path) -> list[Path]:
    return list(parent.iterdir())


def test_the_directory_goes_with_the_service(start: Start, tmp_path: Path) -> None:
    parent = tmp_path / "metrics"
    parent.mkdir()
    first, second = (start(METRICS_DIR=str(parent)) for _ in range(2))
    assert len(counting_in(parent)) == 2, "each has its own"
    assert first.server.stop() == 0
    assert len(counting_in(parent)) == 1
    workers = workers_of(second)
    second.server.kill()
    psutil.wait_procs(workers, timeout=60)
    assert len(counting_in(parent)) == 1, "nobody was there to remove it"
    start(METRICS_DIR=str(parent))
    assert len(counting_in(parent)) == 1, "the next one has removed it"


def test_a_reload_forgets_nothing(start: Start) -> None:
    service = start()
    alice = signed_in(service.url, "alice")
    before = workers_of(service)
    psutil.Process(service.server.pid).send_signal(signal.SIGHUP)
    psutil.wait_procs(before, timeout=60)
    wait_until(lambda: scrape(service.url)("padws_workers") == 2)
    assert scrape(service.url)("padws_sign_ins_total") == 1
    assert alice.get("/api/users/me").status_code == 200


# In one process, and who may ask


@pytest.fixture
def app(environment: dict[str, str]) -> Iterator[Flask]:
    with open_app(environment) as app:
        yield app


def test_without_gunicorn_a_process_tells_of_itself(app: Flask) -> None:
    client = app.test_client()

    def answered() -> float:
        figures = Scrape(client.get("/metrics").text)
        return figures("padws_http_requests_total", route="/healthz", status="200")

    before = answered()
    for _ in range(3):
        client.get("/healthz")
    assert answered() - before == 3


def test_an_unknown_format_is_answered_in_the_usual_one(app: Flask) -> None:
    accept = {"Accept": "application/openmetrics-text; version=x"}
    answer = app.test_client().get("/metrics", headers=accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer söcret".encode()}, 401),
        ({"Authorization": "secret"}, 401),
        ({"Authorization": "Bearer secret"}, 200),
    ],
)
def test_a_token_keeps_others_out(
    environment: dict[str, str], header: dict[str, str | bytes], status: int
) -> None:
    with open_app({**environment, "METRICS_TOKEN": "secret"}) as app:
        answer = app.test_client().get("/metrics", headers=_latin(header))
    assert answer.status_code == status
    assert ("padws_build_info" in answer.text) == (status == 200)


def _latin(header: dict[str, str | bytes]) -> dict[str, str]:
    """A header in the form that WSGI gives it."""
    return {k: v.decode("latin-1") if isinstance(v, bytes) else v for k, v in header.items()}
