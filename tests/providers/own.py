"""A small OpenID provider that does what a test tells it to, bad behaviour included.

It is strict where a provider must be: a code works once, and only for the client that has the PKCE
verifier; refresh tokens rotate, and using one twice ends everything that the sign-in granted.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid5

from flask import Flask, Response, abort, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from padws.embedded.startup import LOOPBACK, free_port

CLIENT, SECRET = "padws", "a-secret-of-the-client"
_SECRETS = ("access_token", "id_token", "refresh_token")
_PEOPLE = UUID("5a0c5f16-34a0-4b8e-9b8f-0e9b5e0c9d11")

Claims = dict[str, Any]
Alter = Callable[[Claims], Claims]
SigningKey = RSAKey | ECKey


def subject_of(name: str) -> str:
    """The subject of one of the provider's people: a UUID, as Keycloak's are."""
    return str(uuid5(_PEOPLE, name))


@dataclass
class Grant:
    """What one sign-in granted."""

    name: str
    nonce: str
    redirect_uri: str
    challenge: str
    provider_session: str = field(default_factory=lambda: secrets.token_hex(8))
    revoked: bool = False


class Conduct:
    """How the provider behaves: a test may change it, and each test starts with the default."""

    def __init__(self) -> None:
        self.access_token_seconds: float | None = 300  # None: it does not say
        self.rotates = True
        self.signs_access_tokens = True
        self.names_roles_in_userinfo = False
        self.issues_refresh_tokens = True
        self.checks_challenges = True
        self.roles: dict[str, list[str]] = {"admin": ["admin"]}
        self.nobody: set[str] = set()  # people whose refresh is refused
        #: path → what to answer in its place; None goes on as usual
        self.instead: dict[str, Callable[[], Response | None]] = {}
        self.alter_discovery: Alter = dict
        self.alter_id_token: Alter = dict
        self.alter_token_answer: Alter = dict
        self.alter_userinfo: Alter = dict
        self.alter_introspection: Alter = dict
        self.sign_id_token: Callable[[Claims], str] | None = None


class OwnProvider:
    """The provider: a server of this process, and everything it knows."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://{LOOPBACK}:{self.port}"
        self.conduct = Conduct()
        self.asked: Counter[str] = Counter()
        self._first_key = new_key()
        self.keys: list[SigningKey] = [self._first_key]
        self.further_keys: list[Claims] = []  # that stand in the key set too
        self.refused: list[str] = []  # why the token endpoint said no
        self.latest_access_token = self.latest_refresh_token = ""
        self.handed_out: set[str] = set()  # every code and token
        self._codes: dict[str, Grant] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._used: set[str] = set()
        self._lock = threading.Lock()
        self._running: ExitStack | None = None

    # Running

    def start(self) -> None:
        """Serve, unless it does."""
        if not self._running:
            self._running = ExitStack()
            self._running.enter_context(serving(_Endpoints(self).app(), self.port))

    def stop(self) -> None:
        """Refuse connections; what has been granted stays."""
        if self._running:
            self._running.close()
            self._running = None

    def behave(self) -> None:
        """Behave as a new one does, and sign with the first key again."""
        self.conduct = Conduct()
        self.keys = [self._first_key]
        self.asked.clear()
        self.refused.clear()
        self.further_keys.clear()
        self.handed_out.clear()

    # Signing

    def rotate_keys(self) -> None:
        """Sign with a new key from now on."""
        self.keys = [new_key(), *self.keys]

    def replace_key(self, make: Callable[[str], SigningKey]) -> None:
        """Sign with another key under the same id from now on; the old one is gone."""
        self.keys = [make(str(self.keys[0].kid))]

    def signed(self, claims: Claims, *, typ: str = "JWT", key: SigningKey | None = None) -> str:
        """A JWT with the provider's newest key."""
        key = key or self.keys[0]
        return jwt.encode({"alg": str(key.alg), "typ": typ, "kid": key.kid}, claims, key)

    def access_claims(self, name: str, *, seconds: float = 300) -> Claims:
        """The claims that Keycloak writes into an access token."""
        now = int(time.time())
        return {
            "exp": now + int(seconds),
            "iat": now,
            "jti": secrets.token_hex(8),
            "iss": self.issuer,
            "aud": "account",
            "sub": subject_of(name),
            "typ": "Bearer",
            "azp": CLIENT,
            "scope": "openid profile email",
            "realm_access": {"roles": self.conduct.roles.get(name, [])},
            **_profile(name),
        }

    def logout_token(self, **claims: Any) -> str:
        """A logout token (OpenID Back-Channel Logout); `None` leaves a claim out."""
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        merged = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return self.signed(merged, typ="logout+jwt")

    # Granting

    def grant_code(self, grant: Grant) -> str:
        """A code for a sign-in."""
        code = secrets.token_urlsafe(16)
        self.handed_out.add(code)
        self._codes[code] = grant
        return code

    def session_of(self, refresh_token: str) -> str:
        """The session here that a refresh token has come from."""
        return self._refresh[refresh_token].provider_session

    def know(self, access_token: str) -> None:
        """Treat a token that a test has made as one of the latest sign-in's."""
        self._access[access_token] = self._access[self.latest_access_token]

    def exchange(self, form: Claims) -> Claims:
        """The token endpoint's answer. Raises Refused."""
        with self._lock:
            if form.get("grant_type") == "authorization_code":
                return self._tokens(self._redeem(form))
            grant = self._refresh.get(form.get("refresh_token", ""))
            return self._tokens(self._may_refresh(form, grant))

    def _redeem(self, form: Claims) -> Grant:
        grant = self._codes.pop(form.get("code", ""), None)
        if not grant or grant.redirect_uri != form.get("redirect_uri"):
            raise Refused("no such code")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self.conduct.checks_challenges and challenge != grant.challenge:
            raise Refused("another verifier")
        return grant

    def _may_refresh(self, form: Claims, grant: Grant | None) -> Grant:
        if not grant or grant.revoked or grant.name in self.conduct.nobody:
            raise Refused("no such refresh token")
        if self.conduct.rotates:
            if form["refresh_token"] in self._used:
                grant.revoked = True
                raise Refused("refresh token used twice")
            self._used.add(form["refresh_token"])
        return grant

    def _tokens(self, grant: Grant) -> Claims:
        conduct = self.conduct
        seconds = conduct.access_token_seconds
        access = secrets.token_urlsafe(24)
        if conduct.signs_access_tokens:
            claims = {**self.access_claims(grant.name), "sid": grant.provider_session}
            access = self.signed(claims | {"exp": int(time.time() + (seconds or 300))})
        self._access[access] = grant
        self.latest_access_token = access
        answer: Claims = {"access_token": access, "token_type": "Bearer"}
        answer["id_token"] = self._id_token(grant)
        if seconds is not None:
            answer["expires_in"] = seconds
        if conduct.issues_refresh_tokens:
            self.latest_refresh_token = answer["refresh_token"] = secrets.token_urlsafe(24)
            self._refresh[answer["refresh_token"]] = grant
        self.handed_out |= {value for name, value in answer.items() if name in _SECRETS}
        return conduct.alter_token_answer(answer)

    def _id_token(self, grant: Grant) -> str:
        now = int(time.time())
        claims = self.conduct.alter_id_token(
            {
                "iss": self.issuer,
                "aud": CLIENT,
                "sub": subject_of(grant.name),
                "iat": now,
                "exp": now + 300,
                "nonce": grant.nonce,
                "sid": grant.provider_session,
                "typ": "ID",
            }
        )
        return (self.conduct.sign_id_token or self.signed)(claims)

    def userinfo(self, access_token: str) -> Claims | None:
        """What the user info endpoint says to the bearer of a token."""
        grant = self._access.get(access_token)
        if not grant or grant.revoked:
            return None
        claims = {"sub": subject_of(grant.name), **_profile(grant.name)}
        if self.conduct.names_roles_in_userinfo:
            claims["realm_access"] = {"roles": self.conduct.roles.get(grant.name, [])}
        return self.conduct.alter_userinfo(claims)

    def introspection(self, token: str) -> Claims:
        """What the introspection endpoint says about a token."""
        grant = self._access.get(token) or self._refresh.get(token)
        if not grant or grant.revoked:
            return {"active": False}
        claims = {"active": True, "client_id": CLIENT, "sub": subject_of(grant.name)}
        return self.conduct.alter_introspection(claims)


