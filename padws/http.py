"""HTTP for all blueprints: bodies in, versions compared, JSON out."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import chain
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.parse import urlencode

import msgspec
import orjson
from flask import Response, current_app, request, url_for
from flask_smorest import Blueprint
from marshmallow import Schema
from psycopg.abc import Buffer
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import ClientDisconnected, RequestedRangeNotSatisfiable

from padws import memory_budget
from padws.context import services
from padws.data_url import content_of
from padws.drawing_files import read_file
from padws.errors import (
    BadRequest,
    NotFound,
    StaleVersion,
    TooLarge,
    TooSlow,
    Unprocessable,
    UnsupportedMediaType,
)
from padws.json_complexity import check_complexity
from padws.json_text import JsonPieces, JsonText
from padws.observability.current_request import current_request
from padws.observability.metrics import BACKUPS_TAKEN, SAVES
from padws.paging import AnyCursor
from padws.pictures import Drawing, PutBack, put_back, take_apart
from padws.scene_in_picture import drawing_in, is_picture
from padws.schemas.common import LARGEST_PAGE, SceneField

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from padws.queries.pads import MergedPad, SaveAttempt, SavedPad

# Bodies

# Bytes that a body may have besides its scenes. A user with the longest of everything has less.
_MOST_BESIDE_SCENES = 500_000


def read_body(limit: int, *, of_any_type: bool = False) -> bytes:
    """The request's whole body, declared as JSON and not longer than `limit` bytes."""
    if not (of_any_type or request.is_json):
        raise UnsupportedMediaType("not_json")
    if request.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity"):
        headers = {"Accept-Encoding": "identity"}
        raise UnsupportedMediaType("content_coding_unknown", headers=headers)
    length = request.content_length
    if length is not None and length > limit:
        raise TooLarge("body_too_large")
    with current_request().receiving():
        body = _in_chunks(limit) if length is None else _in_one_piece(length)
    current_request().received_bytes = len(body)
    if len(body) < (length or 0):  # what has arrived may still be valid
        raise BadRequest("body_incomplete")
    return body


def _in_chunks(limit: int) -> bytes:
    """A body without a Content-Length: only its chunks show how long it is."""
    request.max_content_length = limit + 1  # where werkzeug cuts it off
    body = bytearray()
    while chunk := request.stream.read(memory_budget.SMALL):
        if len(body) <= memory_budget.SMALL < len(body) + len(chunk):
            memory_budget.take(limit)
        body += chunk
        if len(body) > limit:
            raise TooLarge("body_too_large")
    return bytes(body)


def _in_one_piece(length: int) -> bytes:
    """A body of `length`; shorter if the client sends no more.

    Read from the server itself: werkzeug's stream would copy it twice more.
    """
    if length > memory_budget.SMALL:
        memory_budget.take(length)
    wsgi: Any = request.environ
    try:
        return bytes(wsgi["wsgi.input"].read(length))
    except OSError as error:
        raise ClientDisconnected from error


_ZIPS = ("application/zip", "application/x-zip-compressed", "application/octet-stream")


def receive_zip(file: IO[bytes], limit: int, until: float) -> None:
    """Write the request's whole body into a file: a ZIP of `limit` bytes at most.

    Raises TooSlow if it has not arrived by `until` (of the monotonic clock).
    """
    if request.mimetype not in _ZIPS:
        raise UnsupportedMediaType("not_zip")
    length = request.content_length
    if length is not None and length > limit:
        raise TooLarge("body_too_large")
    with current_request().receiving():
        received = sum(map(file.write, _pieces(limit if length is None else length, until)))
    current_request().received_bytes = received
    if received > limit:
        raise TooLarge("body_too_large")
    if received < (length or 0):
        raise BadRequest("body_incomplete")


def _pieces(most: int, until: float) -> Iterator[bytes]:
    """The body from the server itself, as it arrives; no more than a piece over `most` bytes."""
    wsgi: Any = request.environ
    left = most
    while left >= 0 and time.monotonic() < until:
        try:
            piece = wsgi["wsgi.input"].read(min(memory_budget.SMALL, left or 1))
        except OSError as error:
            raise ClientDisconnected from error
        if not piece:
            return
        yield piece
        left -= len(piece)
    if left >= 0:
        raise TooSlow


def read_scene() -> JsonText:
    """The body as a scene. PostgreSQL checks that it is JSON."""
    body = read_body(current_app.config["MAX_CONTENT_LENGTH"])
    _check_complexity(body, ["data"])
    return JsonText(body)


def read_drawing() -> Drawing:
    """The body as a scene, its pictures apart. PostgreSQL checks that it is JSON."""
    body = read_body(current_app.config["MAX_CONTENT_LENGTH"])
    check = partial(_check_complexity, scenes=["data"])
    return take_apart(body, check, lambda: services().new_pictures_apart)


