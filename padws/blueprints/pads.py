"""/api/pad: a user's drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from flask import Response, url_for

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.context import client_is_gone, database, services, settings, site
from padws.database import Connection
from padws.drawing_files import MEDIA_TYPE, content_disposition
from padws.errors import Conflict, NotFound, RestoredSince, StaleVersion
from padws.http.answers import (
    SUCCESS,
    answer,
    answer_kept,
    members_of,
    members_with_scene,
    next_page,
    not_modified,
    page_size,
)
from padws.http.bodies import ApiBlueprint, drawing_of, read_drawing, read_drawing_file
from padws.http.versions import (
    NO_VERSION,
    accepted_versions,
    etag_of,
    known_etags,
    known_versions,
    refuse_change,
)
from padws.json_complexity import MOST_VALUES
from padws.long_lists import answer_one_by_one, with_scenes
from padws.observability.current_request import current_request
from padws.observability.metrics import BACKUPS_TAKEN, PADS_CREATED, PADS_PURGED
from padws.paging import Cursor
from padws.pictures import Drawing, addresses, put_back, texts, unknown_picture
from padws.queries import pads, users
from padws.queries.pictures import check_references, save_drawing
from padws.queries.trash import LOT
from padws.scene_counts import count_scene
from padws.schemas.common import PicturesInside, Status, readable_name
from padws.schemas.openapi import (
    ETAG,
    FILE,
    FILE_BODY,
    IF_MATCH,
    IF_MATCH_BASE,
    IF_NONE_MATCH,
    LOCATION,
    NEXT_PAGE,
    PART_BODY,
    SCENE_BODY,
)
from padws.schemas.pads import (
    FoundPad,
    ListedPad,
    Merged,
    NewPad,
    OptionalPadName,
    Pad,
    PadName,
    PadsQuery,
    Renamed,
    Saved,
)
from padws.search import words_of
from padws.statements import WithPictures
from padws.uuid7 import uuid7

blueprint = ApiBlueprint("pads", __name__, url_prefix="/api/pad")
blueprint.before_request(require_sign_in)

PAD = Pad()
FOUND_PAD = FoundPad()

#: What makes a page of the list: pad.ws's front end asks for none of it.
_PAGED = frozenset({"limit", "cursor", "sort", "q"})

REFUSALS = {"stale_version": StaleVersion, "restored_since": RestoredSince}

R = TypeVar("R")
P = TypeVar("P", bound=pads.Pad)


@blueprint.get("")
@blueprint.arguments(PadsQuery(), location="query")
@blueprint.doc(conditional=IF_NONE_MATCH)
@blueprint.response(200, FoundPad(many=True), headers=ETAG | NEXT_PAGE)
@blueprint.alt_response(409, "Conflict")
def list_pads(query: dict[str, Any]) -> Response:
    """List the caller's pads, oldest first; the first request creates the first pad."""
    if not _PAGED.isdisjoint(query):
        return _find_pads(query)
    wanted = {
        "owner_id": caller().id,
        "with_data": query["data"],
        "with_pictures": query["pictures"],
        "known_etags": known_etags(),
    }
    if query["data"]:
        memory_budget.wait()
    with database().connection() as conn:
        found, has_scenes = with_scenes(pads.list_pads, conn, **wanted)
    if not found.rows:
        _make_first_pad()
        with database().connection() as conn:
            found, has_scenes = with_scenes(pads.list_pads, conn, **wanted)
    if not found.rows:  # deleted in between, perhaps with its owner
        raise Conflict("deleted_meanwhile")
    etag = f'"{found.rows[0].etag}"'
    if not {found.rows[0].etag, "*"}.isdisjoint(wanted["known_etags"]):
        return not_modified(etag)
    if not has_scenes:
        return _one_by_one(found.rows, {"ETag": etag}, PAD, inside=query["pictures"])
    listed = [_members(pad, found, inside=query["pictures"]) for pad in found.rows]
    return answer(listed, headers={"ETag": etag})


