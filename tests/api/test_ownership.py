"""What belongs to somebody else is answered like what does not exist, and stays as it is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.api.conftest import SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, ok
from tests.helpers.drawings import drawing

PICTURE = f"data:image/png;base64,{'AAAA' * 1000}"
DIGEST = sha256(PICTURE.encode()).hexdigest()
ELEMENT = drawing(2)["elements"][0]["id"]

#: Every route with an id, and a body with which the owner would succeed.
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/api/pad/{pad}", None),
    ("HEAD", "/api/pad/{pad}", None),
    ("POST", "/api/pad/{pad}", drawing()),
    ("PUT", "/api/pad/{pad}", drawing()),
    ("PATCH", "/api/pad/{pad}", {"display_name": "Mine"}),
    ("PATCH", "/api/pad/{pad}/data", drawing()),
    ("DELETE", "/api/pad/{pad}", None),
    ("GET", "/api/pad/{pad}/backups", None),
    ("GET", "/api/pad/{pad}/backups?data=false&limit=1", None),
    ("GET", "/api/pad/{pad}/export", None),
    ("GET", "/api/pad/{pad}/links", None),
    ("POST", "/api/pad/{pad}/links", {}),
    ("DELETE", "/api/pad/{pad}/links/{link}", None),
    ("POST", "/api/pad/{pad}/backups", None),
    ("GET", "/api/pad/{pad}/backups/{backup}", None),
    ("PATCH", "/api/pad/{pad}/backups/{backup}", {"label": "Mine"}),
    ("DELETE", "/api/pad/{pad}/backups/{backup}", None),
    ("POST", "/api/pad/{pad}/backups/{backup}/restore", None),
    ("POST", "/api/pad/{pad}/backups/{backup}/restore", {"elements": [ELEMENT]}),
    ("GET", f"/api/pad/{{pad}}/elements/{ELEMENT}/history", None),
    ("GET", f"/api/pad/{{pad}}/pictures/{DIGEST}", None),
]
NAMES = [f"{method} {path}" for method, path, _ in ROUTES]

#: What a client may add to learn whether a pad exists.
HEADERS = [{}, {"If-Match": "*"}, {"If-Match": '"1"'}, {"If-Match": '"2"'}, {"If-None-Match": "*"}]


NO_LINK = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Owned:
    """A pad of alice at version 2, its backup and a link to it."""

    pad: str
    backup: str
    link: str = NO_LINK


@pytest.fixture
def owned(alice: Client) -> Owned:
    pad = make_pad(alice, "Secret")
    scene = drawing(2)
    scene["files"]["a"] = {"mimeType": "image/png", "dataURL": PICTURE}
    ok(alice.post(f"/api/pad/{pad['id']}", json=scene))
    backup, *_ = ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"]
    link = ok(alice.post(f"/api/pad/{pad['id']}/links"), 201)
    return Owned(pad["id"], backup["id"], link["id"])


@pytest.fixture
def stored(sql: SqlConnection) -> Callable[[], list[dict[str, Any]]]:
    """All rows of pads and backups."""
    return lambda: [
        row
        for table in ("pads", "backups", "links")
        for row in sql.execute(f"SELECT * FROM pad_ws.{table} ORDER BY id").fetchall()
    ]


def send(client: Client, route: tuple[str, str, Any], ids: Owned, **options: Any) -> TestResponse:
    method, path, body = route
    path = path.format(pad=ids.pad, backup=ids.backup, link=ids.link)
    if body is not None:
        options["json"] = body
    return client.open(path, method=method, **options)


def content_of(answer: TestResponse) -> tuple[Any, ...]:
    """Everything that an answer says, except the id of the request."""
    problem = answer.get_json() if answer.data else {}
    problem.pop("request_id", None)
    headers = [pair for pair in answer.headers if pair[0] not in ("X-Request-ID", "Date")]
    return answer.status_code, problem, sorted(headers)


def random_ids() -> Owned:
    return Owned(str(uuid.uuid4()), str(uuid.uuid4()))


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
class TestStranger:
    def test_it_is_the_same_404_as_for_what_does_not_exist(
        self,
        charlie: Client,
        owned: Owned,
        route: tuple[str, str, Any],
        stored: Callable[[], list[dict[str, Any]]],
    ) -> None:
        before = stored()
        for headers in HEADERS:
            answer = send(charlie, route, owned, headers=headers)
            assert answer.status_code == 404
            unknown = send(charlie, route, random_ids(), headers=headers)
            assert content_of(answer) == content_of(unknown)
        assert stored() == before

    def test_an_administrator_is_a_stranger_too(
        self,
        admin: Client,
        owned: Owned,
        route: tuple[str, str, Any],
        stored: Callable[[], list[dict[str, Any]]],
    ) -> None:
        before = stored()
        assert send(admin, route, owned).status_code == 404
        assert stored() == before

    def test_nobody_gets_a_401(
        self,
        anyone: Client,
        owned: Owned,
        route: tuple[str, str, Any],
        stored: Callable[[], list[dict[str, Any]]],
    ) -> None:
        before = stored()
        answer = send(anyone, route, owned)
        assert answer.status_code == 401
        assert content_of(answer) == content_of(send(anyone, route, random_ids()))
        assert stored() == before

    def test_the_owner_succeeds(
        self, alice: Client, owned: Owned, route: tuple[str, str, Any]
    ) -> None:
        assert send(alice, route, owned).status_code in (200, 201)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_in_the_trash_a_pad_is_not_even_its_owners(
    alice: Client,
    owned: Owned,
    route: tuple[str, str, Any],
    stored: Callable[[], list[dict[str, Any]]],
) -> None:
    """But for its pictures, with which the trash is shown."""
    if "/pictures/" in route[1]:
        return
    ok(alice.delete(f"/api/pad/{owned.pad}"))
    before = stored()
    for headers in HEADERS:
        answer = send(alice, route, owned, headers=headers)
        assert content_of(answer) == content_of(send(alice, route, random_ids(), headers=headers))
    assert stored() == before
    ok(alice.post(f"/api/pad/trash/{owned.pad}/restore"))
    assert send(alice, route, owned).status_code in (200, 201)


def test_every_route_to_a_pad_is_among_them(app: Flask) -> None:
    """Those to the trash aside, which tests/api/test_trash.py asks."""
    rules = {
        re.sub(r"<[^>]*>", "…", rule.rule)
        for rule in app.url_map.iter_rules()
        if "pad_id" in rule.arguments and "/trash/" not in rule.rule
    }
    assert rules == {
        re.sub(rf"{DIGEST}|{ELEMENT}|{{\w+}}", "…", path.partition("?")[0]) for _, path, _ in ROUTES
    }


def test_a_backup_under_a_strangers_own_pad_is_not_found(
    charlie: Client, owned: Owned, stored: Callable[[], list[dict[str, Any]]]
) -> None:
    own = Owned(make_pad(charlie)["id"], owned.backup)
    before = stored()
    for route in [each for each in ROUTES if "{backup}" in each[1]]:
        assert_problem(send(charlie, route, own), 404, "backup_not_found")
    assert stored() == before


def test_nothing_of_others_is_in_any_list(charlie: Client, owned: Owned) -> None:
    make_pad(charlie, "Own")
    for path in ("/api/pad", "/api/pad?data=false", "/api/pad/recent"):
        answer = charlie.get(path)
        assert owned.pad.encode() not in answer.data
        assert owned.backup.encode() not in answer.data


NOT_UUIDS = [
    "1",
    "nope",
    "-",
    "00000000-0000-0000-0000-00000000000",
    "00000000-0000-0000-0000-0000000000000",
    "0000000000004000800000000000000g",
    "{00000000-0000-4000-8000-000000000000}",
    "urn:uuid:00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-00000000000g",
    "00000000-0000-4000-8000-000000000000%00",
    "00000000-0000-4000-8000-000000000000%0A",
    "%2000000000-0000-4000-8000-000000000000",
    "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660-0000-4000-8000-000000000000",
    "..",
    "%2e%2e",
    "%FF",
    "%00",
    "null",
    "'%20OR%201=1--",
    "x" * 3000,
]


@pytest.mark.parametrize("spelling", NOT_UUIDS)
def test_an_id_that_is_no_uuid_is_a_404(alice: Client, admin: Client, spelling: str) -> None:
    ids = Owned(spelling, spelling)
    for route in ROUTES[3:6] + ROUTES[9:]:
        assert send(alice, route, ids).status_code in (404, 405)
    assert alice.get(f"/api/pad/{spelling}/backups").status_code == 404
    for method in ("GET", "DELETE"):
        assert admin.open(f"/api/users/{spelling}", method=method).status_code == 404
    assert admin.patch(f"/api/users/{spelling}", json={"name": "x"}).status_code == 404


def test_an_id_may_be_in_capitals(alice: Client, owned: Owned) -> None:
    assert ok(alice.get(f"/api/pad/{owned.pad.upper()}"))["id"] == owned.pad
