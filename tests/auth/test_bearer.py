"""Bearer tokens: the provider's, and made-up ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from flask import Response
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from padws.auth import keys
from tests.auth import forged
from tests.auth.conftest import ScriptOf, ServeApp
from tests.auth.forged import encoded
from tests.helpers.browser import COOKIE, SCENE, Browser, Script, problem
from tests.helpers.parallel import at_once
from tests.helpers.waiting import wait_until
from tests.providers.own import (
    CLIENT,
    Claims,
    OwnProvider,
    SigningKey,
    answering,
    new_curve_key,
    new_key,
    subject_of,
)

ME = "/api/users/me"


def access_token(provider: OwnProvider, name: str = "alice", **claims: Any) -> str:
    """An access token in Keycloak's shape; `None` leaves a claim out."""
    merged = provider.access_claims(name) | claims
    return provider.signed({key: value for key, value in merged.items() if value is not None})


def refused(response: requests.Response) -> None:
    """Assert that the answer refuses the token, and says how to send a good one."""
    problem(response, 401, "invalid_token")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Set-Cookie" not in response.headers


# Good ones


def test_an_access_token_is_its_owner_without_a_cookie(
    script: ScriptOf, provider: OwnProvider
) -> None:
    alice = script(access_token(provider))
    me = alice.who()
    assert me["id"] == subject_of("alice")
    assert me["username"] == "alice"
    pad = alice.new_pad()
    assert alice.save(pad).status_code == 200
    assert alice.cookie is None


def test_a_script_and_a_browser_of_one_person_have_the_same_pads(
    script: ScriptOf, alice: Browser, provider: OwnProvider
) -> None:
    pad = script(access_token(provider)).new_pad()
    assert pad in [each["id"] for each in alice.get("/api/pad?data=false").json()]


def test_roles_come_from_the_token(script: ScriptOf, provider: OwnProvider) -> None:
    assert script(access_token(provider, "admin")).get("/api/users").status_code == 200
    problem(script(access_token(provider)).get("/api/users"), 403, "not_administrator")


@pytest.mark.parametrize(
    "roles",
    ["not-an-admin", ["Admin"], ["admin "], ["ad\0min"], [["admin"]], {"admin": True}, "", None],
)
def test_what_only_resembles_the_role_is_none(
    script: ScriptOf, provider: OwnProvider, roles: Any
) -> None:
    token = access_token(provider, realm_access={"roles": roles})
    problem(script(token).get("/api/users"), 403, "not_administrator")


def test_the_path_of_the_roles_is_a_setting(served: ServeApp, provider: OwnProvider) -> None:
    url = served(OIDC_ROLES_CLAIM="resource_access.padws.roles")
    by_path: Claims = {"resource_access": {"padws": {"roles": ["admin"]}}, "realm_access": None}
    token = access_token(provider, **by_path)
    assert Script(url, token).get("/api/users").status_code == 200
    problem(
        Script(url, access_token(provider, "admin")).get("/api/users"),
        403,
        "not_administrator",
    )


def test_a_token_without_a_profile_is_asked_for_once(
    url: str, alice: Browser, provider: OwnProvider
) -> None:
    bare = provider.access_claims("alice")
    bare = {key: bare[key] for key in ("exp", "iat", "iss", "aud", "sub", "azp", "typ", "jti")}
    token = provider.signed(bare)
    provider.know(token)
    before = provider.asked["/userinfo"]
    for _ in range(3):
        assert Script(url, token).who()["username"] == "alice"
    assert provider.asked["/userinfo"] - before <= 2  # once for each worker


@pytest.mark.parametrize("issuer", ["{}/", "{}"])
def test_a_slash_more_or_less_is_the_same_issuer(
    script: ScriptOf, provider: OwnProvider, issuer: str
) -> None:
    token = access_token(provider, iss=issuer.format(provider.issuer))
    assert script(token).who()["id"] == subject_of("alice")


def test_a_clock_that_is_a_little_off_does_no_harm(script: ScriptOf, provider: OwnProvider) -> None:
    now = int(time.time())
    token = access_token(provider, exp=now - 2, nbf=now + 2, iat=now + 2)
    assert script(token).get(ME).status_code == 200


def test_tokens_of_rfc_9068_are_access_tokens(script: ScriptOf, provider: OwnProvider) -> None:
    claims = provider.access_claims("alice") | {"aud": CLIENT, "client_id": "another"}
    claims = {key: value for key, value in claims.items() if key not in ("typ", "azp")}
    assert script(provider.signed(claims, typ="at+jwt")).who()["username"] == "alice"


