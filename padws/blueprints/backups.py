"""/api/pad/…/backups: what pads used to be."""

from __future__ import annotations

from functools import partial
from typing import Any, cast
from uuid import UUID

from flask import Response
from msgspec.structs import asdict

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.context import client_is_gone, database, services, settings
from padws.database import Connection
from padws.errors import NotFound
from padws.http.answers import SUCCESS, answer, answer_saved, members_with_scene, next_page
from padws.http.bodies import ApiBlueprint
from padws.http.versions import accepted_versions, refuse_change
from padws.json_complexity import MOST_VALUES
from padws.long_lists import answer_one_by_one, with_scenes
from padws.observability.metrics import BACKUPS_TAKEN
from padws.paging import TimeCursor, place_after
from padws.pictures import addresses, texts
from padws.queries import backups, pads
from padws.schemas.backups import (
    Backup,
    BackupsQuery,
    ElementHistory,
    Label,
    ListedBackup,
    PadBackups,
    RecentBackups,
    RecentQuery,
    Restore,
)
from padws.schemas.common import PicturesInside, Status
from padws.schemas.openapi import ADDS, ETAG, IF_MATCH, LOCATION, NEXT_PAGE
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
@blueprint.response(
    200,
    PadBackups(),
    headers=NEXT_PAGE,
)
def list_backups(query: dict[str, Any], pad_id: UUID) -> Response:
    """List the newest backups of a pad, newest first."""
    limit = _limit(query, _MOST_LISTED)
    ids: dict[str, Any] = {"pad_id": pad_id, "owner_id": caller().id}
    wanted = {
        **ids,
        "with_data": query["data"],
        "with_pictures": query["pictures"],
        "from_time": query.get("from_time", "-infinity"),
        "to_time": query.get("to_time", "infinity"),
        "limit": limit,
        **place_after(query.get("cursor")),
    }
    if query["data"]:
        memory_budget.wait()
    with database().connection() as conn:
        found, has_scenes = with_scenes(backups.list_backups, conn, **wanted)
    if not found.rows:
        raise NotFound("pad_not_found")
    rows = [row for row in found.rows[:limit] if row.id]
    headers = {}
    if len(found.rows) > limit:
        headers = next_page(TimeCursor(rows[-1].created_at, cast(UUID, rows[-1].id)))
    around: dict[str, Any] = {"pad_name": found.rows[0].pad_name, "backups": []}
    if not has_scenes:
        read = partial(_read, **ids, inside=query["pictures"])
        return answer_one_by_one([row.id for row in rows], read, around=around, headers=headers)
    pictures = texts(found.contents) if query["pictures"] else addresses(pad_id)
    listed = [members_with_scene(BACKUP, row, pictures) for row in rows]
    return answer(around | {"backups": listed}, headers=headers)


def _read(
    conn: Connection, backup_id: UUID, *, pad_id: UUID, owner_id: UUID, inside: bool
) -> dict[str, Any] | None:
    """A backup's members, its pictures inside its scene or as addresses; None if it is gone."""
    found = backups.get_backup(
        conn, backup_id=backup_id, pad_id=pad_id, owner_id=owner_id, with_pictures=inside
    )
    pictures = texts(found.contents) if inside else addresses(pad_id)
    return members_with_scene(BACKUP, found.row, pictures) if found.row else None


@blueprint.get("/recent")
@blueprint.arguments(RecentQuery(), location="query")
@blueprint.response(200, RecentBackups())
def list_recent_backups(query: dict[str, Any]) -> Response:
    """List the newest backups across all of the caller's pads."""
    owner_id = caller().id
    wanted = {
        "owner_id": owner_id,
        "with_data": True,
        "with_pictures": query["pictures"],
        "limit": _limit(query, 0),
    }
    memory_budget.wait()
    with database().connection() as conn:
        found, has_scenes = with_scenes(backups.list_recent_backups, conn, **wanted)
    if not has_scenes:

        def read(conn: Connection, row: backups.RecentBackup) -> dict[str, Any] | None:
            inside = query["pictures"]
            return _read(conn, row.id, pad_id=row.pad_id, owner_id=owner_id, inside=inside)

        return answer_one_by_one(found.rows, read, around={"backups": []})
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
    memory_budget.wait()
    with database().connection() as conn:
        members = _read(
            conn, backup_id, pad_id=pad_id, owner_id=caller().id, inside=query["pictures"]
        )
    if not members:
        raise NotFound("backup_not_found")
    return answer(members)


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


@blueprint.patch("/<uuid:pad_id>/backups/<uuid:backup_id>")
@blueprint.arguments(Label())
@blueprint.response(200, ListedBackup())
@blueprint.alt_response(409, "Conflict")
def label_backup(body: dict[str, Any], pad_id: UUID, backup_id: UUID) -> Response:
    """Label a backup, so that it is kept until the label is taken away."""
    with database().connection() as conn:
        labelled = backups.label_backup(
            conn,
            owner_id=caller().id,
            pad_id=pad_id,
            backup_id=backup_id,
            label=body["label"],
        )
    if not labelled:
        raise NotFound("backup_not_found")
    return answer(asdict(labelled))


@blueprint.get("/<uuid:pad_id>/elements/<element_id>/history")
@blueprint.response(200, ElementHistory())
def list_element_history(pad_id: UUID, element_id: str) -> Response:
    """List what an element was, each time that it changed, newest first."""
    memory_budget.wait()
    place = services().limits.reading_history(str(caller().id))
    ids = {"pad_id": pad_id, "owner_id": caller().id}
    wanted: dict[str, Any] = {**ids, "element_id": element_id}
    with place, database().connection(is_pointless=client_is_gone()) as conn:
        found, is_whole = with_scenes(backups.list_element_history, conn, with_data=True, **wanted)
        if not found and pads.get_pad_version(conn, **ids) is None:
            raise NotFound("pad_not_found")
    if not found:
        raise NotFound("element_not_found")
    if not is_whole:
        read = partial(_read_element, **wanted)
        return answer_one_by_one(found, read, around={"history": []})
    return answer({"history": [asdict(each) for each in found]})


def _read_element(
    conn: Connection, then: backups.ElementThen, **wanted: Any
) -> dict[str, Any] | None:
    """What an element was then; None if that is gone."""
    found = backups.get_element(conn, backup_id=then.backup_id, **wanted)
    return asdict(then) | {"element": found.element} if found else None


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
@blueprint.arguments(Restore(), required=False)
@blueprint.doc(**ADDS, conditional=IF_MATCH)
@blueprint.response(200, Restored(), headers=ETAG)
def restore_backup(body: dict[str, Any], pad_id: UUID, backup_id: UUID) -> Response:
    """Restore a backup, or some of its elements; what it replaces is backed up first."""
    owner_id = caller().id
    ids = {"backup_id": backup_id, "pad_id": pad_id, "owner_id": owner_id}
    wanted: dict[str, Any] = {
        **ids,
        "accepted_versions": accepted_versions(),
        "retention": settings().retention,
        "new_pictures": services().new_pictures_apart,
    }
    with database().connection() as conn:
        if "elements" in body:
            saved = backups.restore_elements(
                conn,
                element_ids=body["elements"],
                most_bytes=settings().max_body_bytes,
                most_values=MOST_VALUES,
                **wanted,
            )
        else:
            saved = backups.restore_backup(conn, **wanted)
        if not saved:
            if not backups.get_backup(conn, with_pictures=False, **ids).rows:
                raise NotFound("backup_not_found")
            refuse_change(pads.get_pad_version(conn, pad_id=pad_id, owner_id=owner_id))
    return answer_saved(saved)
