"""What a person sees here: the start page, and the documentation of the API and its problems."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response, request

from padws import html
from padws.errors import PROBLEM
from padws.html import send_file, send_page

SWAGGER_UI = str(files("flask_swagger_ui") / "dist")

blueprint = Blueprint("pages", __name__)


@blueprint.after_app_request
def show_problem(response: Response) -> Response:
    """Show a person a page instead of JSON, everywhere except in the API."""
    if response.mimetype == PROBLEM and not request.path.startswith("/api/"):
        html.for_people(response, html.problem_met)
    return response


@blueprint.get("/")
def index() -> Response:
    """The page that explains what this is, unless a front end is served in its place."""
    return send_page("index.html")


@blueprint.get("/shared/<token>")
def shared(token: str) -> Response:
    """The page behind a share link, unless the board is served, which has its own."""
    return send_page("shared.html")


@blueprint.get("/pages/<name>")
def asset(name: str) -> Response:
    """A style sheet, script or image of these pages."""
    return send_page(name)


@blueprint.get("/api/docs")
def docs() -> Response:
    """The page for the OpenAPI document."""
    return send_page("docs.html")


@blueprint.get("/api/docs/assets/<name>")
def docs_asset(name: str) -> Response:
    """A file of Swagger UI."""
    return send_file(SWAGGER_UI, name)


@blueprint.get("/api/docs/problems")
def problems() -> Response:
    """The page that the `type` of an error links to."""
    return send_page("problems.html")
