"""/api/pad/trash: pads that their owner has deleted, for as long as they are kept."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.context import database, settings
from padws.database import Connection
from padws.errors import NotFound
from padws.http.answers import (
    SUCCESS,
    answer,
    members_of,
    members_with_scene,
    next_page,
    page_size,
)
from padws.http.bodies import ApiBlueprint
from padws.http.versions import etag_of
from padws.long_lists import answer_one_by_one, with_scenes
from padws.observability.metrics import PADS_PURGED
from padws.paging import TimeCursor, place_after
from padws.pictures import addresses, put_back, texts
from padws.queries import trash
from padws.queries.trash import LOT
from padws.schemas.common import Status
from padws.schemas.openapi import ADDS, ETAG, NEXT_PAGE
from padws.schemas.pads import Pad
from padws.schemas.trash import TrashedPad, TrashQuery

blueprint = ApiBlueprint("trash", __name__, url_prefix="/api/pad/trash")
blueprint.before_request(require_sign_in)

PAD = Pad()
TRASHED_PAD = TrashedPad()


@blueprint.get("")
@blueprint.arguments(TrashQuery(), location="query")
@blueprint.response(200, TrashedPad(many=True), headers=NEXT_PAGE)
def list_trash(query: dict[str, Any]) -> Response:
    """List the caller's deleted pads, newest first."""
    limit = page_size(query)
    wanted = {
        "owner_id": caller().id,
        "trash_for": settings().trash_for,
        "most_pads": limit and limit + 1,
        "with_data": query["data"],
        "with_pictures": query["pictures"],
        **place_after(query.get("cursor")),
    }
    if query["data"]:
        memory_budget.wait()
    with database().connection() as conn:
        found, has_scenes = with_scenes(trash.list_trash, conn, **wanted)
    rows, headers = found.rows, {}
    if limit and len(rows) > limit:
        last = rows[limit - 1]
        headers = next_page(TimeCursor(last.deleted_at, last.id))
    if not has_scenes:
        read = partial(_read, owner_id=caller().id, inside=query["pictures"])
        return answer_one_by_one(rows[:limit], read, headers=headers)
    inside = texts(found.contents)
    listed = [
        members_with_scene(TRASHED_PAD, pad, inside if query["pictures"] else addresses(pad.id))
        for pad in rows[:limit]
    ]
    return answer(listed, headers=headers)


def _read(
    conn: Connection, pad: trash.TrashedPad, *, owner_id: UUID, inside: bool
) -> dict[str, Any] | None:
    """What the list shows of a pad, with its scene."""
    found = trash.get_trashed_pad(conn, owner_id=owner_id, pad_id=pad.id)
    if not (found.row and found.row.data):
        return None
    pictures = texts(found.contents) if inside else addresses(pad.id)
    scene = put_back(found.row.data, found.row.files, found.row.pictures, pictures)
    return members_of(TRASHED_PAD, pad) | {"data": scene}


@blueprint.post("/<uuid:pad_id>/restore")
@blueprint.doc(**ADDS)
@blueprint.response(200, PAD, headers=ETAG)
def restore_pad(pad_id: UUID) -> Response:
    """Take a pad out of the trash, with its backups, name and version."""
    memory_budget.wait()
    with database().connection() as conn:
        found = trash.restore_pad(
            conn, owner_id=caller().id, pad_id=pad_id, trash_for=settings().trash_for
        )
    pad = found.row
    if not pad:
        raise NotFound("pad_not_found")
    members = members_with_scene(PAD, pad, texts(found.contents))
    return answer(members, headers={"ETag": etag_of(pad.version)})


@blueprint.delete("/<uuid:pad_id>")
@blueprint.response(200, Status())
def purge_pad(pad_id: UUID) -> Response:
    """Delete a pad in the trash for good."""
    with database().connection() as conn:
        deleted = trash.purge_pad(
            conn, owner_id=caller().id, pad_id=pad_id, trash_for=settings().trash_for, most=LOT
        )
    if not deleted:
        raise NotFound("pad_not_found")
    PADS_PURGED.inc(deleted.purged)
    return answer(SUCCESS)


@blueprint.delete("")
@blueprint.response(200, Status())
def empty_trash() -> Response:
    """Delete everything in the trash for good."""
    with database().connection() as conn:
        purged = trash.empty_trash(
            conn, owner_id=caller().id, trash_for=settings().trash_for, most=LOT
        )
    PADS_PURGED.inc(purged)
    return answer(SUCCESS)
