"""Drawings inside pictures: what Excalidraw embeds into a PNG or an SVG that it exports.

The PNG has it in a tEXt chunk, the SVG as base64 between two comments: JSON whose member `encoded`
is the drawing, usually deflated, with a character for each byte. Every step takes time in
proportion to what it reads, and nothing is inflated beyond the limit.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode

import msgspec
from msgspec import UNSET, Struct, UnsetType

from padws.errors import TooLarge, Unprocessable

_PNG = b"\x89PNG\r\n\x1a\n"
_TEXT = b"tEXt"
_KEYWORD = b"application/vnd.excalidraw+json\0"
_MOST_CHUNKS = 10_000

_BEGIN, _END = b"<!-- payload-start -->", b"<!-- payload-end -->"
_AS_BYTES = re.compile(rb"<!-- payload-version:(?!1 )[0-9]{1,9} -->")  # since version 2

_NOTHING = "The picture has no drawing in it: export it once more with the scene embedded."


class _Embedded(Struct):
    encoded: str | UnsetType = UNSET
    compressed: bool = False
    type: str | UnsetType = UNSET


def is_picture(body: bytes) -> bool:
    """Whether a file may have a drawing inside, and is none itself."""
    return body.startswith(_PNG) or body[:100].lstrip().startswith(b"<")


def drawing_in(picture: bytes, limit: int) -> bytes:
    """The file of a drawing that a picture has inside, of at most `limit` bytes.

    Raises Unprocessable if it has none.
    """
    try:
        text = _in_png(picture) if picture.startswith(_PNG) else _in_svg(picture)
        embedded = msgspec.json.decode(text, type=_Embedded)
        if embedded.encoded is UNSET:  # as in 2020
            return text.encode()
        data = embedded.encoded.encode("latin-1")
        return _inflated(data, limit) if embedded.compressed else data
    except (ValueError, RecursionError, zlib.error) as error:
        raise Unprocessable("not_a_drawing", _NOTHING, errors={"file": [_NOTHING]}) from error


def _in_png(picture: bytes) -> str:
    at = len(_PNG)
    for _ in range(_MOST_CHUNKS):
        size, kind = int.from_bytes(picture[at : at + 4]), picture[at + 4 : at + 8]
        if kind == _TEXT and picture.startswith(_KEYWORD, at + 8):
            return picture[at + 8 + len(_KEYWORD) : at + 8 + size].decode("latin-1")
        if not kind:
            break
        at += size + 12  # with its length, kind and checksum
    raise ValueError


def _in_svg(picture: bytes) -> str:
    begin = picture.find(_BEGIN)
    end = picture.find(_END, begin)
    if begin < 0 or end < 0:
        raise ValueError
    data = b64decode(picture[begin + len(_BEGIN) : end].strip(), validate=True)
    as_bytes = _AS_BYTES.search(picture, 0, begin)
    return data.decode("latin-1" if as_bytes else "utf-8")


def _inflated(data: bytes, limit: int) -> bytes:
    inflate = zlib.decompressobj()
    text = inflate.decompress(data, limit + 1)
    if len(text) > limit:
        raise TooLarge("body_too_large", "The drawing inside the picture is too large.")
    if not inflate.eof:
        raise ValueError  # it has been cut off
    return text
