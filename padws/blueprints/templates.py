"""/api/templates: drawings that new pads start from."""

from __future__ import annotations

from typing import Any

from flask import Response

from padws import memory_budget
from padws.auth.access import administrators_only, require_sign_in
from padws.context import database
from padws.database import Connection
from padws.errors import NotFound
from padws.http.answers import SUCCESS, answer, members_of
from padws.http.bodies import ApiBlueprint, read_scene
from padws.long_lists import answer_one_by_one, with_scenes
from padws.queries import templates
from padws.schemas.common import WithData
from padws.schemas.openapi import LOCATION, SCENE_BODY
from padws.schemas.templates import (
    ListedTemplate,
    NewTemplate,
    Template,
    TemplateChange,
    TemplateDeleted,
)
from padws.uuid7 import uuid7

blueprint = ApiBlueprint("templates", __name__, url_prefix="/api/templates")
blueprint.before_request(require_sign_in)

TEMPLATE = Template()


def _found(template: templates.Template | None) -> Response:
    if not template:
        raise NotFound("template_not_found")
    return answer(members_of(TEMPLATE, template))


@blueprint.get("")
@blueprint.arguments(WithData(), location="query")
@blueprint.response(200, ListedTemplate(many=True))
def list_templates(query: dict[str, Any]) -> Response:
    """List all templates, by name."""
    if query["data"]:
        memory_budget.wait()
    with database().connection() as conn:
        rows, has_scenes = with_scenes(templates.list_templates, conn, with_data=query["data"])
    if not has_scenes:
        return answer_one_by_one([row.name for row in rows], _read)
    return answer([members_of(TEMPLATE, row) for row in rows])


def _read(conn: Connection, name: str) -> dict[str, Any] | None:
    """A template's members; None if it is gone."""
    found = templates.get_template(conn, name=name)
    return members_of(TEMPLATE, found) if found else None


@blueprint.get("/<name>")
@blueprint.response(200, TEMPLATE)
def get_template(name: str) -> Response:
    """Read a template."""
    memory_budget.wait()
    with database().connection() as conn:
        return _found(templates.get_template(conn, name=name))


@blueprint.post("")
@administrators_only
@blueprint.arguments(NewTemplate())
@blueprint.response(201, TEMPLATE, headers=LOCATION)
@blueprint.alt_response(409, "Conflict")
def create_template(body: dict[str, Any]) -> Response:
    """Create a template."""
    with database().connection() as conn:
        template = templates.insert_template(
            conn,
            template_id=uuid7(),
            name=body["name"],
            display_name=body["display_name"],
            scene=body["data"],
        )
    location = f"/api/templates/{body['name']}"
    return answer(members_of(TEMPLATE, template), 201, {"Location": location})


@blueprint.put("/<name>")
@administrators_only
@blueprint.arguments(TemplateChange())
@blueprint.response(200, TEMPLATE)
@blueprint.alt_response(409, "Conflict")
def update_template(body: dict[str, Any], name: str) -> Response:
    """Change a template."""
    with database().connection() as conn:
        template = templates.update_template(
            conn,
            name=name,
            new_name=body.get("name"),
            display_name=body.get("display_name"),
            scene=body.get("data"),
        )
    return _found(template)


@blueprint.put("/<name>/data")
@administrators_only
@blueprint.doc(**SCENE_BODY)
@blueprint.response(200, TEMPLATE)
def update_template_data(name: str) -> Response:
    """Change a template's scene."""
    scene = read_scene()
    with database().connection() as conn:
        template = templates.update_template(
            conn, name=name, new_name=None, display_name=None, scene=scene
        )
    return _found(template)


@blueprint.delete("/<name>")
@administrators_only
@blueprint.response(200, TemplateDeleted())
def delete_template(name: str) -> Response:
    """Delete a template; pads that started from it stay."""
    with database().connection() as conn:
        if not templates.delete_template(conn, name=name):
            raise NotFound("template_not_found")
    return answer(SUCCESS | {"message": f"Template '{name}' was deleted."})