def read_drawing_file() -> tuple[Drawing, str]:
    """The body as a file of Excalidraw's, or a picture with one inside; its name if it has one."""
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    body = read_body(limit, of_any_type=True)
    if is_picture(body):
        memory_budget.take(limit)
        body = drawing_in(body, limit)
    _check_complexity(body, ["file"])
    file = read_file(body)
    return drawing_of(JsonText(file.scene)), file.name


def drawing_of(scene: JsonText) -> Drawing:
    """A scene that is part of a body, its pictures apart."""
    return take_apart(bytes(scene.json), lambda _: None, lambda: services().new_pictures_apart)


def _check_complexity(text: bytes, scenes: Iterable[str]) -> None:
    """Refuse what would be too much work, and blame the scenes, which are nearly all of it."""
    try:
        check_complexity(text, current_app.config["MAX_CONTENT_LENGTH"])
    except Unprocessable as error:
        error.members["errors"] = {name: [error.detail] for name in scenes or ["_schema"]}
        raise


def split_object(body: bytes, scenes: Collection[str]) -> dict[str, Any]:
    """The members of a JSON object; those named in `scenes` as JsonText, not taken apart."""
    _check_complexity(body, scenes)
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        found = {name: JsonText(bytes(members.pop(name))) for name in scenes if name in members}
        if len(body) - sum(len(scene.json) for scene in found.values()) > _MOST_BESIDE_SCENES:
            raise TooLarge("body_too_large", "There is too much besides the scene.")
        return found | {name: orjson.loads(bytes(raw)) for name, raw in members.items()}
    except msgspec.ValidationError as error:
        text = "The body must be an object."
        raise Unprocessable("invalid", text, errors={"_schema": [text]}) from error
    except (msgspec.DecodeError, UnicodeError, orjson.JSONDecodeError, RecursionError) as error:
        raise BadRequest("invalid_json", f"The body cannot be read as JSON: {error}.") from error


class BodyParser(FlaskParser):
    """Reads JSON bodies for the schemas: strictly, but without parsing the scenes in them."""

    def parse(self, argmap: Any, req: Any = None, *, location: Any = None, **options: Any) -> Any:
        """What a request sends, by the schema; a query that is not there is not parsed."""
        if location == "query" and not request.query_string:
            defaults = _defaults(argmap)
            if defaults is not None:
                return dict(defaults)
        return super().parse(argmap, req, location=location, **options)

    def load_json(self, req: Any, schema: Schema) -> Any:
        """The members of the body; none if there is no body and the schema needs none."""
        needed = any(field.required for field in schema.fields.values())
        if not (needed or _has_body()):
            return {}
        scenes = {name for name, field in schema.fields.items() if isinstance(field, SceneField)}
        largest = current_app.config["MAX_CONTENT_LENGTH"]
        body = read_body(largest if scenes else min(largest, _MOST_BESIDE_SCENES))
        return split_object(body, scenes)


@cache
def _defaults(schema: Schema) -> dict[str, Any] | None:
    """What a schema makes of a query that is not there; `None` if it needs one."""
    needs_one = any(field.required for field in schema.fields.values())
    return None if needs_one else dict(schema.load({}))


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # untyped
    """A flask-smorest blueprint that reads bodies with BodyParser."""

    ARGUMENTS_PARSER = BodyParser()


def client_is_gone() -> Callable[[], bool] | None:
    """What tells whether the client still waits for the answer; None where no socket is known."""
    wsgi: Any = request.environ
    return getattr(wsgi.get("gunicorn.socket"), "is_gone", None)


# Versions: a pad's ETag is its version in quotes; a set of versions is an int8multirange as text

ANY_VERSION = "{(,)}"
NO_VERSION = "{}"

_TAG = r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
# Possessive groups do not work in Python before 3.11.5; Debian 12 has 3.11.2.
_TAGS = re.compile(rf"\s*+{_TAG}\s*+(?:,\s*+{_TAG}\s*+)*")

# What proxies that compress append to a tag, and often do not remove again: Caddy and Apache
# `-gzip`, Jetty `--gzip`, others `;gzip`. Twice, where there are two such proxies.
_CODING = re.compile(r"(?:[-+.:;_]{1,2}(?:gzip|x-gzip|br|zstd|deflate|df|dcb|dcz)){1,2}\Z")


def etag_of(version: int) -> str:
    """The ETag of a pad at a version."""
    return f'"{version}"'


def _tags(header: str) -> list[str] | None:
    """The opaque tags of a header, weak ones too, as we made them; None if it cannot be read."""
    if not _TAGS.fullmatch(header):
        return None
    return [_CODING.sub("", tag) for tag in re.findall(_TAG, header)]


def _versions(tags: Iterable[str]) -> str:
    numbers = (tag for tag in tags if re.fullmatch(r"0|[1-9][0-9]{0,17}", tag))
    return "{" + ",".join(f"[{number},{number}]" for number in numbers) + "}"


def accepted_versions() -> str:
    """The versions that If-Match allows a change to start from; any, without the header."""
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return ANY_VERSION
    tags = _tags(header)
    if tags is None:
        raise BadRequest("invalid_if_match")
    return _versions(tags)


