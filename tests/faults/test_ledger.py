"""The ledger notices what it is meant to notice."""

from __future__ import annotations

from copy import deepcopy

import pytest

from tests.helpers.ledger import (
    PadLedger,
    PartsLedger,
    PicturesLedger,
    Scene,
    Stored,
    part,
    scene,
    with_pictures,
)

KEEP = 10


def a_ledger(*, careful: bool = True) -> PadLedger:
    """Of a pad with three acknowledged saves, and one that is open."""
    ledger = PadLedger("plan", careful)
    for version in (2, 3, 4):
        ledger.acknowledge(ledger.begin(), version, f'"{version}"')
    ledger.begin()
    return ledger


def stored(version: int, *numbers: int) -> Stored:
    """A stored pad at a version, with backups of these saves; the first is the pad's own scene."""
    return Stored(version, scene("plan", numbers[0]), [scene("plan", each) for each in numbers])


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(stored(4, 3, 2, 1), id="the open save was not written"),
        pytest.param(stored(5, 4, 3, 2, 1), id="the open save was written"),
    ],
)
def test_all_is_well(found: Stored) -> None:
    ledger = a_ledger()
    assert ledger.check(ledger.before(), found, KEEP) == []


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (stored(3, 2, 1), "version 4 was acknowledged, 3 is stored"),
        (stored(4, 2, 1, 1), "version 4 holds save 2 instead of 3"),
        (stored(5, 3, 3, 2, 1), "version 5 holds save 3, which was refused"),
        (stored(6, 4, 4, 3, 2, 1), "version 6 is not between 4 and 5"),
        (stored(4, 3, 2), "2 backups instead of 3"),
        (stored(4, 5, 2, 1), "version 4 is no scene that was sent"),
        (Stored(4, scene("plan", 3), stored(4, 2, 2, 1).backups), "the newest backup is not"),
        (Stored(4, scene("plan", 3), stored(4, 3, 9, 1).backups), "a backup is no scene"),
        (Stored(4, scene("other", 3), stored(4, 3, 2, 1).backups), "no scene that was sent"),
    ],
)
def test_what_is_lost_is_noticed(found: Stored, message: str) -> None:
    ledger = a_ledger()
    wrong = ledger.check(ledger.before(), found, KEEP)
    assert message in "\n".join(wrong)


def test_half_a_scene_is_noticed() -> None:
    ledger, found = a_ledger(), stored(4, 3, 2, 1)
    half = deepcopy(found.scene)
    half["elements"][-1] = scene("plan", 2)["elements"][-1]
    wrong = ledger.check(ledger.before(), Stored(4, half, found.backups), KEEP)
    assert "plan: version 4 is no scene that was sent" in wrong


def test_a_version_that_is_given_twice_is_noticed() -> None:
    """As if an acknowledged save had been rolled back."""
    ledger = a_ledger()
    ledger.acknowledge(4, 4, '"4"')
    (wrong, *_) = ledger.check(ledger.before(), stored(4, 4, 2, 1), KEEP)
    assert wrong == "plan: save 4 was acknowledged as version 4, after 4"


def test_a_save_that_comes_late_may_overwrite_a_careless_writers_only() -> None:
    """Without If-Match the last write wins, even one that was held up in a frozen worker."""
    for careful, expected in (
        (False, []),
        (True, ["plan: save 5 was acknowledged, 4 is stored"]),
    ):
        ledger = a_ledger(careful=careful)
        ledger.acknowledge(ledger.begin(), 5, '"5"')
        assert ledger.check(ledger.before(), stored(6, 4, 5, 3, 2, 1), KEEP) == expected


def test_a_refusal_for_a_version_that_nobody_made_is_noticed() -> None:
    ledger = a_ledger()
    ledger.overtaken(ledger.begin(), 9)
    wrong = ledger.check(ledger.before(), stored(4, 3, 2, 1), KEEP)
    assert wrong == ["plan: save 5 was refused for 9, after 4"]


def in_parts(*numbers: int) -> Scene:
    """A scene of the elements that these saves have sent."""
    parts = [part("plan", number) for number in numbers]
    elements = sorted((each["elements"][0] for each in parts), key=lambda each: str(each["index"]))
    files = {id_: file for each in parts for id_, file in each.get("files", {}).items()}
    return {"elements": elements, "files": files}


