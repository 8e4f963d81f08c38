"""The pages that are files, and that of a sign-in that failed, which is put together."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from flask import Response, request, send_from_directory

#: The pages that are files, with their style sheets and scripts.
PAGES = Path(__file__).resolve().parent / "pages"

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
    """A file of a directory; as if not asked conditionally where a date is beyond all calendars."""
    try:
        return send_from_directory(directory, name)
    except OverflowError:  # werkzeug's, of a year or an offset that no datetime has
        for header in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_RANGE", "HTTP_RANGE"):
            request.environ.pop(header, None)
        return send_from_directory(directory, name)


def sign_in_failed(problem: Mapping[str, Any], again: str) -> str:
    """The page of a sign-in that ended in `problem`, with the address to begin another one."""
    texts = {name: escape(str(problem[name])) for name in ("title", "detail", "request_id")}
    if texts["detail"] == texts["title"]:
        texts["detail"] = "It has not been finished."
    content = _SIGN_IN_FAILED.format(again=escape(again), **texts)
    return _PAGE.format(title="Signing in failed", heading="Signing in", content=content)
