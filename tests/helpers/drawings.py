"""Scenes as a whiteboard saves them, and scenes that are hard to keep."""

from __future__ import annotations

import base64
import json
import random
from copy import deepcopy
from decimal import Decimal
from typing import Any

Scene = dict[str, Any]


def drawing(seed: int = 1, *, elements: int = 12) -> Scene:
    """A scene with rectangles, text and an image; another one for each seed."""
    source = random.Random(seed)
    image = base64.b64encode(source.randbytes(600)).decode()
    return {
        "elements": [_element(source, number) for number in range(elements)],
        "appState": {
            "theme": "light",
            "zoom": {"value": source.random()},
            "collaborators": [],
            "gridSize": None,
            "viewBackgroundColor": "#ffffff",
        },
        "files": {
            f"{source.getrandbits(160):x}": {
                "mimeType": "image/png",
                "dataURL": f"data:image/png;base64,{image}",
                "created": 1_700_000_000_000,
            }
        },
    }


def _element(source: random.Random, number: int) -> Scene:
    return {
        "id": f"{source.getrandbits(64):x}",
        "type": source.choice(["rectangle", "text", "arrow"]),
        "x": source.uniform(-5000, 5000),
        "y": source.uniform(-1, 1) * 1e-7,
        "points": [[0, 0], [source.random(), -source.random()]],
        "text": source.choice(["Grüße, мир", "漢字かな", "👩‍👩‍👧‍👦 \u202e", 'quote " \\ / \n\t']),
        "seed": source.getrandbits(31),
        "isDeleted": False,
        "boundElements": None,
        "index": f"a{number}",
    }


def nested(levels: int) -> str:
    """The text of a scene with an array inside an array, and so on."""
    return '{"elements": ' + "[" * levels + "]" * levels + "}"


#: Texts of scenes that must come back equal.
SCENES: dict[str, str] = {
    "a drawing": json.dumps(drawing()),
    "one key": '{"a": null}',
    "no app state": '{"elements": []}',
    "empty app state": '{"elements": [], "appState": {}}',
    "keys in app state's pad": '{"appState": {"pad": {"mine": [1], "uniqueId": 7}, "x": "y"}}',
    "every character": json.dumps(
        {"text": "".join(map(chr, range(1, 0xD7FF)))}, ensure_ascii=False
    ),
    "characters beyond the first plane": '{"text": "\\ud83d\\ude00 😀 \U0010ffff"}',
    "escapes": '{"\\u0041\\/\\b\\f\\n\\r\\t\\"\\\\": "\\u007f\\u2028\\u2029\\uffff"}',
    "odd keys": '{"": 1, " ": 2, "a.b": 3, "$ne": 4, "__proto__": {"x": 5}, "constructor": 6}',
    "large whole numbers": f'{{"n": [9007199254740993, -{2**64}, {10**300}]}}',
    "long fractions": '{"n": [0.1234567890123456789012345678901234567890, 1e-300, -0.5E+3]}',
    "numbers at the ends of a double": '{"n": [1.7976931348623157e308, 5e-324, 0.0, 100.00]}',
    "deep nesting": nested(200),
    "a long array": json.dumps({"elements": [0] * 50_000}),
    "a long text": json.dumps({"text": "x" * 1_000_000}),
    "white space": ' \r\n\t{ "a" : [ 1 , 2 ] } \n',
    "what looks like SQL": json.dumps({"text": "'; DROP TABLE pad_ws.pads; -- $1 :name %s"}),
    "what looks like HTML": json.dumps({"text": "</script><script>alert(1)</script>"}),
}


def exact(text: str | bytes) -> Any:
    """JSON read without losing a digit."""
    return json.loads(text, parse_float=Decimal)


def without_mark(scene: Scene) -> Scene:
    """A scene without what the service writes into it: its pad's id and name."""
    bare = deepcopy(scene)
    app_state = bare.get("appState", {})
    pad = app_state.get("pad", {})
    pad.pop("uniqueId", None)
    pad.pop("displayName", None)
    if not pad:
        app_state.pop("pad", None)
    if not app_state:
        bare.pop("appState", None)
    return bare
