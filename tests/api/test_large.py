"""Large bodies and answers: never twice in memory, and not too many at once."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from padws import memory_budget
from padws.memory_budget import MemoryBudget
from tests.api.conftest import ClientOf, Configure, SignedIn
from tests.api.pads import make_pad
from tests.api.traffic import Unread
from tests.helpers.contract import Client, assert_problem, ok

LARGE = {"elements": [], "files": {"a": {"dataURL": "x" * 3_000_000}}}
BODY = json.dumps(LARGE)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_budget, "_PATIENCE", 0.05)


def budget_of(app: Flask) -> MemoryBudget:
    found = app.extensions["padws.memory_budget"]
    assert isinstance(found, MemoryBudget)
    return found


def save(client: Client, pad: dict[str, Any], **options: Any) -> Any:
    path = f"/api/pad/{pad['id']}"
    return client.post(path, data=BODY, content_type="application/json", **options)


def test_an_answer_is_sent_in_pieces_of_a_known_length(
    app: Flask, alice: Client, signed_in: SignedIn
) -> None:
    pad = make_pad(alice, data=LARGE)
    for path in (f"/api/pad/{pad['id']}", "/api/pad"):
        unread = Unread(app, signed_in.cookies["alice"], path)
        pieces = list(unread.content)
        assert max(map(len, pieces)) <= 2_000_000
        whole = b"".join(pieces)
        assert len(whole) == int(unread.headers["Content-Length"])
        found = json.loads(whole)
        assert (found if isinstance(found, dict) else found[0]) == pad
    assert not budget_of(app)._used_by


def test_an_unread_answer_takes_its_users_room_until_its_end(
    configure: Configure, client_of: ClientOf, signed_in: SignedIn
) -> None:
    app = configure(LARGE_BYTES_PER_USER="4000000")
    alice, bob = client_of(app, "alice"), client_of(app, "bob")
    pad = make_pad(alice, data=LARGE)
    make_pad(bob, data=LARGE)
    path = f"/api/pad/{pad['id']}"
    backup = ok(alice.post(f"{path}/backups"), 201)["id"]
    unread = Unread(app, signed_in.cookies["alice"], path)
    for more in (path, "/api/pad", f"{path}/backups", f"{path}/backups/{backup}"):
        answer = alice.get(more)
        assert_problem(answer, 429, "too_many_requests")
        assert answer.headers["Retry-After"]
    assert_problem(save(alice, pad), 429, "too_many_requests")
    assert len(ok(bob.get("/api/pad"))) == 1
    ok(alice.post(path, json={"elements": []}))
    unread.content.close()
    ok(save(alice, pad))
    assert not budget_of(app)._used_by


def test_what_has_been_written_is_answered_whether_there_is_room_or_not(
    configure: Configure, client_of: ClientOf, signed_in: SignedIn
) -> None:
    """Refusing the answer would make the client write again; the next read waits instead."""
    app = configure(LARGE_BYTES_PER_USER="4000000")
    alice = client_of(app, "alice")
    path = f"/api/pad/{make_pad(alice, data=LARGE)['id']}"
    unread = [Unread(app, signed_in.cookies["alice"], path)]
    unread.append(Unread(app, signed_in.cookies["alice"], f"{path}/backups", "POST"))
    for more in ("/api/pad", "/api/pad/recent", f"{path}/backups", "/api/templates/default"):
        assert_problem(alice.get(more), 429, "too_many_requests")
    assert ok(alice.get("/api/pad?data=false"))
    for each in unread:
        each.content.close()
    assert ok(alice.get(path))
    assert not budget_of(app)._used_by


def test_all_together_have_so_much_room(
    configure: Configure, client_of: ClientOf, signed_in: SignedIn
) -> None:
    app = configure(LARGE_BYTES="6500000", MAX_BODY_BYTES="3100000")
    alice, bob = client_of(app, "alice"), client_of(app, "bob")
    pad, other = make_pad(alice, data=LARGE), make_pad(bob)
    path = f"/api/pad/{pad['id']}"
    unread = [Unread(app, signed_in.cookies["alice"], path) for _ in range(2)]
    assert_problem(save(bob, other), 429, "too_many_requests")
    unread[0].content.close()
    ok(save(bob, other))


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_is_answered_without_its_content_takes_no_room(
    app: Flask, alice: Client, signed_in: SignedIn, method: str
) -> None:
    path = f"/api/pad/{make_pad(alice, data=LARGE)['id']}"
    if method == "HEAD":
        Unread(app, signed_in.cookies["alice"], path, method)
    else:
        tag = alice.get(path).headers["ETag"]
        assert alice.get(path, headers={"If-None-Match": tag}).status_code == 304
        assert alice.get("/api/pad/nowhere").status_code == 404
    assert not budget_of(app)._used_by


def shared(alice: Client, pad: dict[str, Any], **body: Any) -> str:
    link = ok(alice.post(f"/api/pad/{pad['id']}/links", json=body), 201)
    return f"/api{urlsplit(link['url']).path}"


PICTURE = "data:image/png;base64," + "A" * 4_000_000
WITH_PICTURE = {
    "elements": [{"id": "a", "fileId": "f"}],
    "files": {"f": {"id": "f", "dataURL": PICTURE}},
}


@pytest.mark.parametrize("what", ["the pad", "opened by its password", "a picture"])
def test_visitors_take_room_by_network(
    configure: Configure, client_of: ClientOf, signed_in: SignedIn, what: str
) -> None:
    """Who reads slowly makes those wait who come from the same network, and nobody else."""
    app = configure(LARGE_BYTES_PER_USER="4000000")
    alice = client_of(app, "alice")
    pad = make_pad(alice, data=WITH_PICTURE)
    picture = f"/pictures/{sha256(PICTURE.encode()).hexdigest()}"
    path = shared(alice, pad, **({"password": "x"} if what.startswith("opened") else {}))
    path += picture if what == "a picture" else ""

    def ask(address: str) -> Unread:
        options: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": address}}
        if what.startswith("opened"):
            return Unread(app, "", path, "POST", json={"password": "x"}, **options)
        return Unread(app, "", path, **options)

    unread = ask("198.51.100.1")
    with pytest.raises(AssertionError, match="429"):
        ask("198.51.100.1")
    ask("198.51.100.2").content.close()
    ok(alice.get(f"/api/pad/{pad['id']}"))
    unread.content.close()
    assert not budget_of(app)._used_by


def test_a_picture_takes_its_users_room_until_its_end(
    app: Flask, alice: Client, signed_in: SignedIn
) -> None:
    pad = make_pad(alice, data=WITH_PICTURE)
    path = f"/api/pad/{pad['id']}/pictures/{sha256(PICTURE.encode()).hexdigest()}"
    unread = Unread(app, signed_in.cookies["alice"], path)
    assert budget_of(app)._used_by[pad["owner_id"]] == 3_000_000
    unread.content.close()
    assert not budget_of(app)._used_by


def test_what_is_refused_gives_its_room_back(app: Flask, alice: Client) -> None:
    pad = make_pad(alice)
    path = f"/api/pad/{pad['id']}"
    for body in (BODY[:-1], "[" + BODY + "]", BODY.replace('"dataURL"', '"\\u0000"')):
        answer = alice.post(path, data=body, content_type="application/json")
        assert answer.status_code in (400, 422)
    assert_problem(save(alice, pad, headers={"If-Match": '"999"'}), 412, "stale_version")
    assert not budget_of(app)._used_by


def test_a_body_without_a_scene_need_not_be_large(alice: Client, admin: Client) -> None:
    pad = make_pad(alice)
    for client, method, path in (
        (alice, "PATCH", f"/api/pad/{pad['id']}"),
        (admin, "POST", "/api/users"),
        (alice, "POST", "/api/users/me/tokens"),
    ):
        body = json.dumps({"display_name": "x" * 600_000})
        answer = client.open(path, method=method, data=body, content_type="application/json")
        assert_problem(answer, 413, "body_too_large")
    body = json.dumps({"display_name": "x" * 600_000, "data": {"elements": []}})
    answer = alice.post("/api/pad", data=body, content_type="application/json")
    assert_problem(answer, 413, "body_too_large")
