"""Lists that are too large to be in memory at once are sent item by item, and are the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from flask import Flask

from padws import database, memory_budget, statements
from padws.json_text import JsonText
from tests.api.conftest import ClientOf, Configure, SignedIn
from tests.api.pads import make_pad
from tests.api.traffic import Tap, Unread
from tests.helpers.contract import Client, assert_problem, ok

PICTURE = f"data:image/png;base64,{'QUFB' * 1_000}"


def scene(number: int) -> dict[str, Any]:
    text = {"id": "t", "type": "text", "text": f"plan {number} {'x' * 3_000}", "version": number}
    return {"elements": [text], "files": {"f": {"dataURL": PICTURE}}}


@pytest.fixture
def pad(alice: Client, admin: Client) -> str:
    """The last of four pads: it has four backups, and two others are in the trash."""
    made = [f"/api/pad/{make_pad(alice, f'Pad {n}', scene(n))['id']}" for n in range(6)]
    for trashed in made[:2]:
        ok(alice.delete(trashed))
    for number in range(10, 14):
        ok(alice.post(made[-1], json=scene(number)))
        alice.post(f"{made[-1]}/backups")
    for name in ("one", "two"):
        template = {"name": name, "display_name": name, "data": scene(1)}
        ok(admin.post("/api/templates", json=template), 201)
    return made[-1]


LISTS = {
    "pads": "/api/pad",
    "pads without pictures": "/api/pad?pictures=false",
    "a page": "/api/pad?limit=3&sort=-updated",
    "what a search finds": "/api/pad?q=plan&pictures=false",
    "the trash": "/api/pad/trash?data=true",
    "a page of the trash": "/api/pad/trash?data=true&limit=1&pictures=false",
    "backups": "{pad}/backups?limit=3",
    "backups without pictures": "{pad}/backups?pictures=false",
    "recent backups": "/api/pad/recent",
    "recent backups without pictures": "/api/pad/recent?pictures=false",
    "the history of an element": "{pad}/elements/t/history",
    "templates": "/api/templates",
}


@pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)
def test_it_is_the_same_item_by_item(
    alice: Client, pad: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path.format(pad=pad)
    whole = alice.get(path)
    monkeypatch.setattr(statements, "_MOST_AT_ONCE", 5_000)
    in_parts = alice.get(path)
    assert ok(in_parts) == ok(whole)
    assert "Content-Length" in whole.headers
    assert "Content-Length" not in in_parts.headers
    for name in ("ETag", "Link", "Cache-Control"):
        assert in_parts.headers.get(name) == whole.headers.get(name)
    if etag := whole.headers.get("ETag"):
        assert alice.get(path, headers={"If-None-Match": etag}).status_code == 304


class Loading:
    """How many texts of scenes and pictures come from PostgreSQL while a list is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.loaded = 0
        load = database._JsonTextLoader.load

        def counting(loader: Any, data: Any) -> JsonText:
            self.loaded += 1
            return load(loader, data)

        monkeypatch.setattr(database._JsonTextLoader, "load", counting)
        monkeypatch.setattr(statements, "_MOST_AT_ONCE", 5_000)


def test_few_items_are_in_memory_at_once(
    app: Flask, alice: Client, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        make_pad(alice, data={"elements": [], "text": f"{number}{'x' * 4_000}"})
    loading = Loading(monkeypatch)
    unread = iter(Unread(app, signed_in.cookies["alice"], "/api/pad").content)
    assert 2 <= loading.loaded <= 4, "two that were too large; the answer has not begun"
    before = loading.loaded
    for number in range(1, 21):
        while b"xxx" not in next(unread):
            pass
        assert loading.loaded == before + number


def test_what_is_gone_is_left_out_and_what_has_changed_is_new(
    app: Flask, alice: Client, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [make_pad(alice, data=scene(n))["id"] for n in range(4)]
    monkeypatch.setattr(statements, "_MOST_AT_ONCE", 5_000)
    unread = iter(Unread(app, signed_in.cookies["alice"], "/api/pad").content)
    begun = next(unread) + next(unread)
    ok(alice.delete(f"/api/pad/{ids[1]}"))
    ok(alice.post(f"/api/pad/{ids[2]}", json=scene(7)))
    first, changed, last = json.loads(begun + b"".join(unread))
    assert [each["id"] for each in (first, changed, last)] == [ids[0], ids[2], ids[3]]
    assert changed == ok(alice.get(f"/api/pad/{ids[2]}"))


def test_it_takes_its_users_room_until_its_end(
    configure: Configure,
    client_of: ClientOf,
    signed_in: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That of the largest item; while there is none, it does not begin."""
    app = configure(LARGE_BYTES_PER_USER="4000000", MAX_BODY_BYTES="3000000")
    monkeypatch.setattr(memory_budget, "_PATIENCE", 0.05)
    monkeypatch.setattr(statements, "_MOST_AT_ONCE", 5_000)
    alice, cookie = client_of(app, "alice"), signed_in.cookies["alice"]
    for number in range(2):
        make_pad(alice, data=scene(number))
    unread = Unread(app, cookie, "/api/pad")
    assert_problem(alice.get("/api/pad"), 429, "too_many_requests")
    unread.content.close()
    unread = Unread(app, cookie, "/api/pad")
    for _ in unread.content:
        pass
    assert ok(alice.get("/api/pad"))


def test_it_is_broken_off_where_postgresql_is_gone(
    configure: Configure,
    client_of: ClientOf,
    signed_in: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = configure(DB_POOL_TIMEOUT="0.2", DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1")
    monkeypatch.setattr(statements, "_MOST_AT_ONCE", 5_000)
    alice = client_of(app, "alice")
    for number in range(2):
        make_pad(alice, data=scene(number))
    unread = Unread(app, signed_in.cookies["alice"], "/api/pad")
    with app.extensions["padws"].database.connection(), pytest.raises(ConnectionAbortedError):
        list(unread.content)
    assert "was broken off: PoolTimeout" in caplog.text


def test_what_is_too_large_is_cancelled_and_asked_again_by_one_more_statement(
    configure: Configure,
    client_of: ClientOf,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = configure(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1")
    alice = client_of(app, "alice")
    for number in range(3):
        make_pad(alice, data=scene(number))
    for _ in range(7):  # more often than it takes to be prepared
        ok(alice.get("/api/pad"))
    tap = Tap(app, redis_client)
    with tap.listen() as ordinary:
        ok(alice.get("/api/pad"))
    assert ordinary.messages == ["Execute"]
    monkeypatch.setattr(statements, "_MOST_AT_ONCE", 5_000)
    with tap.listen() as traffic:
        ok(alice.get("/api/pad"))
    assert traffic.statements == 2 + 3, traffic.messages
