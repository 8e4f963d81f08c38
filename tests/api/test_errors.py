"""Every kind of error, provoked once: each is a problem with its own code, and tells no secret."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from padws.embedded.startup import free_port
from padws.errors import TITLES
from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers import people
from tests.helpers.contract import Client, assert_problem, check_problem, ok
from tests.helpers.drawings import drawing

UNKNOWN = uuid.uuid4()
JSON = {"content_type": "application/json"}
GZIP = {"Content-Encoding": "gzip"}


@dataclass(frozen=True)
class Scenery:
    """What a provocation may use."""

    alice: Client
    admin: Client
    anyone: Client
    configure: Configure
    client_of: ClientOf
    pad: str


Provocation = Callable[[Scenery], TestResponse]


def elsewhere(scenery: Scenery, **settings: str) -> TestResponse:
    """A request of alice's where a server is not at the address that the settings give."""
    return scenery.client_of(scenery.configure(**settings), "alice").get("/api/pad")


def nowhere(scheme: str) -> str:
    """An address at which nothing answers."""
    return f"{scheme}://127.0.0.1:{free_port()}"


def new_user(scenery: Scenery, **known: str) -> TestResponse:
    body = {"id": str(UNKNOWN), "username": "x", "email": "x@example.com", **known}
    return scenery.admin.post("/api/users", json=body)


def own_id(scenery: Scenery) -> str:
    return str(ok(scenery.admin.get("/api/users/me"))["id"])


def by_token(scenery: Scenery, method: str, path: str, *, scope: str = "write") -> TestResponse:
    """A request with a personal access token of alice's."""
    body = {"name": "script", "scope": scope}
    made = ok(scenery.alice.post("/api/users/me/tokens", json=body), 201)
    headers = {"Authorization": f"Bearer {made['token']}"}
    return scenery.anyone.open(path, method=method, headers=headers)


def twice(scenery: Scenery) -> TestResponse:
    """The second attempt to sign in where one is allowed."""
    client = scenery.configure(LOGIN_LIMIT="1 per year").test_client()
    client.get("/auth/login")
    return client.get("/auth/login")


def merged_too_late(scenery: Scenery) -> TestResponse:
    """A merge from before the pad was restored."""
    backup = ok(scenery.alice.post(f"{scenery.pad}/backups"), 201)["id"]
    ok(scenery.alice.post(f"{scenery.pad}/backups/{backup}/restore"))
    headers = {"If-Match": '"1"'}
    return scenery.alice.patch(f"{scenery.pad}/data", json={"elements": []}, headers=headers)


def grown_too_large(scenery: Scenery) -> TestResponse:
    """A merge that would make a drawing larger than a body may be."""
    app = scenery.configure(MAX_BODY_BYTES="1000")
    return scenery.client_of(app, "alice").patch(f"{scenery.pad}/data", json={"a": 1})


TEMPLATE = {"name": "default", "display_name": "x", "data": {"a": 1}}

