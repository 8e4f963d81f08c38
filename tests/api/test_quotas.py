"""What one user may have has limits, which cannot be raced past; whoever is full can delete."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask

from padws.config import load_settings
from padws.release import upgrade
from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.api.takeouts import bring_in, take_out, zipped
from tests.helpers import citus, parallel
from tests.helpers.contract import Client, assert_problem, ok

USAGE = "/api/users/me/usage"
Limit = Callable[..., None]


@pytest.fixture
def limit(sql: SqlConnection) -> Iterator[Limit]:
    """Say what one user may have."""

    def set_limits(**values: int) -> None:
        for name, value in values.items():
            sql.execute(
                "INSERT INTO pad_ws.limits (name, value) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value],
            )

    set_limits(pads=0, bytes=0)
    yield set_limits
    set_limits(**load_settings({}).limits)


def scene(size: int, seed: int = 1) -> dict[str, Any]:
    """A scene that takes about so many bytes, also compressed."""
    text = random.Random(seed).randbytes(size).decode("latin-1")
    return {"elements": [], "text": text.replace("\0", "0")}


def used(client: Client) -> int:
    number: int = ok(client.get(USAGE))["bytes"]
    return number


def test_usage_is_counted(alice: Client, admin: Client, sql: SqlConnection, limit: Limit) -> None:
    nothing = {"pads": 0, "pads_limit": None, "bytes": 0, "bytes_limit": None}
    assert ok(alice.get(USAGE)) == nothing
    pad = make_pad(alice, data=scene(50_000))
    ok(alice.post(f"/api/pad/{pad['id']}/backups"), 201)
    (row,) = sql.execute(
        "SELECT (SELECT sum(pg_column_size(data)) FROM pad_ws.pads) + (SELECT"
        " sum(pg_column_size(data)) FROM pad_ws.backups) AS bytes"
    ).fetchall()
    usage = nothing | {"pads": 1, "bytes": row["bytes"]}
    assert ok(alice.get(USAGE)) == usage
    assert ok(admin.get(f"/api/users/{pad['owner_id']}/usage")) == usage
    assert_problem(admin.get(f"/api/users/{pad['id']}/usage"), 404, "user_not_found")


def test_limits_are_settings(
    configure: Configure, client_of: ClientOf, sql: SqlConnection, limit: Limit
) -> None:
    for most, shown in (("1000", 1000), ("0", None)):
        app = configure(MAX_PADS_PER_USER=most, MAX_BYTES_PER_USER=most)
        upgrade(app.extensions["padws"].settings)
        usage = ok(client_of(app, "alice").get(USAGE))
        assert (usage["pads_limit"], usage["bytes_limit"]) == (shown, shown)


def test_no_more_pads_than_the_limit(alice: Client, bob: Client, limit: Limit) -> None:
    limit(pads=2)
    pad = make_pad(alice)
    make_pad(alice)
    for path, body in (
        ("/api/pad", {"display_name": "x", "data": {"a": 1}}),
        ("/api/pad/from-template/default", {}),
    ):
        problem = assert_problem(alice.post(path, json=body), 413, "quota_exceeded")
        assert (problem["used"], problem["limit"]) == (2, 2)
    make_pad(bob)
    ok(alice.delete(f"/api/pad/{pad['id']}"))
    make_pad(alice)


def test_the_trash_is_no_way_around_the_limit(alice: Client, limit: Limit) -> None:
    limit(pads=1, bytes=1_000_000)
    pad = make_pad(alice)
    ok(alice.delete(f"/api/pad/{pad['id']}"))
    other = make_pad(alice)
    restore = f"/api/pad/trash/{pad['id']}/restore"
    problem = assert_problem(alice.post(restore), 413, "quota_exceeded")
    assert (problem["used"], problem["limit"]) == (1, 1)
    assert [each["id"] for each in ok(alice.get("/api/pad/trash"))] == [pad["id"]]
    limit(bytes=1)  # which it takes already
    ok(alice.delete(f"/api/pad/{other['id']}"))
    assert ok(alice.post(restore)) == pad


Ask = Callable[[Client, str], Any]
PICTURE = "data:image/png;base64," + "iVBORw0KGgo=" * 20_000

ADDING: dict[str, Ask] = {
    "a pad": lambda c, _: c.post("/api/pad", json={"display_name": "x", "data": scene(90_000)}),
    "a backup": lambda c, path: c.post(f"{path}/backups"),
    "a save that grows": lambda c, path: c.post(path, json=scene(250_000)),
    "a merge that grows": lambda c, path: c.patch(
        f"{path}/data", json={"elements": [], "appState": scene(250_000)}
    ),
    "a picture": lambda c, path: c.post(
        path, json=scene(90_000) | {"files": {"a": {"dataURL": PICTURE}}}
    ),
}


@pytest.fixture
def full(alice: Client, limit: Limit) -> str:
    """A pad of alice's, after which there is hardly any room."""
    pad = make_pad(alice, data=scene(90_000))
    path = f"/api/pad/{pad['id']}"
    for seed in (1, 2):  # so that another backup is another one
        ok(alice.post(path, json=scene(90_000, seed)))
    limit(bytes=used(alice) + 50_000)
    return path


