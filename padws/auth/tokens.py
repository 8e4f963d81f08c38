"""Bearer tokens: the provider's, signed or opaque, and personal ones created here."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections import OrderedDict
from typing import Any
from uuid import UUID

import orjson
import requests
from flask import request
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from padws.auth.identity import Identity
from padws.auth.limits import Limits
from padws.auth.provider import Provider
from padws.config import Settings
from padws.database import Database
from padws.errors import Unauthenticated
from padws.queries import tokens as queries

PERSONAL_PREFIX = "padws_"

# Those made before 0.2 are `padws_` and the random part alone.
_PERSONAL = re.compile(r"padws_(?:([0-9a-f]{32})_)?[A-Za-z0-9_-]{43}")
_BEARER = re.compile(r"Bearer +([A-Za-z0-9\-._~+/]+=*) *", re.IGNORECASE)
_LEEWAY = 30  # seconds that clocks may differ
_OPAQUE_SECONDS = 30.0
_MOST_CACHED = 10_000


def new_personal_token(user_id: UUID) -> str:
    """A personal access token; it is shown once, and only its digest is kept.

    It says whose it is, so that it is looked for where the user's rows are. It opens nothing unless
    all of it is right: the digest is of the whole.
    """
    return f"{PERSONAL_PREFIX}{user_id.hex}_{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


class _IdentityCache:
    """Who tokens belong to, until they expire: a bounded cache of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, tuple[Identity | None, float]] = OrderedDict()

    def get(self, key: bytes) -> tuple[bool, Identity | None]:
        """Whether the token is known, and whose it is (`None`: it is not valid)."""
        with self._lock:
            identity, until = self._entries.get(key, (None, 0.0))
        return until > time.time(), identity

    def put(self, key: bytes, identity: Identity | None, until: float) -> None:
        with self._lock:
            self._entries[key] = (identity, until)
            while len(self._entries) > _MOST_CACHED:
                self._entries.popitem(last=False)


class BearerTokens:
    """Finds out who sends a token. Checked signatures are cached, opaque tokens only briefly."""

    def __init__(
        self, settings: Settings, database: Database, provider: Provider | None, limits: Limits
    ):
        self._audience = settings.oidc_audience or settings.oidc_client_id
        self._database = database
        self._provider = provider
        self._limits = limits
        self._cache = _IdentityCache()

    def identity_of(self, authorization: str) -> Identity:
        """Who sends this `Authorization` header, of the scheme Bearer. Raises Unauthenticated."""
        match = _BEARER.fullmatch(authorization)
        if not match:
            raise Unauthenticated(
                "invalid_token", "The Authorization header is not a bearer token."
            )
        token = match[1]
        if token.startswith(PERSONAL_PREFIX):
            identity = self._of_personal_token(token)
        else:
            identity = self._of_provider_token(token)
        if identity is None:
            raise Unauthenticated("invalid_token")
        return identity

    def _of_personal_token(self, token: str) -> Identity | None:
        match = _PERSONAL.fullmatch(token)
        if not match:
            return None
        digest = digest_of(token)
        with self._database.connection() as conn:
            named = UUID(match[1]) if match[1] else None
            user_id = named or queries.get_token_owner(conn, token_digest=digest)
            owner = user_id and queries.use_token(conn, user_id=user_id, token_digest=digest)
        if not owner:
            return None
        return Identity(
            user_id=str(owner.user_id),
            username=owner.username,
            email=owner.email,
            email_verified=owner.email_verified,
            name=owner.name,
            given_name=owner.given_name,
            family_name=owner.family_name,
            roles=orjson.loads(owner.roles.json),
            may_write=owner.may_write,
            personal_token=True,
        )

    def _of_provider_token(self, token: str) -> Identity | None:
        key = digest_of(token)
        known, identity = self._cache.get(key)
        if known or self._provider is None:
            return identity
        with self._provider.reached():
            signed = token.count(".") == 2
            identity, until = (self._verify if signed else self._introspect)(self._provider, token)
        self._cache.put(key, identity, until)
        return identity

    def _verify(self, provider: Provider, token: str) -> tuple[Identity | None, float]:
        """Who a signed access token belongs to, and until when."""
        try:
            verified = provider.keys.verified(token)
            claims = verified.claims
            _registry(provider).validate(claims)
        except (JoseError, ValueError, TypeError):
            return None, time.time() + _OPAQUE_SECONDS
        if not (_is_access_token(verified.header, claims) and self._is_for_us(provider, claims)):
            return None, time.time() + _OPAQUE_SECONDS
        described = (
            claims if "preferred_username" in claims else _described(provider, token, claims)
        )
        if described is None:
            return None, time.time() + _OPAQUE_SECONDS
        return provider.identity_from(described, claims), float(claims["exp"])

    def _is_for_us(self, provider: Provider, claims: dict[str, Any]) -> bool:
        """Keycloak names the client in `azp`, and in `aud` only where a mapper adds it."""
        audience = claims.get("aud", [])
        named = [audience] if isinstance(audience, str) else audience
        return self._audience in named or claims.get("azp") == provider.client_id

    def _introspect(self, provider: Provider, token: str) -> tuple[Identity | None, float]:
        """Who an opaque token belongs to, according to the provider, and until when.

        It counts as a sign-in, so that a flood of made-up tokens is not passed on to the provider.
        """
        self._limits.count_login(request.remote_addr or "")
        until = time.time() + _OPAQUE_SECONDS
        claims = provider.introspect(token)
        of_us = claims.get("client_id") == provider.client_id or self._is_for_us(provider, claims)
        if claims.get("active") is not True or not of_us or not isinstance(claims.get("sub"), str):
            return None, until
        described = _described(provider, token, claims)
        if described is None:
            return None, until
        ends = claims.get("exp")
        identity = provider.identity_from(described, claims)
        return identity, min(until, float(ends)) if isinstance(ends, int | float) else until


def _described(provider: Provider, token: str, claims: dict[str, Any]) -> dict[str, Any] | None:
    """The claims and the user info; `None` if that is refused, or somebody else's."""
    try:
        described = claims | provider.userinfo(token)
    except requests.HTTPError as error:
        if error.response.status_code in (401, 403):
            return None
        raise
    return described if described.get("sub") == claims["sub"] else None


def _registry(provider: Provider) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        leeway=_LEEWAY,
        iss={"essential": True, "values": [provider.issuer, provider.issuer + "/"]},
        sub={"essential": True},
        exp={"essential": True},
    )


def _is_access_token(header: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Whether these are an access token's: an ID token is for the client, and opens nothing.

    RFC 9068 marks access tokens in the header, Keycloak in a claim; others carry a scope, which
    an ID token does not.
    """
    if str(header.get("typ", "")).lower() in ("at+jwt", "application/at+jwt"):
        return True
    if "typ" in claims:
        return bool(claims["typ"] == "Bearer")
    return ("scope" in claims or "scp" in claims) and not {"nonce", "at_hash"} & claims.keys()
