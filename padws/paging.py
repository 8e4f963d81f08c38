"""Cursors: where a page of a list ended, in a text that means nothing to whoever hands it back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import msgspec
from msgspec import Struct

_LONGEST = 2_000  # characters; a pad of pad.ws may have a long name


class Cursor(Struct, frozen=True, array_like=True):
    """The last row of a page: its place in an order, which others do not change by coming."""

    sort: str
    key: str
    id: UUID

    def __str__(self) -> str:
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor that was handed out as `text`. Raises ValueError if none was."""
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError
    json = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    try:
        cursor = msgspec.json.decode(json, type=Cursor)
    except RecursionError as error:
        raise ValueError from error
    if b"\0" in cursor.key.encode():
        raise ValueError
    return cursor