# The audience


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "account", "azp": "another-client"},
        {"aud": ["account", "another-api"], "azp": "another-client"},
        {"aud": None, "azp": None},
        {"aud": "PADWS", "azp": None},
        {"aud": "padws-and-more", "azp": None},
        {"aud": {"padws": True}, "azp": None},
        {"aud": None, "azp": None, "client_id": "another-client"},
        {"aud": None, "azp": [CLIENT]},
    ],
    ids=str,
)
def test_a_token_for_another_application_is_refused(
    script: ScriptOf, provider: OwnProvider, claims: Claims
) -> None:
    refused(script(access_token(provider, **claims)).get(ME))


@pytest.mark.parametrize(
    "claims", [{"aud": CLIENT, "azp": "a-script"}, {"aud": ["account", CLIENT], "azp": "a-script"}]
)
def test_another_client_may_have_a_token_for_us(
    script: ScriptOf, provider: OwnProvider, claims: Claims
) -> None:
    assert script(access_token(provider, **claims)).get(ME).status_code == 200


def test_the_audience_is_a_setting(served: ServeApp, provider: OwnProvider) -> None:
    url = served(OIDC_AUDIENCE="https://pad.example.com/api")
    ours = access_token(provider, aud=["https://pad.example.com/api"], azp="a-script")
    assert Script(url, ours).get(ME).status_code == 200
    refused(Script(url, access_token(provider, aud=CLIENT, azp="a-script")).get(ME))


# Not the provider's, not now, not an access token


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:9/other"},
        {"iss": None},
        {"iss": ""},
        {"iss": ["{issuer}"]},
        {"exp": 1},
        {"exp": None},
        {"exp": "never"},
        {"exp": "{later}"},
        {"exp": None, "expires": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"nbf": "soon"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": ["x"]},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": "Offline"},
        {"typ": "Logout"},
        {"typ": ["Bearer"]},
    ],
    ids=str,
)
def test_a_token_that_is_not_right_is_refused(
    script: ScriptOf, provider: OwnProvider, claims: Claims
) -> None:
    if claims.get("iss") == ["{issuer}"]:
        claims = {"iss": [provider.issuer]}
    refused(script(access_token(provider, **claims)).get(ME))


def test_an_expired_token_is_refused_though_it_was_good_before(
    script: ScriptOf, provider: OwnProvider
) -> None:
    client = script("")

    def is_good_for_a_moment() -> bool:
        nonlocal client
        almost_over = int(time.time()) - 28  # clocks may differ by thirty seconds
        client = script(access_token(provider, exp=almost_over))
        return client.get(ME).status_code == 200

    wait_until(is_good_for_a_moment)
    wait_until(lambda: client.get(ME).status_code != 200)
    refused(client.get(ME))


def id_tokens(provider: OwnProvider) -> dict[str, str]:
    """ID tokens as providers write them."""
    now = int(time.time())
    claims = {
        "iss": provider.issuer,
        "sub": subject_of("alice"),
        "aud": CLIENT,
        "iat": now,
        "exp": now + 300,
        "preferred_username": "alice",
    }
    return {
        "of Keycloak": provider.signed(claims | {"azp": CLIENT, "typ": "ID", "nonce": "n"}),
        "with a nonce": provider.signed(claims | {"nonce": "n"}),
        "with a hash": provider.signed(claims | {"at_hash": "h"}),
        "of a refresh": provider.signed(claims | {"azp": CLIENT}),
        "with a scope": provider.signed(claims | {"scope": "openid", "nonce": "n"}),
        "with a session": provider.signed(claims | {"sid": "s", "auth_time": now}),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "of Keycloak",
        "with a nonce",
        "with a hash",
        "of a refresh",
        "with a scope",
        "with a session",
    ],
)
def test_an_id_token_is_no_access_token(script: ScriptOf, provider: OwnProvider, kind: str) -> None:
    refused(script(id_tokens(provider)[kind]).get(ME))


def test_a_logout_token_is_no_access_token(script: ScriptOf, provider: OwnProvider) -> None:
    refused(script(provider.logout_token(sub=subject_of("alice"))).get(ME))


# Signatures


def test_nothing_but_the_providers_signature_counts(
    script: ScriptOf, provider: OwnProvider
) -> None:
    claims = provider.access_claims("admin")
    pem, kid = forged.public_pem(provider), provider.keys[0].kid
    good = provider.signed(claims)
    header, payload, signature = good.split(".")
    other = new_key()
    tokens = [
        forged.unsigned(claims),
        forged.unsigned(claims, "None"),
        forged.unsigned(claims, "NONE"),
        forged.unsigned(claims, "RS256"),
        forged.by_secret(claims, pem),
        forged.by_secret(claims, pem, kid=kid),
        forged.by_secret(claims, pem.strip(), kid=kid),
        forged.by_secret(claims, "", kid=kid),
        f"{header}.{encoded(claims | {'sub': 'x'})}.{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.{encoded(b'0' * 256)}",
        provider.signed(claims, key=other),
        signed_as(claims, other, {"kid": kid}),
        signed_as(claims, other, {"jwk": other.as_dict(private=False)}),
        signed_as(claims, other, {"kid": other.kid, "jku": f"{provider.issuer}/jwks"}),
        signed_as(claims, other, {"kid": kid, "x5u": "http://127.0.0.1:9/"}),
        signed_as(claims, other, {"kid": "../../../../dev/null"}),
        signed_as(claims, other, {"kid": kid, "crit": ["b64"], "b64": False}),
    ]
    for token in tokens:
        refused(script(token).get("/api/users"))
    assert script(good).get("/api/users").status_code == 200


