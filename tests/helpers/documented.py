"""The OpenAPI document, compared with answers of the service."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Protocol

from openapi_schema_validator import OAS31Validator

from padws import create_app
from padws.config import load_settings

Document = dict[str, Any]


class Headers(Protocol):
    """The headers of an answer of any client."""

    def __getitem__(self, name: str, /) -> str: ...
    def __contains__(self, name: str, /) -> bool: ...
    def get(self, name: str, default: str, /) -> str: ...


# The statuses that any request may be answered with; `default` stands for these alone.
_OF_ANY_REQUEST = {408, 414, 417, 431, 500}

# The headers that have a meaning by the answer's status or by the contract.
_HEADERS = {
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
}

_NOWHERE = {
    "DATABASE_URL": "postgresql://localhost/nowhere",
    "OIDC_ISSUER": "http://localhost",
    "OIDC_CLIENT_ID": "padws",
}


@cache
def document() -> Document:
    """The document, which is the same for every configuration."""
    answer = create_app(load_settings(_NOWHERE)).test_client().get("/api/openapi.json")
    content: Document = answer.get_json()
    return content


@cache
def enforced() -> Document:
    """The document, as far as the service enforces it.

    It describes scenes as Excalidraw draws them; tests save what nobody would draw.
    """
    schemas = document()["components"]["schemas"]
    pad = {"type": "object", "properties": {"pad": {"type": "object"}}}
    scene = {"type": "object", "minProperties": 1, "properties": {"appState": pad}}
    components = {**document()["components"], "schemas": {**schemas, "Scene": scene}}
    return {**document(), "components": components}


def check_documented(method: str, path: str, status: int, headers: Headers, body: bytes) -> None:
    """Assert that an answer is one that the document describes, if it describes the path."""
    operation = _operation(method.lower(), path.partition("?")[0])
    if operation is None:
        return
    responses = operation["responses"]
    response = responses.get("default" if status in _OF_ANY_REQUEST else str(status))
    assert response, f"{method} {path} answers {status}, which is not documented"
    response = _resolved(response)
    content = response.get("content", {})
    media_type = headers.get("Content-Type", "").partition(";")[0]
    if media_type != "text/html":  # pages are files, with the headers of files
        _check_headers(response.get("headers", {}), headers)
    if content:
        assert media_type in content, f"{method} {path}: {media_type} is not documented"
    if media_type.endswith("json"):
        _check(content[media_type]["schema"], body)


def _operation(method: str, path: str) -> Document | None:
    """The operation for a request; paths without parameters go first, as in the application."""
    for template in sorted(document()["paths"], key=lambda each: each.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: Document | None = document()["paths"][template].get(method)
            return found
    return None


def _resolved(response: Document) -> Document:
    if "$ref" not in response:
        return response
    name = response["$ref"].rpartition("/")[2]
    resolved: Document = document()["components"]["responses"][name]
    return resolved


def _check_headers(described: Document, headers: Headers) -> None:
    sent = {name for name in _HEADERS if name in headers}
    assert sent <= described.keys()
    assert {name for name, each in described.items() if each["required"]} <= sent


def _check(schema: Document, body: bytes) -> None:
    try:
        content = json.loads(body)
    except RecursionError:  # a scene so deep that its test reads it as text
        return
    whole = {**schema, "components": enforced()["components"]}
    validator = OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER)
    wrong = [
        f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(content)
    ]
    assert not wrong, wrong