#: Status, code, and how to provoke them. A code that is missing here fails a test below.
PROVOCATIONS: list[tuple[int, str, Provocation]] = [
    (400, "invalid_if_match", lambda s: s.alice.delete(s.pad, headers={"If-Match": "x"})),
    (400, "invalid_json", lambda s: s.alice.post(s.pad, data="{", **JSON)),
    (401, "invalid_token", lambda s: s.anyone.get(s.pad, headers={"Authorization": "Bearer x"})),
    (401, "sign_in_failed", lambda s: s.anyone.get("/auth/callback?state=x&code=x")),
    (401, "sign_in_required", lambda s: s.anyone.get(s.pad)),
    (403, "cross_site", lambda s: s.alice.delete(s.pad, headers={"Origin": "null"})),
    (403, "not_administrator", lambda s: s.alice.get("/api/users")),
    (403, "read_only_token", lambda s: by_token(s, "DELETE", s.pad, scope="read")),
    (403, "sign_in_needed_for_tokens", lambda s: by_token(s, "POST", "/api/users/me/tokens")),
    (404, "backup_not_found", lambda s: s.alice.get(f"{s.pad}/backups/{UNKNOWN}")),
    (404, "element_not_found", lambda s: s.alice.get(f"{s.pad}/elements/x/history")),
    (404, "link_not_found", lambda s: s.anyone.get("/api/shared/x")),
    (404, "not_found", lambda s: s.alice.get("/api/nowhere")),
    (404, "pad_not_found", lambda s: s.alice.get(f"/api/pad/{UNKNOWN}")),
    (404, "picture_not_found", lambda s: s.alice.get(f"{s.pad}/pictures/{'0' * 64}")),
    (404, "template_not_found", lambda s: s.alice.get("/api/templates/nowhere")),
    (404, "token_not_found", lambda s: s.alice.delete(f"/api/users/me/tokens/{UNKNOWN}")),
    (404, "user_not_found", lambda s: s.admin.get(f"/api/users/{UNKNOWN}")),
    (405, "method_not_allowed", lambda s: s.alice.put("/api/pad")),
    (409, "email_taken", lambda s: new_user(s, email="bob@example.com")),
    (409, "id_taken", lambda s: new_user(s, id=own_id(s))),
    (409, "template_taken", lambda s: s.admin.post("/api/templates", json=TEMPLATE)),
    (409, "username_taken", lambda s: new_user(s, username="bob")),
    (412, "stale_version", lambda s: s.alice.delete(s.pad, headers={"If-Match": '"7"'})),
    (412, "restored_since", merged_too_late),
    (413, "body_too_large", lambda s: s.alice.post(s.pad, data=b" " * 20_000_001, **JSON)),
    (
        415,
        "content_coding_unknown",
        lambda s: s.alice.post(s.pad, data="x", headers=GZIP, **JSON),
    ),
    (415, "not_zip", lambda s: s.alice.post("/api/users/me/takeout", json={})),
    (415, "not_json", lambda s: s.alice.post(s.pad, data="{}", content_type="text/plain")),
    (413, "scene_too_large", grown_too_large),
    (422, "cannot_merge", lambda s: s.alice.patch(f"{s.pad}/data", json={"elements": [1]})),
    (422, "not_a_drawing", lambda s: s.alice.post("/api/pad/import", json={"type": "x"})),
    (422, "invalid", lambda s: s.alice.patch(s.pad, json={})),
    (422, "scene_invalid", lambda s: s.alice.post(s.pad, json={})),
    (422, "unknown_picture", lambda s: s.alice.post(s.pad, json={"files": {"f": {"picture": 1}}})),
    (422, "too_complex", lambda s: s.alice.post(s.pad, json={f"key {n}": n for n in range(9000)})),
    (429, "too_many_requests", twice),
    (501, "no_workspaces", lambda s: s.alice.post("/api/workspace/start")),
    (
        503,
        "database_unavailable",
        lambda s: elsewhere(s, DATABASE_URL=nowhere("postgresql"), DB_POOL_TIMEOUT="0.2"),
    ),
    (503, "redis_unavailable", lambda s: elsewhere(s, REDIS_URL=nowhere("redis"))),
    (
        503,
        "sign_in_unavailable",
        lambda s: s.configure(OIDC_ISSUER=nowhere("http")).test_client().get("/auth/login"),
    ),
]

#: Codes that need more than a line: test_http.py breaks bodies off, `TestInside` the database, and
#: tests/auth/ the provider's grants. Some are given before a request reaches the application:
#: test_connections.py, and slow clients in tests/faults/. test_pictures.py asks for parts. What
#: links, quotas, takeouts, labels and the deletion of users need has tests of their own.
ELSEWHERE = {"bad_request", "body_incomplete", "internal_error", "session_expired", "client_gone"}
ELSEWHERE |= {"range_not_satisfiable", "redis_full", "several_sessions"}
ELSEWHERE |= {"password_needed", "wrong_password", "too_many_links", "too_many_labels"}
ELSEWHERE |= {"quota_exceeded", "no_room", "takeout_invalid"}
ELSEWHERE |= {"deleted_meanwhile", "user_deleted", "one_machine_only", "own_account"}
ELSEWHERE |= {
    "transfer_coding_unknown",
    "expectation_failed",
    "head_too_large",
    "too_slow",
    "uri_too_long",
}


@pytest.fixture
def scenery(
    alice: Client, admin: Client, anyone: Client, configure: Configure, client_of: ClientOf
) -> Scenery:
    return Scenery(alice, admin, anyone, configure, client_of, f"/api/pad/{make_pad(alice)['id']}")


@pytest.mark.parametrize(
    ("status", "code", "provoke"), PROVOCATIONS, ids=[each[1] for each in PROVOCATIONS]
)
def test_each_error_is_a_problem_of_its_own(
    scenery: Scenery, status: int, code: str, provoke: Provocation
) -> None:
    assert_problem(provoke(scenery), status, code)


def test_every_code_is_provoked() -> None:
    assert {code for _, code, _ in PROVOCATIONS} | ELSEWHERE == TITLES.keys()


@contextmanager
def broken(sql: SqlConnection, breaks: str, mends: str) -> Iterator[None]:
    sql.execute(breaks)
    try:
        yield
    finally:
        sql.execute(mends)


