"""/api/pad/…/pictures: the pictures of pads and their backups, one at a time."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.context import database, settings
from padws.errors import NotFound
from padws.http.bodies import ApiBlueprint
from padws.http.picture_answers import answer_picture, digest_in, has_picture
from padws.queries import pictures
from padws.schemas.openapi import IF_NONE_MATCH, PICTURE, RANGE

blueprint = ApiBlueprint("pictures", __name__, url_prefix="/api/pad")
blueprint.before_request(require_sign_in)


@blueprint.get("/<uuid:pad_id>/pictures/<digest>")
@blueprint.doc(**PICTURE, conditional=IF_NONE_MATCH, headers=[RANGE])
def get_picture(pad_id: UUID, digest: str) -> Response:
    """Read a picture of a pad, in the trash or not, or of one of its backups."""
    ids = {"owner_id": caller().id, "pad_id": pad_id}
    wanted, is_known = digest_in(digest), has_picture(digest)
    memory_budget.wait()
    with database().connection() as conn:
        picture = pictures.get_picture(
            conn, digest=wanted, trash_for=settings().trash_for, is_known=is_known, **ids
        )
    if not picture:
        raise NotFound("picture_not_found")
    return answer_picture(picture.content, digest)