def signed_as(claims: Claims, key: Any, header: dict[str, Any]) -> str:
    """A JWT with any header, signed with an attacker's key."""
    whole = {"alg": "RS256", "typ": "JWT", **header}
    text = f"{encoded(whole)}.{encoded(claims)}"
    signature = key.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{encoded(signature)}"


def test_a_secret_in_the_key_set_is_no_key(served: ServeApp, provider: OwnProvider) -> None:
    oct_key = OctKey.generate_key(256, {"kid": "shared"})
    token = jwt.encode({"alg": "HS256", "kid": "shared"}, provider.access_claims("admin"), oct_key)
    provider.further_keys.append(oct_key.as_dict(private=True))
    refused(Script(served(), token).get(ME))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer a b",
        "Bearer .",
        "Bearer ..",
        "Bearer ...",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer a.b.c.d.e",
        "Bearer eyJhbGciOiJSUzI1NiJ9.e30.",
        "Bearer e30.e30.e30",
        "Bearer W10.W10.W10",
        "Bearer bnVsbA.bnVsbA.bnVsbA",
        "Bearer eyJhbGciOjF9.e30.AA",
        "Bearer eyJhbGciOm51bGx9.e30.AA",
        "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6MX0.e30.AA",
        "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6e319.e30.AA",
        "Bearer padws_",
        "Bearer padws_x",
        "Bearer \xff\xfe",
        "Bearer " + "A" * 7000,
        "bearer",
        "BEARER\tabc",
        "Bearer abc,Basic YWxpY2U6cHc=",
        "Bearer null",
        "Bearer undefined",
    ],
)
def test_what_is_no_token_is_a_401_and_never_a_500(alice: Browser, header: str) -> None:
    forged_header = {"Authorization": header.encode("latin-1")}
    refused(requests.get(alice.url + ME, headers=forged_header, timeout=60))
    # and the cookie beside it does not help
    cookies = {COOKIE: alice.cookie or ""}
    refused(requests.get(alice.url + ME, headers=forged_header, cookies=cookies, timeout=60))


def test_a_token_in_the_address_or_the_body_is_none(url: str, provider: OwnProvider) -> None:
    token = access_token(provider)
    anyone = Browser(url)
    problem(anyone.get(f"{ME}?access_token={token}"), 401, "sign_in_required")
    problem(anyone.post("/api/pad", data={"access_token": token, **SCENE}), 401, "sign_in_required")


# Keys change, and unknown ones are asked for


def test_a_new_key_of_the_provider_is_found(served: ServeApp, provider: OwnProvider) -> None:
    url = served()
    assert Script(url, access_token(provider)).get(ME).status_code == 200
    old = access_token(provider, jti="old")
    provider.rotate_keys()
    assert Script(url, access_token(provider)).get(ME).status_code == 200
    assert Script(url, old).get(ME).status_code == 200
    assert provider.asked["/jwks"] == 2


@pytest.mark.parametrize("make", [new_key, new_curve_key])
def test_a_new_key_under_the_id_of_the_old_one_is_found(
    served: ServeApp, provider: OwnProvider, make: Callable[[str], SigningKey]
) -> None:
    url = served()
    assert Script(url, access_token(provider)).get(ME).status_code == 200
    provider.replace_key(make)
    assert Script(url, access_token(provider)).get(ME).status_code == 200
    assert provider.asked["/jwks"] == 2


@pytest.mark.parametrize("known_id", [False, True], ids=["unknown ids", "the known id"])
def test_a_flood_of_unknown_keys_asks_the_provider_once(
    served: ServeApp, provider: OwnProvider, known_id: bool
) -> None:
    url = served()
    good = access_token(provider)
    claims = provider.access_claims("alice")
    assert Script(url, good).get(ME).status_code == 200
    assert provider.asked["/jwks"] == 1
    key, known = new_key(), provider.keys[0].kid
    flood = [
        signed_as(claims | {"jti": f"{n}"}, key, {"kid": known if known_id else f"unknown {n}"})
        for n in range(60)
    ]
    answers = at_once([partial(Script(url, token).get, ME) for token in flood])
    for answer in answers:
        refused(answer)
    assert provider.asked["/jwks"] == 2
    assert Script(url, good).get(ME).status_code == 200
    assert provider.asked["/jwks"] == 2


