"""What a save must know of a scene, to tell later what a save after it replaces.

A typed decoder reads it past everything else, and builds no more than that. Of a scene that it
cannot read nothing is known, and PostgreSQL looks for itself.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from psycopg.abc import Buffer

# How many hashes are kept: sql/functions/may_lose_elements.sql knows the number too.
_MOST_HASHES = 64

_MOST_VERSIONS = 2**62  # of a sum that is a bigint in any case

_EMPTY_TEXT = len('""')


class SceneCounts(Struct, frozen=True):
    """Columns of pad_ws.pads, which has the comments; all of them None if nothing is known."""

    elements: int | None = None
    versions: int | None = None
    element_hashes: str | None = None  # as PostgreSQL writes an array
    inline_pictures: int | None = None

    def columns(self) -> dict[str, Any]:
        """The values by name."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


class _Element(Struct, gc=False):
    id: Raw
    version: int = 1
    isDeleted: bool = False  # noqa: N815


class _File(Struct, gc=False):
    dataURL: Raw | UnsetType = UNSET  # noqa: N815


class _Scene(Struct, gc=False):
    elements: list[_Element] = []
    files: dict[str, _File] = {}


_decode = msgspec.json.Decoder(_Scene).decode


def count_scene(text: Buffer) -> SceneCounts:
    """What is known of a scene."""
    try:
        scene = _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return SceneCounts()
    versions = sum([each.version for each in scene.elements])
    if not -_MOST_VERSIONS < versions < _MOST_VERSIONS:
        return SceneCounts()
    ids = [each.id for each in scene.elements if not each.isDeleted]
    return SceneCounts(len(ids), versions, _smallest_hashes(ids), _inline_pictures(scene.files))


def _smallest_hashes(ids: list[Raw]) -> str:
    """Signed, as PostgreSQL's integers are."""
    hashes = sorted(set(map(crc32, ids)))[:_MOST_HASHES]
    return "{" + ",".join([str(each - 2**31) for each in hashes]) + "}"


def _inline_pictures(files: dict[str, _File]) -> int:
    """One id can carry another picture later, of the same length: the content counts."""
    pictures = {
        file_id: memoryview(file.dataURL)
        for file_id, file in files.items()
        if file.dataURL is not UNSET
    }
    return sum(
        1 + crc32(picture, crc32(file_id.encode()))
        for file_id, picture in pictures.items()
        if len(picture) > _EMPTY_TEXT
    )
