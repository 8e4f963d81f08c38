"""Pieces of the OpenAPI document that several routes share."""

from __future__ import annotations

from padws.errors import PROBLEM
from padws.schemas.common import Problem

SCENE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The scene",
        "content": {"application/json": {"schema": {"type": "object", "minProperties": 1}}},
    }
}

ETAG = {"ETag": {"description": "Made of the version", "schema": {"type": "string"}}}
CREATED = {**ETAG, "Location": {"description": "Where it is", "schema": {"type": "string"}}}
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
STALE = {
    "schema": Problem(),
    "content_type": PROBLEM,
    "description": "The pad is at another version, which the problem names; nothing was changed",
}
