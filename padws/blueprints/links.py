"""/api/pad/…/links: who may look at a pad; /api/shared: the pad, for whoever has a link."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from uuid import UUID

from flask import Response, request

from padws import memory_budget
from padws.auth.access import caller, require_sign_in
from padws.auth.client_networks import network_of
from padws.auth.links import new_link_token, owner_named_in
from padws.auth.tokens import digest_of
from padws.context import client_is_gone, database, services, site
from padws.errors import Forbidden, NotFound
from padws.http.answers import SUCCESS, answer, members_of, members_with_scene, not_modified
from padws.http.bodies import ApiBlueprint
from padws.http.picture_answers import answer_picture, digest_in, has_picture
from padws.http.versions import NO_VERSION, etag_of, known_versions
from padws.observability.current_request import current_request
from padws.observability.metrics import LINK_PASSWORDS, LINKS_CREATED, LINKS_OPENED
from padws.pictures import shared_addresses, texts
from padws.queries import links
from padws.schemas.common import PicturesInside, Status
from padws.schemas.links import (
    LONGEST_PASSWORD,
    CreatedLink,
    Link,
    LinkPassword,
    NewLink,
    SharedPad,
)
from padws.schemas.openapi import BEHIND_LINK, ETAG, IF_NONE_MATCH, LINK_PASSWORD, PICTURE, RANGE
from padws.uuid7 import uuid7

blueprint = ApiBlueprint("links", __name__, url_prefix="/api/pad")
blueprint.before_request(require_sign_in)
shared = ApiBlueprint("shared", __name__, url_prefix="/api/shared")

LINK = Link()
SHARED_PAD = SharedPad()

_MOST_OF_A_PAD = 100


@blueprint.get("/<uuid:pad_id>/links")
@blueprint.response(200, Link(many=True))
def list_links(pad_id: UUID) -> Response:
    """List a pad's share links, oldest first, those that have expired included."""
    with database().connection() as conn:
        rows = links.list_links(conn, pad_id=pad_id, owner_id=caller().id)
    if not rows:
        raise NotFound("pad_not_found")
    return answer([members_of(LINK, row) for row in rows if row.id])


@blueprint.post("/<uuid:pad_id>/links")
@blueprint.arguments(NewLink(), required=False)
@blueprint.response(201, CreatedLink())
@blueprint.alt_response(409, "Conflict")
def create_link(body: dict[str, Any], pad_id: UUID) -> Response:
    """Make a share link; the answer is the only time that its address is told."""
    owner_id = caller().id
    token, password_hash = new_link_token(owner_id), _hash(body["password"])
    with database().connection() as conn:
        link = links.insert_link(
            conn,
            owner_id=owner_id,
            pad_id=pad_id,
            link_id=uuid7(),
            token_digest=digest_of(token),
            password_hash=password_hash,
            expires_at=body["expires_at"],
            most=_MOST_OF_A_PAD,
        )
    if not link:
        raise NotFound("pad_not_found")
    LINKS_CREATED.inc()
    members = members_of(LINK, link) | {"url": f"{site()}/shared/{token}"}
    return answer(members, 201, {"Cache-Control": "no-store"})


@blueprint.delete("/<uuid:pad_id>/links/<uuid:link_id>")
@blueprint.response(200, Status())
def delete_link(pad_id: UUID, link_id: UUID) -> Response:
    """End a share link."""
    ids = {"link_id": link_id, "pad_id": pad_id, "owner_id": caller().id}
    with database().connection() as conn:
        if not links.delete_link(conn, **ids):
            raise NotFound("link_not_found")
    return answer(SUCCESS)


def _hash(password: str | None) -> str | None:
    if password is None:
        return None
    services().limits.count_link_password(str(caller().id))
    return services().link_passwords.hash(password)


# For whoever has a link


@shared.before_request
def count_request() -> None:
    """Count the request, and say who takes up memory, before anything is done for it."""
    current_request().visitor = network_of(request.remote_addr or "")
    if request.method != "OPTIONS" and request.view_args:
        token_digest = digest_of(request.view_args["token"])
        services().limits.count_shared(token_digest.hex(), request.remote_addr or "")