ALL = range(52)  # acknowledged; the last twelve in the slots of the first twelve


def a_ledger_of_parts() -> PartsLedger:
    """Of a pad saved in parts fifty-one times, and once more without an answer."""
    ledger = PartsLedger("plan", careful=False)
    for number in ALL[1:]:
        ledger.acknowledge(ledger.begin(), number + 1, f'"{number + 1}"')
    ledger.begin()
    return ledger


@pytest.mark.parametrize(
    ("version", "numbers", "message"),
    [
        pytest.param(52, ALL[12:], "", id="the open save was not written"),
        pytest.param(53, [*ALL[13:], 52], "", id="the open save was written"),
        (52, ALL[13:], "save 12 was acknowledged, and is lost"),
        (52, [*ALL[13:], 52, 53], "version 52 has an element that was never sent"),
        (52, [11, *ALL[12:51]], "save 51 was acknowledged, and is lost"),
        (51, ALL[12:], "version 52 was acknowledged, 51 is stored"),
    ],
)
def test_a_lost_part_is_noticed(version: int, numbers: list[int], message: str) -> None:
    ledger, found = a_ledger_of_parts(), in_parts(*numbers)
    wrong = ledger.check(ledger.before(), Stored(version, found, [found] * KEEP), KEEP)
    assert message in "\n".join(wrong)
    assert bool(wrong) == bool(message)


def test_a_part_that_is_stored_half_is_noticed() -> None:
    ledger, found = a_ledger_of_parts(), in_parts(*ALL[12:])
    found["elements"][5]["text"] = "half"
    wrong = ledger.check(ledger.before(), Stored(52, found, [found] * KEEP), KEEP)
    assert "version 52 has an element that was never sent" in "\n".join(wrong)


@pytest.mark.parametrize("text", ["", part("plan", 36)["files"]["picture 0"]["dataURL"]])
def test_a_lost_picture_of_a_part_is_noticed(text: str) -> None:
    """None, or the one that the pad had under this id before; the last came with save 48."""
    ledger, found = a_ledger_of_parts(), in_parts(*ALL[12:])
    found["files"]["picture 0"] = {"id": "picture 0", "dataURL": text}
    wrong = ledger.check(ledger.before(), Stored(52, found, [found] * KEEP), KEEP)
    assert wrong == ["plan: picture 0 is lost, or is another picture"]


def pictures_of(*numbers: int) -> Stored:
    """A pad with pictures, and its backups, as these saves have sent them."""
    scenes = [with_pictures("plan", number) for number in numbers]
    return Stored(numbers[0] + 1, scenes[0], scenes)


def a_ledger_of_pictures() -> PicturesLedger:
    """Of a pad with pictures and with three acknowledged saves."""
    ledger = PicturesLedger("plan", careful=True)
    for version in (2, 3, 4):
        ledger.acknowledge(ledger.begin(), version, f'"{version}"')
    return ledger


def test_pictures_that_are_there_are_well() -> None:
    ledger = a_ledger_of_pictures()
    assert ledger.check(ledger.before(), pictures_of(3, 2, 1), KEEP) == []


@pytest.mark.parametrize("of_backup", [False, True])
@pytest.mark.parametrize("text", ["", "data:image/png;base64,AAAA"])
def test_a_lost_picture_is_noticed(text: str, of_backup: bool) -> None:
    ledger, found = a_ledger_of_pictures(), pictures_of(3, 2, 1)
    damaged = found.backups[2] if of_backup else found.scene
    damaged["files"]["picture 1"]["dataURL"] = text
    wrong = ledger.check(ledger.before(), found, KEEP)
    assert "plan: picture 1 is lost, or is another picture" in wrong


def test_a_picture_in_another_ones_place_is_noticed() -> None:
    ledger, found = a_ledger_of_pictures(), pictures_of(3, 2, 1)
    files = found.scene["files"]
    files["picture 1"]["dataURL"] = files["picture 2"]["dataURL"]
    assert "plan: version 4 is no scene that was sent" in ledger.check(ledger.before(), found, KEEP)
