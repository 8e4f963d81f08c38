"""The OpenAPI document: what holds for many routes is said here, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import flask_smorest
from apispec import BasePlugin
from flask import Flask
from werkzeug.routing import Rule

from padws.errors import PROBLEM
from padws.schemas.common import Problem, SceneField

_Part = dict[str, Any]

_DESCRIPTION = """\
padws keeps people's drawings, called pads, with backups of what they were, and the templates that
new ones start from.

**Who is asking.** A browser signs in at `/auth/login` and gets a session cookie. A script sends
`Authorization: Bearer …` with an access token of the sign-in provider, or with a personal access
token from `POST /api/users/me/tokens`.

**Errors** are `application/problem+json` (RFC 9457). Each has a stable `code`, which
[/api/docs/problems](/api/docs/problems) explains, and a `request_id`, which names it in the log.

**Versions.** The `version` of a pad goes up by one with each change, and its `ETag` is made of it.
`If-None-Match` saves a transfer: the answer is 304 if nothing has changed. `If-Match` saves other
people's work: the answer is 412, and nothing is written, if the pad has changed meanwhile. Without
it the last write wins.

Ids are UUIDs. Times are RFC 3339 in UTC.
"""

_SCENE_EXAMPLE = {
    "elements": [
        {
            "id": "box-1",
            "type": "rectangle",
            "x": 100,
            "y": 80,
            "width": 240,
            "height": 120,
            "angle": 0,
            "strokeColor": "#1e1e1e",
            "backgroundColor": "transparent",
            "version": 1,
            "versionNonce": 1,
            "isDeleted": False,
        }
    ],
    "appState": {"viewBackgroundColor": "#ffffff"},
    "files": {},
}

_SCENE = {
    "type": "object",
    "minProperties": 1,
    "description": (
        "A drawing as Excalidraw has it; whatever else is in it is kept, too. It must not be empty, "
        "and `appState` and `appState.pad` must be objects if they are there."
    ),
    "properties": {
        "elements": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": True},
            "description": "What is drawn",
        },
        "appState": {
            "type": "object",
            "description": "How it is shown",
            "properties": {
                "pad": {
                    "type": "object",
                    "description": "Which pad this is; written into the scene by each save",
                    "properties": {
                        "uniqueId": {"type": "string", "description": "The pad's id"},
                        "displayName": {"type": "string", "description": "The pad's name"},
                    },
                    "additionalProperties": True,
                }
            },
            "additionalProperties": True,
        },
        "files": {
            "type": "object",
            "description": "Pictures in it, by their ids",
            "additionalProperties": True,
        },
    },
    "additionalProperties": True,
    "examples": [_SCENE_EXAMPLE],
}
_SCENE_REFERENCE = {"$ref": "#/components/schemas/Scene"}


def header(description: str, *, required: bool = True, kind: str = "string") -> _Part:
    """A header of an answer."""
    return {"description": description, "required": required, "schema": {"type": kind}}


def query_parameter(name: str, description: str) -> _Part:
    """A text in the query that no schema reads."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string"},
    }


SCENE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The scene",
        "content": {"application/json": {"schema": _SCENE_REFERENCE}},
    }
}
ETAG = {"ETag": header("Made of the version")}
LOCATION = {"Location": header("Where it is")}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "ETags of the versions to start from, or `*`; any other is refused with 412",
    "schema": {"type": "string"},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags of what the caller has; answered with 304 if it is still so",
    "schema": {"type": "string"},
}

_PATH_PARAMETERS = {
    "backup_id": "The backup's id",
    "name": "The name that addresses the template",
    "pad_id": "The pad's id",
    "token_id": "The token's id",
    "user_id": "The user's id",
}

RETRY_AFTER = {"Retry-After": header("Seconds to wait", kind="integer")}
_CHALLENGE = {"WWW-Authenticate": header("How to say who is asking")}

