"""Pictures as files of their own: whole, in parts, or not again."""

from __future__ import annotations

import re

import msgspec
from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from padws.data_url import content_of
from padws.errors import NotFound
from padws.http.answers import Answer, body_of, not_modified
from padws.http.versions import known_etags
from padws.json_text import JsonText

# What browsers show as a picture and nothing else; anything else might have a script in it.
_SHOWN = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))

# The digest is part of the address: what is there never changes. Who has no password gets no
# picture from the cache of somebody who had it.
_FOR_EVER = "private, max-age=31536000, immutable"


def digest_in(address: str) -> bytes:
    """The digest of a picture, as its address has it. Raises NotFound."""
    if not re.fullmatch("[0-9a-f]{64}", address):
        raise NotFound("picture_not_found")
    return bytes.fromhex(address)


def has_picture(digest: str) -> bool:
    """Whether the caller has this picture already, by If-None-Match."""
    return not {digest, "*"}.isdisjoint(known_etags())


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
    body = body_of([data[begin:end]], end - begin, has_written=False)
    return Answer(body, 206 if part else 200, list(headers.items()))


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
