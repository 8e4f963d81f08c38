"""What a person sees here: the start page, the documentation of the API, of problems."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

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


_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{title}</title>
  <link rel="icon" href="/pages/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/pages/page.css">
</head>
<body>
  <header>
    <img src="/pages/icon.svg" alt="" width="56" height="56">
    <h1>{heading}</h1>
  </header>
  <main>
{content}
  </main>
</body>
</html>
"""

_PROBLEMS = """\
    <p>An error is answered as <code>application/problem+json</code>. Its <code>code</code> is one
    of these; its <code>detail</code> says more, and its <code>request_id</code> names the request
    in the log.</p>
    <dl>
{entries}
    </dl>
    <p><a href="/api/docs">API documentation</a></p>"""

_SIGN_IN_FAILED = """\
    <p class="lead">{title}.</p>
    <p>{detail}</p>
    <p><a class="button" href="{again}">Sign in again</a></p>
    <p>If it happens again, tell whoever runs this service the number of this request:
    <code>{request_id}</code></p>"""


@blueprint.get("/api/docs/problems")
def problems() -> Response:
    """The page that the `type` of an error links to."""
    entries = "\n".join(
        f'      <dt id="{code}"><code>{code}</code></dt><dd>{escape(title)}.</dd>'
        for code, title in sorted(TITLES.items())
    )
    content = _PROBLEMS.format(entries=entries)
    page = _PAGE.format(title="padws: problems", heading="Problems", content=content)
    return Response(page, mimetype="text/html")


def sign_in_failed(problem: Mapping[str, Any], again: str) -> str:
    """The page of a sign-in that ended in `problem`, with the address to begin another one."""
    told = {name: escape(str(problem[name])) for name in ("title", "detail", "request_id")}
    if told["detail"] == told["title"]:
        told["detail"] = "It has not been finished."
    content = _SIGN_IN_FAILED.format(again=escape(again), **told)
    return _PAGE.format(title="Signing in failed", heading="Signing in", content=content)
