"""Who is asking: an identity made of the provider's claims, kept in the session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
import orjson
from flask import g, session

from padws.database import JsonText
from padws.errors import Forbidden, Unauthenticated
from padws.queries.users import UserRow

P = ParamSpec("P")
R = TypeVar("R")

ADMINISTRATOR = "admin"
_LONGEST = 254  # characters in the columns of pad_ws.users


@dataclass(frozen=True)
class Identity:
    """A signed-in user as the provider described them at sign-in."""

    user_id: str
    username: str
    email: str
    email_verified: bool
    name: str
    given_name: str
    family_name: str
    roles: list[str]

    @property
    def id(self) -> UUID:
        """The user's id here."""
        return UUID(self.user_id)

    @property
    def is_administrator(self) -> bool:
        """Whether the role `admin` is among the roles."""
        return ADMINISTRATOR in self.roles

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
    """The subject itself where it is a UUID (Keycloak), else a UUIDv5 of issuer and subject."""
    try:
        return UUID(subject)
    except ValueError:
        return uuid5(uuid5(NAMESPACE_URL, issuer), subject)


def roles_of(claims: Mapping[str, Any], path: str) -> list[str]:
    """The roles at a dotted path in the claims: a list of strings, or one string; else none."""
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return [value]
    return (
        [_text(role) for role in value if isinstance(role, str)] if isinstance(value, list) else []
    )


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
    """A claim as text that PostgreSQL can keep in its column; empty for what is no string."""
    if not isinstance(claim, str):
        return ""
    return claim.replace("\0", "").encode("utf-8", "replace").decode()[:_LONGEST].strip()


def remember(identity: Identity, *, max_age: float) -> None:
    """Make the session that of this identity, for at most `max_age` seconds."""
    session["identity"] = asdict(identity)
    session["expires_at"] = time.time() + max_age


def require_sign_in() -> None:
    """Let only signed-in users past; `caller` gives the one who asks. For `before_request`."""
    if session.get("expires_at", 0) < time.time():
        raise Unauthenticated
    try:
        g.identity = msgspec.convert(session["identity"], Identity)
    except msgspec.ValidationError:  # written by a release that knew identities differently
        raise Unauthenticated from None


def caller() -> Identity:
    """Who is asking, after `require_sign_in`."""
    identity = g.identity
    assert isinstance(identity, Identity)  # noqa: S101 - set by require_sign_in
    return identity


def administrators_only(view: Callable[P, R]) -> Callable[P, R]:
    """Let only administrators call a view; to stand above whatever reads the body."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not caller().is_administrator:
            raise Forbidden("not_administrator")
        return view(*args, **kwargs)

    return wrapper
