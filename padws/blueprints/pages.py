"""What a person sees here: the start page, the documentation of the API, of problems."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from padws.context import settings
from padws.errors import TITLES

PAGES = Path(__file__).resolve().parent.parent / "pages"
SWAGGER_UI = str(files("flask_swagger_ui") / "dist")

blueprint = Blueprint("pages", __name__)


def send_page(name: str) -> Response:
    """One of the files in padws/pages."""
    return send_from_directory(PAGES, name)


@blueprint.get("/")
def index() -> Response:
    """The front end when there is one, else the page that says what this is."""
    front_end = settings().static_dir
    if front_end and (front_end / "index.html").is_file():
        return send_from_directory(front_end, "index.html")
    return send_page("index.html")


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
    return send_from_directory(SWAGGER_UI, name)


_PROBLEMS = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>padws: problems</title>
  <link rel="icon" href="/pages/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/pages/page.css">
</head>
<body>
  <header>
    <img src="/pages/icon.svg" alt="" width="56" height="56">
    <h1>Problems</h1>
  </header>
  <main>
    <p>An error is answered as <code>application/problem+json</code>. Its <code>code</code> is one
    of these; its <code>detail</code> says more, and its <code>request_id</code> names the request
    in the log.</p>
    <dl>
{entries}
    </dl>
    <p><a href="/api/docs">API documentation</a></p>
  </main>
</body>
</html>
"""


@blueprint.get("/api/docs/problems")
def problems() -> Response:
    """The page that the `type` of an error links to."""
    entries = "\n".join(
        f'      <dt id="{code}"><code>{code}</code></dt><dd>{escape(title)}.</dd>'
        for code, title in sorted(TITLES.items())
    )
    return Response(_PROBLEMS.format(entries=entries), mimetype="text/html")