def known_etags() -> list[str]:
    """The tags in If-None-Match, which the caller has; `*` alone stands for any."""
    header = request.headers.get("If-None-Match", "").strip()
    return ["*"] if header == "*" else [tag for tag in _tags(header) or [] if tag != "*"]


def known_versions() -> str:
    """The versions in If-None-Match, which the caller has."""
    etags = known_etags()
    return ANY_VERSION if etags == ["*"] else _versions(etags)


def refuse_change(current_version: int | None) -> NoReturn:
    """Raise why a conditional change found nothing to change."""
    if current_version is None:
        raise NotFound("pad_not_found")
    raise StaleVersion(current_version)


# Answers


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


def _dumps(content: Any) -> list[Buffer]:
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


def _blocks(pieces: list[Buffer]) -> Iterator[bytes]:
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
            yield from _blocks(self._pieces)
        finally:
            self.close()

    def close(self) -> None:
        """Give back the memory; the WSGI server calls this whether all was sent or not."""
        self._give_back()


class _Answer(Response):
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
    pieces = _dumps(content)
    length = sum(map(len, pieces))
    all_headers = {
        "Content-Type": "application/json",
        "Content-Length": str(length),
        "Cache-Control": _ASK_FIRST,
        **(headers or {}),
    }
    body = _body(pieces, length, has_written=has_written)
    return _Answer(body, status, list(all_headers.items()))


def _body(pieces: list[Buffer], length: int, *, has_written: bool | None) -> Iterable[bytes]:
    """The pieces as the body of an answer. Raises TooManyRequests if there is no room for that."""
    if length <= memory_budget.SMALL:
        return [b"".join(pieces)]
    if has_written is None:
        has_written = request.method not in ("GET", "HEAD")
    return _Pieces(pieces, length, has_written=has_written)


def not_modified(etag: str, cache_control: str = _ASK_FIRST) -> Response:
    """The caller has this already."""
    return _Answer([], 304, [("ETag", etag), ("Cache-Control", cache_control)])


# Pictures

# What browsers show as a picture and nothing else; anything else might have a script in it.
_SHOWN = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))

# The digest is part of the address: what is there never changes. Who has no password gets no
# picture from the cache of somebody who had it.
_FOR_EVER = "private, max-age=31536000, immutable"


def page_size(query: Mapping[str, Any]) -> int | None:
    """How many a page of a list has at most; None: the list is whole."""
    return min(query["limit"], LARGEST_PAGE) if "limit" in query else None


def next_page(cursor: AnyCursor) -> dict[str, str]:
    """The header that leads to what comes after `cursor` in the list that was asked for."""
    query = urlencode(request.args.to_dict() | {"cursor": str(cursor)})
    path = url_for(str(request.endpoint), **(request.view_args or {}))
    return {"Link": f'<{path}?{query}>; rel="next"'}


def digest_in(address: str) -> bytes:
    """The digest of a picture, as its address has it. Raises NotFound."""
    if not re.fullmatch("[0-9a-f]{64}", address):
        raise NotFound("picture_not_found")
    return bytes.fromhex(address)


def has_picture(digest: str) -> bool:
    """Whether the caller has this picture already, by If-None-Match."""
    return not {digest, "*"}.isdisjoint(known_etags())


def site() -> str:
    """The address of this site as people see it, without a slash at the end."""
    return services().settings.frontend_url.rstrip("/") or f"{request.scheme}://{request.host}"


def answer_picture(content: JsonText | None, digest: str) -> Response:
    """A picture, or the part of it that the request asks for; no content: the caller has it."""
    if not content:
        return not_modified(f'"{digest}"', _FOR_EVER)
    media_type, data = content_of(msgspec.json.decode(content.json, type=str))
    part = _part(digest, len(data))
    begin, end = part or (0, len(data))
    headers = {
        "Content-Length": str(end - begin),
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": _FOR_EVER,
        "Vary": "X-Link-Password",
        "Content-Security-Policy": "sandbox",
    }
    if media_type not in _SHOWN:
        media_type = "application/octet-stream"
        headers["Content-Disposition"] = "attachment"
    headers["Content-Type"] = media_type
    if part:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
    body = _body([data[begin:end]], end - begin, has_written=False)
    return _Answer(body, 206 if part else 200, list(headers.items()))


def _part(digest: str, length: int) -> tuple[int, int] | None:
    """Where the part begins and ends that the request asks for; `None`: it asks for all.

    Raises RequestedRangeNotSatisfiable. Several parts at once are not sent, nor others than bytes.
    """
    unit = request.headers.get("Range", "").partition("=")[0].strip().lower()
    if request.method != "GET" or unit != "bytes":
        return None
    if "If-Range" in request.headers and request.if_range.etag != digest:
        return None
    ranges = request.range.ranges if request.range else [(length, None)]
    if len(ranges) > 1:
        return None
    begin, end = ranges[0]
    if begin < 0:  # counted from the end
        begin = max(0, length + begin)
    if begin >= length:
        raise RequestedRangeNotSatisfiable(length)
    return begin, min(length if end is None else end, length)


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
