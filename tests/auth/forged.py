"""Tokens as attackers make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from tests.providers.own import Claims, OwnProvider


def encoded(part: bytes | dict[str, Any]) -> str:
    """A part of a JWT."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims: Claims, alg: str = "none") -> str:
    """A JWT with an empty signature."""
    return f"{encoded({'alg': alg, 'typ': 'JWT'})}.{encoded(claims)}."


def by_secret(claims: Claims, secret: str | bytes, **header: Any) -> str:
    """A JWT signed with HMAC, with a key that its maker knows."""
    key = secret.encode() if isinstance(secret, str) else secret
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT', **header})}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.digest(key, text.encode(), hashlib.sha256))}"


def public_pem(provider: OwnProvider) -> bytes:
    """The provider's public key, which anybody can get."""
    return provider.keys[0].as_pem(private=False)
