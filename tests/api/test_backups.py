"""/api/pad/{id}/backups and /api/pad/recent."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask

from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import (
    Client,
    assert_problem,
    assert_refused,
    check_backup,
    ok,
    time_of,
)
from tests.helpers.drawings import drawing, without_mark
from tests.helpers.parallel import at_once

Backups = list[dict[str, Any]]


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    """One without elements: nothing of it is worth keeping."""
    return make_pad(alice, data={"number": "made"})


@pytest.fixture
def path(pad: dict[str, Any]) -> str:
    return f"/api/pad/{pad['id']}/backups"


def save(client: Client, path: str, number: int) -> None:
    ok(client.post(path.removesuffix("/backups"), json={"number": number}))


def listed(client: Client, path: str) -> Backups:
    backups: Backups = ok(client.get(path))["backups"]
    return backups


def numbers(backups: Backups) -> list[int]:
    return [backup["data"]["number"] for backup in backups]


def age(sql: SqlConnection, **interval: float) -> None:
    """Make everything that is stored older."""
    for table, columns in (
        ("pads", ["created_at", "updated_at", "last_backup_at"]),
        ("backups", ["created_at", "updated_at"]),
    ):
        # In UTC and back: on a cluster, no result may depend on the session's time zone.
        older = "({0} AT TIME ZONE 'UTC' - %(by)s) AT TIME ZONE 'UTC'"
        changes = ", ".join(f"{column} = {older.format(column)}" for column in columns)
        sql.execute(f"UPDATE pad_ws.{table} SET {changes}", {"by": timedelta(**interval)})


@pytest.fixture
def eager(configure: Configure, client_of: ClientOf) -> Client:
    """alice, where every save takes a backup."""
    return client_of(configure(MIN_INTERVAL_MINUTES="0"), "alice")


class TestDue:
    def test_the_first_save_takes_one_of_what_it_saves(self, alice: Client, path: str) -> None:
        save(alice, path, 1)
        (backup,) = listed(alice, path)
        check_backup(backup)
        assert backup["data"]["number"] == 1

    def test_the_next_ones_take_none_before_the_interval_is_over(
        self, alice: Client, path: str, sql: SqlConnection
    ) -> None:
        save(alice, path, 1)
        age(sql, minutes=4, seconds=50)
        save(alice, path, 2)
        assert numbers(listed(alice, path)) == [1]

    def test_a_save_after_the_interval_takes_one(
        self, alice: Client, path: str, sql: SqlConnection
    ) -> None:
        for number in (1, 2, 3):
            save(alice, path, number)
            age(sql, minutes=5, seconds=1)
        assert numbers(listed(alice, path)) == [3, 2, 1]

    def test_the_interval_is_a_setting(
        self, configure: Configure, client_of: ClientOf, path: str, sql: SqlConnection
    ) -> None:
        client = client_of(configure(MIN_INTERVAL_MINUTES="60"), "alice")
        save(client, path, 1)
        age(sql, minutes=59)
        save(client, path, 2)
        assert numbers(listed(client, path)) == [1]
        age(sql, minutes=2)
        save(client, path, 3)
        assert numbers(listed(client, path)) == [3, 1]

    def test_a_refused_save_takes_none(self, alice: Client, path: str) -> None:
        pad_path = path.removesuffix("/backups")
        assert_problem(alice.post(pad_path, json={}), 422, "scene_invalid")
        stale = alice.post(pad_path, json=drawing(), headers={"If-Match": '"77"'})
        assert_problem(stale, 412, "stale_version")
        assert listed(alice, path) == []


class TestKept:
    def test_the_ten_newest_are_kept(self, eager: Client, path: str) -> None:
        for number in range(13):
            save(eager, path, number)
        assert numbers(listed(eager, path)) == list(range(12, 2, -1))

    def test_the_number_is_a_setting(
        self, configure: Configure, client_of: ClientOf, path: str
    ) -> None:
        app = configure(MIN_INTERVAL_MINUTES="0", MAX_BACKUPS_PER_USER="3")
        client = client_of(app, "alice")
        for number in range(5):
            save(client, path, number)
        assert numbers(listed(client, path)) == [4, 3, 2]


class TestAtOnce:
    """Many at once, in threads, each on a connection of its own."""

    @pytest.fixture
    def app(self, configure: Configure) -> Flask:
        return configure(MIN_INTERVAL_MINUTES="0")

    def saving(self, client: Client, path: str, number: int) -> Callable[[], None]:
        return lambda: save(client, path, number)

    def backing_up(self, client: Client, path: str, number: int) -> Callable[[], Any]:
        def save_and_back_up() -> None:
            save(client, path, number)
            assert client.post(path).status_code in (200, 201)

        return save_and_back_up

    def test_backups_by_hand_leave_exactly_ten(
        self, app: Flask, client_of: ClientOf, path: str, sql: SqlConnection
    ) -> None:
        clients = [client_of(app, "alice") for _ in range(24)]
        at_once([self.backing_up(client, path, n) for n, client in enumerate(clients)])
        check_ten(sql, clients[0], path, version=25)

    def test_both_together_leave_exactly_ten(
        self, app: Flask, client_of: ClientOf, path: str, sql: SqlConnection
    ) -> None:
        clients = [client_of(app, "alice") for _ in range(24)]
        at_once(
            [self.saving(client, path, n) for n, client in enumerate(clients[::2])]
            + [self.backing_up(client, path, 100 + n) for n, client in enumerate(clients[1::2])]
        )
        check_ten(sql, clients[0], path, version=25)


def check_ten(sql: SqlConnection, client: Client, path: str, *, version: int) -> None:
    """Ten rows, the newest of them of the newest scene, on a pad at this version.

    Beside them may be what a save replaced that had not seen it.
    """
    assert sql.execute("SELECT FROM pad_ws.backups WHERE reason <> 'replaced'").rowcount == 10
    pad = ok(client.get(path.removesuffix("/backups")))
    assert pad["version"] == version
    assert listed(client, path)[0]["data"] == pad["data"]


class TestList:
    @pytest.fixture
    def backups(self, eager: Client, path: str, sql: SqlConnection) -> Backups:
        """Six backups, a minute apart, newest first."""
        for number in range(6):
            age(sql, minutes=1)
            save(eager, path, number)
        return listed(eager, path)

    def test_it_names_the_pad_and_goes_from_new_to_old(
        self, alice: Client, path: str, backups: Backups
    ) -> None:
        content = ok(alice.get(path))
        assert content.keys() == {"backups", "pad_name"}
        assert content["pad_name"] == "Plan"
        for backup in content["backups"]:
            check_backup(backup)
        assert numbers(content["backups"]) == [5, 4, 3, 2, 1, 0]
        times = [time_of(backup["timestamp"]) for backup in content["backups"]]
        assert times == sorted(times, reverse=True)

    @pytest.mark.parametrize("value", ["false", "0"])
    def test_scenes_are_left_out_on_request(
        self, alice: Client, path: str, backups: Backups, value: str
    ) -> None:
        bare = ok(alice.get(f"{path}?data={value}"))["backups"]
        for backup in bare:
            check_backup(backup, data=False)
        assert [each["id"] for each in bare] == [each["id"] for each in backups]

    @pytest.mark.parametrize(
        ("limit", "count"), [("1", 1), ("5", 5), ("6", 6), ("10", 6), ("9" * 30, 6)]
    )
    def test_a_limit_takes_the_newest(
        self, alice: Client, path: str, backups: Backups, limit: str, count: int
    ) -> None:
        assert ok(alice.get(f"{path}?limit={limit}"))["backups"] == backups[:count]

    def test_without_a_limit_there_are_as_many_as_the_setting_says(
        self, configure: Configure, client_of: ClientOf, path: str, backups: Backups
    ) -> None:
        client = client_of(configure(MAX_BACKUPS_PER_USER="4"), "alice")
        assert ok(client.get(f"{path}?limit=5"))["backups"] == backups[:5]
        assert ok(client.get(path))["backups"] == backups[:4]

    def test_from_is_included_and_to_is_not(
        self, alice: Client, path: str, backups: Backups
    ) -> None:
        start, end = (quote(backups[index]["timestamp"]) for index in (4, 1))
        assert ok(alice.get(f"{path}?from={start}"))["backups"] == backups[:5]
        assert ok(alice.get(f"{path}?to={end}"))["backups"] == backups[2:]
        assert ok(alice.get(f"{path}?from={start}&to={end}"))["backups"] == backups[2:5]
        assert ok(alice.get(f"{path}?from={end}&to={start}"))["backups"] == []

    def test_a_limit_within_a_time_takes_the_newest_of_it(
        self, alice: Client, path: str, backups: Backups
    ) -> None:
        end = quote(backups[1]["timestamp"])
        assert ok(alice.get(f"{path}?to={end}&limit=2"))["backups"] == backups[2:4]

    def test_a_time_without_an_offset_is_utc(
        self, alice: Client, path: str, backups: Backups
    ) -> None:
        time = time_of(backups[2]["timestamp"])
        spellings = [
            time.replace(tzinfo=None).isoformat(),
            time.replace(tzinfo=None).isoformat() + "Z",
            (time + timedelta(hours=2)).replace(tzinfo=None).isoformat() + "+02:00",
            (time - timedelta(hours=9, minutes=30)).replace(tzinfo=None).isoformat() + "-09:30",
        ]
        for spelling in spellings:
            answer = alice.get(f"{path}?from={quote(spelling)}")
            assert ok(answer)["backups"] == backups[:3], spelling

    @pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
    def test_the_first_and_the_last_time_there_is_can_be_asked_for(
        self, alice: Client, path: str, backups: Backups, time: str
    ) -> None:
        since, until = (ok(alice.get(f"{path}?{name}={time}")) for name in ("from", "to"))
        assert sorted((len(since["backups"]), len(until["backups"]))) == [0, 6]

    def test_a_pad_without_backups_has_an_empty_list(self, alice: Client, path: str) -> None:
        assert ok(alice.get(path)) == {"backups": [], "pad_name": "Plan"}

    def test_the_pads_present_name_is_told(
        self, alice: Client, pad: dict[str, Any], path: str
    ) -> None:
        ok(alice.patch(f"/api/pad/{pad['id']}", json={"display_name": "New"}))
        assert ok(alice.get(path))["pad_name"] == "New"


class TestRecent:
    def test_the_newest_over_all_pads_come_first(
        self, eager: Client, bob: Client, path: str, sql: SqlConnection
    ) -> None:
        other = f"/api/pad/{make_pad(eager, data={'number': 'made'})['id']}/backups"
        save(bob, f"/api/pad/{make_pad(bob)['id']}/backups", 99)
        for number in range(4):
            age(sql, minutes=1)
            save(eager, path if number % 2 else other, number)
        content = ok(eager.get("/api/pad/recent"))
        assert content.keys() == {"backups"}
        for backup in content["backups"]:
            check_backup(backup)
        assert numbers(content["backups"]) == [3, 2, 1, 0]

    def test_it_gives_as_many_as_are_kept_of_one_pad(self, eager: Client, path: str) -> None:
        other = f"/api/pad/{make_pad(eager, data={'number': 'made'})['id']}/backups"
        for number in range(16):
            save(eager, path if number % 2 else other, number)
        assert numbers(ok(eager.get("/api/pad/recent"))["backups"]) == list(range(15, 5, -1))
        assert numbers(ok(eager.get("/api/pad/recent?limit=3"))["backups"]) == [15, 14, 13]
        assert len(ok(eager.get("/api/pad/recent?limit=100"))["backups"]) == 10

    def test_somebody_without_pads_has_none(self, alice: Client, sql: SqlConnection) -> None:
        assert ok(alice.get("/api/pad/recent")) == {"backups": []}
        assert sql.execute("SELECT FROM pad_ws.pads").rowcount == 0


class TestOne:
    def test_one_made_by_hand_is_of_the_pad_as_it_is(
        self, alice: Client, pad: dict[str, Any], path: str
    ) -> None:
        answer = alice.post(path)
        backup = ok(answer, 201)
        check_backup(backup)
        assert backup["data"] == pad["data"]
        assert urlsplit(answer.headers["Location"]).path == f"{path}/{backup['id']}"
        assert ok(alice.get(answer.headers["Location"])) == backup
        assert listed(alice, path) == [backup]

    def test_a_deleted_one_is_gone_and_the_others_stay(self, alice: Client, path: str) -> None:
        first = ok(alice.post(path), 201)
        save(alice, path, 2)
        second = ok(alice.post(path), 201)
        assert ok(alice.delete(f"{path}/{first['id']}")) == {"status": "success"}
        assert listed(alice, path) == [second]
        for method in ("GET", "DELETE"):
            answer = alice.open(f"{path}/{first['id']}", method=method)
            assert_problem(answer, 404, "backup_not_found")

    def test_one_is_found_under_its_own_pad_only(self, alice: Client, path: str) -> None:
        backup = ok(alice.post(path), 201)
        other = f"/api/pad/{make_pad(alice, 'Other')['id']}/backups/{backup['id']}"
        assert_problem(alice.get(other), 404, "backup_not_found")
        assert_problem(alice.delete(other), 404, "backup_not_found")
        assert_problem(alice.post(f"{other}/restore"), 404, "backup_not_found")
        assert ok(alice.get(f"{path}/{backup['id']}")) == backup


class TestRestore:
    def test_the_scene_becomes_the_backups_and_what_it_replaces_is_backed_up(
        self, alice: Client, path: str
    ) -> None:
        save(alice, path, 1)
        save(alice, path, 2)
        (first,) = listed(alice, path)
        answer = alice.post(f"{path}/{first['id']}/restore")
        content = ok(answer)
        assert content.keys() == {"status", "version", "updated_at"}
        assert (content["status"], content["version"]) == ("success", 4)
        read = alice.get(path.removesuffix("/backups"))
        assert ok(read)["data"] == first["data"]
        assert ok(read)["updated_at"] == content["updated_at"]
        assert read.headers["ETag"] == answer.headers["ETag"]
        assert numbers(listed(alice, path)) == [2, 1]
        assert listed(alice, path)[1] == first

    def test_a_restore_can_be_taken_back(self, alice: Client, path: str) -> None:
        save(alice, path, 1)
        save(alice, path, 2)
        ok(alice.post(f"{path}/{listed(alice, path)[-1]['id']}/restore"))
        ok(alice.post(f"{path}/{listed(alice, path)[0]['id']}/restore"))
        assert ok(alice.get(path.removesuffix("/backups")))["data"]["number"] == 2

    def test_the_pad_keeps_its_present_name(
        self, alice: Client, pad: dict[str, Any], path: str
    ) -> None:
        backup = ok(alice.post(path), 201)
        ok(alice.patch(f"/api/pad/{pad['id']}", json={"display_name": "New"}))
        ok(alice.post(f"{path}/{backup['id']}/restore"))
        restored = ok(alice.get(f"/api/pad/{pad['id']}"))
        assert restored["display_name"] == "New"
        assert restored["data"]["appState"]["pad"]["displayName"] == "New"
        assert without_mark(restored["data"]) == without_mark(backup["data"])

    def test_a_backup_is_sent_as_it_is_stored(
        self, alice: Client, pad: dict[str, Any], path: str
    ) -> None:
        backup = ok(alice.post(path), 201)
        ok(alice.patch(f"/api/pad/{pad['id']}", json={"display_name": "New"}))
        assert ok(alice.get(f"{path}/{backup['id']}")) == backup
        assert backup["data"]["appState"]["pad"]["displayName"] == "Plan"

    def test_what_is_not_there_cannot_be_restored(
        self, alice: Client, pad: dict[str, Any], path: str, sql: SqlConnection
    ) -> None:
        save(alice, path, 1)
        before = listed(alice, path)
        answer = alice.post(f"{path}/{pad['id']}/restore")
        assert_problem(answer, 404, "backup_not_found")
        assert listed(alice, path) == before
        assert ok(alice.get(path.removesuffix("/backups")))["version"] == 2


@pytest.mark.parametrize("limit", ["0", "abc", "", "%00", "1%00"])
def test_a_bad_limit_is_refused(alice: Client, path: str, limit: str) -> None:
    assert_refused(alice.get(f"{path}?limit={limit}"), "limit")
    assert_refused(alice.get(f"/api/pad/recent?limit={limit}"), "limit")


def test_a_limit_beyond_all_numbers_is_cut_down_or_refused(alice: Client, path: str) -> None:
    assert alice.get(f"{path}?limit={'9' * 5000}").status_code in (200, 422)


BAD_TIMES = [
    "",
    "yesterday",
    "2026-01-01T00:00:00%2B25:00",
    "2026-01-01T00:00:00+00:00",  # the plus is a blank here
    "2026-01-01T00:00:00Z%00",
    "%FF",
]


@pytest.mark.parametrize("time", BAD_TIMES)
@pytest.mark.parametrize("field", ["from", "to"])
def test_a_bad_time_is_refused(alice: Client, path: str, field: str, time: str) -> None:
    assert_refused(alice.get(f"{path}?{field}={time}"), field)


@pytest.mark.parametrize("value", ["", "yes", "%00"])
def test_a_bad_wish_for_scenes_is_refused(alice: Client, path: str, value: str) -> None:
    for each in (path, "/api/pad", "/api/templates"):
        assert_refused(alice.get(f"{each}?data={value}"), "data")


def test_unknown_query_parameters_are_ignored(alice: Client, path: str) -> None:
    save(alice, path, 1)
    for each in (path, "/api/pad", "/api/pad/recent", "/api/templates", "/api/users/me"):
        assert alice.get(f"{each}?_=1700000000&limits=0").data == alice.get(each).data


def test_a_backup_by_hand_ignores_a_body(alice: Client, path: str) -> None:
    ok(alice.post(path, data=json.dumps({"data": 1}), content_type="application/json"), 201)
