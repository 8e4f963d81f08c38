"""What the blueprints share of HTTP: bodies in, versions compared, JSON out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import orjson
from flask import Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import Schema
from psycopg.abc import Buffer
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import ClientDisconnected

from padws.database import JsonText
from padws.errors import (
    BadRequest,
    NotFound,
    StaleVersion,
    TooLarge,
    Unprocessable,
    UnsupportedMediaType,
)
from padws.observability.current import current
from padws.schemas.common import SceneField

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Bodies


def read_body() -> bytes:
    """The request's whole body, declared as JSON and not longer than MAX_BODY_BYTES."""
    if not request.is_json:
        raise UnsupportedMediaType("not_json")
    length, limit = request.content_length, current_app.config["MAX_CONTENT_LENGTH"]
    if length is not None and length > limit:
        raise TooLarge("body_too_large")
    with current().receiving():
        body = _in_chunks(limit) if length is None else _in_one_piece(length)
    current().received_bytes = len(body)
    if len(body) > limit:
        raise TooLarge("body_too_large")
    if len(body) < (length or 0):  # valid up to there, perhaps
        raise BadRequest("body_incomplete")
    return body


def _in_chunks(limit: int) -> bytes:
    """A body whose length is not known before; at most a byte more than `limit`."""
    request.max_content_length = limit + 1  # where werkzeug cuts it off
    return request.get_data(cache=False)


def _in_one_piece(length: int) -> bytes:
    """A body of `length`; shorter if the client sends no more.

    Taken from gunicorn's reader: through the layers above it a kilobyte is copied at a time.
    """
    wsgi: Any = request.environ
    stream = wsgi["wsgi.input"]
    try:
        return bytes(getattr(stream, "reader", stream).read(length))
    except OSError as error:
        raise ClientDisconnected from error


def read_scene() -> JsonText:
    """The body as a scene. That it is JSON is for PostgreSQL to find out."""
    return checked_scene(read_body())


_DIGITS_AND_EXPONENTS = bytes(
    ord("0") if chr(c) in "0123456789+-" else ord("e") if chr(c) in "eE" else ord(" ")
    for c in range(256)
)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_EXPONENT = re.compile(rb"[0-9][eE][+-]?0*([1-9][0-9]*)")
_LONGEST_NUMBER = 131_072  # digits that PostgreSQL's numeric has before the point, at most
_PIECE = 65_536  # bytes that are looked over at once, so that a large scene is not copied whole


def checked_scene(text: bytes) -> JsonText:
    """The scene, unless its numbers take more than MAX_BODY_BYTES once they are written out.

    PostgreSQL prints `1e99999` with all its zeros: a small body could become gigabytes to read.
    """
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    at_most = len(text) + _LONGEST_NUMBER * _count(text, b"0e0000")
    # Any other exponent takes at least five bytes for every thousand that it stands for.
    if at_most + 200 * len(text) > limit:
        at_most += 999 * _count(text, b"0e0")
    if at_most > limit and _is_longer_written_out(text, limit):
        raise TooLarge("body_too_large", f"Written out, its numbers take more than {limit} bytes.")
    return JsonText(text)


def _count(text: bytes, mark: bytes) -> int:
    """How often `mark` occurs, where digits are 0 and exponents e; never with a copy of it all."""
    found = 0
    for at in range(0, len(text), _PIECE):
        piece = text[at : at + _PIECE + len(mark) - 1].translate(_DIGITS_AND_EXPONENTS)
        if piece.rfind(mark) >= 0:  # which tells sooner than `count` that there is none
            found += piece.count(mark)
    return found


def _is_longer_written_out(text: bytes, limit: int) -> bool:
    """Whether `text` with its exponents written out takes more than `limit` bytes.

    Strings are looked over first: an id of hexadecimal digits is no number.
    """
    size = len(text)
    for match in _EXPONENT.finditer(_STRING.sub(b"", text)):
        size += int(match[1]) if len(match[1]) < 7 else _LONGEST_NUMBER
        if size > limit:
            return True
    return False


