"""Pictures as people put them into drawings: PNG, JPEG and SVG, of any size."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from collections.abc import Callable

from tests.helpers.drawings import Scene, drawing

# One grey pixel, between which and the first marker comments go.
_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwc"
    "KDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAA"
    "AAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)
_LONGEST_COMMENT = 65_533


def png(source: random.Random, size: int) -> bytes:
    """Noise, in RGB; about `size` bytes."""
    width = max(1, int((size / 3) ** 0.5))
    rows = b"".join(b"\0" + source.randbytes(3 * width) for _ in range(width))
    header = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(rows, 1), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks.items()
    )


def jpeg(source: random.Random, size: int) -> bytes:
    """A pixel with long comments, which compress no better than a photograph."""
    comments = [
        b"\xff\xfe" + struct.pack(">H", length + 2) + source.randbytes(length)
        for length in (min(_LONGEST_COMMENT, size - at) for at in range(0, size, _LONGEST_COMMENT))
    ]
    return _JPEG[:2] + b"".join(comments) + _JPEG[2:]


def svg(source: random.Random, size: int) -> bytes:
    """Lines, and a title with every kind of character that must be escaped somewhere."""
    lines = "".join(
        f'<path d="M{source.random():.9f} {source.random():.9f}L1 1" stroke="#1e1e1e"/>\n'
        for _ in range(size // 60)
    )
    title = "<title>&lt;Grüße&gt; \\ \u2028 漢字 👩‍👩‍👧‍👦 &quot;'</title>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{title}{lines}</svg>'.encode()
    )


KINDS: dict[str, Callable[[random.Random, int], bytes]] = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/svg+xml": svg,
}

# Bytes; texts of the first one stay in the scene.
_SIZES = (700, 2_000, 9_000, 40_000, 150_000)


def picture(number: int) -> dict[str, object]:
    """A file of a drawing, as the whiteboard makes it; another one for each number."""
    source = random.Random(f"picture {number}")
    media_type, make = list(KINDS.items())[number % len(KINDS)]
    content = base64.b64encode(make(source, _SIZES[number % len(_SIZES)])).decode()
    return {
        "mimeType": media_type,
        "id": f"{source.getrandbits(160):040x}",
        "dataURL": f"data:{media_type};base64,{content}",
        "created": 1_770_000_000_000 + number,
        "lastRetrieved": 1_770_000_000_000 + number,
    }


def drawing_with_pictures(number: int) -> Scene:
    """A drawing with up to four pictures, of which its neighbours have some too."""
    scene = drawing(number)
    pictures = [picture(each) for each in range(number, number + 1 + number % 4)]
    files = {str(each["id"]): each for each in pictures}
    images = [
        {"id": f"image {id_}", "type": "image", "fileId": id_, "status": "saved", "index": f"b{n}"}
        for n, id_ in enumerate(files)
    ]
    return scene | {"elements": scene["elements"] + images, "files": scene["files"] | files}
