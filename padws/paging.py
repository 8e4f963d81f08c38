"""Cursors: where a page of a list ended, in a text that means nothing to whoever hands it back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

_LONGEST = 2_000  # characters; a pad of pad.ws may have a long name


class AnyCursor(Struct, frozen=True, array_like=True):
    """The last row of a page: its place in an order, which others do not change by coming."""

    def __str__(self) -> str:
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


class Cursor(AnyCursor, frozen=True, array_like=True):
    """In an order that somebody has chosen."""

    sort: str
    key: str
    id: UUID

    def __post_init__(self) -> None:
        if b"\0" in self.key.encode():
            raise ValueError


class TimeCursor(AnyCursor, frozen=True, array_like=True):
    """In a list that is newest first, and has those without a time at its end."""

    time: Annotated[datetime, Meta(tz=True)] | None
    id: UUID


C = TypeVar("C", bound=AnyCursor)


def read_cursor(text: str, kind: type[C]) -> C:
    """The cursor that was handed out as `text`. Raises ValueError if none was."""
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError
    json = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    try:
        return msgspec.json.decode(json, type=kind)
    except RecursionError as error:
        raise ValueError from error


def place_after(cursor: TimeCursor | None) -> dict[str, Any]:
    """Where a page of a list begins that is newest first, as its statement takes it."""
    if not cursor:
        return {"before": "infinity", "before_id": UUID(int=0)}
    return {"before": cursor.time or "-infinity", "before_id": cursor.id}
