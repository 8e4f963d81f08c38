"""A request of every kind that needs PostgreSQL or Redis."""

from __future__ import annotations

from typing import Any

from tests.helpers.drawings import drawing

#: Method, path and, as JSON, body.
Request = tuple[str, str, Any]

#: A request of every kind; `{pad}` is a pad of the caller's, `{backup}` its backup.
REQUESTS: list[Request] = [
    ("GET", "/api/pad", None),
    ("GET", "/api/pad?data=false", None),
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
    ("DELETE", "{backup}", None),
    ("POST", "{pad}/links", None),
    ("GET", "{pad}/links", None),
    ("GET", "{shared}", None),
    ("POST", "{shared}", {"password": "x"}),
    ("GET", "/api/templates", None),
    ("GET", "/api/templates/default", None),
    ("POST", "/api/templates", {"name": "x", "display_name": "x", "data": {"a": 1}}),
    ("DELETE", "/api/templates/default", None),
    ("GET", "/api/users/me", None),
    ("GET", "/api/users", None),
    ("GET", "/api/users/online", None),
]


def requests_about(pad: str, backup: str) -> list[Request]:
    """The requests, by an administrator who owns this pad and this backup of it."""
    unknown = f"/api/shared/{'0' * 32}_{'A' * 43}"
    names = {"pad": pad, "backup": f"{pad}/backups/{backup}", "shared": unknown}
    return [(method, path.format_map(names), body) for method, path, body in REQUESTS]
