"""/api/pad/…/backups: what pads used to be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.context import database, services, settings
from padws.errors import NotFound
from padws.http import (
    SUCCESS,
    ApiBlueprint,
    accepted_versions,
    answer,
    answer_saved,
    members_with_scene,
    refuse_change,
)
from padws.observability.metrics import BACKUPS_TAKEN
from padws.pictures import addresses, texts
from padws.queries import backups, pads
from padws.schemas.backups import Backup, BackupsQuery, PadBackups, RecentBackups, RecentQuery
from padws.schemas.common import PicturesInside, Status
from padws.schemas.openapi import ADDS, ETAG, IF_MATCH, LOCATION
from padws.schemas.pads import Restored

blueprint = ApiBlueprint("backups", __name__, url_prefix="/api/pad")
blueprint.before_request(require_sign_in)

BACKUP = Backup()


_MOST_LISTED = 100  # at once


def _limit(query: dict[str, Any], most: int) -> int:
    newest = settings().max_backups_per_user
    return min(int(query.get("limit", newest)), max(newest, most))


@blueprint.get("/<uuid:pad_id>/backups")
@blueprint.arguments(BackupsQuery(), location="query")
@blueprint.response(200, PadBackups())
def list_backups(query: dict[str, Any], pad_id: UUID) -> Response:
    """List the newest backups of a pad, newest first."""
    if query["data"]:
        memory_budget.wait()
    with database().connection() as conn:
        found = backups.list_backups(
            conn,
            pad_id=pad_id,
            owner_id=caller().id,
            with_data=query["data"],
            with_pictures=query["pictures"],
            from_time=query.get("from_time", "-infinity"),
            to_time=query.get("to_time", "infinity"),
            limit=_limit(query, _MOST_LISTED),
        )
    if not found.rows:
        raise NotFound("pad_not_found")
    pictures = texts(found.contents) if query["pictures"] else addresses(pad_id)
    listed = [members_with_scene(BACKUP, row, pictures) for row in found.rows if row.id]
    return answer({"backups": listed, "pad_name": found.rows[0].pad_name})


@blueprint.get("/recent")
@blueprint.arguments(RecentQuery(), location="query")
@blueprint.response(200, RecentBackups())
def list_recent_backups(query: dict[str, Any]) -> Response:
    """List the newest backups across all of the caller's pads."""
    memory_budget.wait()
    with database().connection() as conn:
        found = backups.list_recent_backups(
            conn, owner_id=caller().id, with_pictures=query["pictures"], limit=_limit(query, 0)
        )
    inside = texts(found.contents)
    listed = [
        members_with_scene(BACKUP, row, inside if query["pictures"] else addresses(row.pad_id))
        for row in found.rows
    ]
    return answer({"backups": listed})


@blueprint.get("/<uuid:pad_id>/backups/<uuid:backup_id>")
@blueprint.arguments(PicturesInside(), location="query")
@blueprint.response(200, BACKUP)
def get_backup(query: dict[str, Any], pad_id: UUID, backup_id: UUID) -> Response:
    """Read one backup."""
    ids = {"backup_id": backup_id, "pad_id": pad_id, "owner_id": caller().id}
    memory_budget.wait()
    with database().connection() as conn:
        found = backups.get_backup(conn, with_pictures=query["pictures"], **ids)
    if not found.row:
        raise NotFound("backup_not_found")
    pictures = texts(found.contents) if query["pictures"] else addresses(pad_id)
    return answer(members_with_scene(BACKUP, found.row, pictures))


@blueprint.post("/<uuid:pad_id>/backups")
@blueprint.doc(**ADDS)
@blueprint.response(201, BACKUP, headers=LOCATION)
@blueprint.alt_response(200, schema=BACKUP, description="The newest backup shows that already")
def create_backup(pad_id: UUID) -> Response:
    """Back up a pad as it is now, unless its newest backup shows that."""
    memory_budget.wait()
    retention = settings().retention
    with database().connection() as conn:
        found = backups.insert_backup(
            conn, pad_id=pad_id, owner_id=caller().id, retention=retention
        )
    if not found.row:
        raise NotFound("pad_not_found")
    members = members_with_scene(BACKUP, found.row, texts(found.contents))
    if found.row.pruned is None:  # it was there
        return answer(members)
    BACKUPS_TAKEN.inc()
    return answer(members, 201, {"Location": f"/api/pad/{pad_id}/backups/{found.row.id}"})


@blueprint.delete("/<uuid:pad_id>/backups/<uuid:backup_id>")
@blueprint.response(200, Status())
def delete_backup(pad_id: UUID, backup_id: UUID) -> Response:
    """Delete one backup."""
    with database().connection() as conn:
        deleted = backups.delete_backup(
            conn, backup_id=backup_id, pad_id=pad_id, owner_id=caller().id
        )
    if not deleted:
        raise NotFound("backup_not_found")
    return answer(SUCCESS)


@blueprint.post("/<uuid:pad_id>/backups/<uuid:backup_id>/restore")
@blueprint.doc(**ADDS, conditional=IF_MATCH)
@blueprint.response(200, Restored(), headers=ETAG)
def restore_backup(pad_id: UUID, backup_id: UUID) -> Response:
    """Restore a backup's scene to its pad; what it replaces is backed up first."""
    owner_id, accepted = caller().id, accepted_versions()
    ids = {"backup_id": backup_id, "pad_id": pad_id, "owner_id": owner_id}
    new_pictures = services().new_pictures_apart
    with database().connection() as conn:
        saved = backups.restore_backup(
            conn,
            accepted_versions=accepted,
            retention=settings().retention,
            new_pictures=new_pictures,
            **ids,
        )
        if not saved:
            if not backups.get_backup(conn, with_pictures=False, **ids).rows:
                raise NotFound("backup_not_found")
            refuse_change(pads.get_pad_version(conn, pad_id=pad_id, owner_id=owner_id))
    return answer_saved(saved)
