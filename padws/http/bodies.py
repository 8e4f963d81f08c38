"""Reads what a request brings along: scenes, files, and JSON for the schemas."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from functools import cache, partial
from typing import IO, Any

import msgspec
import orjson
from flask import current_app, request
from flask_smorest import Blueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import ClientDisconnected

from padws import memory_budget
from padws.context import services
from padws.drawing_files import read_file
from padws.errors import BadRequest, TooLarge, TooSlow, Unprocessable, UnsupportedMediaType
from padws.json_complexity import check_complexity
from padws.json_text import JsonText
from padws.observability.current_request import current_request
from padws.pictures import Drawing, take_apart
from padws.scene_in_picture import drawing_in, is_picture
from padws.schemas.common import SceneField

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