@contextmanager
def serving(app: Flask, port: int = 0) -> Iterator[str]:
    """The address at which a thread of this process serves an app."""
    server = make_server(LOOPBACK, port, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Leave tests' output to the tests."""


def answering(answer: Response | None) -> Callable[[], Response | None]:
    """A conduct of an endpoint that always answers this; None: as usual."""
    return lambda: answer


class Refused(Exception):
    """The token endpoint says no."""


def new_key(kid: str = "") -> RSAKey:
    """A signing key, with a random id unless one is given."""
    kid = kid or secrets.token_hex(4)
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def new_curve_key(kid: str) -> ECKey:
    """A signing key of another kind."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


def _profile(name: str) -> Claims:
    return {
        "preferred_username": name,
        "email": f"{name}@example.com",
        "email_verified": True,
        "name": name.capitalize(),
    }


_PAGE = '<!doctype html><title>Sign in</title><form method="post"><input name="sub"></form>'


class _Endpoints:
    """The provider over HTTP."""

    def __init__(self, provider: OwnProvider):
        self._provider = provider

    def app(self) -> Flask:
        """The endpoints under their paths."""
        app = Flask("own provider")
        app.before_request(self.note)
        app.get("/.well-known/openid-configuration")(self.discovery)
        app.get("/jwks")(self.jwks)
        app.get("/authorize")(self.ask)
        app.post("/authorize")(self.authorize)
        app.post("/token")(self.token)
        app.get("/userinfo")(self.userinfo)
        app.post("/introspect")(self.introspect)
        return app

    def note(self) -> Response | None:
        self._provider.asked[request.path] += 1
        instead = self._provider.conduct.instead.get(request.path)
        return instead() if instead else None

    def discovery(self) -> Response:
        return jsonify(self._provider.conduct.alter_discovery(_metadata(self._provider.issuer)))

    def jwks(self) -> Response:
        keys = [key.as_dict(private=False) for key in self._provider.keys]
        return jsonify({"keys": [*keys, *self._provider.further_keys]})

    def ask(self) -> str:
        return _PAGE

    def authorize(self) -> Any:
        asked = request.args
        grant = Grant(
            request.form["sub"], asked["nonce"], asked["redirect_uri"], asked["code_challenge"]
        )
        answer = {"code": self._provider.grant_code(grant), "state": asked["state"]}
        return redirect(f"{grant.redirect_uri}?{urlencode(answer)}")

    def token(self) -> Any:
        if not request.authorization or request.authorization.password != SECRET:
            return jsonify(error="invalid_client"), 401
        form = request.form.to_dict()
        self._provider.asked[form["grant_type"]] += 1
        try:
            return jsonify(self._provider.exchange(form))
        except Refused as refusal:
            self._provider.refused.append(str(refusal))
            return jsonify(error="invalid_grant"), 400

    def userinfo(self) -> Any:
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        return jsonify(self._provider.userinfo(bearer) or abort(401))

    def introspect(self) -> Response:
        return jsonify(self._provider.introspection(request.form["token"]))


def _metadata(issuer: str) -> Claims:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "introspection_endpoint": f"{issuer}/introspect",
        "end_session_endpoint": f"{issuer}/logout",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
    }
