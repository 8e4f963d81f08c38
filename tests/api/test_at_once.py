"""Many requests at the same moment, to a real gunicorn with its several workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
import requests

from padws.embedded import temporary
from tests.api.conftest import Browser, SignedIn, SqlConnection
from tests.api.pads import make_pad
from tests.helpers import people
from tests.helpers.contract import Client, check_pad, ok
from tests.helpers.drawings import drawing
from tests.helpers.parallel import at_once
from tests.helpers.waiting import wait_until

Send = Callable[[int], requests.Response]


def numbered(send: Send, number: int) -> list[Callable[[], requests.Response]]:
    return [partial(send, index) for index in range(number)]


def piled_up(sql: SqlConnection, number: int, send: Send) -> list[requests.Response]:
    """The answers to requests that all reach PostgreSQL before one of them goes on there.

    A lock on the table of pads holds them up; the workers' pools decide how many get that far.
    """
    with ThreadPoolExecutor(1) as background, psycopg.connect(sql.info.dsn) as other:
        other.execute("LOCK TABLE pad_ws.pads")
        answers = background.submit(at_once, numbered(send, number))
        waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'pad_ws.pads'::regclass"
        wait_until(lambda: sql.execute(waiting).rowcount >= 16)
        other.rollback()
        return answers.result()


def statuses(answers: list[requests.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


class TestFirstPad:
    def test_fifty_first_lists_make_one_pad(
        self, alices_browser: Browser, sql: SqlConnection
    ) -> None:
        answers = piled_up(sql, 50, lambda _: alices_browser("GET", "/api/pad"))
        lists = [ok(answer) for answer in answers]
        assert all(each == lists[0] for each in lists)
        (pad,) = lists[0]
        check_pad(pad)
        assert sql.execute("SELECT FROM pad_ws.pads").rowcount == 1
        assert sql.execute("SELECT FROM pad_ws.backups").rowcount == 1

    def test_fifty_first_lists_of_a_user_without_a_row_make_one_row_and_one_pad(
        self, alices_browser: Browser, sql: SqlConnection
    ) -> None:
        sql.execute("DELETE FROM pad_ws.users WHERE username = 'alice'")
        answers = piled_up(sql, 50, lambda _: alices_browser("GET", "/api/pad?data=false"))
        assert statuses(answers) == {200: 50}
        assert len({answer.text for answer in answers}) == 1
        assert sql.execute("SELECT FROM pad_ws.pads").rowcount == 1
        assert sql.execute("SELECT FROM pad_ws.users WHERE username = 'alice'").rowcount == 1

    def test_first_requests_of_all_kinds_without_a_row_all_succeed(
        self, alices_browser: Browser, sql: SqlConnection
    ) -> None:
        sql.execute("DELETE FROM pad_ws.users WHERE username = 'alice'")
        body = {"display_name": "Plan", "data": drawing()}
        kinds: list[tuple[str, str, Any]] = [
            ("GET", "/api/pad", None),
            ("GET", "/api/users/me", None),
            ("POST", "/api/pad", body),
            ("POST", "/api/pad/from-template/default", None),
        ]

        def send(index: int) -> requests.Response:
            method, path, json = kinds[index % 4]
            return alices_browser(method, path, json=json)

        assert statuses(at_once(numbered(send, 32))) == {200: 16, 201: 16}
        # The list creates a pad only if there is none yet.
        assert sql.execute("SELECT FROM pad_ws.pads").rowcount in (16, 17)


class TestSaves:
    @pytest.fixture
    def path(self, alice: Client) -> str:
        return f"/api/pad/{make_pad(alice)['id']}"

    def test_thirty_two_raise_the_version_by_thirty_two(
        self, alices_browser: Browser, path: str
    ) -> None:
        scenes = [{"number": number} for number in range(32)]
        answers = at_once([partial(alices_browser, "POST", path, json=scene) for scene in scenes])
        saved = {ok(answer)["version"]: index for index, answer in enumerate(answers)}
        assert saved.keys() == set(range(2, 34))
        pad = ok(alices_browser("GET", path))
        assert pad["version"] == 33
        assert pad["data"]["number"] == saved[33]

    def test_of_those_that_start_from_one_version_one_wins(
        self, alices_browser: Browser, path: str
    ) -> None:
        tag = alices_browser("GET", path).headers["ETag"]

        def send(index: int) -> requests.Response:
            return alices_browser("POST", path, json={"n": index}, headers={"If-Match": tag})

        answers = at_once(numbered(send, 32))
        assert statuses(answers) == {200: 1, 412: 31}
        (winner,) = (index for index, each in enumerate(answers) if each.status_code == 200)
        pad = ok(alices_browser("GET", path))
        assert (pad["version"], pad["data"]["n"]) == (2, winner)
        assert all(each.json()["version"] == 2 for each in answers if each.status_code == 412)

    def test_one_after_the_other_they_are_applied_in_the_order_they_came(
        self, alices_browser: Browser, path: str
    ) -> None:
        for number in range(10):
            assert ok(alices_browser("POST", path, json={"n": number}))["version"] == number + 2
        assert ok(alices_browser("GET", path))["data"]["n"] == 9

    def test_saves_renames_and_restores_each_raise_the_version_by_one(
        self, alices_browser: Browser, path: str
    ) -> None:
        backup = ok(alices_browser("POST", f"{path}/backups"), 201)["id"]
        kinds: list[tuple[str, str, Any]] = [
            ("POST", path, drawing(3)),
            ("PATCH", path, {"display_name": "New"}),
            ("POST", f"{path}/backups/{backup}/restore", None),
            ("POST", f"{path}/backups", None),
        ]

        def send(index: int) -> requests.Response:
            method, target, json = kinds[index % 4]
            return alices_browser(method, target, json=json)

        answers = at_once(numbered(send, 32))
        # Ten backups are kept: the one to restore may be gone before its turn.
        assert statuses(answers).keys() <= {200, 201, 404}
        changes = sum(
            answer.status_code == 200 and {"timestamp", "overtaken"}.isdisjoint(answer.json())
            for answer in answers  # but those that backups and saves that came too late have
        )
        pad = ok(alices_browser("GET", path))
        check_pad(pad)
        assert pad["version"] == 1 + changes
        assert len(ok(alices_browser("GET", f"{path}/backups"))["backups"]) > 1

    def test_a_pad_that_is_deleted_meanwhile_is_gone_for_all_the_others(
        self, alices_browser: Browser, path: str, sql: SqlConnection
    ) -> None:
        def send(index: int) -> requests.Response:
            if index == 8:
                return alices_browser("DELETE", path)
            return alices_browser("POST", path, json={"n": index})

        answers = at_once(numbered(send, 24))
        assert statuses(answers).keys() <= {200, 404}
        assert answers[8].status_code == 200
        written = [answer.json()["version"] for answer in answers if "version" in answer.json()]
        (row,) = sql.execute("SELECT version, deleted_at FROM pad_ws.pads").fetchall()
        assert row["version"] == max(written, default=1), "what was answered is in the trash"
        assert row["deleted_at"]


def test_one_name_for_many_templates_goes_to_one(
    gunicorn: temporary.Service, signed_in: SignedIn
) -> None:
    browser = Browser(gunicorn.url, f"{people.COOKIE}={signed_in.cookies['admin']}")
    body = {"name": "board", "display_name": "Board", "data": {"a": 1}}
    answers = at_once([partial(browser, "POST", "/api/templates", json=body)] * 16)
    assert statuses(answers) == {201: 1, 409: 15}