@pytest.mark.parametrize("ask", ADDING.values(), ids=ADDING)
def test_whoever_is_full_can_add_nothing_and_loses_nothing(
    alice: Client, full: str, ask: Ask
) -> None:
    before, bytes_before = ok(alice.get(full)), used(alice)
    problem = assert_problem(ask(alice, full), 413, "quota_exceeded")
    assert problem["used"] > problem["limit"] == ok(alice.get(USAGE))["bytes_limit"]
    assert used(alice) == bytes_before
    assert ok(alice.get(full)) == before


def test_whoever_is_full_can_save_rename_delete_and_make_room(alice: Client, full: str) -> None:
    ok(alice.post(full, json=scene(90_000, seed=3)))
    ok(alice.patch(full, json={"display_name": "y"}))
    assert_problem(alice.post(f"{full}/backups"), 413, "quota_exceeded")
    for backup in ok(alice.get(f"{full}/backups"))["backups"]:
        ok(alice.delete(f"{full}/backups/{backup['id']}"))
    ok(alice.post(f"{full}/backups"), 201)


@pytest.fixture
def rested(alice: Client, sql: SqlConnection, limit: Limit) -> str:
    """A pad at which nobody has drawn for a day, of an owner who has more than the limit."""
    elements = [{"id": f"e{number}", "type": "line", "version": 1} for number in range(10)]
    path = f"/api/pad/{make_pad(alice, data={'elements': elements})['id']}"
    ok(alice.post(f"{path}/backups"), 201)
    ok(alice.post(path, json={"elements": elements, "appState": {"theme": "dark"}}))
    day = "interval '1 day'"
    sql.execute(
        f"UPDATE pad_ws.pads SET created_at = created_at - {day}, updated_at = updated_at - {day},"
        f" counted_at = counted_at - {day}, saved_at = saved_at - {day},"
        f" arrived_at = arrived_at - {day}, last_backup_at = last_backup_at - {day}".encode()
    )
    sql.execute(f"UPDATE pad_ws.backups SET created_at = created_at - {day}".encode())
    limit(bytes=1)
    return path


DRAWING: dict[str, Ask] = {
    "save": lambda c, path: c.post(path, json=ok(c.get(path))["data"] | {"more": 1}),
    "merge": lambda c, path: c.patch(
        f"{path}/data", json={"elements": [{"id": "e0", "type": "line", "version": 2}]}
    ),
}


@pytest.mark.parametrize("draw", DRAWING.values(), ids=DRAWING)
def test_whoever_has_more_than_the_limit_can_go_on_drawing(
    alice: Client, rested: str, draw: Ask, limit: Limit
) -> None:
    """Without backups, till there is room for them."""
    before = ok(alice.get(rested))
    saved = ok(draw(alice, rested))
    assert saved.get("kept") is None
    assert ok(alice.get(rested))["version"] == before["version"] + 1
    assert len(ok(alice.get(f"{rested}/backups"))["backups"]) == 1
    limit(bytes=0)
    assert ok(alice.get(rested))["data"] != before["data"]


DESTROYING: dict[str, Ask] = {
    "save": lambda c, path: c.post(path, json={"elements": [], "more": 1}),
    "merge": lambda c, path: c.patch(
        f"{path}/data",
        json={
            "elements": [
                {"id": f"e{number}", "type": "line", "version": 2, "isDeleted": True}
                for number in range(10)
            ]
        },
    ),
}


@pytest.mark.parametrize("destroy", DESTROYING.values(), ids=DESTROYING)
def test_what_would_be_destroyed_without_room_to_keep_it_stays(
    alice: Client, rested: str, destroy: Ask, limit: Limit
) -> None:
    before = ok(alice.get(rested))
    assert_problem(destroy(alice, rested), 413, "quota_exceeded")
    assert ok(alice.get(rested)) == before
    limit(bytes=0)
    assert ok(destroy(alice, rested))["kept"]


