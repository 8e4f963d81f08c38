"""The OpenAPI document, held against answers of the service."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from openapi_schema_validator import OAS31Validator

from padws import create_app
from padws.config import load_settings

Document = dict[str, Any]

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


def check_documented(method: str, path: str, status: int, media_type: str, body: bytes) -> None:
    """Assert that an answer is one that the document describes, if it describes the path."""
    operation = _operation(method.lower(), path.partition("?")[0])
    if operation is None:
        return
    responses = operation["responses"]
    response = responses.get(str(status)) or (responses["default"] if status >= 400 else None)
    assert response, f"{method} {path} answers {status}, which is not documented"
    content = _resolved(response).get("content")
    if content:
        assert media_type in content, f"{method} {path}: {media_type} is not documented"
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


def _check(schema: Document, body: bytes) -> None:
    try:
        content = json.loads(body)
    except RecursionError:  # a scene so deep that its test reads it as text
        return
    whole = {**schema, "components": document()["components"]}
    validator = OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER)
    wrong = [
        f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(content)
    ]
    assert not wrong, wrong
