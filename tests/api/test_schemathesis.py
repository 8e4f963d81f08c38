"""Thousands of requests that Schemathesis makes up from the OpenAPI document.

An administrator sends them to a running service. Half of those with an id are about things that
exist. Except for ids, the requests are the same in every run.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from requests.structures import CaseInsensitiveDict
from schemathesis.specs.openapi import checks

from padws.embedded.temporary import Service
from tests.api.conftest import SignedIn
from tests.helpers import people
from tests.helpers.contract import check_answer
from tests.helpers.documented import enforced
from tests.helpers.drawings import drawing

#: Requests of each operation that Hypothesis makes up, beside those at the limits of each schema.
EXAMPLES = int(os.environ.get("PADWS_TEST_EXAMPLES", "30"))

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.missing_required_header,
]


PICTURE = "data:image/png;base64," + "A" * 4_000
SCENE = {**drawing(), "files": {"file": {"dataURL": PICTURE}}}


class Visitor:
    """An administrator, and things of theirs to request."""

    def __init__(self, url: str, session: requests.Session):
        self._url = url
        self._session = session
        self._things = self._make()

    def _make(self) -> dict[str, str]:
        """Things that exist: their ids, by the name of the parameter in a path."""
        pad = self._post("/api/pad", {"display_name": "Drawing", "data": SCENE})
        backup = self._post(f"/api/pad/{pad['id']}/backups")
        token = self._post("/api/users/me/tokens", {"name": "script"})
        return {
            "pad_id": pad["id"],
            "backup_id": backup["id"],
            "digest": sha256(PICTURE.encode()).hexdigest(),
            "token_id": token["id"],
            "name": "default",
        }

    def _post(self, path: str, body: object = None) -> dict[str, Any]:
        answer = self._session.post(f"{self._url}{path}", json=body, timeout=60)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def send(self, case: schemathesis.Case[Any]) -> None:
        """Send a request, and check the answer against the document and the contract."""
        if zlib.crc32(repr(case).encode()) % 2:
            for name in self._things.keys() & case.path_parameters.keys():
                case.path_parameters[name] = self._things[name]
        answer = case.call(self._url, self._session, timeout=60, allow_redirects=False)
        case.validate_response(answer, checks=CHECKS)
        path = urlsplit(str(answer.request.url)).path
        method = str(answer.request.method)
        headers = CaseInsensitiveDict({name: values[0] for name, values in answer.headers.items()})
        check_answer(method, path, answer.status_code, headers, answer.content)


@pytest.fixture
def visitor(gunicorn: Service, signed_in: SignedIn) -> Iterator[Visitor]:
    with requests.Session() as session:
        session.headers["Cookie"] = f"{people.COOKIE}={signed_in.cookies['admin']}"
        yield Visitor(gunicorn.url, session)


schemathesis.serializer.alias("application/zip", "application/octet-stream")
described = schemathesis.openapi.from_dict(enforced())
described.config.generation.update(with_security_parameters=False)


# Workspaces are answered with 501, which is not a failure. Signing out would end the session.
@described.exclude(path_regex="^/api/workspace/st(art|op)$|^/auth/").parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_has(
    case: schemathesis.Case[Any], visitor: Visitor
) -> None:
    visitor.send(case)
