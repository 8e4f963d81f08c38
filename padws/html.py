"""The pages that are files, and those that are put together: for a problem that a person meets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import orjson
from flask import Response, request, send_from_directory

from padws.errors import PROBLEM

#: The pages that are files, with their style sheets and scripts.
PAGES = Path(__file__).resolve().parent / "pages"

_ANSWERS = (PROBLEM, "application/json", "text/html")

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

_MET = """\
    <p class="lead">{detail}</p>
    <p><a class="button" href="/">Go to the start page</a></p>
    <p>If this should not happen, tell whoever runs this service the number of this request:
    <code>{request_id}</code></p>"""

_NOTHING_HERE = "There is nothing at this address. The link may be old, or mistyped."

_SIGN_IN_FAILED = """\
    <p class="lead">{title}.</p>
    <p>{detail}</p>
    <p><a class="button" href="{again}">Sign in again</a></p>
    <p>If it happens again, tell whoever runs this service the number of this request:
    <code>{request_id}</code></p>"""


def send_page(name: str) -> Response:
    """One of the files in padws/pages."""
    return send_file(PAGES, name)


def send_file(directory: str | Path, name: str) -> Response:
    """A file of a directory; conditions are ignored if their date is beyond all calendars."""
    try:
        return send_from_directory(directory, name)
    except OverflowError:  # werkzeug's, of a year or an offset that no datetime has
        for header in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_RANGE", "HTTP_RANGE"):
            request.environ.pop(header, None)
        return send_from_directory(directory, name)


def for_people(response: Response, page: Callable[[Mapping[str, Any]], str]) -> None:
    """Replace a problem's JSON by its page, if the client prefers HTML."""
    response.vary.add("Accept")
    if request.accept_mimetypes.best_match(_ANSWERS) == "text/html":
        response.set_data(page(orjson.loads(response.get_data())))
        response.mimetype = "text/html"


def problem_met(problem: Mapping[str, Any]) -> str:
    """The page of a problem, with a link to go on."""
    title, detail, request_id = (
        escape(str(problem[name])) for name in ("title", "detail", "request_id")
    )
    if problem["code"] == "not_found":
        detail = _NOTHING_HERE
    content = _MET.format(detail=detail, request_id=request_id)
    return _PAGE.format(title=f"padws: {title}", heading=title, content=content)


def sign_in_failed(problem: Mapping[str, Any], again: str) -> str:
    """The page of a sign-in that ended in `problem`, with the address to begin another one."""
    texts = {name: escape(str(problem[name])) for name in ("title", "detail", "request_id")}
    if texts["detail"] == texts["title"]:
        texts["detail"] = "It was not completed."
    content = _SIGN_IN_FAILED.format(again=escape(again), **texts)
    return _PAGE.format(title="Signing in failed", heading="Signing in", content=content)
