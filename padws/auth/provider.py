"""The OpenID provider: where people are sent to sign in, and what it reports about them."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask
from flask_oidc import OpenIDConnect
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from padws.auth import sign_in_attempts
from padws.auth.identity import Identity, identity_of, roles_of
from padws.auth.keys import ASYMMETRIC, SigningKeys
from padws.auth.sign_in_attempts import Attempt
from padws.config import Settings
from padws.errors import BadRequest, Unauthenticated, Unavailable

log = logging.getLogger("padws.auth")

_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_SECONDS = 300  # for which a logout token is valid after it was issued
_LEEWAY = 60  # seconds that clocks may differ
_LATELY = 60.0  # seconds
_LONGEST_HINT = 3000  # characters of an ID token; proxies take addresses of 4 or 8 KB
_USUAL_LIFETIME = 300.0  # seconds, of an access token whose lifetime the provider leaves out


@dataclass(frozen=True)
class SignIn:
    """What the provider has granted: who has signed in, and how to ask again."""

    identity: Identity
    id_token: str | None
    provider_session: str | None
    refresh_token: str | None
    lifetime: float  # of the access token, seconds


class Provider:
    """flask-oidc's client of the provider, on an application of its own that serves nothing.

    On ours flask-oidc would do something before every request: redirect API calls of an expired
    session, and ask the provider each time. Its `/logout` redirects to other sites.
    """

    def __init__(self, settings: Settings):
        app = Flask(__name__, static_folder=None)
        app.config.update(
            OIDC_CLIENT_SECRETS={
                "web": {
                    "issuer": settings.oidc_issuer,
                    "client_id": settings.oidc_client_id,
                    "client_secret": settings.oidc_client_secret,
                }
            },
            OIDC_SCOPES=settings.oidc_scopes,
            OIDC_INTROSPECTION_AUTH_METHOD=(
                "client_secret_basic" if settings.oidc_client_secret else "none"
            ),
            OIDC_RESOURCE_SERVER_ONLY=True,
            OIDC_USER_CLASS=None,
        )
        self.issuer = settings.oidc_issuer.rstrip("/")
        self.client_id = settings.oidc_client_id
        self._roles_claim = settings.oidc_roles_claim
        self._client: FlaskOAuth2App = OpenIDConnect(app).oauth.oidc
        self._client.client_kwargs |= {
            "code_challenge_method": "S256",
            "default_timeout": settings.oidc_timeout,
        }
        self.keys = SigningKeys(self._client)
        self._failed_at = -math.inf  # by the monotonic clock

    def has_failed_lately(self) -> bool:
        """Whether the last attempt to use the provider has failed, within the last minute."""
        return time.monotonic() - self._failed_at < _LATELY

    # Signing in and out

    def begin_sign_in(
        self, redirect_uri: str, state: str, **parameters: str
    ) -> tuple[str, Attempt]:
        """Where to send the browser, and what its return will be checked against."""
        with self.reached():
            self._check_issuer()
            request = self._client.create_authorization_url(redirect_uri, state=state, **parameters)
        expires_at = time.time() + sign_in_attempts.SECONDS
        attempt = Attempt(request["nonce"], request["code_verifier"], redirect_uri, expires_at)
        return request["url"], attempt

    def finish_sign_in(self, attempt: Attempt, code: str) -> SignIn:
        """Who has come back from the provider with a code.

        Raises Unauthenticated when the provider refuses, or what it sent is not valid.
        """
        with self.reached():
            self._metadata()
            token = self._client.fetch_access_token(
                attempt.redirect_uri, code=code, code_verifier=attempt.verifier
            )
            if "id_token" not in token:
                raise Unauthenticated("sign_in_failed", "The provider sent no ID token.")
            token["userinfo"] = self._id_claims(token, attempt.nonce)
            return self._sign_in_of(token)

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """The provider's answer to a refresh token. Raises Unauthenticated when it refuses.

        A rotating refresh token is used up by then: keep the new one before anything else can fail.
        """
        with self.reached():
            token = self._exchange(self._metadata(), refresh_token)
        if not isinstance(token.get("access_token"), str):
            log.warning("the sign-in provider answered a refresh without an access token")
            raise Unavailable("sign_in_unavailable")
        return token

    def sign_in_again(self, token: dict[str, Any], user_id: str) -> SignIn:
        """Who has signed in, by the answer of `refresh`. Raises Unauthenticated for others."""
        with self.reached():
            if "id_token" in token:
                token["userinfo"] = self._id_claims(token, None)
            sign_in = self._sign_in_of(token)
        if sign_in.identity.user_id != user_id:
            raise Unauthenticated("session_expired", "The provider's answer is somebody else's.")
        return sign_in

    def _exchange(self, metadata: dict[str, Any], refresh_token: str) -> dict[str, Any]:
        try:
            with self._http_session() as http:
                return dict(
                    http.refresh_token(metadata["token_endpoint"], refresh_token=refresh_token)
                )
        except AuthlibBaseError as error:
            if error.error == "invalid_grant":
                raise Unauthenticated("session_expired") from error
            log.error("the sign-in provider refuses to refresh a session: %s", error.error)
            raise Unavailable("sign_in_unavailable") from error

    def logout_url(self, id_token: str | None, return_to: str) -> str:
        """Where the browser can end its session at the provider; else `return_to`."""
        try:
            with self.reached():
                url: str = self._client.create_logout_url(
                    post_logout_redirect_uri=return_to,
                    id_token_hint=_as_hint(id_token),
                    client_id=self.client_id,
                )["url"]
                return url
        except (Unavailable, RuntimeError):  # unreachable, or without an end_session_endpoint
            return return_to

    def read_logout_token(self, token: str) -> tuple[str | None, str | None]:
        """Subject and session id that a logout token names. Raises BadRequest."""
        try:
            with self.reached():
                claims = self.keys.verified(token).claims
                _logout_claims(self.issuer, self.client_id).validate(claims)
        except Unauthenticated as error:
            raise BadRequest("invalid_token") from error
        events = claims["events"]
        if "nonce" in claims or not isinstance(events, dict) or _LOGOUT_EVENT not in events:
            raise BadRequest("invalid_token", "This is not a logout token.")
        if time.time() - claims["iat"] > _LOGOUT_SECONDS:
            raise BadRequest("invalid_token", "This logout token is too old.")
        subject, provider_session = _string(claims.get("sub")), _string(claims.get("sid"))
        if not (subject or provider_session):
            raise BadRequest("invalid_token", "This logout token names nobody.")
        return subject, provider_session

    # Tokens that clients bring

    def userinfo(self, access_token: str) -> dict[str, Any]:
        """What the provider reports about a token's owner; nothing if it has no such endpoint."""
        if "userinfo_endpoint" not in self._metadata():
            return {}
        token = {"access_token": access_token, "token_type": "Bearer"}
        return dict(self._client.userinfo(token=token))

    def introspect(self, access_token: str) -> dict[str, Any]:
        """What the provider reports about an opaque token (RFC 7662); nothing if it cannot."""
        endpoint = self._metadata().get("introspection_endpoint")
        if not endpoint:
            return {}
        with self._http_session() as http:
            response = http.introspect_token(endpoint, token=access_token)
        response.raise_for_status()
        return dict(response.json())

    def identity_from(self, claims: dict[str, Any], access_claims: dict[str, Any]) -> Identity:
        """The identity in claims about a user; roles in the access token take precedence."""
        roles = roles_of(access_claims, self._roles_claim) or roles_of(claims, self._roles_claim)
        return identity_of(self.issuer, claims, roles)

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Turn what can go wrong at the provider into problems, without revealing tokens."""
        try:
            yield
        except (requests.RequestException, ValueError) as error:
            self._failed_at = time.monotonic()
            log.warning("the sign-in provider cannot be used: %s", type(error).__name__)
            raise Unavailable("sign_in_unavailable", retry_after=10) from error
        except (AuthlibBaseError, JoseError) as error:
            raise Unauthenticated(
                "sign_in_failed", f"The provider answered: {error.error}."
            ) from error

    def _http_session(self) -> OAuth2Session:
        """For requests that the client cannot make without keeping tokens in Flask's session."""
        client = self._client
        return OAuth2Session(client.client_id, client.client_secret, **client.client_kwargs)

    def _metadata(self) -> dict[str, Any]:
        """The provider's description of itself, without algorithms that anybody can sign with."""
        metadata: dict[str, Any] = self._client.load_server_metadata()
        metadata["id_token_signing_alg_values_supported"] = ASYMMETRIC
        return metadata

    def _check_issuer(self) -> None:
        metadata = self._metadata()
        if metadata.get("issuer", "").rstrip("/") != self.issuer:
            log.error("the provider calls itself %r, not %r", metadata.get("issuer"), self.issuer)
            raise Unavailable("sign_in_unavailable")

    def _sign_in_of(self, token: dict[str, Any]) -> SignIn:
        """What a token response grants; user info takes precedence over the ID token's claims."""
        self._failed_at = -math.inf
        claims = dict(token.get("userinfo") or {})
        userinfo = self.userinfo(token["access_token"])
        if claims and userinfo and userinfo.get("sub") != claims.get("sub"):
            raise Unauthenticated("sign_in_failed", "The user info is somebody else's.")
        provider_session = claims.get("sid")
        claims |= userinfo
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise Unauthenticated("sign_in_failed", "The provider names no subject.")
        return SignIn(
            identity=self.identity_from(claims, self._access_claims(token["access_token"])),
            id_token=_as_hint(token.get("id_token")),
            provider_session=provider_session,
            refresh_token=token.get("refresh_token"),
            lifetime=_seconds(token.get("expires_in")),
        )

    def _id_claims(self, token: dict[str, Any], nonce: str | None) -> dict[str, Any]:
        """The claims of a token response's ID token."""
        # Fetches the keys where they have changed, which authlib does only for a new key id.
        self.keys.verified_id_token(token["id_token"])
        return dict(self._client.parse_id_token(token, nonce=nonce))

    def _access_claims(self, access_token: str) -> dict[str, Any]:
        """The claims of an access token that is a JWT of this provider; else none."""
        try:
            claims = self.keys.verified(access_token, from_provider=True).claims
        except (JoseError, ValueError):
            return {}
        return claims if claims.get("iss", "").rstrip("/") == self.issuer else {}


def _logout_claims(issuer: str, client_id: str) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        leeway=_LEEWAY,
        iss={"essential": True, "values": [issuer, issuer + "/"]},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},  # and exp, which some providers leave out, where there is one
        events={"essential": True},
    )


def _as_hint(id_token: str | None) -> str | None:
    """An ID token if it fits into the address for signing out: its only use, and optional."""
    return id_token if id_token and len(id_token) <= _LONGEST_HINT else None


def _seconds(expires_in: Any) -> float:
    """The lifetime in a token response, which need not have one (RFC 6749, 5.1)."""
    try:
        return float(expires_in)
    except (TypeError, ValueError):
        return _USUAL_LIFETIME


def _string(claim: Any) -> str | None:
    return claim if isinstance(claim, str) and claim else None