def test_a_backup_is_taken_that_is_no_larger_than_those_it_replaces(
    configure: Configure, client_of: ClientOf, sql: SqlConnection, limit: Limit
) -> None:
    tiers = {f"BACKUPS_{tier}": "0" for tier in ("HOURLY", "DAILY", "WEEKLY")}
    alice = client_of(configure(MAX_BACKUPS_PER_USER="1", **tiers), "alice")
    path = f"/api/pad/{make_pad(alice, data=scene(90_000))['id']}"
    ok(alice.post(f"{path}/backups"), 201)
    ok(alice.post(path, json=scene(50_000, 2)))
    sql.execute("UPDATE pad_ws.backups SET created_at = 'epoch', updated_at = 'epoch'")
    limit(bytes=1)
    ok(alice.post(f"{path}/backups"), 201)
    assert len(ok(alice.get(f"{path}/backups"))["backups"]) == 1


def test_whoever_is_full_has_a_first_pad_all_the_same(alice: Client, limit: Limit) -> None:
    limit(bytes=1)
    (pad,) = ok(alice.get("/api/pad"))
    assert pad["data"]["elements"] == []


def test_a_takeout_comes_in_as_far_as_there_is_room(
    alice: Client, bob: Client, limit: Limit
) -> None:
    for seed in range(3):
        make_pad(alice, data=scene(90_000, seed))
    files = take_out(alice)
    limit(bytes=used(alice) - 1000)
    pads, _, skipped = bring_in(bob, zipped(files))
    assert pads == 2
    assert len(skipped) == 1
    limit(bytes=0, pads=3)
    assert bring_in(bob, zipped(files)) == (1, 0, {})
    limit(pads=1)
    pads, _, skipped = bring_in(bob, zipped(files))
    assert (pads, skipped) == (0, {})


def test_many_restores_at_once_get_no_further_than_one(
    app: Flask, client_of: ClientOf, alice: Client, limit: Limit
) -> None:
    deleted = [make_pad(alice)["id"] for _ in range(8)]
    for pad_id in deleted:
        ok(alice.delete(f"/api/pad/{pad_id}"))
    limit(pads=3)

    def restore(client: Client, pad_id: str) -> int:
        return client.post(f"/api/pad/trash/{pad_id}/restore").status_code

    tasks = [partial(restore, client_of(app, "alice"), pad_id) for pad_id in deleted]
    assert sorted(parallel.at_once(tasks)) == [200] * 3 + [413] * 5
    assert ok(alice.get(USAGE))["pads"] == 3


@pytest.mark.parametrize("what", ["pads", "bytes"])
def test_many_at_once_get_no_further_than_one(
    app: Flask, client_of: ClientOf, alice: Client, limit: Limit, what: str
) -> None:
    """Each waits for those that add at the same time."""
    make_pad(alice, data=scene(90_000))
    limit(**{what: {"pads": 4, "bytes": 4 * used(alice) + 1000}[what]})
    body = json.dumps({"display_name": "x", "data": scene(90_000)})
    clients = [client_of(app, "alice") for _ in range(12)]

    def add(client: Client) -> int:
        return client.post("/api/pad", data=body, content_type="application/json").status_code

    statuses = parallel.at_once([partial(add, client) for client in clients])
    usage = ok(alice.get(USAGE))
    assert usage[what] <= usage[f"{what}_limit"]
    assert sorted(statuses) == [201] * 3 + [413] * 9


@citus.on_one_machine
def test_pads_that_somebody_is_given_count(
    alice: Client, bob: Client, admin: Client, limit: Limit
) -> None:
    limit(bytes=1_000_000)
    pad = make_pad(alice, data=scene(90_000))
    owner_id = make_pad(bob)["owner_id"]
    limit(bytes=90_000)
    ok(admin.post(f"/api/users/{pad['owner_id']}/pads/move", json={"to": owner_id}))
    answer = bob.post("/api/pad", json={"display_name": "x", "data": {"a": 1}})
    assert_problem(answer, 413, "quota_exceeded")


def test_what_others_have_written_counts_after_a_day(
    alice: Client, full: str, sql: SqlConnection, limit: Limit
) -> None:
    limit(bytes=1_000_000)
    ok(alice.post(f"{full}/backups"), 201)
    sql.execute(
        "INSERT INTO pad_ws.backups (id, source_id, owner_id, data) SELECT gen_random_uuid(),"
        " source_id, owner_id, data FROM pad_ws.backups CROSS JOIN generate_series(1, 20) LIMIT 20"
    )
    make_pad(alice)
    sql.execute("UPDATE pad_ws.usage SET counted_at = counted_at - interval '1 day'")
    answer = alice.post("/api/pad", json={"display_name": "x", "data": {"a": 1}})
    assert_problem(answer, 413, "quota_exceeded")