def split_object(body: bytes, scenes: Iterable[str]) -> dict[str, Any]:
    """The members of a JSON object; those named in `scenes` as JsonText, not taken apart."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return {
            name: checked_scene(bytes(raw)) if name in scenes else orjson.loads(bytes(raw))
            for name, raw in members.items()
        }
    except msgspec.ValidationError as error:
        raise Unprocessable("invalid", "The body has to be an object.") from error
    except (msgspec.DecodeError, UnicodeError, orjson.JSONDecodeError, RecursionError) as error:
        raise BadRequest("invalid_json", f"The body can not be read as JSON: {error}.") from error


class BodyParser(FlaskParser):
    """Reads JSON bodies for the schemas: strictly, and past the scenes in them."""

    def parse(self, argmap: Any, req: Any = None, *, location: Any = None, **options: Any) -> Any:
        """What a request says, as the schema has it; a query that is not there is not looked at."""
        if location == "query" and not request.query_string:
            unsaid = _of_nothing(argmap)
            if unsaid is not None:
                return dict(unsaid)
        return super().parse(argmap, req, location=location, **options)

    def load_json(self, req: Any, schema: Schema) -> Any:
        """The members of the body; none if there is no body and the schema needs none."""
        needed = any(field.required for field in schema.fields.values())
        if not (needed or _has_body()):
            return {}
        scenes = {name for name, field in schema.fields.items() if isinstance(field, SceneField)}
        return split_object(read_body(), scenes)


@cache
def _of_nothing(schema: Schema) -> dict[str, Any] | None:
    """What a schema has of a query that is not there; `None` if it needs one."""
    needs_one = any(field.required for field in schema.fields.values())
    return None if needs_one else dict(schema.load({}))


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # untyped
    """A flask-smorest blueprint that reads bodies with BodyParser."""

    ARGUMENTS_PARSER = BodyParser()


# Versions: a pad's ETag is its version in quotes; a set of versions is an int8multirange as text

ANY_VERSION = "{(,)}"

_TAG = r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_TAGS = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*")


def etag_of(version: int) -> str:
    """The ETag of a pad at a version."""
    return f'"{version}"'


def _tags(header: str) -> list[str] | None:
    """The opaque tags of a header, weak ones too; None if it can not be read."""
    return re.findall(_TAG, header) if _TAGS.fullmatch(header) else None


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
    """The tags that If-None-Match says the caller has; `*` alone stands for any."""
    header = request.headers.get("If-None-Match", "").strip()
    return ["*"] if header == "*" else [tag for tag in _tags(header) or [] if tag != "*"]


def known_versions() -> str:
    """The versions that If-None-Match says the caller has."""
    etags = known_etags()
    return ANY_VERSION if etags == ["*"] else _versions(etags)


def refuse_change(current_version: int | None) -> NoReturn:
    """A conditional change found nothing to change: say why."""
    if current_version is None:
        raise NotFound("pad_not_found")
    raise StaleVersion(current_version)


# Answers


def members_of(schema: Schema, row: object) -> dict[str, Any]:
    """What `schema` shows of a row; what is None (a scene that was left out) is left out."""
    names, values_of = _names(schema)
    pairs = zip(names, values_of(row), strict=True)
    return {name: value for name, value in pairs if value is not None}


@cache
def _names(schema: Schema) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    names = tuple(schema.fields)
    return names, attrgetter(*names)


_GAP = orjson.Fragment(b"\0")  # a byte that JSON never has


def _dumps(content: Any) -> bytes:
    """JSON with the JsonText in it joined in: orjson would look it over and copy it twice."""
    texts: list[Buffer] = []

    def leave_gap(value: object) -> orjson.Fragment:
        if not isinstance(value, JsonText):
            raise TypeError(type(value).__name__)
        texts.append(value.json)
        return _GAP

    first, *rest = orjson.dumps(content, default=leave_gap).split(b"\0")
    return b"".join([first, *chain.from_iterable(zip(texts, rest, strict=True))])


class _Answer(Response):
    """An answer that is complete: Flask's own looks through its headers for what is missing."""

    default_mimetype = None

    def __call__(self, wsgi: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer, for the WSGI server."""
        start_response(self.status, self.headers.to_wsgi_list())
        return [] if wsgi["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer, with UUIDs, times and JsonText in it, that only this client may keep."""
    body = _dumps(content)
    all_headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "private, no-cache",
        **(headers or {}),
    }
    return _Answer([body], status, list(all_headers.items()))


def not_modified(etag: str) -> Response:
    """The caller has this already."""
    return _Answer([], 304, [("ETag", etag), ("Cache-Control", "private, no-cache")])


SUCCESS = {"status": "success"}
