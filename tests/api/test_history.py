"""What a save replaces, and the order of saves, as a client sees them."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from flask import Flask

from padws.context import Services
from padws.embedded.temporary import Service
from tests.api.conftest import Browser, SignedIn, SqlConnection
from tests.api.pads import make_pad
from tests.helpers import people, wire
from tests.helpers.contract import (
    Client,
    assert_problem,
    assert_refused,
    check_backup,
    ok,
    time_of,
)
from tests.helpers.waiting import wait_until

LONGER_THAN_TELLS_NOTHING = 0.8  # seconds


def boxes(number: int) -> dict[str, Any]:
    return {"elements": [{"id": f"e{each}", "version": 1} for each in range(number)]}


@pytest.fixture
def path(alice: Client) -> str:
    return f"/api/pad/{make_pad(alice, data=boxes(40))['id']}"


def ids(scene: dict[str, Any]) -> int:
    return len(scene["elements"])


def test_what_a_save_throws_away_is_named_in_its_answer(alice: Client, path: str) -> None:
    content = ok(alice.post(path, json=boxes(0)))
    assert content.keys() == {"status", "version", "updated_at", "kept"}
    backup = ok(alice.get(f"{path}/backups/{content['kept']}"))
    check_backup(backup)
    assert ids(backup["data"]) == 40
    assert (backup["reason"], backup["version"], backup["elements"]) == ("replaced", 1, 40)
    assert backup["label"] is None
    listed = ok(alice.get(f"{path}/backups"))["backups"]
    assert [each["reason"] for each in listed] == ["interval", "replaced"]


def test_a_backup_of_what_the_newest_shows_is_that_one(alice: Client, path: str) -> None:
    first = ok(alice.post(f"{path}/backups"), 201)
    assert ok(alice.post(f"{path}/backups"), 200) == first


def test_a_switch_of_tabs_over_and_over_loses_nothing(alice: Client, path: str) -> None:
    """pad.ws posts the canvas it leaves to the pad it goes to, and then that pad's own."""
    drawn = boxes(40)
    for number in range(12):
        drawn["elements"] = [*drawn["elements"], {"id": f"new {number}", "version": 1}]
        ok(alice.post(path, json={"elements": [{"id": f"other {number}", "version": 500}]}))
        ok(alice.post(path, json=drawn))
    shown = [each["data"] for each in ok(alice.get(f"{path}/backups?limit=100"))["backups"]]
    for number in range(4, 12):  # at most twenty that were replaced are kept, with pad.ws's own
        assert any(ids(scene) == 40 + number for scene in shown), number


