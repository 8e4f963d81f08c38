"""What holds for every answer of the service, and the shapes of its objects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from padws.errors import PROBLEM, TITLES
from tests.helpers.documented import Headers, check_documented

STANDARD_MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
FURTHER_MEMBERS = {"errors", "version", "used", "limit"}

# What an error must not reveal: internals, and anything that lets somebody in.
_LEAKS = re.compile(
    r'Traceback|File "|psycopg|werkzeug|pad_ws\.|\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE)\b'
    r"|\$\d|eyJ[A-Za-z0-9_-]{10}|not-secret"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)")

# The header in which an error of this status says what to do.
_HEADERS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


class Client(FlaskClient):
    """A client that checks every answer against the conventions."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        # The method is not looked at: HEAD has no body, which the client takes away itself.
        if response.request.method != "HEAD":
            check_answer(
                response.request.method,
                response.request.path,
                response.status_code,
                response.headers,
                response.data,
            )
        return response


def check_answer(method: str, path: str, status: int, headers: Headers, body: bytes) -> None:
    """Assert the conventions of the contract that hold for every route."""
    check_documented(method, path, status, headers, body)
    if status >= 400 and path not in ("/readyz",):
        check_problem(status, headers, body)
    elif path.startswith("/api/"):
        assert status in (200, 201, 206, 304), "nothing under /api redirects"
        assert status == 201 or "Location" not in headers
        if status == 304:
            assert body == b""
            assert headers["ETag"]
        elif headers["Content-Type"].startswith("application/json"):
            body.decode("utf-8")


def check_problem(status: int, headers: Headers, body: bytes) -> dict[str, Any]:
    """Assert that an answer is a proper problem; its members."""
    assert headers["Content-Type"] == PROBLEM
    text = body.decode("utf-8")
    assert not _LEAKS.search(text), text
    problem: dict[str, Any] = json.loads(text)
    assert STANDARD_MEMBERS <= problem.keys() <= STANDARD_MEMBERS | FURTHER_MEMBERS
    assert problem["status"] == status
    assert problem["title"] == TITLES[problem["code"]]
    assert urlsplit(problem["type"]).fragment == problem["code"]
    assert problem["detail"]
    assert problem["request_id"]
    if status in _HEADERS:
        assert headers[_HEADERS[status]]
    assert status != 422 or problem["errors"], "what is refused is named"
    for wrong in problem.get("errors", {}).values():
        assert wrong
        assert all(isinstance(each, str) for each in wrong)
    return problem


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that a response (of any client) is this problem; its members."""
    body = body_of(response)
    assert response.status_code == status, body[:500]
    problem = check_problem(status, response.headers, body)
    assert problem["code"] == code, problem
    return problem


def assert_refused(response: Any, field: str) -> None:
    """Assert that a response is the refusal of one field of the input."""
    problem = assert_problem(response, 422, "invalid")
    assert list(problem["errors"]) == [field]


def ok(response: Any, status: int = 200) -> Any:
    """The JSON of a good answer (of any client)."""
    body = body_of(response)
    assert response.status_code == status, body[:500]
    assert response.headers["Content-Type"] == "application/json"
    return json.loads(body)


def body_of(response: Any) -> bytes:
    """The body of an answer of the test client or of requests."""
    body = response.data if hasattr(response, "data") else response.content
    assert isinstance(body, bytes)
    return body


def time_of(text: str) -> datetime:
    """A time as the contract has it: RFC 3339 with an offset, in UTC."""
    assert _TIME.fullmatch(text), text
    time = datetime.fromisoformat(text)
    assert time.utcoffset() == timedelta(0)
    return time


def check_times(thing: Mapping[str, Any]) -> None:
    """Assert that an object was created, and changed later or never."""
    assert time_of(thing["created_at"]) <= time_of(thing["updated_at"])


def check_pad(pad: Mapping[str, Any], *, data: bool = True) -> None:
    """Assert the shape of a Pad; `data` says whether its scene is there."""
    members = {"id", "owner_id", "display_name", "created_at", "updated_at", "version"}
    assert pad.keys() == members | ({"data"} if data else set())
    assert str(UUID(pad["id"])) == pad["id"]
    assert str(UUID(pad["owner_id"])) == pad["owner_id"]
    assert type(pad["version"]) is int
    assert pad["version"] >= 1
    check_times(pad)
    if data:
        mark = pad["data"]["appState"]["pad"]
        assert mark["uniqueId"] == pad["id"]
        assert mark["displayName"] == pad["display_name"]


def check_backup(backup: Mapping[str, Any], *, data: bool = True) -> None:
    """Assert the shape of a Backup."""
    members = {"id", "timestamp", "reason", "label", "version", "elements", "bytes"}
    assert backup.keys() == members | ({"data"} if data else set())
    assert str(UUID(backup["id"])) == backup["id"]
    time_of(backup["timestamp"])
    if data:
        assert isinstance(backup["data"], dict)


def check_template(template: Mapping[str, Any], *, data: bool = True) -> None:
    """Assert the shape of a Template."""
    members = {"id", "name", "display_name", "created_at", "updated_at"}
    assert template.keys() == members | ({"data"} if data else set())
    assert str(UUID(template["id"])) == template["id"]
    check_times(template)


def check_user(user: Mapping[str, Any]) -> None:
    """Assert the shape of a User."""
    texts = {"username", "email", "name", "given_name", "family_name"}
    assert user.keys() == texts | {"id", "email_verified", "roles", "created_at", "updated_at"}
    assert str(UUID(user["id"])) == user["id"]
    assert all(isinstance(user[name], str) for name in texts)
    assert isinstance(user["email_verified"], bool)
    assert all(isinstance(role, str) for role in user["roles"])
    check_times(user)
