"""/api/pad/…/pictures: the pictures of pads and their backups, one at a time."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec
from flask import Response, request

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.context import database
from padws.data_url import content_of
from padws.errors import NotFound
from padws.http import ApiBlueprint, known_etags, not_modified
from padws.queries import pictures
from padws.schemas.openapi import IF_NONE_MATCH, PICTURE, RANGE

blueprint = ApiBlueprint("pictures", __name__, url_prefix="/api/pad")
blueprint.before_request(require_sign_in)

# What browsers show as a picture and nothing else; anything else might have a script in it.
_SHOWN = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))

# The digest is part of the address: what is there never changes.
_FOR_EVER = "private, max-age=31536000, immutable"


@blueprint.get("/<uuid:pad_id>/pictures/<digest>")
@blueprint.doc(**PICTURE, conditional=IF_NONE_MATCH, parameters=[RANGE])
def get_picture(pad_id: UUID, digest: str) -> Response:
    """Read a picture of a pad or of one of its backups."""
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise NotFound("picture_not_found")
    is_known = not {digest, "*"}.isdisjoint(known_etags())
    ids = {"owner_id": caller().id, "pad_id": pad_id, "digest": bytes.fromhex(digest)}
    memory_budget.wait()
    with database().connection() as conn:
        picture = pictures.get_picture(conn, is_known=is_known, **ids)  # type: ignore[arg-type]
    if not picture:
        raise NotFound("picture_not_found")
    if not picture.content:
        return not_modified(f'"{digest}"', _FOR_EVER)
    return _answer(msgspec.json.decode(picture.content.json, type=str), digest)


def _answer(data_url: str, digest: str) -> Response:
    """The picture, or the part of it that the request asks for."""
    if len(data_url) > memory_budget.SMALL:
        memory_budget.take(len(data_url))
    media_type, data = content_of(data_url)
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": _FOR_EVER,
        "Content-Security-Policy": "sandbox",
    }
    if media_type not in _SHOWN:
        media_type = "application/octet-stream"
        headers["Content-Disposition"] = "attachment"
    response = Response(data, headers=headers, content_type=media_type)
    response.make_conditional(request, accept_ranges=True, complete_length=len(data))
    return response
