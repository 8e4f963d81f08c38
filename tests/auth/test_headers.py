"""Headers on every kind of answer, other origins, and proxies in front."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.auth.conftest import ServeApp, StartInstance
from tests.helpers.browser import COOKIE, SCENE, Browser, problem, signed_in

OURS = "https://pad.example.com"


def kinds_of_answers(browser: Browser) -> Iterator[requests.Response]:
    """One of each: pages, files, JSON, problems, redirects, nothing."""
    anyone = Browser(browser.url)
    for path in (
        "/",
        "/pages/page.css",
        "/pages/index.js",
        "/pages/icon.svg",
        "/api/docs",
        "/api/docs/problems",
        "/api/docs/assets/swagger-ui.css",
        "/api/openapi.json",
        "/api/app/config",
        "/api/app/build-info",
        "/healthz",
        "/readyz",
        "/auth/login",
        "/auth/callback?code=x&state=x",
        "/auth/logout",
        "/api/users/me",
        "/api/nothing",
        "/nothing",
        "/%00",
    ):
        yield anyone.get(path)
    yield anyone.request("DELETE", "/auth/login")
    yield anyone.request("OPTIONS", "/api/pad")
    yield anyone.request("HEAD", "/")
    pad = browser.new_pad()
    yield browser.get("/api/pad")
    yield browser.get(f"/api/pad/{pad}", headers={"If-None-Match": '"1"'})
    yield browser.post(f"/api/pad/{pad}", json=SCENE, headers={"If-Match": '"9"'})
    yield browser.post("/api/pad", data="{", headers={"Content-Type": "application/json"})
    yield browser.post("/api/pad", json=SCENE, headers={"Origin": "https://evil.example"})
    yield browser.get("/api/users")
    yield browser.sign_in("alice", "?popup=1")


def test_every_kind_of_answer_says_what_browsers_may_not_do(alice: Browser) -> None:
    seen = set()
    for answer in kinds_of_answers(alice):
        seen.add(answer.status_code)
        headers = answer.headers
        what = f"{answer.request.method} {answer.url} {answer.status_code} {headers}"
        assert headers["X-Content-Type-Options"] == "nosniff", what
        assert headers["X-Frame-Options"] == "DENY", what
        assert headers["Referrer-Policy"] == "same-origin", what
        if answer.status_code == 304:  # a policy here would replace the cached answer's
            assert "Content-Security-Policy" not in headers, what
        else:
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, what
            assert "frame-ancestors 'none'" in policy, what
            assert "unsafe" not in policy, what
            assert "*" not in policy, what
        assert "Strict-Transport-Security" not in headers, what
        assert not [name for name in headers if name.startswith("Access-Control-")], what
        assert headers["X-Request-ID"], what
    assert seen >= {200, 302, 304, 400, 401, 403, 404, 405, 412}


def test_what_belongs_to_one_person_is_kept_in_no_shared_cache(alice: Browser) -> None:
    pad = alice.new_pad()
    for answer in (
        alice.get("/api/users/me"),
        alice.get("/api/pad"),
        alice.get(f"/api/pad/{pad}"),
        alice.get("/api/users/me/tokens"),
        alice.get("/api/workspace/state"),
        alice.save(pad),
        alice.get("/api/pad/nothing"),
        Browser(alice.url).get("/api/users/me"),
        Browser(alice.url).get("/auth/login"),
        alice.sign_in("alice", "?popup=1"),
        alice.sign_in("alice"),
        alice.post("/auth/logout"),
    ):
        control = answer.headers.get("Cache-Control", "")
        assert "no-store" in control or "private" in control, f"{answer.url} {answer.headers}"


def test_behind_tls_browsers_are_told_to_stay_there(served: ServeApp) -> None:
    url = served(REDIRECT_URI=f"{OURS}/auth/callback")
    for path in ("/", "/api/users/me", "/pages/page.css", "/auth/login"):
        policy = Browser(url).get(path).headers["Strict-Transport-Security"]
        assert int(policy.partition("max-age=")[2]) >= 31_536_000


def test_a_front_ends_files_have_the_headers_of_files(served: ServeApp, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>pad</title>")
    (tmp_path / "popup-close.html").write_text("<script>close()</script>")
    (tmp_path / "assets" / "index-1a2b3c4d.js").write_text("1")
    url = served(STATIC_DIR=str(tmp_path), REDIRECT_URI=f"{OURS}/auth/callback")
    for path in ("/", "/index.html", "/popup-close.html", "/assets/index-1a2b3c4d.js"):
        answer = Browser(url).get(path)
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "Strict-Transport-Security" in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Content-Security-Policy" not in answer.headers  # padws does not know what it loads
    assert "default-src 'none'" in Browser(url).get("/api/docs").headers["Content-Security-Policy"]


# Other origins

APP = "https://app.example.com"


def cors_of(response: requests.Response) -> dict[str, str]:
    return {
        name.lower().removeprefix("access-control-"): value
        for name, value in response.headers.items()
        if name.lower().startswith("access-control-")
    }


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "*",
        f"{APP}.evil.example",
        f"{APP}:8443",
        "http://app.example.com",
        "https://evilapp.example.com",
        f"{APP}:80",
        "https://user@app.example.com",
        f"{APP}:x",
    ],
)
def test_an_origin_that_is_not_named_reads_nothing(served: ServeApp, origin: str) -> None:
    alice = signed_in(served(CORS_ORIGINS=APP), "alice")
    asks = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    for answer in (
        alice.get("/api/users/me", headers={"Origin": origin}),
        alice.request("OPTIONS", "/api/pad", headers=asks),
    ):
        assert cors_of(answer) == {}
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("Pad.Example:80", "http://pad.example"),
        ("pad.example:8000", "http://pad.example:8000"),
        ("[0:0::1]:8000", "http://[::1]:8000"),
        ("xn--bcher-kva.example.", "http://xn--bcher-kva.example"),
    ],
)
def test_this_host_is_the_one_that_the_browser_names(
    alice: Browser, host: str, origin: str
) -> None:
    pad = alice.new_pad()
    for named, status in ((origin, 200), (f"{origin}1", 403), ("http://localhost", 403)):
        headers = {"Host": host, "Origin": named, "Cookie": f"{COOKIE}={alice.cookie}"}
        answer = alice.post(f"/api/pad/{pad}", json={"elements": []}, headers=headers)
        assert answer.status_code == status, answer.text


def test_an_origin_is_named_as_browsers_write_it(served: ServeApp) -> None:
    url = served(CORS_ORIGINS="https://App.Example.com:443/, http://[0::1]:80")
    for origin in (APP, "http://[::1]"):
        headers = cors_of(Browser(url).get("/api/app/config", headers={"Origin": origin}))
        assert headers["allow-origin"] == origin


def test_an_origin_that_is_named_reads_and_writes(served: ServeApp) -> None:
    alice = signed_in(served(CORS_ORIGINS=f"https://other.example.com, {APP}"), "alice")
    pad = alice.new_pad()
    asks = {
        "Origin": APP,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type, if-match",
    }
    # Browsers ask without cookies, and take only success for a yes.
    preflight = Browser(alice.url).request("OPTIONS", f"/api/pad/{pad}", headers=asks)
    assert preflight.status_code in (200, 204), preflight.text
    allowed = cors_of(preflight)
    assert allowed["allow-origin"] == APP
    assert allowed["allow-credentials"] == "true"
    assert "PUT" in allowed["allow-methods"]
    assert {"content-type", "if-match", "authorization"} <= set(
        allowed["allow-headers"].lower().replace(" ", "").split(",")
    )
    for answer in (
        alice.get(f"/api/pad/{pad}", headers={"Origin": APP}),
        alice.request("PUT", f"/api/pad/{pad}", json=SCENE, headers={"Origin": APP}),
    ):
        assert answer.status_code == 200
        assert cors_of(answer)["allow-origin"] == APP
        assert "etag" in cors_of(answer)["expose-headers"].lower()
    refused = Browser(alice.url).get("/api/users/me", headers={"Origin": APP})
    problem(refused, 401, "sign_in_required")
    assert cors_of(refused)["allow-origin"] == APP  # so that the page can tell why


# Proxies

FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "pad.example.com",
    "X-Forwarded-For": "203.0.113.1",
}


def way_back_of(response: requests.Response) -> str:
    """The address to which the provider is told to send the browser back."""
    return parse_qs(urlsplit(response.headers["Location"]).query)["redirect_uri"][0]


def test_without_a_trusted_proxy_nothing_forwarded_is_believed(url: str, alice: Browser) -> None:
    """Not even from this machine, whose address gunicorn trusts by default."""
    further = {
        **FORWARDED,
        "X-Forwarded-Protocol": "ssl",
        "X-Forwarded-Ssl": "on",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=pad.example.com;proto=https",
    }
    answer = Browser(url).get("/auth/login", headers=further)
    assert way_back_of(answer) == f"{url}/auth/callback"
    for origin in (OURS, "http://pad.example.com"):
        write = alice.post("/api/pad", json=SCENE, headers={**further, "Origin": origin})
        problem(write, 403, "cross_site")


def test_a_trusted_proxy_tells_where_we_are(instance: StartInstance) -> None:
    url = instance(TRUSTED_PROXIES="1").url
    answer = Browser(url).get("/auth/login", headers=FORWARDED)
    assert way_back_of(answer) == f"{OURS}/auth/callback"
    assert "secure" in answer.headers["Set-Cookie"].lower()
    assert "Strict-Transport-Security" in answer.headers
    forged = {
        "X-Forwarded-Proto": "https, http",
        "X-Forwarded-Host": "evil.example, pad.example.com",
    }
    answer = Browser(url).get("/auth/login", headers=forged)  # only what the proxy has added
    assert way_back_of(answer) == "http://pad.example.com/auth/callback"


def test_a_chain_of_trusted_proxies_is_followed_as_far_as_it_is_trusted(served: ServeApp) -> None:
    url = served(TRUSTED_PROXIES="2")
    chain = {
        "X-Forwarded-Proto": "http, https, http",
        "X-Forwarded-Host": "evil.example, pad.example.com, inner.example",
    }
    assert way_back_of(Browser(url).get("/auth/login", headers=chain)) == f"{OURS}/auth/callback"


@pytest.mark.parametrize("host", ["xn--.com", "a..b", f"{'x' * 70}.example.com"])
def test_a_host_that_can_be_none_is_no_failure(alice: Browser, url: str, host: str) -> None:
    assert Browser(url).get("/auth/login", headers={"Host": host}).status_code in (302, 400)
    session = f"{COOKIE}={alice.cookie}"
    elsewhere = {"Host": host, "Origin": "https://elsewhere.example", "Cookie": session}
    assert alice.post("/api/pad", headers=elsewhere, json={}).status_code in (400, 403)
    bob = signed_in(url, "bob")
    cookies = {"Host": host, "Cookie": f"{session}; {COOKIE}={bob.cookie}"}
    assert Browser(url).get("/api/users/me", headers=cookies).status_code == 400