def _one_by_one(
    rows: Iterable[pads.ListedPad], headers: dict[str, str], schema: ListedPad, *, inside: bool
) -> Response:
    """A list, or a page of one, that is too large to be in memory at once."""

    def read(conn: Connection, pad: pads.ListedPad) -> dict[str, Any] | None:
        found = pads.get_pad(
            conn,
            pad_id=pad.id,
            owner_id=pad.owner_id,
            known_versions=NO_VERSION,
            with_pictures=inside,
        )
        if not found.row:
            return None
        listed = members_of(schema, pad)  # with what a search has found, or without
        return listed | _members(found.row, found, inside=inside)

    return answer_one_by_one(rows, read, headers=headers)


def _find_pads(query: dict[str, Any]) -> Response:
    """A page of the list, in an order, or what a search finds."""
    limit, words = page_size(query), words_of(query.get("q", ""))
    wanted = _place_of(query) | {
        "owner_id": caller().id,
        "most_pads": limit and limit + 1,
        "words": words,
        "any_word": "|".join(words),
        "with_data": query["data"],
        "with_pictures": query["pictures"],
        "known_etags": known_etags(),
    }
    memory_budget.wait()
    found, has_scenes = _search(wanted)
    if not found.rows[0].etag:
        _make_first_pad()
        found, has_scenes = _search(wanted)
    if not found.rows[0].etag:  # as above
        raise Conflict("deleted_meanwhile")
    etag = f'"{found.rows[0].etag}"'
    if not {found.rows[0].etag, "*"}.isdisjoint(wanted["known_etags"]):
        return not_modified(etag)
    rows = [pad for pad in found.rows if pad.id]
    headers = {"ETag": etag}
    if limit and len(rows) > limit:
        last = rows[limit - 1]
        headers |= next_page(Cursor(query.get("sort", "created"), last.key, last.id))
    inside, schema = query["pictures"], FOUND_PAD if words else PAD
    if not has_scenes:
        return _one_by_one(rows[:limit], headers, schema, inside=inside)
    listed = [_members(pad, found, schema, inside=inside) for pad in rows[:limit]]
    return answer(listed, headers=headers)


def _place_of(query: dict[str, Any]) -> dict[str, Any]:
    """The order, and where in it the page begins."""
    sort, cursor = query.get("sort", "created"), query.get("cursor")
    return {
        "sort": sort.removeprefix("-"),
        "direction": -1 if sort.startswith("-") else 1,
        "is_first": cursor is None,
        "after_key": cursor.key if cursor else "",
        "after_id": cursor.id if cursor else UUID(int=0),
    }


def _search(wanted: dict[str, Any]) -> tuple[WithPictures[pads.FoundPad], bool]:
    user_id = str(wanted["owner_id"])
    place = services().limits.searching(user_id) if wanted["words"] else nullcontext()
    with place, database().connection(is_pointless=client_is_gone()) as conn:
        return with_scenes(pads.find_pads, conn, **wanted)


def _members(
    pad: P, found: WithPictures[P], schema: ListedPad = PAD, *, inside: bool = True
) -> dict[str, Any]:
    """A pad's members, its pictures inside its scene or as addresses."""
    pictures = texts(found.contents) if inside else addresses(pad.id)
    return members_with_scene(schema, pad, pictures)


def _make_first_pad() -> None:
    from_template = _insert(
        pads.insert_first_pad,
        display_name=settings().default_pad_name,
        template_name=settings().default_template_name,
        new_pictures=services().new_pictures_apart,
    )
    if from_template is not None:
        _count_new_pad(with_backup=from_template)


def _insert(insert: Callable[..., R], **values: Any) -> R:
    """Insert something that belongs to the caller."""
    owner = caller()
    return users.insert_for(database(), owner.row(), partial(insert, owner_id=owner.id, **values))


def _count_new_pad(*, with_backup: bool) -> None:
    PADS_CREATED.inc()
    if with_backup:
        BACKUPS_TAKEN.inc()


def _check_references(drawing: Drawing) -> None:
    """Refuse a scene that would be too large if it brought along the pictures it refers to."""
    if drawing.by_reference:
        with database().connection() as conn:
            most = settings().max_body_bytes
            check_references(conn, drawing, owner_id=caller().id, most=most)


