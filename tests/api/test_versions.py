"""Versions: ETag, If-None-Match and If-Match, on pads and on their list."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, ok
from tests.helpers.drawings import drawing

ETAG = re.compile(r'"[^"]+"')

#: What can be done under If-Match, with the path and the body of the request.
Change = Callable[[Client, dict[str, Any], dict[str, str]], TestResponse]


def save(client: Client, pad: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    return client.post(f"/api/pad/{pad['id']}", json=drawing(2), headers=headers)


def put(client: Client, pad: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    return client.put(f"/api/pad/{pad['id']}", json=drawing(2), headers=headers)


def rename(client: Client, pad: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    path = f"/api/pad/{pad['id']}"
    return client.patch(path, json={"display_name": "New"}, headers=headers)


def delete(client: Client, pad: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    return client.delete(f"/api/pad/{pad['id']}", headers=headers)


def restore(client: Client, pad: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    """Restore the oldest backup."""
    path = f"/api/pad/{pad['id']}/backups"
    backup = ok(client.get(path))["backups"][-1]
    return client.post(f"{path}/{backup['id']}/restore", headers=headers)


CHANGES = [save, put, rename, delete, restore]


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    """A pad at version 3 that has a backup."""
    made = make_pad(alice)
    ok(alice.post(f"/api/pad/{made['id']}", json=drawing(1)))
    ok(alice.patch(f"/api/pad/{made['id']}", json={"display_name": "Plan 3"}))
    pad: dict[str, Any] = ok(alice.get(f"/api/pad/{made['id']}"))
    assert pad["version"] == 3
    return pad


def etag(client: Client, pad: dict[str, Any]) -> str:
    tag = client.get(f"/api/pad/{pad['id']}").headers["ETag"]
    assert ETAG.fullmatch(tag)
    return tag


def everything(client: Client, pad: dict[str, Any]) -> Any:
    """Everything that a change of a pad could affect."""
    return ok(client.get("/api/pad")), ok(client.get(f"/api/pad/{pad['id']}/backups"))


def matching(tag: str) -> list[str]:
    opaque = tag.strip('"')
    return [
        tag,
        f"W/{tag}",
        "*",
        f'"other", {tag}',
        f'W/"other",{tag},"more"',
        f'"{opaque}" , "a,b"',
        f" {tag} ",
        f'"{opaque}-gzip"',
        f'W/"other", W/"{opaque}--gzip"',
    ]


def stale(tag: str) -> list[str]:
    opaque = tag.strip('"')
    return [
        '"1"',
        'W/"1"',
        '"1", "2"',
        f'"{opaque}x"',
        f'"0{opaque}"',
        f'"+{opaque}"',
        '""',
        '"99999999999999999999"',
    ]


UNREADABLE = [
    "3",
    "",
    "W/",
    '"3',
    '3"',
    '"3" "3"',
    '"3",',
    "w/3",
    '"3"; "4"',
    '"\u00203"x',
    '*, "3"',
]


@pytest.mark.parametrize("change", CHANGES)
class TestIfMatch:
    @pytest.mark.parametrize("index", range(9))
    def test_a_match_lets_a_change_pass(
        self, alice: Client, pad: dict[str, Any], change: Change, index: int
    ) -> None:
        header = matching(etag(alice, pad))[index]
        content = ok(change(alice, pad, {"If-Match": header}))
        assert content["status"] == "success"

    def test_a_stale_one_changes_nothing_and_tells_the_version(
        self, alice: Client, pad: dict[str, Any], change: Change
    ) -> None:
        before = everything(alice, pad)
        for header in stale(etag(alice, pad)):
            answer = change(alice, pad, {"If-Match": header})
            assert assert_problem(answer, 412, "stale_version")["version"] == 3, header
        assert everything(alice, pad) == before

    def test_an_unreadable_one_is_a_bad_request(
        self, alice: Client, pad: dict[str, Any], change: Change
    ) -> None:
        before = everything(alice, pad)
        for header in UNREADABLE:
            answer = change(alice, pad, {"If-Match": header})
            assert_problem(answer, 400, "invalid_if_match")
        assert everything(alice, pad) == before

    def test_without_one_the_last_write_wins(
        self, alice: Client, pad: dict[str, Any], change: Change
    ) -> None:
        ok(alice.post(f"/api/pad/{pad['id']}", json=drawing(8)))
        ok(change(alice, pad, {}))

    def test_it_does_not_tell_a_stranger_that_the_pad_exists(
        self, alice: Client, charlie: Client, pad: dict[str, Any], change: Change
    ) -> None:
        if change is restore:
            backups = ok(alice.get(f"/api/pad/{pad['id']}/backups"))["backups"]
            path = f"/api/pad/{pad['id']}/backups/{backups[0]['id']}/restore"
            answer = charlie.post(path, headers={"If-Match": '"1"'})
        else:
            answer = change(charlie, pad, {"If-Match": '"1"'})
        assert answer.status_code == 404


@pytest.mark.parametrize("change", [save, put, rename, restore])
def test_every_change_raises_the_version_by_one_and_gives_a_new_etag(
    alice: Client, pad: dict[str, Any], change: Change
) -> None:
    before, before_list = etag(alice, pad), alice.get("/api/pad").headers["ETag"]
    answer = change(alice, pad, {"If-Match": before})
    assert answer.headers["ETag"] == etag(alice, pad)
    assert answer.headers["ETag"] != before
    assert alice.get("/api/pad").headers["ETag"] != before_list
    assert ok(alice.get(f"/api/pad/{pad['id']}"))["version"] == 4


def test_saving_the_same_scene_again_is_a_change(alice: Client, pad: dict[str, Any]) -> None:
    ok(alice.post(f"/api/pad/{pad['id']}", json=pad["data"]))
    assert ok(alice.get(f"/api/pad/{pad['id']}"))["version"] == 4


def test_a_backup_is_no_change(alice: Client, pad: dict[str, Any]) -> None:
    path = f"/api/pad/{pad['id']}/backups"
    ok(alice.delete(f"{path}/{ok(alice.post(path))['id']}"))
    ok(alice.delete(f"{path}/{ok(alice.post(path), 201)['id']}"))
    assert ok(alice.get(f"/api/pad/{pad['id']}")) == pad


def test_a_deleted_pad_is_gone_whatever_if_match_says(alice: Client, pad: dict[str, Any]) -> None:
    ok(alice.delete(f"/api/pad/{pad['id']}"))
    for header in ("*", '"3"', '"1"'):
        answer = alice.post(f"/api/pad/{pad['id']}", json=drawing(), headers={"If-Match": header})
        assert_problem(answer, 404, "pad_not_found")


class TestIfNoneMatch:
    @pytest.mark.parametrize("path", ["/api/pad/{id}", "/api/pad", "/api/pad?data=false"])
    def test_what_the_caller_has_is_not_sent_again(
        self, alice: Client, pad: dict[str, Any], path: str
    ) -> None:
        path = path.format_map(pad)
        tag = alice.get(path).headers["ETag"]
        assert ETAG.fullmatch(tag)
        for header in matching(tag):
            answer = alice.get(path, headers={"If-None-Match": header})
            assert answer.status_code == 304, header
            assert answer.data == b""
            assert answer.headers["ETag"] == tag

    @pytest.mark.parametrize("path", ["/api/pad/{id}", "/api/pad"])
    def test_what_has_changed_is_sent(self, alice: Client, pad: dict[str, Any], path: str) -> None:
        path = path.format_map(pad)
        tag = alice.get(path).headers["ETag"]
        ok(alice.post(f"/api/pad/{pad['id']}", json=drawing(8)))
        changed = alice.get(path, headers={"If-None-Match": tag})
        assert changed.headers["ETag"] != tag
        assert changed.data == alice.get(path).data

    @pytest.mark.parametrize("path", ["/api/pad/{id}", "/api/pad"])
    def test_what_cannot_be_read_matches_nothing(
        self, alice: Client, pad: dict[str, Any], path: str
    ) -> None:
        path = path.format_map(pad)
        whole = alice.get(path)
        for header in ["", "3", "W/", '"3', "\xff", '"\xff"', "**", "{}", '"{(,)}"', "'3'"]:
            answer = alice.get(path, headers={"If-None-Match": header})
            assert answer.status_code == 200, header
            assert answer.data == whole.data

    def test_the_list_changes_with_every_pad_that_comes_or_goes(
        self, alice: Client, pad: dict[str, Any]
    ) -> None:
        tags = [alice.get("/api/pad").headers["ETag"]]
        other = make_pad(alice, "Other")
        tags.append(alice.get("/api/pad").headers["ETag"])
        ok(alice.delete(f"/api/pad/{other['id']}"))
        assert alice.get("/api/pad").headers["ETag"] == tags[0]
        assert tags[0] != tags[1]

    def test_another_pad_at_the_same_version_has_another_list(
        self, alice: Client, bob: Client
    ) -> None:
        make_pad(alice)
        make_pad(bob)
        tag = alice.get("/api/pad").headers["ETag"]
        assert bob.get("/api/pad", headers={"If-None-Match": tag}).status_code == 200

    def test_a_new_users_first_list_is_never_empty(self, alice: Client) -> None:
        answer = alice.get("/api/pad", headers={"If-None-Match": '"0"'})
        assert len(ok(answer)) == 1

    @pytest.mark.parametrize("path", ["/api/pad/{id}", "/api/pad"])
    def test_head_answers_as_get_does(self, alice: Client, pad: dict[str, Any], path: str) -> None:
        path = path.format_map(pad)
        get, head = alice.get(path), alice.head(path)
        assert head.status_code == 200
        assert head.data == b""
        assert head.headers["ETag"] == get.headers["ETag"]

    def test_browsers_ask_again_each_time_and_proxies_keep_nothing(
        self, alice: Client, pad: dict[str, Any]
    ) -> None:
        for path in (f"/api/pad/{pad['id']}", "/api/pad"):
            control = alice.get(path).headers["Cache-Control"]
            assert {each.strip() for each in control.split(",")} == {"private", "no-cache"}


def test_a_stale_save_tells_its_version_before_its_scene_is_looked_at(
    alice: Client, pad: dict[str, Any]
) -> None:
    """A client with an old version is told that, or that its body is bad; it never succeeds."""
    answer = alice.post(
        f"/api/pad/{pad['id']}",
        data=json.dumps({}),
        content_type="application/json",
        headers={"If-Match": '"1"'},
    )
    assert answer.status_code in (412, 422)
    assert ok(alice.get(f"/api/pad/{pad['id']}")) == pad
