"""A request of every kind that needs PostgreSQL or Redis."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.helpers.drawings import drawing

#: Of the pad that `requests_about` is given.
ELEMENT = drawing()["elements"][0]["id"]

#: Method, path and, as JSON, body.
Request = tuple[str, str, Any]

#: A request of every kind; `{pad}` is a pad of the caller's, `{backup}` its backup.
REQUESTS: list[Request] = [
    ("GET", "/api/pad", None),
    ("GET", "/api/pad?data=false", None),
    ("GET", "/api/pad?q=x&limit=1&sort=-updated", None),
    ("POST", "/api/pad", {"display_name": "x", "data": {"a": 1}}),
    ("POST", "/api/pad/from-template/default", None),
    ("GET", "/api/pad/recent", None),
    ("GET", "{pad}", None),
    ("POST", "{pad}", drawing(3)),
    ("PUT", "{pad}", drawing(3)),
    ("PATCH", "{pad}", {"display_name": "x"}),
    ("PATCH", "{pad}/data", {"elements": [{"id": "a"}]}),
    ("DELETE", "{pad}", None),
    ("GET", "{pad}/backups", None),
    ("POST", "{pad}/backups", None),
    ("GET", "{backup}", None),
    ("POST", "{backup}/restore", None),
    ("PATCH", "{backup}", {"label": "x"}),
    ("POST", "{backup}/restore", {"elements": [ELEMENT]}),
    ("GET", f"{{pad}}/elements/{ELEMENT}/history", None),
    ("DELETE", "{backup}", None),
    ("GET", "{pad}/export", None),
    ("POST", "/api/pad/import", {"type": "excalidraw", "elements": []}),
    ("POST", "{pad}/links", None),
    ("GET", "{pad}/links", None),
    ("GET", "{shared}", None),
    ("POST", "{shared}", {"password": "x"}),
    ("DELETE", "{pad}/links/{id}", None),
    ("GET", "{pad}/pictures/{digest}", None),
    ("GET", "{shared}/pictures/{digest}", None),
    ("GET", "/api/pad/trash", None),
    ("POST", "/api/pad/trash/{id}/restore", None),
    ("DELETE", "/api/pad/trash/{id}", None),
    ("GET", "/api/users/me/usage", None),
    ("GET", "/api/users/me/takeout", None),
    ("GET", "/api/users/me/tokens", None),
    ("POST", "/api/users/me/tokens", {"name": "x"}),
    ("POST", "/api/users/{id}/pads/move", {"to": "00000000-0000-4000-8000-000000000000"}),
    ("GET", "/api/templates", None),
    ("GET", "/api/templates/default", None),
    ("POST", "/api/templates", {"name": "x", "display_name": "x", "data": {"a": 1}}),
    ("DELETE", "/api/templates/default", None),
    ("GET", "/api/users/me", None),
    ("GET", "/api/users", None),
    ("GET", "/api/users/online", None),
]


def requests_about(pad: str, backup: str, link: str) -> list[Request]:
    """The requests, by an administrator who owns this pad, its backup and the link to it."""
    shared = f"/api{urlsplit(link).path}"
    names = {"pad": pad, "backup": f"{pad}/backups/{backup}", "shared": shared}
    names |= {"id": pad.rpartition("/")[2], "digest": "0" * 64}
    return [(method, path.format_map(names), body) for method, path, body in REQUESTS]
