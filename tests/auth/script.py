"""A program with somebody's tokens from oidc-provider, obtained as padws itself obtains them."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from tests.helpers.browser import Browser
from tests.providers.node import CLIENT, SECRET, NodeProvider

OTHER = "another-client"


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint has answered."""

    node: NodeProvider
    client: str
    answer: dict[str, Any]

    @property
    def access(self) -> str:
        return str(self.answer["access_token"])

    def refreshed(self) -> Tokens:
        """What it answers to the refresh token. Raises requests.HTTPError."""
        form = {"grant_type": "refresh_token", "refresh_token": self.answer["refresh_token"]}
        return Tokens(self.node, self.client, _asked(self.node, self.client, "token", form))

    def revoke(self) -> None:
        """Revoke the access token."""
        _asked(self.node, self.client, "revoke", {"token": self.access})


def tokens_for(node: NodeProvider, name: str, client: str = CLIENT) -> Tokens:
    """Tokens of somebody for a client."""
    node.register("http://127.0.0.1:9", clients=(CLIENT, OTHER))
    verifier, back = secrets.token_urlsafe(48), "http://127.0.0.1:9/auth/callback"
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "client_id": client,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "openid profile email",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    callback = Browser("").approve(f"{node.endpoint('auth')}?{urlencode(asked)}", name)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(callback).query)["code"][0],
        "code_verifier": verifier,
        "redirect_uri": back,
    }
    return Tokens(node, client, _asked(node, client, "token", form))


def _asked(node: NodeProvider, client: str, endpoint: str, form: dict[str, Any]) -> Any:
    url = node.endpoint(endpoint)
    response = requests.post(url, auth=(client, SECRET), data=form, timeout=60)
    response.raise_for_status()
    return response.json() if response.content else None