class TestInside:
    def test_a_failure_inside_tells_nothing_of_the_inside(
        self, alice: Client, sql: SqlConnection, caplog: pytest.LogCaptureFixture
    ) -> None:
        table = "ALTER TABLE pad_ws.pads"
        constraint = "very_secret_constraint"
        with broken(
            sql,
            f"{table} ADD CONSTRAINT {constraint} CHECK (display_name <> 'boom')",
            f"{table} DROP CONSTRAINT {constraint}",
        ):
            body = {"display_name": "boom", "data": drawing()}
            answer = alice.post("/api/pad", json=body)
        problem = assert_problem(answer, 500, "internal_error")
        assert constraint not in answer.text
        assert problem["request_id"] in caplog.text
        assert constraint in caplog.text
        assert len(ok(alice.get("/api/pad"))) == 1

    def test_a_table_that_is_missing_for_now_is_no_failure_of_the_client(
        self, alice: Client, sql: SqlConnection
    ) -> None:
        table = "ALTER TABLE pad_ws."
        with broken(sql, f"{table}backups RENAME TO gone", f"{table}gone RENAME TO backups"):
            answer = alice.get("/api/pad/recent")
        check_problem(answer.status_code, answer.headers, answer.data)
        assert answer.status_code in (500, 503)
        ok(alice.get("/api/pad/recent"))


class TestRequestId:
    def test_each_request_has_a_name_of_its_own(self, anyone: Client) -> None:
        names = {anyone.get("/api/pad").get_json()["request_id"] for _ in range(20)}
        assert len(names) == 20


class Anchors(HTMLParser):
    """The ids in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids.update(value or "" for name, value in attrs if name == "id")


def test_the_type_of_an_error_links_to_its_explanation(anyone: Client) -> None:
    problem = anyone.get("/api/pad").get_json()
    page, _, anchor = problem["type"].partition("#")
    answer = anyone.get(page)
    assert answer.status_code == 200
    assert anchor in Anchors(answer.text).ids
    assert Anchors(answer.text).ids >= TITLES.keys()


#: One address of each kind, with a method that it does not know.
METHODS = [
    ("PUT", "/api/pad", {"GET", "POST"}),
    ("POST", "/api/pad/recent", {"GET"}),
    ("DELETE", "/api/templates", {"GET", "POST"}),
    ("POST", "/api/users/me", {"GET"}),
    ("PATCH", "/api/users", {"GET", "POST"}),
    ("GET", "/api/workspace/start", {"POST"}),
    ("POST", "/api/app/config", {"GET"}),
    ("POST", "/healthz", {"GET"}),
    ("POST", "/auth/login", {"GET"}),
    ("DELETE", "/auth/logout", {"GET", "POST"}),
    ("BREW", "/api/pad", {"GET", "POST"}),
    ("PROPFIND", "/", {"GET"}),
]


@pytest.mark.parametrize(("method", "path", "allowed"), METHODS)
def test_an_unknown_method_is_told_which_ones_there_are(
    alice: Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = alice.open(path, method=method)
    assert_problem(answer, 405, "method_not_allowed")
    offered = {each.strip() for each in answer.headers["Allow"].split(",")}
    assert offered - {"HEAD", "OPTIONS"} == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "/api/",
        "/api/nowhere",
        "/api/pad/x/y/z",
        "/auth",
        "/static/x",
        "/assets/x",
        "/pages/../config.py",
        "/pages/%2e%2e/config.py",
        "/pages/%00",
        "/api/docs/assets/..%2f..%2fx",
    ],
)
def test_an_unknown_address_is_a_404_for_everybody(
    alice: Client, anyone: Client, path: str
) -> None:
    assert_problem(alice.get(path), 404, "not_found")
    assert_problem(anyone.get(path), 404, "not_found")


def every_path(app: Flask) -> list[str]:
    values = {"name": "default", "pad_id": UNKNOWN, "backup_id": UNKNOWN, "user_id": UNKNOWN}
    rules = (rule for rule in app.url_map.iter_rules() if rule.arguments <= values.keys())
    return [rule.build(values)[1] for rule in rules if rule.build(values)]  # type: ignore[index]


def test_nothing_under_api_redirects_however_it_is_spelled(app: Flask, alice: Client) -> None:
    paths = [path for path in every_path(app) if path.startswith("/api/")]
    assert len(paths) > 15
    for path in paths:
        for spelling in (
            f"{path}/",
            path.replace("/api/", "/api//"),
            path.replace("/api", "//api"),
            f"{path}//",
        ):
            assert not 300 <= alice.get(spelling).status_code < 400, spelling


def test_a_problem_is_not_kept_by_anybody(anyone: Client) -> None:
    assert anyone.get("/api/pad").headers["Cache-Control"] == "no-store"


def test_signing_in_is_named_in_a_401_as_http_wants_it(anyone: Client) -> None:
    answer = anyone.get("/api/pad")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert people.cookie_of(anyone) is None


def test_errors_name_their_fields(alice: Client) -> None:
    answer = alice.post("/api/pad", json={"display_name": 5, "data": {"a": 1}})
    problem: dict[str, Any] = assert_problem(answer, 422, "invalid")
    assert problem["errors"]["display_name"]