def _created(found: WithPictures[pads.Pad], *, with_backup: bool) -> Response:
    (pad,) = found.rows
    _count_new_pad(with_backup=with_backup)
    headers = {
        "Location": url_for("pads.get_pad", pad_id=pad.id),
        "ETag": etag_of(pad.version),
    }
    return answer(_members(pad, found), 201, headers)


@blueprint.post("")
@blueprint.arguments(NewPad())
@blueprint.response(201, PAD, headers=ETAG | LOCATION)
@blueprint.alt_response(409, "Conflict")
def create_pad(body: dict[str, Any]) -> Response:
    """Create a pad."""
    drawing = drawing_of(body["data"])
    _check_references(drawing)
    found = _insert(
        pads.insert_pad,
        pad_id=uuid7(),
        display_name=body["display_name"],
        scene=drawing.scene,
        pictures=drawing.pictures,
        contents=drawing.contents_of(drawing.contents),
        reason=None,
    )
    if not found.rows:
        raise unknown_picture(", ".join(drawing.references))
    return _created(found, with_backup=False)


@blueprint.post("/from-template/<name>")
@blueprint.arguments(OptionalPadName(), location="query")
@blueprint.arguments(OptionalPadName(), required=False)
@blueprint.response(201, PAD, headers=ETAG | LOCATION)
@blueprint.alt_response(409, "Conflict")
def create_pad_from_template(query: dict[str, Any], body: dict[str, Any], name: str) -> Response:
    """Create a pad that starts from a template, with a first backup."""
    display_name = (query | body).get("display_name", settings().default_pad_name)
    memory_budget.wait()
    found = _insert(
        pads.insert_pad_from_template,
        display_name=display_name,
        template_name=name,
        new_pictures=services().new_pictures_apart,
    )
    if not found.rows:
        raise NotFound("template_not_found")
    return _created(found, with_backup=True)


@blueprint.get("/<uuid:pad_id>")
@blueprint.arguments(PicturesInside(), location="query")
@blueprint.doc(conditional=IF_NONE_MATCH)
@blueprint.response(200, PAD, headers=ETAG)
def get_pad(query: dict[str, Any], pad_id: UUID) -> Response:
    """Read a pad."""
    wanted = {"known_versions": known_versions(), "with_pictures": query["pictures"]}
    memory_budget.wait()
    with database().connection() as conn:
        found = pads.get_pad(conn, pad_id=pad_id, owner_id=caller().id, **wanted)
    pad = found.row
    if not pad:
        raise NotFound("pad_not_found")
    if pad.data is None:
        return not_modified(etag_of(pad.version))
    members = _members(pad, found, inside=query["pictures"])
    return answer(members, headers={"ETag": etag_of(pad.version)})


@blueprint.post("/import")
@blueprint.arguments(OptionalPadName(), location="query")
@blueprint.doc(**FILE_BODY)
@blueprint.response(201, PAD, headers=ETAG | LOCATION)
def import_pad(query: dict[str, Any]) -> Response:
    """Create a pad from a file of Excalidraw's, with a first backup."""
    drawing, written = read_drawing_file()
    _check_references(drawing)
    name = query.get("display_name") or readable_name(written) or settings().default_pad_name
    found = _insert(
        pads.insert_pad,
        pad_id=uuid7(),
        display_name=name,
        scene=drawing.scene,
        pictures=drawing.pictures,
        contents=drawing.contents_of(drawing.contents),
        reason="import",
    )
    if not found.rows:
        raise unknown_picture(", ".join(drawing.references))
    return _created(found, with_backup=True)


@blueprint.get("/<uuid:pad_id>/export")
@blueprint.doc(**FILE)
def export_pad(pad_id: UUID) -> Response:
    """Read a pad as a file for Excalidraw, its pictures in it."""
    memory_budget.wait()
    with database().connection() as conn:
        found = pads.export_pad(conn, pad_id=pad_id, owner_id=caller().id, source=site())
    pad = found.row
    if not pad:
        raise NotFound("pad_not_found")
    headers = {
        "Content-Type": MEDIA_TYPE,
        "Content-Disposition": content_disposition(pad.display_name, "excalidraw"),
    }
    file = put_back(pad.data, pad.files, pad.pictures, texts(found.contents))
    return answer(file, headers=headers)


