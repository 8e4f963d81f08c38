"""The OpenAPI document: what applies to many routes is defined here, once.

openapi.json has what comes from no schema: scenes, how requests fail, signing in, health.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import flask_smorest
from apispec import BasePlugin
from flask import Flask
from werkzeug.routing import Rule

from padws.schemas.common import Problem, SceneField

_Part = dict[str, Any]

_HERE = Path(__file__).parent

_SCENE = {"$ref": "#/components/schemas/Scene"}


def header(description: str, *, required: bool = True) -> _Part:
    """A header of an answer."""
    return {"description": description, "required": required, "schema": {"type": "string"}}


SCENE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The scene",
        "content": {"application/json": {"schema": _SCENE}},
    }
}
PART_BODY = {
    "requestBody": {
        "required": True,
        "description": "The elements that have changed, and whatever else has",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Part"}}},
    }
}
_FILE = {"application/vnd.excalidraw+json": {"schema": _SCENE}}
FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "A file that Excalidraw has saved, declared as whatever it may be",
        "content": _FILE,
    },
    "responses": {422: "Unprocessable"},
}
FILE = {
    "responses": {
        200: {
            "description": "The drawing",
            "content": _FILE,
            "headers": {"Content-Disposition": header("The name under which to save it")},
        }
    }
}
ETAG = {"ETag": header("Made of the version")}
LOCATION = {"Location": header("Where it is")}
NEXT_PAGE = {"Link": header('A next page, as `rel="next"`', required=False)}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "ETags of the versions to start from, or `*`; any other is refused with 412",
    "schema": {"type": "string"},
}
IF_MATCH_BASE = IF_MATCH | {
    "description": "ETag of the version that the caller has; any that the pad has had will do"
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags of what the caller has; answered with 304 if that is still current",
    "schema": {"type": "string"},
}

RANGE = {
    "name": "Range",
    "in": "header",
    "description": "A part of the bytes, as in `bytes=0-1023`",
    "schema": {"type": "string"},
}

_BYTES = {
    media_type: {"schema": {"type": "string", "format": "binary"}}
    for media_type in (
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "application/octet-stream",
    )
}
_OF_PICTURE = {
    "ETag": header("The digest"),
    "Accept-Ranges": header("`bytes`"),
    "Content-Disposition": header("`attachment`, where it is not to be shown", required=False),
}
_OF_PART = {**_OF_PICTURE, "Content-Range": header("Which bytes, of how many")}
PICTURE = {
    "responses": {
        200: {"description": "The picture", "content": _BYTES, "headers": _OF_PICTURE},
        206: {"description": "A part of the picture", "content": _BYTES, "headers": _OF_PART},
        416: "RangeNotSatisfiable",
    }
}

LINK_PASSWORD = {
    "name": "X-Link-Password",
    "in": "header",
    "description": "The link's password if it has one, percent-encoded as UTF-8",
    "schema": {"type": "string"},
}
BEHIND_LINK = {
    "security": [],
    "responses": {403: "Forbidden", 429: "TooManyRequests", 503: "Unavailable"},
}

_ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
TAKEOUT = {
    "responses": {
        200: {
            "description": "The takeout",
            "content": _ZIP,
            "headers": {"Content-Disposition": header("A name for the file", required=False)},
        }
    }
}
TAKEOUT_BODY = {
    "requestBody": {"required": True, "description": "A takeout", "content": _ZIP},
    "responses": {415: "UnsupportedMediaType", 422: "Unprocessable"},
}

#: Of a request without a body that adds something.
ADDS = {"responses": {413: "TooLarge"}}

_PATH_PARAMETERS = {
    "backup_id": "The backup's id",
    "digest": "The SHA-256 of the picture's `dataURL`, in hexadecimal",
    "link_id": "The link's id",
    "element_id": "The element's id",
    "name": "The name that addresses the template",
    "pad_id": "The pad's id",
    "token": "The last part of the link's address",
    "token_id": "The token's id",
    "user_id": "The user's id",
}

#: Status → its response in openapi.json.
_RESPONSES = {
    304: "NotModified",
    400: "BadRequest",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    412: "StaleVersion",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "Unprocessable",
    429: "TooManyRequests",
    503: "Unavailable",
}


class Api(flask_smorest.Api):  # type: ignore[misc]  # untyped
    """flask-smorest, with our problems in place of its errors and of their handler."""

    DEFAULT_ERROR_RESPONSE_NAME = "Problem"

    def _register_error_handlers(self) -> None:
        """Leave errors to `padws.errors`."""

    def _register_pagination_header(self) -> None:
        """Nothing is paginated its way: its schema would be there unused."""

    def _register_responses(self) -> None:
        """Leave responses to openapi.json."""


def make_api(app: Flask, version: str) -> Api:
    """The OpenAPI document of `app`, in which its blueprints are to be registered."""
    app.config.update(
        API_TITLE="padws",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    fixed = json.loads((_HERE / "openapi.json").read_text(encoding="utf-8"))
    fixed["info"]["description"] = (_HERE / "openapi.md").read_text(encoding="utf-8")
    api = Api(app, spec_kwargs={**fixed, "extra_plugins": [_WhatHoldsForMany(app)]})
    api.ma_plugin.converter.add_attribute_function(_reference_to_scene)
    api.spec.components.schema("Problem", schema=Problem)
    return api


def _reference_to_scene(_: object, field: object, **__: object) -> _Part:
    return _SCENE if isinstance(field, SceneField) else {}


class _WhatHoldsForMany(BasePlugin):
    """Completes each operation: its name, its parameters' descriptions, how it can fail."""

    def __init__(self, app: Flask):
        super().__init__()
        self._views = app.view_functions

    def path_helper(self, *, parameters: list[_Part], **_: Any) -> None:  # type: ignore[override]
        """Describe the parameters in the path."""
        for each in parameters:
            each["description"] = _PATH_PARAMETERS[each["name"]]

    def operation_helper(  # type: ignore[override]
        self, *, operations: Mapping[str, _Part], rule: Rule, **_: Any
    ) -> None:
        """Name the operations of a route, and the problems that each can be answered with."""
        view = self._views[rule.endpoint]
        of_route = {404} if rule.arguments else set[int]()
        if hasattr(view, "for_administrators"):
            of_route.add(403)
        for method, operation in operations.items():
            operation.setdefault("operationId", _camel_case(view.__name__))
            if method != "post" and "post" in operations:  # the same, by another method
                operation["operationId"] += f"By{method.title()}"
            conditional = operation.pop("conditional", None)
            headers = [*operation.pop("headers", ()), *([conditional] if conditional else ())]
            if headers:
                operation.setdefault("parameters", []).extend(headers)
            _add_failures(operation, of_route | set(_failures(method, operation, conditional)))


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _failures(method: str, operation: _Part, conditional: _Part | None) -> Iterator[int]:
    """The statuses other than success that an operation can be answered with."""
    if method != "get":
        yield 403
    if "security" not in operation:  # the caller must be signed in
        yield from (400, 401, 429, 503)
    body = operation.get("requestBody", {"content": {}})["content"]
    if body:
        yield from (400, 413)
    if "application/json" in body:
        yield from (415, 422)
    if 422 in operation["responses"]:  # flask-smorest's, for a query
        yield 422
    if conditional:
        yield 304 if conditional == IF_NONE_MATCH else 412


def _add_failures(operation: _Part, statuses: set[int]) -> None:
    responses = operation["responses"]
    responses.pop(422, None)  # its name depends on Python's version
    for status in statuses - responses.keys():
        responses[status] = _RESPONSES[status]
    operation["responses"] = dict(sorted(responses.items(), key=lambda each: str(each[0])))
