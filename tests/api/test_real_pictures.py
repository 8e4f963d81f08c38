"""Drawings with real pictures come back equal, whatever is done to them."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, ok
from tests.helpers.drawings import Scene, without_mark
from tests.helpers.pictures import drawing_with_pictures

DRAWINGS = [drawing_with_pictures(number) for number in range(20)]
WHITE: Scene = {"elements": [], "appState": {}, "files": {}}


def shown(answer: dict[str, Any]) -> Scene:
    return without_mark(answer["data"])


def long_ones(scene: Scene) -> list[dict[str, str]]:
    """The files whose pictures are kept apart."""
    return [file for file in scene["files"].values() if len(file["dataURL"]) > 2_048]


def test_drawings_come_back_from_saves_and_backups(alice: Client, sql: SqlConnection) -> None:
    paths = [f"/api/pad/{make_pad(alice)['id']}" for _ in DRAWINGS]
    for path, scene in zip(paths, DRAWINGS, strict=True):
        ok(alice.post(path, json=scene))
    assert [shown(each) for each in ok(alice.get("/api/pad"))] == DRAWINGS
    (kept,) = sql.execute("SELECT count(*) AS pictures FROM pad_ws.pictures").fetchall()
    assert kept["pictures"] == len(
        {file["dataURL"] for each in DRAWINGS for file in long_ones(each)}
    )

    backups = []
    for path in paths:
        alice.post(f"{path}/backups")
        backups += ok(alice.get(f"{path}/backups?limit=1"))["backups"]
        ok(alice.post(path, json=WHITE))
    assert [shown(each) for each in backups] == DRAWINGS
    sql.execute("SELECT pad_ws.tidy_pictures(id, '0 s') FROM pad_ws.users")
    for path, backup in zip(paths, backups, strict=True):
        ok(alice.post(f"{path}/backups/{backup['id']}/restore"))
    assert [shown(each) for each in ok(alice.get("/api/pad"))] == DRAWINGS


def test_drawings_that_are_merged_have_all_of_their_pictures(alice: Client) -> None:
    """Element by element and file by file, as small saves send them, into one pad and back."""
    path = f"/api/pad/{make_pad(alice, data=WHITE | {'a': 1})['id']}"
    for scene in DRAWINGS:
        for id_, file in scene["files"].items():
            ok(alice.patch(f"{path}/data", json={"elements": [], "files": {id_: file}}))
        ok(alice.patch(f"{path}/data", json={"elements": scene["elements"], "files": {}}))
    merged = ok(alice.get(path))["data"]
    files = {id_: file for scene in DRAWINGS for id_, file in scene["files"].items()}
    assert merged["files"] == files
    elements = {each["id"]: each for scene in reversed(DRAWINGS) for each in scene["elements"]}
    assert {each["id"]: each for each in merged["elements"]} == elements


def test_a_drawing_without_its_pictures_saves_them_by_their_addresses(alice: Client) -> None:
    path = f"/api/pad/{make_pad(alice)['id']}"
    for scene in DRAWINGS:
        ok(alice.post(path, json=scene))
        addressed = ok(alice.get(f"{path}?pictures=false"))["data"]
        assert sum("picture" in each for each in addressed["files"].values()) == len(
            long_ones(scene)
        )
        ok(alice.post(path, json=addressed))
        assert shown(ok(alice.get(path))) == scene