@blueprint.route("/<uuid:pad_id>", methods=["POST", "PUT"])
@blueprint.doc(**SCENE_BODY, conditional=IF_MATCH)
@blueprint.response(200, Saved(), headers=ETAG)
def save_pad(pad_id: UUID) -> Response:
    """Save a scene."""
    accepted, drawing, owner_id = accepted_versions(), read_drawing(), caller().id
    _check_references(drawing)
    counts = count_scene(drawing.scene.json).columns()
    with database().connection() as conn:

        def save(**scene: Any) -> pads.SaveAttempt | None:
            return pads.save_pad(
                conn,
                pad_id=pad_id,
                owner_id=owner_id,
                accepted_versions=accepted,
                waited=current_request().waited,  # longer, if this is the second attempt
                backup_interval=settings().backup_interval,
                retention=settings().retention,
                **scene,
                **counts,
            )

        saved = save_drawing(drawing, save)
        if not saved:
            refuse_change(pads.get_pad_version(conn, pad_id=pad_id, owner_id=owner_id))
    return answer_kept(saved, **({"overtaken": True} if saved.overtaken else {}))


@blueprint.patch("/<uuid:pad_id>/data")
@blueprint.doc(**PART_BODY, conditional=IF_MATCH_BASE)
@blueprint.response(200, Merged(), headers=ETAG)
def merge_pad(pad_id: UUID) -> Response:
    """Merge a scene, or the part of one that has changed, into a pad."""
    base, drawing = accepted_versions(), read_drawing()
    new_pictures = services().new_pictures_apart
    with database().connection() as conn:
        merge = partial(
            pads.merge_pad,
            conn,
            pad_id=pad_id,
            owner_id=caller().id,
            new_pictures=new_pictures,
            base_versions=base,
            backup_interval=settings().backup_interval,
            retention=settings().retention,
            most_bytes=settings().max_body_bytes,
            most_values=MOST_VALUES,
        )
        merged = save_drawing(drawing, merge)
    if not merged:
        raise NotFound("pad_not_found")
    if merged.refusal:
        raise REFUSALS[merged.refusal](merged.version)
    return answer_kept(merged, others=merged.others)


@blueprint.patch("/<uuid:pad_id>")
@blueprint.arguments(PadName())
@blueprint.doc(conditional=IF_MATCH)
@blueprint.response(200, Renamed(), headers=ETAG)
def rename_pad(body: dict[str, Any], pad_id: UUID) -> Response:
    """Rename a pad."""
    ids = {"pad_id": pad_id, "owner_id": caller().id}
    accepted = accepted_versions()
    memory_budget.wait()
    with database().connection() as conn:
        found = pads.rename_pad(
            conn, display_name=body["display_name"], accepted_versions=accepted, **ids
        )
        pad = found.row
        if not pad:
            refuse_change(pads.get_pad_version(conn, **ids))
    content = SUCCESS | {"pad": _members(pad, found)}
    return answer(content, headers={"ETag": etag_of(pad.version)})


@blueprint.delete("/<uuid:pad_id>")
@blueprint.doc(conditional=IF_MATCH)
@blueprint.response(200, Status())
def delete_pad(pad_id: UUID) -> Response:
    """Put a pad into the trash, with all that belongs to it."""
    ids = {"pad_id": pad_id, "owner_id": caller().id}
    accepted = accepted_versions()
    with database().connection() as conn:
        deleted = pads.delete_pad(
            conn, accepted_versions=accepted, trash_for=settings().trash_for, most=LOT, **ids
        )
        if not deleted:
            refuse_change(pads.get_pad_version(conn, **ids))
    PADS_PURGED.inc(deleted.purged)
    return answer(SUCCESS)