@shared.get("/<token>")
@shared.arguments(PicturesInside(), location="query")
@shared.doc(**BEHIND_LINK, conditional=IF_NONE_MATCH, headers=[LINK_PASSWORD])
@shared.response(200, SHARED_PAD, headers=ETAG)
def get_shared_pad(query: dict[str, Any], token: str) -> Response:
    """Read the pad behind a share link."""
    return _answer_pad(token, _password_in_header(), known_versions(), query["pictures"])


@shared.post("/<token>")
@shared.arguments(PicturesInside(), location="query")
@shared.arguments(LinkPassword())
@shared.doc(**BEHIND_LINK)
@shared.response(200, SHARED_PAD, headers=ETAG)
def open_shared_pad(query: dict[str, Any], body: dict[str, Any], token: str) -> Response:
    """Read the pad behind a share link that has a password; nothing is changed."""
    return _answer_pad(token, body["password"], NO_VERSION, query["pictures"])


def _answer_pad(token: str, password: str | None, known: str, with_pictures: bool) -> Response:
    link = _named_in(token)
    _check(password, link)
    memory_budget.wait()
    turn = services().limits.showing()
    with turn, database().connection(is_pointless=client_is_gone()) as conn:
        found = links.get_shared_pad(
            conn,
            **link,
            with_password=password is not None,
            known_versions=known,
            with_pictures=with_pictures,
        )
    pad = found.row
    if not pad:
        raise NotFound("link_not_found")
    if pad.password_hash and password is None:
        raise Forbidden("password_needed")
    if pad.data is None:
        return not_modified(etag_of(pad.version))
    LINKS_OPENED.inc()
    pictures = texts(found.contents) if with_pictures else shared_addresses(token)
    members = members_with_scene(SHARED_PAD, pad, pictures)
    return answer(members, headers={"ETag": etag_of(pad.version)}, has_written=False)


@shared.get("/<token>/pictures/<digest>")
@shared.doc(**PICTURE, conditional=IF_NONE_MATCH, headers=[RANGE, LINK_PASSWORD])
@shared.doc(**BEHIND_LINK)
def get_shared_picture(token: str, digest: str) -> Response:
    """Read a picture of the pad behind a share link."""
    link, password = _named_in(token), _password_in_header()
    wanted, is_known = digest_in(digest), has_picture(digest)
    _check(password, link)
    memory_budget.wait()
    turn = services().limits.showing()
    with turn, database().connection(is_pointless=client_is_gone()) as conn:
        picture = links.get_shared_picture(
            conn, **link, with_password=password is not None, digest=wanted, is_known=is_known
        )
    if not picture:
        raise NotFound("link_not_found")
    if picture.password_hash and password is None:
        raise Forbidden("password_needed")
    if not picture.digest:
        raise NotFound("picture_not_found")
    return answer_picture(picture.content, digest)


def _named_in(token: str) -> dict[str, Any]:
    """What finds a link, if there is one."""
    owner_id = owner_named_in(token)
    if not owner_id:
        raise NotFound("link_not_found")
    return {"owner_id": owner_id, "token_digest": digest_of(token)}


def _password_in_header() -> str | None:
    """The password, percent-encoded as in an address: headers are ASCII."""
    header = request.headers.get("X-Link-Password")
    return None if header is None else unquote(header)


def _check(given: str | None, link: dict[str, Any]) -> None:
    """Raise Forbidden for a wrong password, before anything is read for whoever says it."""
    if given is None:
        return
    with database().connection() as conn:
        stored = links.get_password_hash(conn, **link)
    if not stored:
        return
    passwords, limits = services().link_passwords, services().limits
    network = current_request().visitor
    may_be_right = len(given) <= LONGEST_PASSWORD  # any longer one would take its time
    if may_be_right and passwords.remembers(stored, given, network):
        return
    limits.count_link_password(network)
    limits.count_link_password(link["token_digest"].hex())
    is_right = may_be_right and passwords.is_right(stored, given, network)
    LINK_PASSWORDS.labels("right" if is_right else "wrong").inc()
    if not is_right:
        raise Forbidden("wrong_password")