def test_a_key_that_the_provider_has_withdrawn_is_forgotten_after_a_while(
    served: ServeApp, provider: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = served()
    assert Script(url, access_token(provider)).get(ME).status_code == 200
    of_old_key, another, third = (access_token(provider, jti=jti) for jti in "123")
    provider.keys = [new_key()]
    assert Script(url, of_old_key).get(ME).status_code == 200
    monkeypatch.setattr(keys, "_TRUSTED_FOR", 0)  # that time is over
    provider.conduct.instead["/jwks"] = lambda: Response(status=503)
    assert Script(url, another).get(ME).status_code == 200  # the provider says nothing new
    provider.conduct.instead.clear()
    refused(Script(url, third).get(ME))


def test_a_key_of_another_kind_does_as_well(served: ServeApp, provider: OwnProvider) -> None:
    key = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"})
    provider.further_keys += [
        {"kty": "AKP", "kid": "of a time to come", "alg": "ML-DSA-44", "pub": "AA"},
        key.as_dict(private=False),
    ]
    token = jwt.encode({"alg": "ES256", "kid": "curve"}, provider.access_claims("alice"), key)
    url = served()
    assert Script(url, token).get(ME).status_code == 200


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response(status=503),
        lambda: Response("<h1>no</h1>"),
        lambda: Response("{}", mimetype="application/json"),
        lambda: Response('{"keys": "none"}', mimetype="application/json"),
    ],
    ids=["503", "html", "empty", "string"],
)
def test_without_the_providers_keys_a_token_is_neither_good_nor_bad(
    served: ServeApp, provider: OwnProvider, answer: Callable[[], Response]
) -> None:
    url = served()
    client = Script(url, access_token(provider))
    provider.conduct.instead["/jwks"] = answer
    problem(client.get(ME), 503, "sign_in_unavailable")
    provider.conduct.instead.clear()
    assert client.get(ME).status_code == 200


def test_a_token_that_is_known_needs_no_provider(script: ScriptOf, provider: OwnProvider) -> None:
    client = script(access_token(provider))
    for _ in range(8):
        assert client.get(ME).status_code == 200  # on both workers
    provider.stop()
    for _ in range(4):
        assert client.get(ME).status_code == 200


# Opaque tokens


def opaque_token(provider: OwnProvider, url: str, name: str = "alice") -> str:
    """An opaque access token, from a sign-in."""
    provider.conduct.signs_access_tokens = False
    provider.conduct.names_roles_in_userinfo = True
    Browser(url).sign_in(name)
    return provider.latest_access_token


def test_an_opaque_token_is_asked_about_and_remembered_briefly(
    served: ServeApp, provider: OwnProvider
) -> None:
    url = served()
    client = Script(url, opaque_token(provider, url, "admin"))
    for _ in range(5):
        assert client.get("/api/users").status_code == 200
    assert provider.asked["/introspect"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {},
        {"client_id": "another-client"},
        {"client_id": "another-client", "aud": ["another-api"]},
        {"sub": None},
        {"sub": 7},
    ],
    ids=str,
)
def test_an_opaque_token_that_the_provider_does_not_vouch_for_is_refused(
    url: str, provider: OwnProvider, answer: Claims
) -> None:
    token = opaque_token(provider, url)
    provider.conduct.alter_introspection = lambda claims: (
        {} if not answer else claims | answer if answer != {"sub": "x"} else answer
    )
    refused(Script(url, token).get(ME))


def test_opaque_tokens_nobody_has_made_are_refused(url: str, provider: OwnProvider) -> None:
    client = Script(url, "made-up")
    for _ in range(6):
        refused(client.get(ME))
    assert provider.asked["/introspect"] <= 2  # once for each worker


def test_a_refresh_token_is_no_access_token(url: str, provider: OwnProvider) -> None:
    opaque_token(provider, url)
    refused(Script(url, provider.latest_refresh_token).get(ME))


def test_without_introspection_an_opaque_token_is_refused(
    served: ServeApp, provider: OwnProvider
) -> None:
    provider.conduct.alter_discovery = lambda metadata: {
        name: value for name, value in metadata.items() if name != "introspection_endpoint"
    }
    url = served()
    refused(Script(url, "made-up").get(ME))


def test_an_introspection_out_of_order_is_no_verdict(url: str, provider: OwnProvider) -> None:
    token = opaque_token(provider, url)
    for answer in (
        Response(status=500),
        Response("<h1>no</h1>"),
        Response('{"error": "invalid_client"}', 401, mimetype="application/json"),
    ):
        provider.conduct.instead["/introspect"] = answering(answer)
        problem(Script(url, token).get(ME), 503, "sign_in_unavailable")
    provider.conduct.instead.clear()
    assert Script(url, token).get(ME).status_code == 200
