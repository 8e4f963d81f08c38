"""Drawings of a given size, as a whiteboard sends them, another one for each seed.

Coordinates, ids and images are random, so that the drawings compress about as badly as real ones
with pictures in them, not like text that repeats itself.
"""

from __future__ import annotations

import base64
import random
from typing import Any

import orjson

_IMAGES_FROM = 500_000  # bytes: larger drawings are large because of the images in them
_STROKES = 62_000  # bytes of a drawing without images
_KINDS = ("rectangle", "ellipse", "arrow", "freedraw", "text")
_COLOURS = ("#1e1e1e", "#e03131", "#2f9e44", "#1971c2", "#f08c00", "transparent")
_WORDS = (
    "when",
    "the",
    "pool",
    "opens",
    "after",
    "every",
    "worker",
    "asks",
    "its",
    "own",
    "question",
)


def drawing(size: int, seed: int, images: int = 0) -> dict[str, Any]:
    """A scene whose JSON takes about `size` bytes.

    With `images`, they take all but the bytes of a usual drawing; else one takes half of a large
    drawing.
    """
    source = random.Random(seed)  # noqa: S311 - the same drawings in every run
    files: dict[str, Any] = {}
    for _ in range(images):
        files |= _image(source, (size - _STROKES) // images)
    if size >= _IMAGES_FROM and not images:
        files = _image(source, size // 2)
    scene = {"elements": [], "appState": _app_state(), "files": files}
    room = size - len(orjson.dumps(scene))
    elements: list[dict[str, Any]] = []
    while room > 0:
        element = _element(source, len(elements))
        elements.append(element)
        room -= len(orjson.dumps(element)) + 1
    return scene | {"elements": elements}


def _element(source: random.Random, number: int) -> dict[str, Any]:
    kind = source.choice(_KINDS)
    element = {
        "id": _id(source),
        "type": kind,
        "x": source.uniform(-5000, 5000),
        "y": source.uniform(-5000, 5000),
        "width": source.uniform(1, 900),
        "height": source.uniform(1, 900),
        "angle": 0,
        "strokeColor": source.choice(_COLOURS),
        "backgroundColor": source.choice(_COLOURS),
        "fillStyle": "solid",
        "strokeWidth": 2,
        "strokeStyle": "solid",
        "roughness": 1,
        "opacity": 100,
        "groupIds": [_id(source)] if source.random() < 0.5 else [],
        "frameId": None,
        "index": f"a{number:04x}",
        "roundness": {"type": 3} if source.random() < 0.5 else None,
        "seed": source.getrandbits(31),
        "version": source.randrange(1, 500),
        "versionNonce": source.getrandbits(31),
        "isDeleted": False,
        "boundElements": None,
        "updated": 1_770_000_000_000 + source.randrange(10**9),
        "link": None,
        "locked": False,
    }
    return element | _of_kind(source, kind)


def _of_kind(source: random.Random, kind: str) -> dict[str, Any]:
    """What only elements of this kind have."""
    if kind == "text":
        text = " ".join(source.choices(_WORDS, k=source.randrange(1, 12)))
        return {"text": text, "originalText": text, "fontSize": 20, "fontFamily": 5}
    if kind == "freedraw":
        points = [_point(source) for _ in range(source.randrange(5, 40))]
        return {"points": points, "pressures": [], "simulatePressure": True}
    if kind == "arrow":
        return {"points": [[0, 0], _point(source)], "endArrowhead": "arrow", "elbowed": False}
    return {}


def _point(source: random.Random) -> list[float]:
    return [round(source.uniform(-300, 300), 10), round(source.uniform(-300, 300), 10)]


def _id(source: random.Random) -> str:
    return base64.urlsafe_b64encode(source.randbytes(15)).decode()


def _image(source: random.Random, size: int) -> dict[str, Any]:
    """One image whose data URL takes about `size` bytes; nothing can compress it."""
    content = base64.b64encode(source.randbytes(size * 3 // 4)).decode()
    name = source.randbytes(20).hex()
    return {
        name: {
            "id": name,
            "mimeType": "image/png",
            "dataURL": f"data:image/png;base64,{content}",
            "created": 1_770_000_000_000,
        }
    }


def _app_state() -> dict[str, Any]:
    return {
        "theme": "light",
        "viewBackgroundColor": "#ffffff",
        "zoom": {"value": 1},
        "scrollX": 143.5,
        "scrollY": -20.25,
        "gridSize": 20,
        "currentItemStrokeColor": "#1e1e1e",
        "currentItemFontFamily": 5,
        "currentItemOpacity": 100,
        "activeTool": {"type": "selection", "locked": False},
        "selectedElementIds": {},
        "collaborators": [],
    }
