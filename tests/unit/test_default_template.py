"""The drawing every new user starts from opens in Excalidraw complete and tidy.

Front ends hand a stored scene to the editor as it is, without Excalidraw's repair
step, so a missing key or a one-sided binding would show up in the user's browser.
Each test collects the ids of the elements at fault, so that a failure names them.
"""

import json
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

TEMPLATE = Path(__file__).parents[2] / "templates" / "default.json"
MAX_BYTES = 60_000

Element = dict[str, Any]

COMMON_KEYS = {
    "id", "type", "x", "y", "width", "height", "angle", "strokeColor", "backgroundColor",
    "fillStyle", "strokeWidth", "strokeStyle", "roughness", "opacity", "groupIds", "frameId",
    "index", "roundness", "seed", "version", "versionNonce", "isDeleted", "boundElements",
    "updated", "link", "locked",
}  # fmt: skip
LINE_KEYS = {
    "points", "lastCommittedPoint", "startBinding", "endBinding", "startArrowhead", "endArrowhead",
}  # fmt: skip
KEYS_OF_TYPE: dict[str, set[str]] = {
    "rectangle": set(),
    "ellipse": set(),
    "diamond": set(),
    "frame": {"name"},
    "line": LINE_KEYS,
    "arrow": LINE_KEYS | {"elbowed"},
    "freedraw": {"points", "pressures", "simulatePressure", "lastCommittedPoint"},
    "text": {
        "text", "originalText", "fontSize", "fontFamily", "textAlign", "verticalAlign",
        "containerId", "autoResize", "lineHeight",
    },
}  # fmt: skip
# The share of a shape's width and height in which a label stays inside its outline.
ROOM_FOR_LABEL = {"rectangle": 1.0, "ellipse": 0.5**0.5, "diamond": 0.5, "arrow": 1.0}

SCENE: dict[str, Any] = json.loads(TEMPLATE.read_text(encoding="utf-8"))
ELEMENTS: list[Element] = SCENE["elements"]
BY_ID: dict[str, Element] = {element["id"]: element for element in ELEMENTS}


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        across = self.left < other.right and other.left < self.right
        down = self.top < other.bottom and other.top < self.bottom
        return across and down

    def encloses(self, other: "Box") -> bool:
        starts = self.left <= other.left and self.top <= other.top
        return starts and other.right <= self.right and other.bottom <= self.bottom


def box_of(element: Element) -> Box:
    """What an element covers; the points of a line count from its x and y."""
    points = element.get("points") or [[0, 0], [element["width"], element["height"]]]
    across = [element["x"] + x for x, _ in points]
    down = [element["y"] + y for _, y in points]
    return Box(min(across), min(down), max(across), max(down))


def of_type(name: str) -> list[Element]:
    return [element for element in ELEMENTS if element["type"] == name]


def labels() -> list[tuple[Element, Element]]:
    """Every text that belongs to a shape or an arrow, with what it belongs to."""
    return [(text, BY_ID[text["containerId"]]) for text in of_type("text") if text["containerId"]]


def framed() -> list[tuple[Element, Element]]:
    return [(element, BY_ID[element["frameId"]]) for element in ELEMENTS if element["frameId"]]


def arrow_ends() -> list[tuple[Element, Element]]:
    """Every end of every arrow, with the shape it is bound to."""
    ends = ("startBinding", "endBinding")
    return [(arrow, BY_ID[arrow[end]["elementId"]]) for arrow in of_type("arrow") for end in ends]


def fits(text: Element, container: Element) -> bool:
    room = ROOM_FOR_LABEL[container["type"]]
    is_narrow_enough = bool(text["width"] <= container["width"] * room)
    is_low_enough = bool(text["height"] <= container["height"] * room)
    # A label on an arrow lies across the line, which may well have no height.
    return is_narrow_enough and (is_low_enough or container["type"] == "arrow")


def test_is_an_excalidraw_file_named_welcome() -> None:
    assert (SCENE["type"], SCENE["version"], SCENE["files"]) == ("excalidraw", 2, {})
    assert SCENE["appState"]["pad"] == {"displayName": "Welcome"}


def test_is_small_and_written_one_value_per_line() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert len(text.encode()) <= MAX_BYTES
    assert text == json.dumps(SCENE, indent=1, ensure_ascii=False) + "\n"


def test_shows_what_a_pad_can_do() -> None:
    assert {element["type"] for element in ELEMENTS} == set(KEYS_OF_TYPE)
    assert any(element["groupIds"] for element in ELEMENTS)
    assert labels()
    assert framed()


def test_elements_are_complete() -> None:
    missing = {e["id"]: (COMMON_KEYS | KEYS_OF_TYPE[e["type"]]) - set(e) for e in ELEMENTS}
    assert {name: keys for name, keys in missing.items() if keys} == {}
    assert [e["id"] for e in ELEMENTS if e["isDeleted"]] == []


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(ELEMENTS)


def test_indices_ascend() -> None:
    indices = [element["index"] for element in ELEMENTS]
    assert indices == sorted(set(indices))


def test_containers_know_their_labels() -> None:
    strangers = [
        text["id"]
        for text, container in labels()
        if {"type": "text", "id": text["id"]} not in container["boundElements"]
    ]
    assert strangers == []


def test_shapes_know_their_arrows() -> None:
    strangers = [
        arrow["id"]
        for arrow, shape in arrow_ends()
        if {"type": "arrow", "id": arrow["id"]} not in shape["boundElements"]
    ]
    assert strangers == []


def test_elements_are_bound_to_what_they_list() -> None:
    claimed = {(bound["id"], e["id"]) for e in ELEMENTS for bound in e["boundElements"]}
    true = {(one["id"], other["id"]) for one, other in [*labels(), *arrow_ends()]}
    assert claimed == true


def test_labels_fit_their_containers() -> None:
    assert [text["id"] for text, container in labels() if not fits(text, container)] == []


def test_labels_move_with_their_containers() -> None:
    for text, container in labels():
        assert (text["groupIds"], text["frameId"]) == (container["groupIds"], container["frameId"])


def test_frames_enclose_what_is_in_them() -> None:
    outside = [e["id"] for e, frame in framed() if not box_of(frame).encloses(box_of(e))]
    assert outside == []


def test_texts_do_not_overlap() -> None:
    pairs = combinations(of_type("text"), 2)
    assert [(a["id"], b["id"]) for a, b in pairs if box_of(a).overlaps(box_of(b))] == []
