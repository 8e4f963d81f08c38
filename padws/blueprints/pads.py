"""/api/pad: a user's drawings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, url_for
from psycopg.errors import ForeignKeyViolation

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.context import database, settings
from padws.errors import NotFound
from padws.http import (
    SUCCESS,
    ApiBlueprint,
    accepted_versions,
    answer,
    answer_saved,
    etag_of,
    known_etags,
    known_versions,
    members_of,
    not_modified,
    read_scene,
    refuse_change,
)
from padws.observability.metrics import BACKUPS_TAKEN, PADS_CREATED
from padws.queries import pads, users
from padws.schemas.common import Status, WithData
from padws.schemas.openapi import CREATED, ETAG, IF_MATCH, IF_NONE_MATCH, SCENE_BODY, STALE
from padws.schemas.pads import NewPad, OptionalPadName, Pad, PadName, Renamed, Saved

blueprint = ApiBlueprint("pads", __name__, url_prefix="/api/pad", description="A user's drawings")
blueprint.before_request(require_sign_in)

PAD = Pad()


@blueprint.get("")
@blueprint.arguments(WithData(), location="query")
@blueprint.response(200, Pad(many=True), headers=ETAG)
@blueprint.alt_response(304, description="The list is as the caller has it")
def list_pads(query: dict[str, Any]) -> Response:
    """List the caller's pads, oldest first; the first request makes the first pad."""
    wanted = {"owner_id": caller().id, "with_data": query["data"], "known_etags": known_etags()}
    if query["data"]:
        memory_budget.wait()
    with database().connection() as conn:
        rows = pads.list_pads(conn, **wanted)
    if not rows:
        _make_first_pad()
        with database().connection() as conn:
            rows = pads.list_pads(conn, **wanted)
    etag = f'"{rows[0].etag}"'
    if not {rows[0].etag, "*"}.isdisjoint(wanted["known_etags"]):
        return not_modified(etag)
    return answer([members_of(PAD, row) for row in rows], headers={"ETag": etag})


def _make_first_pad() -> None:
    identity = caller()
    with database().transaction() as conn:
        if not users.get_user(conn, user_id=identity.id):
            users.record_sign_in(conn, identity.row())
        from_template = pads.insert_first_pad(
            conn,
            owner_id=identity.id,
            display_name=settings().default_pad_name,
            template_name=settings().default_template_name,
        )
    if from_template is not None:
        _count_new_pad(with_backup=from_template)


def _count_new_pad(*, with_backup: bool) -> None:
    PADS_CREATED.inc()
    if with_backup:
        BACKUPS_TAKEN.inc()


def _created(pad: pads.Pad, *, with_backup: bool) -> Response:
    _count_new_pad(with_backup=with_backup)
    headers = {
        "Location": url_for("pads.get_pad", pad_id=pad.id),
        "ETag": etag_of(pad.version),
    }
    return answer(members_of(PAD, pad), 201, headers)


@blueprint.post("")
@blueprint.arguments(NewPad())
@blueprint.response(201, PAD, headers=CREATED)
def create_pad(body: dict[str, Any]) -> Response:
    """Make a pad."""
    identity = caller()
    new = {
        "owner_id": identity.id,
        "display_name": body["display_name"],
        "scene": body["data"],
    }
    try:
        with database().connection() as conn:
            pad = pads.insert_pad(conn, **new)
    except ForeignKeyViolation:  # the caller's row is missing: the session knows what was in it
        with database().transaction() as conn:
            users.record_sign_in(conn, identity.row())
            pad = pads.insert_pad(conn, **new)
    return _created(pad, with_backup=False)


@blueprint.post("/from-template/<name>")
@blueprint.arguments(OptionalPadName(), location="query")
@blueprint.arguments(OptionalPadName(), required=False)
@blueprint.response(201, PAD, headers=CREATED)
def create_pad_from_template(query: dict[str, Any], body: dict[str, Any], name: str) -> Response:
    """Make a pad that starts from a template, with a first backup."""
    identity = caller()
    display_name = (query | body).get("display_name", settings().default_pad_name)
    memory_budget.wait()
    with database().transaction() as conn:
        if not users.get_user(conn, user_id=identity.id):
            users.record_sign_in(conn, identity.row())
        pad = pads.insert_pad_from_template(
            conn, owner_id=identity.id, display_name=display_name, template_name=name
        )
        if not pad:  # raising rolls the transaction back
            raise NotFound("template_not_found")
    return _created(pad, with_backup=True)


@blueprint.get("/<uuid:pad_id>")
@blueprint.doc(parameters=[IF_NONE_MATCH])
@blueprint.response(200, PAD, headers=ETAG)
@blueprint.alt_response(304, description="The pad is as the caller has it")
def get_pad(pad_id: UUID) -> Response:
    """Read a pad."""
    known = known_versions()
    memory_budget.wait()
    with database().connection() as conn:
        pad = pads.get_pad(conn, pad_id=pad_id, owner_id=caller().id, known_versions=known)
    if not pad:
        raise NotFound("pad_not_found")
    if pad.data is None:
        return not_modified(etag_of(pad.version))
    return answer(members_of(PAD, pad), headers={"ETag": etag_of(pad.version)})


@blueprint.route("/<uuid:pad_id>", methods=["POST", "PUT"])
@blueprint.doc(**SCENE_BODY, parameters=[IF_MATCH])
@blueprint.response(200, Saved(), headers=ETAG)
@blueprint.alt_response(412, **STALE)
def save_pad(pad_id: UUID) -> Response:
    """Save a scene."""
    accepted, scene, owner_id = accepted_versions(), read_scene(), caller().id
    with database().connection() as conn:
        saved = pads.save_pad(
            conn,
            pad_id=pad_id,
            owner_id=owner_id,
            scene=scene,
            accepted_versions=accepted,
            backup_interval=settings().backup_interval,
            keep=settings().max_backups_per_user,
        )
        if not saved:
            refuse_change(pads.get_pad_version(conn, pad_id=pad_id, owner_id=owner_id))
    return answer_saved(saved)


@blueprint.patch("/<uuid:pad_id>")
@blueprint.arguments(PadName())
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.response(200, Renamed(), headers=ETAG)
@blueprint.alt_response(412, **STALE)
def rename_pad(body: dict[str, Any], pad_id: UUID) -> Response:
    """Rename a pad."""
    ids = {"pad_id": pad_id, "owner_id": caller().id}
    accepted = accepted_versions()
    memory_budget.wait()
    with database().connection() as conn:
        pad = pads.rename_pad(
            conn, display_name=body["display_name"], accepted_versions=accepted, **ids
        )
        if not pad:
            refuse_change(pads.get_pad_version(conn, **ids))
    content = SUCCESS | {"pad": members_of(PAD, pad)}
    return answer(content, headers={"ETag": etag_of(pad.version)})


@blueprint.delete("/<uuid:pad_id>")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.response(200, Status())
@blueprint.alt_response(412, **STALE)
def delete_pad(pad_id: UUID) -> Response:
    """Delete a pad with its backups."""
    ids = {"pad_id": pad_id, "owner_id": caller().id}
    accepted = accepted_versions()
    with database().connection() as conn:
        if not pads.delete_pad(conn, accepted_versions=accepted, **ids):
            refuse_change(pads.get_pad_version(conn, **ids))
    return answer(SUCCESS)
