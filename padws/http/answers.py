"""JSON out, large answers in pieces: rows by their schemas, pages of lists, saves."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

import orjson
from flask import Response, request, url_for
from marshmallow import Schema
from psycopg.abc import Buffer

from padws import memory_budget
from padws.http.versions import etag_of
from padws.json_text import JsonPieces, JsonText
from padws.observability.metrics import BACKUPS_TAKEN, SAVES
from padws.paging import AnyCursor
from padws.pictures import PutBack, put_back
from padws.schemas.common import LARGEST_PAGE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from padws.queries.pads import MergedPad, SaveAttempt, SavedPad


class WithScene(Protocol):
    """A row with a scene, whose files come beside it where its pictures are kept apart."""

    @property
    def data(self) -> JsonText | None:
        """The scene; None if it was left out."""

    @property
    def files(self) -> JsonText | None:
        """Its member `files`, unless that is in it."""

    @property
    def pictures(self) -> JsonText | None:
        """The digests of its pictures by file id."""


def members_of(schema: Schema, row: object) -> dict[str, Any]:
    """What `schema` shows of a row, but for what is None and may not be (a scene left out)."""
    names, values_of, nullable = _names(schema)
    pairs = zip(names, values_of(row), strict=True)
    return {name: value for name, value in pairs if value is not None or name in nullable}


def members_with_scene(schema: Schema, row: WithScene, member_for: PutBack) -> dict[str, Any]:
    """What `schema` shows of a row, its pictures in the scene again, or their addresses."""
    members = members_of(schema, row)
    if row.data:
        members["data"] = put_back(row.data, row.files, row.pictures, member_for)
    return members


@cache
def _names(
    schema: Schema,
) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]], frozenset[str]]:
    names = tuple(schema.fields)
    nullable = frozenset(name for name, field in schema.fields.items() if field.allow_none)
    return names, attrgetter(*names), nullable


_ASK_FIRST = "private, no-cache"

_BLOCK = 1_048_576  # bytes of an answer that are copied at once

_GAP = orjson.Fragment(b"\0")  # a byte that JSON never contains


def in_pieces(content: Any) -> list[Buffer]:
    """JSON in pieces, texts as they are: orjson would scan it and copy it twice."""
    gaps: list[tuple[Buffer, ...]] = []

    def leave_gap(value: object) -> orjson.Fragment:
        if not isinstance(value, (JsonText, JsonPieces)):
            raise TypeError(type(value).__name__)
        gaps.append(value.pieces)
        return _GAP

    first, *rest = orjson.dumps(content, default=leave_gap).split(b"\0")
    filled = ((*pieces, after) for pieces, after in zip(gaps, rest, strict=True))
    return [first, *chain.from_iterable(filled)]


def in_blocks(pieces: list[Buffer]) -> Iterator[bytes]:
    """The pieces one after the other, joined or cut so that each block is worth a system call."""
    parts, size = list[Buffer](), 0
    for piece in pieces:
        for at in range(0, len(piece), _BLOCK):
            parts.append(memoryview(piece)[at : at + _BLOCK])
            size += len(parts[-1])
            if size >= _BLOCK:
                yield b"".join(parts)
                parts, size = [], 0
    yield b"".join(parts)


class _Pieces:
    """A large body that is never in memory twice: it is copied as it is sent."""

    def __init__(self, pieces: list[Buffer], length: int, *, has_written: bool):
        self._pieces = pieces
        # Also when it is never sent; once at most.
        self._give_back = weakref.finalize(
            self, memory_budget.hold(length, has_written=has_written)
        )

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from in_blocks(self._pieces)
        finally:
            self.close()

    def close(self) -> None:
        """Give back the memory; the WSGI server calls this whether all was sent or not."""
        self._give_back()


class Answer(Response):
    """An answer whose headers are complete: Flask's own searches them for what is missing."""

    default_mimetype = None

    def __call__(self, wsgi: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer, for the WSGI server."""
        start_response(self.status, self.headers.to_wsgi_list())
        if wsgi["REQUEST_METHOD"] == "HEAD":
            self.close()
            return []
        return self.response  # type: ignore[return-value]


def answer(
    content: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    has_written: bool | None = None,
) -> Response:
    """A JSON answer, with UUIDs, times and JsonText in it, that only this client may cache.

    Whether something `has_written`, and may not be told to come back, its method says unless given.
    """
    pieces = in_pieces(content)
    length = sum(map(len, pieces))
    all_headers = {
        "Content-Type": "application/json",
        "Content-Length": str(length),
        "Cache-Control": _ASK_FIRST,
        **(headers or {}),
    }
    body = body_of(pieces, length, has_written=has_written)
    return Answer(body, status, list(all_headers.items()))


def body_of(pieces: list[Buffer], length: int, *, has_written: bool | None) -> Iterable[bytes]:
    """The pieces as the body of an answer. Raises TooManyRequests if there is no room for that."""
    if length <= memory_budget.SMALL:
        return [b"".join(pieces)]
    if has_written is None:
        has_written = request.method not in ("GET", "HEAD")
    return _Pieces(pieces, length, has_written=has_written)


def stream(body: Iterable[bytes], headers: Mapping[str, str]) -> Response:
    """A JSON answer of a length that is not known before it ends."""
    all_headers = {"Content-Type": "application/json", "Cache-Control": _ASK_FIRST, **headers}
    return Answer(body, 200, list(all_headers.items()))


def not_modified(etag: str, cache_control: str = _ASK_FIRST) -> Response:
    """The caller has this already."""
    return Answer([], 304, [("ETag", etag), ("Cache-Control", cache_control)])


SUCCESS = {"status": "success"}


def answer_saved(saved: SavedPad, **members: object) -> Response:
    """The answer to whatever has changed a pad's scene; some have more members than others."""
    SAVES.inc()
    if saved.took_backup:
        BACKUPS_TAKEN.inc()
    content = SUCCESS | {"version": saved.version, "updated_at": saved.updated_at} | members
    return answer(content, headers={"ETag": etag_of(saved.version)})


def answer_kept(saved: SaveAttempt | MergedPad, **members: object) -> Response:
    """The answer to what may have kept what it has replaced."""
    if saved.kept is None:
        return answer_saved(saved, **members)
    BACKUPS_TAKEN.inc()
    return answer_saved(saved, kept=saved.kept, **members)


def page_size(query: Mapping[str, Any]) -> int | None:
    """How many a page of a list has at most; None: the list is whole."""
    return min(query["limit"], LARGEST_PAGE) if "limit" in query else None


def next_page(cursor: AnyCursor) -> dict[str, str]:
    """The header that leads to what comes after `cursor` in the list that was asked for."""
    query = urlencode(request.args.to_dict() | {"cursor": str(cursor)})
    path = url_for(str(request.endpoint), **(request.view_args or {}))
    return {"Link": f'<{path}?{query}>; rel="next"'}
