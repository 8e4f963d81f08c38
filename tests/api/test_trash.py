"""Deleted pads are in the trash, and come back out of it as they were."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from padws.context import Services
from padws.queries import pads
from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, assert_refused, ok, time_of
from tests.helpers.drawings import drawing

PICTURE = f"data:image/png;base64,{'AAAA' * 1000}"


def trashed(client: Client, name: str = "Plan", data: Any = None) -> dict[str, Any]:
    """A pad at version 2 with a backup, as it was before it was deleted."""
    path = f"/api/pad/{make_pad(client, name, data)['id']}"
    ok(client.post(path, json=data or drawing(2)))
    pad: dict[str, Any] = ok(client.get(path))
    ok(client.delete(path))
    return pad


def age(sql: SqlConnection, days: int) -> None:
    """Let everything in the trash have been deleted that long ago, and last drawn in before."""
    sql.execute(
        "UPDATE pad_ws.pads SET deleted_at = deleted_at - make_interval(days => %(days)s),"
        " updated_at = updated_at - make_interval(days => %(days)s),"
        " created_at = created_at - make_interval(days => %(days)s)"
        " WHERE deleted_at IS NOT NULL",
        {"days": days},
    )


def test_a_pad_comes_back_as_it_was(alice: Client) -> None:
    scene = drawing(2)
    scene["files"]["a"] = {"mimeType": "image/png", "dataURL": PICTURE}
    path = f"/api/pad/{make_pad(alice, data=scene)['id']}"
    ok(alice.post(path, json=scene))
    make_pad(alice, "Other")
    asked = (path, f"{path}/backups", "/api/pad", "/api/pad/recent")
    before = [ok(alice.get(each)) for each in asked]
    tags = [alice.get(each).headers["ETag"] for each in (path, "/api/pad")]
    ok(alice.delete(path))
    assert [pad["display_name"] for pad in ok(alice.get("/api/pad"))] == ["Other"]
    assert alice.get("/api/pad").headers["ETag"] != tags[1]
    assert ok(alice.get("/api/pad/recent"))["backups"] == []
    answer = alice.post(f"/api/pad/trash/{before[0]['id']}/restore")
    assert (ok(answer), answer.headers["ETag"]) == (before[0], tags[0])
    assert [ok(alice.get(each)) for each in asked] == before
    assert [alice.get(each).headers["ETag"] for each in (path, "/api/pad")] == tags
    assert ok(alice.get("/api/pad/trash")) == []


def test_the_trash_is_listed_newest_first(alice: Client, bob: Client) -> None:
    pads = [trashed(alice, f"Plan {number}", drawing(number)) for number in range(3)]
    listed = ok(alice.get("/api/pad/trash"))
    assert [each["id"] for each in listed] == [each["id"] for each in reversed(pads)]
    for each, pad in zip(reversed(listed), pads, strict=True):
        times = time_of(each.pop("deleted_at")), time_of(each.pop("purged_at"))
        assert times[1] - times[0] == timedelta(days=30)
        assert each == {name: pad[name] for name in each}
        assert "data" not in each
    assert ok(bob.get("/api/pad/trash")) == []


@pytest.mark.parametrize("value", ["true", "1"])
def test_scenes_and_pictures_are_there_on_request(alice: Client, value: str) -> None:
    scene = drawing(2)
    scene["files"] = {"a": {"mimeType": "image/png", "dataURL": PICTURE}}
    pads = [trashed(alice, "with a picture", scene), trashed(alice)]
    listed = ok(alice.get(f"/api/pad/trash?data={value}"))
    assert [each["data"] for each in reversed(listed)] == [pad["data"] for pad in pads]
    assert_refused(alice.get("/api/pad/trash?data=maybe"), "data")


def test_pictures_are_left_out_on_request_and_read_by_their_address(
    alice: Client, bob: Client, sql: SqlConnection
) -> None:
    scene = drawing(2)
    scene["files"] = {"a": {"mimeType": "image/png", "dataURL": PICTURE}}
    pad = trashed(alice, data=scene)
    (listed,) = ok(alice.get("/api/pad/trash?data=true&pictures=false"))
    address = listed["data"]["files"]["a"].pop("picture")
    assert "dataURL" not in listed["data"]["files"]["a"]
    assert address.startswith(f"/api/pad/{pad['id']}/pictures/")
    assert alice.get(address).status_code == 200
    assert_problem(bob.get(address), 404, "picture_not_found")
    age(sql, 30)
    assert_problem(alice.get(address), 404, "picture_not_found")


def test_the_list_of_pads_brings_no_pictures_of_the_trash(
    app: Flask, alice: Client, sql: SqlConnection
) -> None:
    scene = drawing(2)
    scene["files"] = {"a": {"mimeType": "image/png", "dataURL": PICTURE}}
    make_pad(alice)
    trashed(alice, data=scene)
    (row,) = sql.execute("SELECT owner_id FROM pad_ws.pads LIMIT 1").fetchall()
    services: Services = app.extensions["padws"]
    with services.database.connection() as conn:
        found = pads.list_pads(
            conn, owner_id=row["owner_id"], with_data=True, with_pictures=True, known_etags=[]
        )
    assert (len(found.rows), found.contents) == (1, {})


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 1_000])
def test_the_trash_comes_in_pages(alice: Client, sql: SqlConnection, limit: int) -> None:
    """Also where several were deleted at the same moment."""
    for number in range(5):
        ok(alice.delete(f"/api/pad/{make_pad(alice, f'Plan {number}')['id']}"))
    sql.execute("UPDATE pad_ws.pads SET deleted_at = date_trunc('day', deleted_at)")
    whole, paged = ok(alice.get("/api/pad/trash")), []
    path = f"/api/pad/trash?limit={limit}"
    while path:
        answer = alice.get(path)
        paged.append(ok(answer))
        path = answer.headers.get("Link", "<>").partition(">")[0].removeprefix("<")
    assert [pad for page in paged for pad in page] == whole
    assert [len(each) for each in paged[:-1]] == [limit] * (len(paged) - 1)
    assert paged[-1]


@pytest.mark.parametrize("cursor", ["", "x", "WyIyMDI1LTAxLTAxIiwgIngiXQ", str(UUID(int=1))])
def test_a_cursor_that_was_not_handed_out_is_refused(alice: Client, cursor: str) -> None:
    assert_refused(alice.get(f"/api/pad/trash?cursor={cursor}"), "cursor")


def test_a_pad_of_pad_ws_comes_back_with_its_id_and_name(alice: Client, sql: SqlConnection) -> None:
    pad = trashed(alice)
    sql.execute("UPDATE pad_ws.pads SET version = 0, data = '{\"elements\": []}'")
    (listed,) = ok(alice.get("/api/pad/trash?data=true"))
    restored = ok(alice.post(f"/api/pad/trash/{pad['id']}/restore"))
    assert listed["data"] == restored["data"]
    assert restored["data"]["appState"]["pad"] == {"uniqueId": pad["id"], "displayName": "Plan"}


def test_who_has_only_the_trash_gets_a_new_first_pad(alice: Client) -> None:
    pad = trashed(alice)
    (first,) = ok(alice.get("/api/pad"))
    assert first["display_name"] == "Untitled"
    ok(alice.post(f"/api/pad/trash/{pad['id']}/restore"))
    assert ok(alice.get("/api/pad")) == [pad, first]


ROUTES = [("POST", "/restore"), ("DELETE", "")]


@pytest.mark.parametrize(("method", "suffix"), ROUTES)
class TestNotThere:
    def test_a_strangers_is_like_none(
        self, alice: Client, charlie: Client, admin: Client, method: str, suffix: str
    ) -> None:
        pad = trashed(alice)
        for client in (charlie, admin):
            for pad_id in (pad["id"], uuid4()):
                answer = client.open(f"/api/pad/trash/{pad_id}{suffix}", method=method)
                assert_problem(answer, 404, "pad_not_found")
        ok(alice.post(f"/api/pad/trash/{pad['id']}/restore"))
        assert ok(alice.get(f"/api/pad/{pad['id']}")) == pad

    def test_what_is_not_in_the_trash_is_left_alone(
        self, alice: Client, method: str, suffix: str
    ) -> None:
        pad = make_pad(alice)
        answer = alice.open(f"/api/pad/trash/{pad['id']}{suffix}", method=method)
        assert_problem(answer, 404, "pad_not_found")
        assert ok(alice.get("/api/pad")) == [pad]

    def test_it_works_once(self, alice: Client, method: str, suffix: str) -> None:
        path = f"/api/pad/trash/{trashed(alice)['id']}{suffix}"
        ok(alice.open(path, method=method))
        assert_problem(alice.open(path, method=method), 404, "pad_not_found")

    def test_what_is_due_is_gone_whether_removed_or_not(
        self, alice: Client, sql: SqlConnection, method: str, suffix: str
    ) -> None:
        pad = trashed(alice)
        age(sql, 30)
        assert ok(alice.get("/api/pad/trash")) == []
        answer = alice.open(f"/api/pad/trash/{pad['id']}{suffix}", method=method)
        assert_problem(answer, 404, "pad_not_found")

    def test_nobody_gets_a_401(
        self, alice: Client, anyone: Client, method: str, suffix: str
    ) -> None:
        path = f"/api/pad/trash/{trashed(alice)['id']}{suffix}"
        assert anyone.open(path, method=method).status_code == 401
        assert anyone.open("/api/pad/trash", method=method).status_code in (401, 405)
        assert len(ok(alice.get("/api/pad/trash"))) == 1


def test_one_or_all_can_be_deleted_for_good(alice: Client, bob: Client, sql: SqlConnection) -> None:
    first, *_ = [trashed(alice) for _ in range(3)]
    live, others = make_pad(alice), trashed(bob)
    assert ok(alice.delete(f"/api/pad/trash/{first['id']}")) == {"status": "success"}
    assert len(ok(alice.get("/api/pad/trash"))) == 2
    for _ in range(2):
        assert ok(alice.delete("/api/pad/trash")) == {"status": "success"}
    assert ok(alice.get("/api/pad/trash")) == []
    left = sql.execute("SELECT id FROM pad_ws.pads").fetchall()
    assert {str(row["id"]) for row in left} == {live["id"], others["id"]}
    backups = sql.execute("SELECT DISTINCT source_id::text AS id FROM pad_ws.backups").fetchall()
    assert [row["id"] for row in backups] == [others["id"]]


def test_who_passes_by_removes_what_is_due(alice: Client, sql: SqlConnection) -> None:
    trashed(alice)
    age(sql, 30)
    later = trashed(alice)
    left = sql.execute("SELECT id FROM pad_ws.pads").fetchall()
    assert [str(row["id"]) for row in left] == [later["id"]]


def test_the_days_are_a_setting(
    configure: Configure, client_of: ClientOf, alice: Client, sql: SqlConnection
) -> None:
    pad = trashed(alice)
    age(sql, 2)
    assert ok(client_of(configure(TRASH_DAYS="2"), "alice").get("/api/pad/trash")) == []
    (listed,) = ok(client_of(configure(TRASH_DAYS="3"), "alice").get("/api/pad/trash"))
    assert listed["id"] == pad["id"]
