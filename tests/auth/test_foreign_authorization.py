"""An `Authorization` meant for a proxy in front: the cookie and its checks stay in force."""

from __future__ import annotations

import pytest

from tests.helpers import wire
from tests.helpers.browser import COOKIE, Browser, problem
from tests.providers.own import OwnProvider

ME = "/api/users/me"

FOREIGN = [
    "Basic dXNlcjpwYXNz",
    "basic dXNlcjpwYXNz",
    "Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa",
    "NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAA",
    'Digest username="Bearer x", realm="a, Bearer y", nonce="z", uri="/", response="r"',
    "AWS4-HMAC-SHA256 Credential=A/20261125/eu/s3/aws4_request, SignedHeaders=host, Signature=f",
    'Signature keyId="Bearer",algorithm="x"',
    "DPoP eyJhbGciOiJSUzI1NiJ9.e30.AA",
    "Token abc",
    "Bearerabc",
    "Bearer,abc",
    "null",
    "undefined",
    "",
    " ",
    "=",
    "\xff",
]


def ask(browser: Browser, *headers: str, method: str = "GET", path: str = ME) -> wire.Answer:
    """A browser's request with its cookie and these headers, whatever they are."""
    body = b'{"display_name": "x"}' if method != "GET" else b""
    more = ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines = [f"Cookie: {COOKIE}={browser.cookie}", "Connection: close", *more, *headers]
    return wire.exchange(browser.url, wire.request(method, path, *lines, body=body))


@pytest.mark.parametrize("header", FOREIGN)
def test_the_cookie_stays_in_force(alice: Browser, header: str) -> None:
    answer = ask(alice, f"Authorization: {header}")
    assert (answer.status, b'"username":"alice"' in answer.body) == (200, True)
    pad = alice.new_pad()
    saved = ask(alice, f"Authorization: {header}", method="PATCH", path=f"/api/pad/{pad}")
    assert saved.status == 200


@pytest.mark.parametrize("header", FOREIGN)
@pytest.mark.parametrize("site", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"])
def test_another_sites_write_is_refused_as_ever(alice: Browser, header: str, site: str) -> None:
    pad = alice.new_pad()
    for method, path in (("PATCH", f"/api/pad/{pad}"), ("POST", "/auth/logout")):
        answer = ask(alice, f"Authorization: {header}", site, method=method, path=path)
        assert (answer.status, answer.check_problem()) == (403, "cross_site")
    assert alice.get(f"/api/pad/{pad}").json()["display_name"] == "Untitled"


@pytest.mark.parametrize("header", FOREIGN)
def test_without_a_cookie_nobody_has_signed_in(anyone: Browser, header: str) -> None:
    answer = ask(anyone, f"Authorization: {header}")
    assert (answer.status, answer.check_problem()) == (401, "sign_in_required")


@pytest.mark.parametrize("header", FOREIGN[:5])
def test_signing_in_and_out_behind_it(url: str, header: str) -> None:
    browser = Browser(url)
    browser.here.headers["Authorization"] = header
    browser.sign_in("alice")
    assert browser.who()["username"] == "alice"
    assert "id_token_hint" in browser.post("/auth/logout").json()["logout_url"]
    problem(browser.get(ME), 401, "sign_in_required")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer", "BEARER\t", "Bearer a b"])
def test_a_bearer_without_a_token_is_never_helped_by_the_cookie(
    alice: Browser, header: str
) -> None:
    answer = ask(alice, f"Authorization: {header}")
    assert (answer.status, answer.check_problem()) == (401, "invalid_token")


def test_two_headers_are_what_the_first_says(alice: Browser, provider: OwnProvider) -> None:
    bearer = f"Authorization: Bearer {provider.signed(provider.access_claims('bob'))}"
    basic = f"Authorization: {FOREIGN[0]}"
    answer = ask(alice, basic, bearer)
    assert (answer.status, b'"username":"alice"' in answer.body) == (200, True)
    for first, second in ((bearer, basic), (bearer, bearer)):
        answer = ask(alice, first, second)
        assert (answer.status, answer.check_problem()) == (401, "invalid_token")


def test_another_sites_write_with_two_headers_is_refused(alice: Browser) -> None:
    basic, bearer = f"Authorization: {FOREIGN[0]}", "Authorization: Bearer x"
    evil = "Origin: https://evil.example"
    for headers, status in (((basic, bearer), 403), ((bearer, basic), 401)):
        assert ask(alice, *headers, evil, method="POST", path="/api/pad").status == status
