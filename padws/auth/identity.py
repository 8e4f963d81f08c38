"""Who is asking: an identity made of the provider's claims, kept in the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from padws.json_text import JsonText
from padws.queries.users import UserRow

ADMINISTRATOR = "admin"
_LONGEST = 254  # characters in the columns of pad_ws.users


@dataclass(frozen=True)
class Identity:
    """A user as the provider described them, at sign-in or at the last refresh."""

    user_id: str
    username: str
    email: str
    email_verified: bool
    name: str
    given_name: str
    family_name: str
    roles: list[str]
    may_write: bool = True
    personal_token: bool = False

    @property
    def id(self) -> UUID:
        """The user's id here."""
        return UUID(self.user_id)

    @property
    def is_administrator(self) -> bool:
        """Whether the role `admin` is among the roles; a personal access token never has it."""
        return ADMINISTRATOR in self.roles and not self.personal_token

    def row(self) -> UserRow:
        """The user's row in the database."""
        return {
            "user_id": self.id,
            "username": self.username,
            "email": self.email,
            "email_verified": self.email_verified,
            "name": self.name,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "roles": JsonText(orjson.dumps(self.roles)),
        }


def user_id_of(issuer: str, subject: str) -> UUID:
    """The subject itself where it is a UUID (Keycloak), else a UUIDv5 of issuer and subject.

    Subjects that differ are different people, even if they are spellings of one UUID.
    """
    try:
        if str(UUID(subject)) == subject:
            return UUID(subject)
    except ValueError:
        pass
    return uuid5(uuid5(NAMESPACE_URL, issuer), subject)


def roles_of(claims: Mapping[str, Any], path: str) -> list[str]:
    """The roles at a dotted path in the claims: a list of strings, or one string; else none.

    A role that PostgreSQL could not store unchanged is left out: altered, it might be another one.
    """
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    roles = [value] if isinstance(value, str) else value
    if not isinstance(roles, list):
        return []
    return [role for role in roles if isinstance(role, str) and role == _text(role) != ""]


def identity_of(issuer: str, claims: Mapping[str, Any], roles: list[str]) -> Identity:
    """The identity that ID token and user info describe; placeholders for what they leave out."""
    user_id = user_id_of(issuer, str(claims["sub"]))
    return Identity(
        user_id=str(user_id),
        username=_text(claims.get("preferred_username")) or f"user_{user_id}",
        email=_text(claims.get("email")) or f"user_{user_id}@example.com",
        email_verified=claims.get("email_verified") is True,
        name=_text(claims.get("name")),
        given_name=_text(claims.get("given_name")),
        family_name=_text(claims.get("family_name")),
        roles=roles,
    )


def _text(claim: Any) -> str:
    """A claim as text that PostgreSQL can store in its column; empty unless it is a string."""
    if not isinstance(claim, str):
        return ""
    return claim.replace("\0", "").encode("utf-8", "replace").decode()[:_LONGEST].strip()
