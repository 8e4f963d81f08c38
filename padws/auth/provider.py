"""The OpenID provider: where people are sent to sign in, and what it says of them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App
from flask import Flask, Response
from flask_oidc import OpenIDConnect
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from padws.auth.identity import Identity, identity_of, roles_of
from padws.config import Settings
from padws.errors import Unauthenticated, Unavailable

log = logging.getLogger("padws.auth")

# What a provider may sign access tokens with: nothing that a client could sign with too.
_ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


class Provider:
    """flask-oidc's client of the provider, without its routes and its check before every request.

    Those redirect API calls of an expired session, ask the provider for every request, and let
    `/logout` redirect to other sites.
    """

    def __init__(self, app: Flask, settings: Settings):
        app.config.update(
            OIDC_CLIENT_SECRETS={
                "web": {
                    "issuer": settings.oidc_issuer,
                    "client_id": settings.oidc_client_id,
                    "client_secret": settings.oidc_client_secret,
                }
            },
            OIDC_SCOPES=settings.oidc_scopes,
            OIDC_RESOURCE_SERVER_ONLY=True,
            OIDC_USER_CLASS=None,
        )
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._roles_claim = settings.oidc_roles_claim
        self._client: FlaskOAuth2App = OpenIDConnect(app).oauth.oidc
        self._client.client_kwargs |= {
            "code_challenge_method": "S256",
            "default_timeout": settings.oidc_timeout,
        }

    def redirect_to_sign_in(self, redirect_uri: str, **parameters: str) -> Response:
        """Send the browser to the provider, with state, nonce and PKCE kept in the session."""
        with self._reached():
            self._check_issuer()
            response: Response = self._client.authorize_redirect(redirect_uri, **parameters)
            return response

    def finish_sign_in(self) -> tuple[Identity, str]:
        """Who has come back from the provider with a code, and their ID token.

        Raises Unauthenticated when the provider, or what it sent, says no.
        """
        with self._reached():
            token = self._client.authorize_access_token()
            claims = self._claims(token)
            return identity_of(self._issuer, claims, self._roles(token, claims)), token["id_token"]

    def logout_url(self, id_token: str | None, return_to: str) -> str:
        """Where the browser ends its session at the provider; `return_to` if there is no such place."""
        try:
            with self._reached():
                url: str = self._client.create_logout_url(
                    post_logout_redirect_uri=return_to,
                    id_token_hint=id_token,
                    client_id=self._client.client_id,
                )["url"]
                return url
        except (Unavailable, RuntimeError):  # unreachable, or without an end_session_endpoint
            return return_to

    def _check_issuer(self) -> None:
        metadata = self._client.load_server_metadata()
        if metadata.get("issuer", "").rstrip("/") != self._issuer:
            log.error("the provider calls itself %r, not %r", metadata.get("issuer"), self._issuer)
            raise Unavailable("sign_in_unavailable")

    def _claims(self, token: dict[str, Any]) -> dict[str, Any]:
        """The claims of the ID token, with those of the user info over them."""
        claims = dict(token.get("userinfo") or {})
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise Unauthenticated("sign_in_failed", "The provider sent no ID token with a subject.")
        if "userinfo_endpoint" in self._client.server_metadata:
            userinfo = self._client.userinfo(token=token)
            if userinfo.get("sub") != claims["sub"]:
                raise Unauthenticated("sign_in_failed", "The user info is somebody else's.")
            claims |= userinfo
        return claims

    def _roles(self, token: dict[str, Any], claims: dict[str, Any]) -> list[str]:
        """The roles in the access token, where it is a JWT of this provider, else in the claims."""
        try:
            keys = KeySet.import_key_set(self._client.fetch_jwk_set())
            registry = JWSRegistry(algorithms=_ASYMMETRIC, strict_check_header=False)
            access = jwt.decode(token["access_token"], keys, registry=registry).claims
        except (JoseError, ValueError):
            access = {}
        if access.get("iss", "").rstrip("/") != self._issuer:
            access = {}
        return roles_of(access, self._roles_claim) or roles_of(claims, self._roles_claim)

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn what can go wrong at the provider into problems, without telling tokens."""
        try:
            yield
        except (requests.RequestException, ValueError) as error:
            log.warning("the sign-in provider can not be used: %s", type(error).__name__)
            raise Unavailable("sign_in_unavailable", retry_after=10) from error
        except (AuthlibBaseError, JoseError) as error:
            raise Unauthenticated(
                "sign_in_failed", f"{error.error}: {error.description}"
            ) from error
