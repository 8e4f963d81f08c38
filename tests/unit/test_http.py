"""Versions as tags, envelopes, and rows as answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from marshmallow import Schema, fields

from padws.errors import BadRequest, NotFound, Problem, StaleVersion, Unprocessable
from padws.http import answers, bodies, versions
from padws.json_text import JsonText

LIMIT = 1_000_000


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LIMIT
    return app


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


# Versions


def asked_with(app: Flask, **headers: str) -> Any:
    return app.test_request_context(
        headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def test_a_version_is_its_etag() -> None:
    assert versions.etag_of(7) == '"7"'


ACCEPTED = {
    "*": "{(,)}",
    " * ": "{(,)}",
    '"7"': "{[7,7]}",
    'W/"7"': "{[7,7]}",
    '"7", "8"': "{[7,7],[8,8]}",
    ' "7" ,W/"8","9" ': "{[7,7],[8,8],[9,9]}",
    '"seven"': "{}",
    '"7", "x,y"': "{[7,7]}",
    '""': "{}",
    '"-1"': "{}",
    '"1.5"': "{}",
    '"99999999999999999999"': "{}",
    '"999999999999999999"': "{[999999999999999999,999999999999999999]}",
    '"{(,)}"': "{}",
    '"\xb2"': "{}",
    '"7-gzip"': "{[7,7]}",
    '"7--gzip"': "{[7,7]}",
    '"7;gzip"': "{[7,7]}",
    'W/"7-zstd"': "{[7,7]}",
    '"7-br","8-zstd-gzip" , "9"': "{[7,7],[8,8],[9,9]}",
    '"7-8"': "{}",
    '"7-gzip-8"': "{}",
    '"7gzip"': "{}",
    '"7-image"': "{}",
    '"-gzip"': "{}",
}


@pytest.mark.parametrize("header", ACCEPTED)
def test_if_match_says_from_which_versions_a_change_may_start(app: Flask, header: str) -> None:
    with asked_with(app, If_Match=header):
        assert versions.accepted_versions() == ACCEPTED[header]
    with asked_with(app, If_None_Match=header):
        assert versions.known_versions() == ACCEPTED[header]


def test_every_set_of_versions_is_one_to_postgresql(postgres: str) -> None:
    with psycopg.connect(postgres) as conn:
        for versions in ACCEPTED.values():
            row = conn.execute("SELECT 7::bigint <@ %s::int8multirange", [versions]).fetchone()
            assert row == ("[7,7]" in versions or versions == "{(,)}",)


def test_without_the_headers_every_change_and_no_knowledge_is_meant(app: Flask) -> None:
    with asked_with(app):
        assert versions.accepted_versions() == "{(,)}"
        assert versions.known_versions() == "{}"
        assert versions.known_etags() == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "7",
        '"7',
        '7"',
        "'7'",
        '"7" "8"',
        '"7",',
        ',"7"',
        '"7", *',
        '*, "7"',
        "w/7",
        '"a"b"',
        "W/",
    ],
)
def test_headers_that_cannot_be_read(app: Flask, header: str) -> None:
    """A condition that cannot be read must not be ignored; what the client knows already may be."""
    with asked_with(app, If_Match=header), pytest.raises(BadRequest) as caught:
        versions.accepted_versions()
    assert caught.value.code == "invalid_if_match"
    with asked_with(app, If_None_Match=header):
        assert versions.known_versions() == "{}"


def test_lists_are_known_by_their_tags(app: Flask) -> None:
    with asked_with(app, If_None_Match='W/"0a1b-br", "*", "7", "2c--gzip"'):
        assert versions.known_etags() == ["0a1b", "7", "2c"]
        assert versions.known_versions() == "{[7,7]}"


def test_why_nothing_was_changed() -> None:
    with pytest.raises(NotFound) as missing:
        versions.refuse_change(None)
    with pytest.raises(StaleVersion) as stale:
        versions.refuse_change(7)
    assert missing.value.code == "pad_not_found"
    assert (stale.value.code, stale.value.members) == ("stale_version", {"version": 7})


# Envelopes and answers


def test_an_object_is_split_and_its_scene_left_alone(in_app: None) -> None:
    scene = b'{ "elements" : [1.50, "\\u00e9"],"elements":[] }'
    body = b' {"display_name": "\\u00e9", "n": [1, {}], "data": ' + scene + b"} "
    members = bodies.split_object(body, ["data"])
    assert members.pop("data").json == scene
    assert members == {"display_name": "é", "n": [1, {}]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", BadRequest),
        (b"{", BadRequest),
        (b'{"a": 1}x', BadRequest),
        (b'{"a": 01}', BadRequest),
        (b'{"a": NaN}', BadRequest),
        (b'{"a": "\xff"}', BadRequest),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", BadRequest),
        (b"[]", Unprocessable),
        (b"null", Unprocessable),
        (b'"text"', Unprocessable),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else value.__name__,
)
def test_what_is_no_object_is_a_problem(in_app: None, body: bytes, kind: type[Problem]) -> None:
    with pytest.raises(kind):
        bodies.split_object(body, ["data"])


@dataclass(frozen=True)
class Row:
    """A row with more than is shown."""

    id: UUID
    data: JsonText | None
    count: int | None
    secret: str


class Shown(Schema):
    """What is shown of it."""

    id = fields.UUID()
    data = fields.Raw()
    count = fields.Integer()


def test_members_are_those_of_the_schema_without_what_is_left_out() -> None:
    row = Row(UUID(int=1), None, 0, "secret")
    assert answers.members_of(Shown(), row) == {"id": UUID(int=1), "count": 0}


def test_an_answer_has_ids_times_and_scenes_in_it() -> None:
    content = {
        "id": UUID(int=1),
        "at": datetime(2025, 5, 1, 12, 30, 0, 250_000, tzinfo=UTC),
        "data": JsonText(b'{ "a" : 1.50 }'),
    }
    response = answers.answer(content, 201, {"ETag": '"7"'})
    assert response.data == (
        b'{"id":"00000000-0000-0000-0000-000000000001","at":"2025-05-01T12:30:00.250000+00:00",'
        b'"data":{ "a" : 1.50 }}'
    )
    assert (response.status_code, response.mimetype) == (201, "application/json")
    assert (response.headers["ETag"], response.headers["Cache-Control"]) == (
        '"7"',
        "private, no-cache",
    )
    with pytest.raises(TypeError):
        answers.answer({"set": {1}})