class SlowSave:
    """A save whose body arrives in two halves."""

    def __init__(self, service: Service, signed_in: SignedIn, path: str, scene: Any):
        body = json.dumps(scene).encode()
        headers = (
            f"Cookie: {people.COOKIE}={signed_in.cookies['alice']}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        self._connection = wire.connect(service.url)
        half = len(body) // 2
        self._connection.sendall(wire.request("POST", path, *headers, body=body[:half]))
        self._rest = body[half:]
        wait_until(lambda: wire.is_read(self._connection))

    def finish(self) -> Any:
        """Send the rest; returns what the answer says."""
        self._connection.sendall(self._rest)
        answer = wire.read(self._connection)
        self._connection.close()
        assert answer.status == 200
        return json.loads(answer.body)


@pytest.mark.parametrize("size", [1, 3_000], ids=["small", "large"])
def test_a_save_that_began_first_and_ends_last_does_not_replace_the_one_between(
    alice: Client, gunicorn: Service, signed_in: SignedIn, path: str, size: int
) -> None:
    """Whether its body waits for the rest in the main thread or in one of its own."""
    slow = SlowSave(gunicorn, signed_in, path, boxes(size) | {"step": "slow"})
    time.sleep(LONGER_THAN_TELLS_NOTHING)
    between = ok(alice.post(path, json=boxes(40) | {"step": "between"}))
    content = slow.finish()
    assert content["overtaken"] is True
    assert (content["status"], content["version"]) == ("success", between["version"])
    assert content["updated_at"] == between["updated_at"]
    assert ok(alice.get(path))["data"]["step"] == "between"
    backup = ok(alice.get(f"{path}/backups/{content['kept']}"))
    assert (backup["data"]["step"], backup["version"], backup["elements"]) == ("slow", None, size)


def test_the_next_request_on_a_connection_has_a_beginning_of_its_own(
    alice: Client, gunicorn: Service, signed_in: SignedIn, path: str
) -> None:
    with wire.connect(gunicorn.url) as connection:
        cookie = f"Cookie: {people.COOKIE}={signed_in.cookies['alice']}"
        for step in range(2):
            body = json.dumps(boxes(40) | {"step": step}).encode()
            headers = (cookie, "Content-Type: application/json", f"Content-Length: {len(body)}")
            connection.sendall(wire.request("POST", path, *headers, body=body))
            answer = json.loads(wire.read(connection).body)
            assert "overtaken" not in answer
            time.sleep(LONGER_THAN_TELLS_NOTHING)
            ok(alice.post(path, json=boxes(40) | {"step": "between"}))


def test_a_save_with_a_new_picture_arrived_when_it_came_and_not_when_it_was_sent_again(
    alices_browser: Browser, path: str, sql: SqlConnection
) -> None:
    """Its first attempt waits for the pad; the second, with the picture, is of the same request."""
    picture = {"dataURL": "data:image/png;base64," + "iVBORw0KGgo=" * 400}
    scene = boxes(40) | {"files": {"a": picture}}
    with ThreadPoolExecutor(1) as background, psycopg.connect(sql.info.dsn) as other:
        other.execute("LOCK TABLE pad_ws.pads")
        saving = background.submit(alices_browser, "POST", path, json=scene)
        waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'pad_ws.pads'::regclass"
        wait_until(lambda: sql.execute(waiting).rowcount == 1)
        released_at = sql.execute("SELECT clock_timestamp() AS now").fetchone()
        other.rollback()
        ok(saving.result())
    arrived = sql.execute("SELECT arrived_at AS now FROM pad_ws.pads WHERE pictures IS NOT NULL")
    assert arrived.fetchone()["now"] < released_at["now"]  # type: ignore[index]


# Labels


def labelled(client: Client, path: str, number: int, label: str | None = "Draft") -> str:
    """The address of a new backup with a label."""
    ok(client.post(path, json=boxes(40) | {"step": number}))
    address = f"{path}/backups/{client.post(f'{path}/backups').get_json()['id']}"
    ok(client.patch(address, json={"label": label}))
    return address


def without_bytes(backup: dict[str, Any]) -> dict[str, Any]:
    """A backup without its size: PostgreSQL may store it in another way when it is labelled."""
    assert backup["bytes"] > 100
    return {name: value for name, value in backup.items() if name != "bytes"}


def test_a_label_is_given_changed_and_taken_away(alice: Client, path: str) -> None:
    backup = without_bytes(ok(alice.post(f"{path}/backups"), 201))
    address = f"{path}/backups/{backup['id']}"
    for label in ("First draft", "Second", None):
        content = ok(alice.patch(address, json={"label": label and f" {label} "}))
        check_backup(content, data=False)
        assert content["label"] == label
        assert without_bytes(ok(alice.get(address))) == backup | {"label": label}


@pytest.mark.parametrize("label", ["", "  ", "x" * 101, "a\nb", 1, [], "\u202e"])
def test_a_label_that_cannot_be_read_is_refused(alice: Client, path: str, label: Any) -> None:
    address = f"{path}/backups/{ok(alice.post(f'{path}/backups'), 201)['id']}"
    assert_refused(alice.patch(address, json={"label": label}), "label")
    assert_refused(alice.patch(address, json={}), "label")


def test_twenty_can_have_one(alice: Client, path: str, sql: SqlConnection) -> None:
    addresses = [labelled(alice, path, number) for number in range(20)]
    one_more = labelled(alice, path, 20, None)
    answer = alice.patch(one_more, json={"label": "Draft"})
    assert_problem(answer, 409, "too_many_labels")
    assert ok(alice.get(one_more))["label"] is None
    ok(alice.patch(addresses[7], json={"label": "Another"}))
    ok(alice.patch(addresses[3], json={"label": None}))
    ok(alice.patch(one_more, json={"label": "Draft"}))
    sql.execute(
        "UPDATE pad_ws.backups SET created_at = created_at - interval '3 years',"
        " updated_at = updated_at - interval '3 years'"
    )
    labelled(alice, path, 22, None)
    listed = ok(alice.get(f"{path}/backups?limit=100"))["backups"]
    assert [each["label"] is None for each in listed] == [True] + [False] * 20


def test_labels_of_others_are_nobodys(alice: Client, bob: Client, path: str) -> None:
    address = labelled(alice, path, 1)
    assert_problem(bob.patch(address, json={"label": "Mine"}), 404, "backup_not_found")
    other = f"/api/pad/{make_pad(alice)['id']}/backups/{address.rpartition('/')[2]}"
    assert_problem(alice.patch(other, json={"label": "Other"}), 404, "backup_not_found")


# Pages


def test_pages_hold_every_backup_once(alice: Client, path: str) -> None:
    for number in range(7):
        labelled(alice, path, number)
    everything = ok(alice.get(f"{path}/backups?limit=100&data=false"))["backups"]
    address, found = f"{path}/backups?limit=3&data=false&_external=1", []
    while address:
        answer = alice.get(address)
        found += ok(answer)["backups"]
        link = answer.headers.get("Link", "")
        address = link.partition(">")[0].removeprefix("<")
        assert link in ("", f'<{address}>; rel="next"')
        assert address.startswith(f"{path}/backups?") or not address
    assert found == everything
    assert len(found) > 6


def test_backups_of_one_time_are_on_one_page_or_another(
    alice: Client, path: str, sql: SqlConnection
) -> None:
    for number in range(7):
        labelled(alice, path, number)
    sql.execute("UPDATE pad_ws.backups SET created_at = updated_at - interval '1 hour'")
    sql.execute(
        "UPDATE pad_ws.backups SET created_at = date_trunc('day', created_at) WHERE version % 3 > 0"
    )
    everything = ok(alice.get(f"{path}/backups?limit=100&data=false"))["backups"]
    address, found = f"{path}/backups?limit=1&data=false", []
    while address:
        answer = alice.get(address)
        found += ok(answer)["backups"]
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert found == everything


# Elements


def element(name: str, version: int = 1, **members: Any) -> dict[str, Any]:
    return {"id": name, "version": version, "versionNonce": 7, **members}


@pytest.fixture
def backup(alice: Client, path: str) -> str:
    """A backup of a drawing, of which most has gone since, and one element has changed."""
    picture = {"f": {"id": "f", "dataURL": "data:,small"}, "g": {"dataURL": f"data:,{'x' * 5000}"}}
    drawn = [
        element("a", index="a1"),
        element("b", 5, index="a2", text="as it was"),
        element("c", index="a3", fileId="g"),
    ]
    ok(alice.post(path, json={"elements": drawn, "files": picture, "appState": {}}))
    address = f"{path}/backups/{ok(alice.post(f'{path}/backups'))['id']}"
    now = [element("b", 9, index="a2", text="as it is"), element("d", index="a4")]
    ok(alice.post(path, json={"elements": now, "files": {}, "appState": {}}))
    return address


def elements_of(client: Client, path: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in ok(client.get(path))["data"]["elements"]}


def test_chosen_elements_come_back_into_the_drawing_as_it_is(
    alice: Client, path: str, backup: str
) -> None:
    before = ok(alice.get(path))
    answer = alice.post(f"{backup}/restore", json={"elements": ["b", "c", "unknown"]})
    content = ok(answer)
    assert content.keys() == {"status", "version", "updated_at"}
    after = ok(alice.get(path))
    assert content["version"] == after["version"] == before["version"] + 1
    assert [each["id"] for each in after["data"]["elements"]] == ["b", "c", "d"]
    found = elements_of(alice, path)
    assert (found["b"]["text"], found["b"]["version"]) == ("as it was", 10)
    assert (found["c"]["version"], found["d"]["version"]) == (2, 1)
    assert type(found["c"]["versionNonce"]) is int
    assert found["c"]["versionNonce"] != 7
    assert after["data"]["files"].keys() == {"g"}
    assert after["data"]["files"]["g"]["dataURL"].endswith("xxx")
    newest = ok(alice.get(f"{path}/backups"))["backups"][0]
    assert (newest["reason"], newest["data"]) == ("restore", before["data"])
    assert ok(alice.post(f"{backup}/restore", json={"elements": ["a"]}))["version"] > 0


def test_an_open_client_takes_restored_elements(alice: Client, path: str, backup: str) -> None:
    """Merging what it has does not undo the restore, and is not refused for it."""
    tag = alice.get(path).headers["ETag"]
    ok(alice.post(f"{backup}/restore", json={"elements": ["b"]}))
    stale = {"elements": [element("b", 9, index="a2", text="as it is")]}
    ok(alice.patch(f"{path}/data", json=stale, headers={"If-Match": tag}))
    assert elements_of(alice, path)["b"]["text"] == "as it was"


def test_elements_that_are_not_there_are_not_found(alice: Client, path: str, backup: str) -> None:
    before = ok(alice.get(path))
    answer = alice.post(f"{backup}/restore", json={"elements": ["unknown"]})
    assert_problem(answer, 404, "element_not_found")
    answer = alice.post(f"{path}/backups/{before['id']}/restore", json={"elements": ["a"]})
    assert_problem(answer, 404, "backup_not_found")
    stale = {"If-Match": '"1"'}
    answer = alice.post(f"{backup}/restore", json={"elements": ["a"]}, headers=stale)
    assert_problem(answer, 412, "stale_version")
    wrongs: list[Any] = [[], "a", [1], None, {}]
    for wrong in wrongs:
        assert_refused(alice.post(f"{backup}/restore", json={"elements": wrong}), "elements")
    assert ok(alice.get(path)) == before


def test_too_many_chosen_elements_are_refused_in_few_words(
    alice: Client, path: str, backup: str
) -> None:
    answer = alice.post(f"{backup}/restore", json={"elements": list(range(10_001))})
    assert_problem(answer, 422, "invalid")
    assert len(answer.data) < 1_000


def test_without_chosen_elements_all_is_restored(alice: Client, path: str, backup: str) -> None:
    ok(alice.post(f"{backup}/restore", json={}))
    assert elements_of(alice, path).keys() == {"a", "b", "c"}


def test_an_element_has_a_history(alice: Client, path: str, backup: str) -> None:
    ok(alice.post(f"{backup}/restore", json={"elements": ["b"]}))
    answer = ok(alice.get(f"{path}/elements/b/history"))
    assert answer.keys() == {"history"}
    history = answer["history"]
    assert [each["element"]["version"] for each in history] == [10, 9, 5]
    assert [each["backup_id"] is None for each in history] == [True, False, False]
    assert [each["version"] for each in history] == [4, 3, 2]
    assert backup.endswith(history[2]["backup_id"])
    times = [time_of(each["timestamp"]) for each in history]
    assert times == sorted(times, reverse=True)


def test_what_has_no_history_is_not_found(alice: Client, bob: Client, path: str) -> None:
    nothing = alice.get(f"{path}/elements/unknown/history")
    assert_problem(nothing, 404, "element_not_found")
    assert_problem(bob.get(f"{path}/elements/e1/history"), 404, "pad_not_found")


def test_few_histories_of_one_user_are_read_at_once(app: Flask, alice: Client, path: str) -> None:
    services: Services = app.extensions["padws"]
    owner_id = ok(alice.get(path))["owner_id"]
    with ExitStack() as reading:
        for _ in range(2):
            ok(alice.get(f"{path}/elements/e1/history"))
            reading.enter_context(services.limits.reading_history(owner_id))
        answer = alice.get(f"{path}/elements/e1/history")
        assert_problem(answer, 429, "too_many_requests")
    ok(alice.get(f"{path}/elements/e1/history"))
