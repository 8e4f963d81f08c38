"""/api/openapi.json is valid and has every route. tests/api checks each answer against it."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.helpers.contract import Client, ok
from tests.helpers.documented import Document
from tests.helpers.drawings import without_mark

#: Every operation, and the name by which generated clients call it: a new name breaks them.
OPERATIONS = """
GET    /api/pad                             listPads
POST   /api/pad                             createPad
POST   /api/pad/from-template/{}            createPadFromTemplate
GET    /api/pad/{}                          getPad
GET    /api/pad/{}/export                   exportPad
POST   /api/pad/import                      importPad
POST   /api/pad/{}                          savePad
PUT    /api/pad/{}                          savePadByPut
PATCH  /api/pad/{}/data                     mergePad
PATCH  /api/pad/{}                          renamePad
DELETE /api/pad/{}                          deletePad
GET    /api/pad/trash                       listTrash
POST   /api/pad/trash/{}/restore            restorePad
DELETE /api/pad/trash/{}                    purgePad
DELETE /api/pad/trash                       emptyTrash
GET    /api/pad/{}/backups                  listBackups
POST   /api/pad/{}/backups                  createBackup
GET    /api/pad/recent                      listRecentBackups
GET    /api/pad/{}/backups/{}               getBackup
DELETE /api/pad/{}/backups/{}               deleteBackup
POST   /api/pad/{}/backups/{}/restore       restoreBackup
PATCH  /api/pad/{}/backups/{}               labelBackup
GET    /api/pad/{}/elements/{}/history      listElementHistory
GET    /api/pad/{}/pictures/{}              getPicture
GET    /api/pad/{}/links                    listLinks
POST   /api/pad/{}/links                    createLink
DELETE /api/pad/{}/links/{}                 deleteLink
GET    /api/shared/{}                       getSharedPad
POST   /api/shared/{}                       openSharedPad
GET    /api/shared/{}/pictures/{}           getSharedPicture
GET    /api/templates                       listTemplates
POST   /api/templates                       createTemplate
GET    /api/templates/{}                    getTemplate
PUT    /api/templates/{}                    updateTemplate
DELETE /api/templates/{}                    deleteTemplate
PUT    /api/templates/{}/data               updateTemplateData
GET    /api/users/me/tokens                 listTokens
POST   /api/users/me/tokens                 createToken
DELETE /api/users/me/tokens/{}              deleteToken
GET    /api/users/me/takeout                getTakeout
POST   /api/users/me/takeout                bringInTakeout
GET    /api/users/me/usage                  getUsage
GET    /api/users/me                        getMe
GET    /api/users                           listUsers
POST   /api/users                           createUser
GET    /api/users/count                     countSessions
GET    /api/users/online                    listOnlineUsers
GET    /api/users/{}                        getUser
PATCH  /api/users/{}                        updateUser
DELETE /api/users/{}                        deleteUser
GET    /api/users/{}/usage                  getUsageOfUser
DELETE /api/users/{}/sessions               endSessions
DELETE /api/users/{}/links                  deleteLinksOfUser
POST   /api/users/{}/pads/move              movePads
GET    /api/app/config                      getConfig
GET    /api/app/build-info                  getBuildInfo
GET    /auth/login                          beginSignIn
GET    /auth/callback                       finishSignIn
GET    /auth/logout                         signOutByGet
POST   /auth/logout                         signOut
POST   /auth/backchannel-logout             endProviderSession
GET    /healthz                             checkHealth
GET    /readyz                              checkReadiness
GET    /metrics                             getMetrics
GET    /api/workspace/state                 getWorkspaceState
POST   /api/workspace/start                 startWorkspace
POST   /api/workspace/stop                  stopWorkspace
"""

#: Pages for people, their assets, and the document itself.
PAGES = {"/", "/shared/{}", "/pages/{}", "/api/docs", "/api/docs/problems", "/api/docs/assets/{}"}
NOT_IN_IT = {("GET", path) for path in PAGES | {"/api/openapi.json"}}

Route = tuple[str, str]


@pytest.fixture
def document(anyone: Client) -> Document:
    content: Document = ok(anyone.get("/api/openapi.json"))
    return content


def operations(document: Document) -> dict[Route, Document]:
    """The operations, by method and path, with `{}` for each parameter."""
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path)): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def test_it_is_valid(document: Document) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "padws"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_operation_has_its_name(document: Document) -> None:
    rows = [each.split() for each in OPERATIONS.strip().splitlines()]
    expected = {(method, path): name for method, path, name in rows}
    named = {route: each["operationId"] for route, each in operations(document).items()}
    assert named == expected
    assert len(set(named.values())) == len(named)
    assert not [name for name in named.values() if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name)]


def test_every_route_of_the_application_is_in_it(app: Flask, document: Document) -> None:
    served = {
        (method, re.sub(r"<[^>]+>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == operations(document).keys() | NOT_IN_IT


def test_every_operation_says_what_it_does_and_how_it_fails(document: Document) -> None:
    for route, operation in operations(document).items():
        assert operation["summary"], route
        assert "description" not in operation, "more in a docstring is for developers"
        assert "default" in operation["responses"], route


def test_every_tag_is_described(document: Document) -> None:
    used = {tag for each in operations(document).values() for tag in each["tags"]}
    assert {tag["name"] for tag in document["tags"] if tag["description"]} == used
    assert len(document["tags"]) == len(used)


def test_who_may_ask_without_signing_in_is_said(document: Document) -> None:
    opened = {route for route, each in operations(document).items() if each.get("security") == []}
    assert {path for _, path in opened} == {
        "/api/app/config",
        "/api/app/build-info",
        "/api/shared/{}",
        "/api/shared/{}/pictures/{}",
        "/auth/login",
        "/auth/callback",
        "/auth/logout",
        "/auth/backchannel-logout",
        "/healthz",
        "/readyz",
    }
    schemes = document["components"]["securitySchemes"]
    described = {name: {**each, "description": ""} for name, each in schemes.items()}
    bearer = {"type": "http", "scheme": "bearer", "description": ""}
    cookie = {"type": "apiKey", "in": "cookie", "name": "session_id", "description": ""}
    assert described == {"session": cookie, "token": bearer, "metrics": bearer}
    assert document["security"] == [{"session": []}, {"token": []}]


def test_query_parameters_are_described(document: Document) -> None:
    expected = {
        ("GET", "/api/pad"): {"data", "pictures", "limit", "cursor", "sort", "q"},
        ("GET", "/api/pad/{}"): {"pictures"},
        ("GET", "/api/pad/{}/backups"): {"limit", "from", "to", "cursor", "data", "pictures"},
        ("GET", "/api/pad/{}/backups/{}"): {"pictures"},
        ("GET", "/api/pad/trash"): {"data", "pictures", "limit", "cursor"},
        ("GET", "/api/pad/recent"): {"limit", "pictures"},
        ("GET", "/api/shared/{}"): {"pictures"},
        ("POST", "/api/shared/{}"): {"pictures"},
        ("GET", "/api/templates"): {"data"},
        ("POST", "/api/pad/from-template/{}"): {"display_name"},
        ("POST", "/api/pad/import"): {"display_name"},
        ("GET", "/api/users"): {"limit", "after"},
        ("GET", "/auth/login"): {"next", "popup", "kc_idp_hint"},
    }
    for route, names in expected.items():
        parameters = operations(document)[route]["parameters"]
        assert {each["name"] for each in parameters if each["in"] == "query"} == names


def test_the_example_of_a_scene_can_be_saved(document: Document, alice: Client) -> None:
    (example,) = document["components"]["schemas"]["Scene"]["examples"]
    made = ok(alice.post("/api/pad", json={"display_name": "Example", "data": example}), 201)
    assert without_mark(made["data"]) == example
    ok(alice.post(f"/api/pad/{made['id']}", json=example))


def test_the_example_of_a_part_can_be_merged(document: Document, alice: Client) -> None:
    (example,) = document["components"]["schemas"]["Part"]["examples"]
    (whole,) = document["components"]["schemas"]["Scene"]["examples"]
    made = ok(alice.post("/api/pad", json={"display_name": "Example", "data": whole}), 201)
    assert ok(alice.patch(f"/api/pad/{made['id']}/data", json=example))["version"] == 2
    merged = ok(alice.get(f"/api/pad/{made['id']}"))["data"]
    assert merged["elements"] == example["elements"]


def test_what_is_always_there_is_required(document: Document) -> None:
    """Only these members may be missing from an answer."""
    schemas = document["components"]["schemas"]
    optional = {
        name: schema["properties"].keys() - set(schema.get("required", ()))
        for name, schema in schemas.items()
    }
    assert {name: members for name, members in optional.items() if members} == {
        "BuildInfo": {"buildHash", "timestamp"},
        "CreatedToken": {"expires_at", "last_used_at"},
        "ListedBackup": {"data"},
        "Merged": {"kept"},
        "Saved": {"kept", "overtaken"},
        "Part": {"elements", "appState", "files"},
        "FoundPad": {"data", "matches"},
        "TrashedPad": {"data"},
        "ListedTemplate": {"data"},
        "NewLink": {"expires_at", "password"},
        "Restore": {"elements"},
        "NewToken": {"scope", "expires_at"},
        "NewUser": {"email_verified", "name", "given_name", "family_name", "roles"},
        "OptionalPadName": {"display_name"},
        "Problem": {"errors", "version", "used", "limit"},
        "Scene": {"elements", "appState", "files"},
        "TemplateChange": {"name", "display_name", "data"},
        "Token": {"expires_at", "last_used_at"},
        "UserChange": schemas["UserChange"]["properties"].keys(),
    }


def test_patterns_are_ones_that_every_reader_knows(document: Document) -> None:
    """The regular expressions of JSON Schema are those of JavaScript."""
    patterns = re.findall(r"'pattern': '([^']*)'", str(document))
    assert patterns
    assert not [each for each in patterns if re.search(r"\\[AZ]", each)]


def test_versions_are_described(document: Document) -> None:
    """Which requests may name a version, which answers have one, and which refuse a stale one."""
    described = operations(document)
    save, one = ("POST", "/api/pad/{}"), ("GET", "/api/pad/{}")
    restore = ("POST", "/api/pad/{}/backups/{}/restore")
    merge = ("PATCH", "/api/pad/{}/data")
    changes = [save, ("PUT", "/api/pad/{}"), ("PATCH", "/api/pad/{}"), ("DELETE", "/api/pad/{}")]
    for route in [*changes, restore, merge]:
        headers = [
            each["name"] for each in described[route]["parameters"] if each["in"] == "header"
        ]
        assert headers == ["If-Match"], route
        assert "412" in described[route]["responses"], route
    for route in [one, ("GET", "/api/pad")]:
        assert "304" in described[route]["responses"], route
        assert described[route]["parameters"][-1]["name"] == "If-None-Match"
    for route in [save, restore, merge, one, ("GET", "/api/pad"), ("PATCH", "/api/pad/{}")]:
        assert "ETag" in described[route]["responses"]["200"]["headers"], route
