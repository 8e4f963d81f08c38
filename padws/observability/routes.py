"""The route of the current request, by which the log, metrics and spans name it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from flask import Flask, Response
from flask.globals import request_ctx

from padws.observability.current_request import current_request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_LONGEST_PATH = 200  # characters in the log
_LINK = re.compile(r"(/shared/)[^/]+")

#: The route of a request for which there is none.
UNMATCHED = "unmatched"


def register(app: Flask) -> None:
    """Add its route, which only Flask finds, to every request of `app`."""
    app.after_request(_add_route)


def _add_route(response: Response) -> Response:
    context = request_ctx._get_current_object()  # type: ignore[attr-defined]
    request = context.request
    if request.url_rule is None and request.routing_exception is None:
        context.match_request()  # not done yet if the session could not be read
    current_request().route = _label(request.url_rule.rule) if request.url_rule else UNMATCHED
    return response


def path_of(wsgi: WSGIEnvironment) -> str:
    """The path without what may be secret: its query, and a link's token.

    WSGI passes its bytes as Latin-1.
    """
    path: str = _LINK.sub(r"\1{token}", wsgi.get("PATH_INFO", ""))[:_LONGEST_PATH]
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


@cache
def _label(rule: str) -> str:
    """A route as the OpenAPI document writes it: `/api/pad/{pad_id}`."""
    return re.sub(r"<(?:[^:<>]*:)?([^<>]*)>", r"{\1}", rule)
