"""What is in a `data:` URL (RFC 2397)."""

from __future__ import annotations

import binascii
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_LONGEST_HEAD = 200
_MOST_ESCAPES = 100_000  # each takes up memory while they are decoded

_UNKNOWN = "application/octet-stream"


class Content(NamedTuple):
    """The content of a URL and its media type, in lower case and without parameters."""

    media_type: str
    data: bytes


def content_of(url: str) -> Content:
    """The content of a URL; the text itself, as of no known type, if it cannot be read."""
    head, comma, data = url[: _LONGEST_HEAD + 1].partition(",")
    scheme, _, described = head.partition(":")
    if not comma or scheme.lower() != "data":
        return Content(_UNKNOWN, url.encode())
    media_type, *parameters = (part.strip().lower() for part in described.split(";"))
    data = url[len(head) + 1 :]
    if data.count("%") > _MOST_ESCAPES:
        return Content(_UNKNOWN, url.encode())
    decoded = unquote_to_bytes(data)
    if "base64" in parameters:
        try:
            decoded = binascii.a2b_base64(decoded)
        except binascii.Error:
            return Content(_UNKNOWN, url.encode())
    return Content(media_type, decoded)
