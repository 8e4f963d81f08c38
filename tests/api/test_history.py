"""What a save replaces, and the order of saves, as a client sees them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from padws.embedded.temporary import Service
from tests.api.conftest import SignedIn
from tests.api.pads import make_pad
from tests.helpers import people, wire
from tests.helpers.contract import Client, check_backup, ok

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
