"""A pad's ETag is its version in quotes; a set of versions is an int8multirange as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from flask import request

from padws.errors import BadRequest, NotFound, StaleVersion

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
