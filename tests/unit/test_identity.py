"""Who somebody is by a provider's claims, whatever the claims are."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from padws.auth.identity import Identity, identity_of, roles_of, user_id_of
from padws.auth.sessions import Record
from padws.database import Connection, prepare_connection
from padws.queries.users import record_sign_in

ISSUER = "https://id.example.org/realms/pad"
SUBJECT = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
PATH = "realm_access.roles"


def identity(**claims: Any) -> Identity:
    return identity_of(ISSUER, {"sub": SUBJECT, **claims}, [])


# Ids


def test_a_subject_that_is_a_uuid_is_the_id() -> None:
    assert user_id_of(ISSUER, SUBJECT) == UUID(SUBJECT)


def test_another_subject_makes_one_id_for_each_issuer() -> None:
    """The ids are in databases: they must never change."""
    assert str(user_id_of(ISSUER, "alice")) == "2de444e4-5115-5ee1-87cb-17bd496c3b41"
    assert user_id_of(ISSUER, "alice") == user_id_of(ISSUER, "alice")
    assert user_id_of("https://other.example.org", "alice") != user_id_of(ISSUER, "alice")


def test_different_subjects_are_different_people() -> None:
    hexadecimal = SUBJECT.replace("-", "")
    subjects = [
        SUBJECT,
        SUBJECT.upper(),
        hexadecimal,
        f"{{{SUBJECT}}}",
        f"urn:uuid:{SUBJECT}",
        f"{SUBJECT}-",
        f" {hexadecimal[:31]}",
        "alice",
        "Alice",
        "alice ",
        "alice\0",
        "",
        "1",
        "é",
        "e\u0301",
        "x" * 10_000,
    ]
    assert len({user_id_of(ISSUER, subject) for subject in subjects}) == len(subjects)


# Roles


@pytest.mark.parametrize(
    ("claims", "path", "roles"),
    [
        ({"realm_access": {"roles": ["admin", "user"]}}, PATH, ["admin", "user"]),
        ({"groups": ["admin"]}, "groups", ["admin"]),
        ({"role": "admin"}, "role", ["admin"]),
        ({"a": {"b": {"c": ["x"]}}}, "a.b.c", ["x"]),
        ({"realm_access": {"roles": []}}, PATH, []),
        ({}, PATH, []),
        ({"realm_access": None}, PATH, []),
        ({"realm_access": ["roles"]}, PATH, []),
        ({"realm_access": "roles"}, PATH, []),
        ({"realm_access": {"roles": {"admin": True}}}, PATH, []),
        ({"realm_access": {"roles": 1}}, PATH, []),
        ({"realm_access": {"roles": "not-an-admin"}}, PATH, ["not-an-admin"]),
        ({"roles": ["admin"]}, PATH, []),
        ({"realm_access": {"roles": None}}, PATH, []),
        ({"realm_access.roles": ["admin"]}, PATH, []),
        (
            {"realm_access": {"roles": ["user", None, 1, ["admin"], {"admin": 1}, True]}},
            PATH,
            ["user"],
        ),
        ({"roles": ["admin"]}, "", []),
        ({"roles": ["admin"]}, "roles.", []),
    ],
)
def test_roles_are_the_strings_at_the_path(
    claims: dict[str, Any], path: str, roles: list[str]
) -> None:
    assert roles_of(claims, path) == roles


NOT_ADMIN = [
    "not-an-admin", "administrator", "admin ", " admin", "admin\n", "admin\0", "ad\0min",
    "\ud800admin", "\u0430dmin", "Admin", "ADMIN", "", " ", "admin" + " " * 300,
]  # fmt: skip


@pytest.mark.parametrize("role", NOT_ADMIN, ids=ascii)
def test_only_the_very_role_makes_an_administrator(role: str) -> None:
    for claims in ({"role": role}, {"role": [role]}):
        roles = roles_of(claims, "role")
        assert not identity_of(ISSUER, {"sub": SUBJECT}, roles).is_administrator
    assert identity_of(ISSUER, {"sub": SUBJECT}, ["x", "admin"]).is_administrator


# Claims


def test_claims_become_the_row() -> None:
    claims = {
        "preferred_username": "alice",
        "email": "alice@example.org",
        "email_verified": True,
        "name": "Alice Example",
        "given_name": "Alice",
        "family_name": "Example",
    }
    row = identity_of(ISSUER, {"sub": SUBJECT, **claims}, ["admin"]).row()
    roles = row.pop("roles")  # type: ignore[misc]
    assert json.loads(bytes(roles.json)) == ["admin"]
    expected = {**claims, "user_id": UUID(SUBJECT), "username": claims["preferred_username"]}
    del expected["preferred_username"]
    assert row == expected


NO_TEXT = [None, "", " ", "\0", " \0 \n", 7, True, ["alice"], {"name": "alice"}]


@pytest.mark.parametrize("claim", NO_TEXT, ids=repr)
def test_what_is_no_name_is_left_to_the_placeholders(claim: object) -> None:
    names = ("preferred_username", "email", "name", "given_name", "family_name")
    nobody = identity(**dict.fromkeys(names, claim))
    assert nobody == identity()
    assert nobody.username == f"user_{SUBJECT}"
    assert nobody.email == f"user_{SUBJECT}@example.com"
    assert (nobody.name, nobody.given_name, nobody.family_name) == ("", "", "")


@pytest.mark.parametrize("claim", [None, False, "true", "True", 1, "1", [True], {}], ids=repr)
def test_only_true_is_a_verified_address(claim: object) -> None:
    assert not identity(email_verified=claim).email_verified
    assert identity(email_verified=True).email_verified


HOSTILE = [
    "a\0b",
    "\ud800",
    "x" * 10_000,
    "😀" * 1_000,
    "'; DROP TABLE users; --",
    "\u202e\x1b[31m",
]


def test_whatever_the_claims_the_row_can_be_kept(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        prepare_connection(conn)
        for text in HOSTILE:
            check_kept(conn, text)


def check_kept(conn: Connection, text: str) -> None:
    names = ("preferred_username", "email", "name", "given_name", "family_name")
    somebody = identity_of(
        ISSUER,
        {"sub": SUBJECT, **dict.fromkeys(names, text)},
        roles_of({"roles": ["user", text]}, "roles"),
    )
    kept = record_sign_in(conn, somebody.row())
    assert (kept.username, kept.email, kept.name) == (
        somebody.username,
        somebody.email,
        somebody.name,
    )
    assert 1 <= len(kept.username) <= 254
    assert json.loads(bytes(kept.roles.json)) == somebody.roles


def test_text_that_can_be_kept_is_kept_as_it_is() -> None:
    for text in ("Ælfrīc Þorn", "x" * 254, "a  b", 'O\'Neill \\ "Al"', "名前", "e\u0301"):
        assert identity(name=text).name == text


# The session


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_an_identity_comes_back_from_the_session(text: str) -> None:
    record = Record(identity(preferred_username=text, name=text), expires_at=12.5)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Record) == record


def test_a_personal_token_never_makes_an_administrator() -> None:
    administrator = {**vars(identity()), "roles": ["admin"]}
    assert Identity(**administrator).is_administrator
    assert not Identity(**{**administrator, "personal_token": True}).is_administrator
