"""/api/openapi.json: valid, and about every route. Each answer in tests/api is held against it."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.helpers.contract import Client, ok
from tests.helpers.documented import Document

#: The contract's routes, as its table has them.
ROUTES = """
GET    /api/pad
POST   /api/pad
GET    /api/pad/{}
POST   /api/pad/{}
PUT    /api/pad/{}
PATCH  /api/pad/{}
DELETE /api/pad/{}
POST   /api/pad/from-template/{}
GET    /api/pad/{}/backups
GET    /api/pad/recent
GET    /api/pad/{}/backups/{}
DELETE /api/pad/{}/backups/{}
POST   /api/pad/{}/backups
POST   /api/pad/{}/backups/{}/restore
GET    /api/templates
GET    /api/templates/{}
POST   /api/templates
PUT    /api/templates/{}
PUT    /api/templates/{}/data
DELETE /api/templates/{}
GET    /api/users/me
GET    /api/users
POST   /api/users
GET    /api/users/{}
PATCH  /api/users/{}
DELETE /api/users/{}
GET    /api/users/count
GET    /api/users/online
GET    /api/app/config
GET    /api/app/build-info
GET    /api/workspace/state
POST   /api/workspace/start
POST   /api/workspace/stop
"""

#: Addresses under /api that are the documentation itself.
DOCUMENTATION = {"/api/docs", "/api/docs/problems", "/api/docs/assets/{}", "/api/openapi.json"}


@pytest.fixture
def document(anyone: Client) -> Document:
    content: Document = ok(anyone.get("/api/openapi.json"))
    return content


def operations(document: Document) -> dict[tuple[str, str], Document]:
    """Method and path, with `{}` for each parameter, to what is said of it."""
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


def test_every_route_of_the_contract_is_in_it(document: Document) -> None:
    contract = {(each.split()[0], each.split()[1]) for each in ROUTES.strip().splitlines()}
    assert contract - operations(document).keys() == set()


def test_every_route_of_the_application_is_in_it(app: Flask, document: Document) -> None:
    served = {
        (method, re.sub(r"<[^>]+>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    documented = operations(document).keys()
    assert {each for each in served - documented if each[1] not in DOCUMENTATION} == set()
    assert documented - served == set()


def test_every_operation_says_what_it_does_and_how_it_fails(document: Document) -> None:
    for route, operation in operations(document).items():
        assert operation["summary"], route
        assert "default" in operation["responses"], route


def test_who_may_ask_without_signing_in_is_said(document: Document) -> None:
    opened = {route for route, each in operations(document).items() if each.get("security") == []}
    assert opened == {("GET", "/api/app/config"), ("GET", "/api/app/build-info")}
    schemes = document["components"]["securitySchemes"]
    assert {"type": "apiKey", "in": "cookie", "name": "session_id"} in schemes.values()
    assert {"type": "http", "scheme": "bearer"} in schemes.values()


def test_query_parameters_are_described(document: Document) -> None:
    expected = {
        ("GET", "/api/pad"): {"data"},
        ("GET", "/api/pad/{}/backups"): {"limit", "from", "to", "data"},
        ("GET", "/api/pad/recent"): {"limit"},
        ("GET", "/api/templates"): {"data"},
        ("POST", "/api/pad/from-template/{}"): {"display_name"},
        ("GET", "/api/users"): {"limit", "after"},
    }
    for route, names in expected.items():
        parameters = operations(document)[route]["parameters"]
        assert {each["name"] for each in parameters if each["in"] == "query"} == names


def test_patterns_are_ones_that_every_reader_knows(document: Document) -> None:
    """JSON Schema's regular expressions are JavaScript's."""
    patterns = re.findall(r"'pattern': '([^']*)'", str(document))
    assert patterns
    assert not [each for each in patterns if re.search(r"\\[AZ]", each)]


def test_versions_are_described(document: Document) -> None:
    """Which requests may name a version, which answers tell one, and what refuses a stale one."""
    described = operations(document)
    save, one = ("POST", "/api/pad/{}"), ("GET", "/api/pad/{}")
    restore = ("POST", "/api/pad/{}/backups/{}/restore")
    changes = [save, ("PUT", "/api/pad/{}"), ("PATCH", "/api/pad/{}"), ("DELETE", "/api/pad/{}")]
    for route in [*changes, restore]:
        headers = [
            each["name"] for each in described[route]["parameters"] if each["in"] == "header"
        ]
        assert headers == ["If-Match"], route
        assert list(described[route]["responses"]["412"]["content"]) == ["application/problem+json"]
    assert [each["name"] for each in described[one]["parameters"]] == ["If-None-Match"]
    for route in [save, restore, one, ("GET", "/api/pad"), ("PATCH", "/api/pad/{}")]:
        assert "ETag" in described[route]["responses"]["200"]["headers"], route
    assert "Location" in described["POST", "/api/pad"]["responses"]["201"]["headers"]
