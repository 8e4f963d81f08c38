"""Hostile bodies, thousands of them, to a running service.

Each is kept and comes back equal, or is refused with a problem and changes nothing. None is a 5xx
or takes a minute. A failure names the seed of its body: `hostile_body(seed)`.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from padws.embedded.temporary import Service
from tests.api.conftest import Browser, SignedIn
from tests.api.hostile import exactly, hostile_body, is_scene
from tests.helpers import people
from tests.helpers.contract import ok
from tests.helpers.drawings import drawing, without_mark

#: Bodies for each test; PADWS_TEST_BODIES=100000 looks longer.
BODIES = int(os.environ.get("PADWS_TEST_BODIES", "100"))
JSON = {"Content-Type": "application/json"}
NEVER = object()


@pytest.fixture
def admins_browser(gunicorn: Service, signed_in: SignedIn) -> Browser:
    return Browser(gunicorn.url, f"{people.COOKIE}={signed_in.cookies['admin']}")


def read(body: bytes) -> Any:
    """What a body says, if the service must keep it as a scene; else NEVER."""
    try:
        value = exactly(body)
    except (ValueError, RecursionError):
        return NEVER
    return value if is_scene(value) else NEVER


def check(answer: Any, good: int, body: bytes, seed: int) -> bool:
    """Assert that a body was accepted or refused as it must be; whether it was accepted."""
    expected = [good] if read(body) is not NEVER else [400, 413, 422]
    assert answer.status_code in expected, (seed, answer.status_code, answer.text[:300])
    return bool(answer.status_code == good)


def test_a_saved_scene_comes_back_equal_and_a_refused_one_changes_nothing(
    alices_browser: Browser,
) -> None:
    path = f"/api/pad/{ok(alices_browser('GET', '/api/pad'))[0]['id']}"
    before = exactly(alices_browser("GET", path).content)
    kept = 0
    for seed in range(BODIES):
        body = hostile_body(seed)
        method = ("POST", "PUT")[seed % 2]
        taken = check(alices_browser(method, path, data=body, headers=JSON), 200, body, seed)
        after = exactly(alices_browser("GET", path).content)
        kept += taken
        assert after["version"] == before["version"] + taken, seed
        if taken:
            assert without_mark(after["data"]) == without_mark(read(body)), seed
            before = after
        assert after == before, seed
    assert BODIES / 5 < kept < BODIES * 4 / 5, "the bodies have become one-sided"


def test_any_scene_is_merged_or_refused(alices_browser: Browser) -> None:
    """What has been merged is there, and merging it again changes nothing."""
    path = f"/api/pad/{ok(alices_browser('GET', '/api/pad'))[0]['id']}"
    before = exactly(alices_browser("GET", path).content)
    merged = 0
    for seed in range(3 * BODIES, 3 * BODIES + BODIES // 2):
        body = hostile_body(seed)
        answer = alices_browser("PATCH", f"{path}/data", data=body, headers=JSON)
        taken = answer.status_code == 200
        assert taken or answer.status_code in (400, 413, 422), (seed, answer.text[:300])
        after = exactly(alices_browser("GET", path).content)
        merged += taken
        if taken:
            assert read(body) is not NEVER, seed
            ids = {each["id"] for each in read(body).get("elements", [])}
            assert ids <= {each["id"] for each in after["data"].get("elements", [])}, seed
            again = ok(alices_browser("PATCH", f"{path}/data", data=body, headers=JSON))
            assert again["version"] == after["version"], seed
            before = after
        assert after == before, seed
    assert merged > BODIES // 50


def test_a_pad_is_made_of_any_scene_that_can_be_kept(alices_browser: Browser) -> None:
    for seed in range(BODIES, 2 * BODIES):
        scene = hostile_body(seed)
        body = b'{"display_name": "Drawing", "data": ' + scene + b"}"
        answer = alices_browser("POST", "/api/pad", data=body, headers=JSON)
        assert answer.status_code in (201, 400, 413, 422), (seed, answer.text[:300])
        if read(scene) is not NEVER:
            assert answer.status_code == 201, (seed, answer.text[:300])
            made = exactly(answer.content)
            assert without_mark(made["data"]) == without_mark(read(scene)), seed
        if answer.status_code == 201:
            ok(alices_browser("DELETE", f"/api/pad/{answer.json()['id']}"))


def test_a_template_takes_any_scene_that_can_be_kept(admins_browser: Browser) -> None:
    new = {"name": "fuzzed", "display_name": "Fuzzed", "data": drawing()}
    ok(admins_browser("POST", "/api/templates", json=new), 201)
    for seed in range(2 * BODIES, 3 * BODIES):
        body = hostile_body(seed)
        path = "/api/templates/fuzzed"
        taken = check(
            admins_browser("PUT", f"{path}/data", data=body, headers=JSON), 200, body, seed
        )
        if taken:
            assert exactly(admins_browser("GET", path).content)["data"] == read(body), seed
            made = admins_browser("POST", "/api/pad/from-template/fuzzed")
            assert without_mark(exactly(made.content)["data"]) == without_mark(read(body)), seed
            ok(admins_browser("DELETE", f"/api/pad/{made.json()['id']}"))


def test_what_is_no_scene_does_not_harm_where_others_are_expected(admins_browser: Browser) -> None:
    """Names, users, tokens and templates get anything at all, as a whole or in a member."""
    pad = ok(admins_browser("GET", "/api/pad"))[0]
    targets = [
        ("PATCH", f"/api/pad/{pad['id']}", "display_name"),
        ("POST", "/api/pad/from-template/default", "display_name"),
        ("POST", "/api/templates", "name"),
        ("PUT", "/api/templates/default", "display_name"),
        ("POST", "/api/users", "username"),
        ("PATCH", f"/api/users/{pad['owner_id']}", "given_name"),
        ("POST", "/api/users/me/tokens", "expires_at"),
    ]
    for seed in range(3 * BODIES, 3 * BODIES + BODIES // 2):
        method, path, member = targets[seed % len(targets)]
        body = hostile_body(seed)
        if seed % 2:
            body = b'{"' + member.encode() + b'": ' + body + b"}"
        answer = admins_browser(method, path, data=body, headers=JSON)
        assert answer.status_code in (200, 201, 400, 413, 422), (seed, answer.text[:300])
    assert json.loads(admins_browser("GET", f"/api/pad/{pad['id']}").content)["id"] == pad["id"]