#: Status → the name of its response, what it means, and the headers that it comes with.
_RESPONSES: dict[int | str, tuple[str, str, _Part]] = {
    304: ("NotModified", "It is as the caller has it", ETAG),
    400: ("BadRequest", "The request or its body cannot be read", {}),
    401: ("Unauthenticated", "There is no valid session or token", _CHALLENGE),
    403: ("Forbidden", "The caller may not do this, or not from this site", {}),
    404: ("NotFound", "It does not exist, or is not the caller's to see", {}),
    409: ("Conflict", "Something else has what must be unique", {}),
    412: ("StaleVersion", "The pad is at another version, which the problem names", {}),
    413: ("TooLarge", "The body is too large", {}),
    415: ("UnsupportedMediaType", "The body is not declared as JSON, or is compressed", {}),
    422: ("Unprocessable", "The input is refused; `errors` says which fields and why", {}),
    429: ("TooManyRequests", "There were more requests than the limit allows", RETRY_AFTER),
    501: ("NotProvided", "This service does not do that", {}),
    503: ("Unavailable", "Something that is needed is not available for now", RETRY_AFTER),
    "default": ("Problem", "Any other error", {}),
}

#: The response of a page that a browser is sent to while somebody signs in.
SIGN_IN_FAILED = "SignInFailed"


class Api(flask_smorest.Api):  # type: ignore[misc]  # untyped
    """flask-smorest, with our problems in place of its errors and of their handler."""

    DEFAULT_ERROR_RESPONSE_NAME = "Problem"

    def _register_error_handlers(self) -> None:
        """Leave errors to `padws.errors`."""

    def _register_pagination_header(self) -> None:
        """Nothing is paged its way: its schema would stand there unused."""

    def _register_responses(self) -> None:
        problem = {PROBLEM: {"schema": Problem}}
        for status, (name, description, headers) in _RESPONSES.items():
            content = {} if status == 304 else {"content": problem}
            response = {"description": description, "headers": headers, **content}
            self.spec.components.response(name, response, lazy=True)
        as_page = {
            "description": "A problem; to a browser, which prefers it, a page that shows it",
            "headers": {
                "Retry-After": header("Seconds to wait", required=False, kind="integer"),
                "WWW-Authenticate": header("How to say who is asking", required=False),
            },
            "content": {**problem, "text/html": {"schema": {"type": "string"}}},
        }
        self.spec.components.response(SIGN_IN_FAILED, as_page, lazy=True)


def make_api(app: Flask, version: str) -> Api:
    """The document of `app`, and what registers its blueprints there; served once it is made."""
    app.config.update(
        API_TITLE="padws",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    whole = {
        "info": {
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The service that this document is from"}],
        "security": [{"session": []}, {"token": []}],
    }
    api = Api(app, spec_kwargs={**whole, "extra_plugins": [_WhatHoldsForMany(app)]})
    components = api.spec.components
    components.schema("Scene", _SCENE)
    api.ma_plugin.converter.add_attribute_function(_reference_to_scene)
    for name, scheme in _security_schemes(app.config["SESSION_COOKIE_NAME"]).items():
        components.security_scheme(name, scheme)
    return api


def _security_schemes(cookie: str) -> dict[str, _Part]:
    bearer = {"type": "http", "scheme": "bearer"}
    of_users = "An access token of the sign-in provider, or a personal access token"
    by_cookie = {"type": "apiKey", "in": "cookie", "name": cookie}
    return {
        "session": {**by_cookie, "description": "Set by signing in at `/auth/login`"},
        "token": {**bearer, "description": of_users},
        "metrics": {**bearer, "description": "The instance's `METRICS_TOKEN`, if it has one"},
    }


def _reference_to_scene(_: object, field: object, **__: object) -> _Part:
    return _SCENE_REFERENCE if isinstance(field, SceneField) else {}


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
            if conditional:
                operation.setdefault("parameters", []).append(conditional)
            _add_failures(operation, of_route | set(_failures(method, operation, conditional)))


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _failures(method: str, operation: _Part, conditional: _Part | None) -> Iterator[int]:
    """The statuses other than success that an operation can be answered with."""
    if method != "get":
        yield 403
    if "security" not in operation:  # whoever asks has to be signed in
        yield from (400, 401, 429, 503)
    body = operation.get("requestBody", {"content": {}})["content"]
    if body:
        yield from (400, 413)
    if "application/json" in body:
        yield from (415, 422)
    if 422 in operation["responses"]:  # flask-smorest's, of a query
        yield 422
    if conditional:
        yield 412 if conditional == IF_MATCH else 304


def _add_failures(operation: _Part, statuses: set[int]) -> None:
    responses = operation["responses"]
    responses.pop(422, None)  # its name depends on Python's version
    for status in statuses - responses.keys():
        responses[status] = _RESPONSES[status][0]
    operation["responses"] = dict(sorted(responses.items(), key=lambda each: str(each[0])))
