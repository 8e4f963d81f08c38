"""Secrets that let somebody in are in no log, and only in the answers where they belong."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qs, quote, unquote, urlsplit

import requests
from flask import Response

from tests.auth import forged
from tests.auth.conftest import Deployment, StartInstance
from tests.auth.sessions import make_refresh_due
from tests.helpers.browser import COOKIE, Browser, Script, signed_in
from tests.providers.own import SECRET, OwnProvider, answering, subject_of

ME = "/api/users/me"


class Watched(Browser):
    """A browser that keeps every answer, and the secrets that go through it."""

    answers: list[requests.Response]
    secrets: set[str]

    def __init__(self, url: str):
        super().__init__(url)
        self.answers, self.secrets = [], set()

    def request(self, method: str, path: str, **kwargs: object) -> requests.Response:
        response = super().request(method, path, **kwargs)
        self.answers.append(response)
        for address in (path, response.headers.get("Location", "")):
            query = parse_qs(urlsplit(address).query)
            for name in ("code", "state", "nonce", "code_challenge"):
                self.secrets.update(query.get(name, []))
        self.secrets.update(filter(None, [self.cookie, response.cookies.get(COOKIE)]))
        return response


def found_in(text: str, secrets: Iterable[str]) -> set[str]:
    """The secrets that a text contains, however they are written."""
    spellings = f"{text}\n{unquote(text)}"
    return {each for each in secrets if each in spellings or quote(each, safe="") in spellings}


def browse(url: str, provider: OwnProvider, deployment: Deployment) -> Watched:
    """A session with refreshes that succeed, fail and go unanswered, and its end."""
    alice = Watched(url)
    alice.sign_in("alice")
    alice.save(alice.new_pad())
    with deployment.redis.client() as client:
        for answer in (None, Response(status=503), Response("<h1>no</h1>"), Response("{}")):
            provider.conduct.instead = {"/token": answering(answer)}
            make_refresh_due(client, alice)
            alice.get(ME)
        provider.conduct.instead = {"/userinfo": lambda: Response(status=500)}
        make_refresh_due(client, alice)
        alice.get(ME)
        provider.conduct.instead.clear()
        provider.conduct.nobody = {"alice"}
        make_refresh_due(client, alice)
        alice.get(ME)
        provider.conduct.nobody.clear()
        client.set(f"padws:session:{alice.cookie}", b"\xff")
        alice.get(ME)
    alice.sign_in("alice")
    alice.post("/auth/logout")
    return alice


def fail_to_sign_in(url: str, provider: OwnProvider) -> Watched:
    """Sign-ins that break off at every step."""
    mallory = Watched(url)
    location = mallory.begin()
    for callback in (
        "/auth/callback?code=a-stolen-code&state=a-made-up-state",
        "/auth/callback?error=a-made-up-error&state=another-made-up-state",
    ):
        mallory.get(callback)
    provider.conduct.alter_id_token = lambda claims: claims | {"nonce": "another-nonce"}
    mallory.get(mallory.approve(location, "bob"))
    provider.conduct.alter_id_token = dict
    for endpoint in ("/token", "/userinfo"):
        provider.conduct.instead = {endpoint: lambda: Response("no", 500)}
        mallory.sign_in("bob")
    provider.conduct.instead.clear()
    return mallory


def use_tokens(url: str, provider: OwnProvider) -> list[Script]:
    """Use tokens of every kind: good ones, bad ones, and unknown opaque ones."""
    claims = provider.access_claims("alice")
    tokens = [
        provider.signed(claims),
        provider.signed(claims | {"exp": 1}),
        forged.unsigned(claims),
        forged.by_secret(claims, "a-secret-of-the-attacker"),
        "an-opaque-token-that-nobody-has-made",
        "padws_a-personal-token-that-nobody-has-made",
    ]
    scripts = [Script(url, token) for token in tokens]
    for script in scripts:
        script.get(ME)
    provider.conduct.instead = {"/introspect": lambda: Response("no", 500)}
    scripts.append(Script(url, "another-opaque-token"))
    scripts[-1].get(ME)
    provider.conduct.instead.clear()
    return scripts


def test_no_log_line_at_any_level_tells_a_secret(
    instance: StartInstance, provider: OwnProvider, deployment: Deployment
) -> None:
    service = instance(LOG_LEVEL="debug", WEB_CONCURRENCY="1")
    url = service.url
    browsers = [browse(url, provider, deployment), fail_to_sign_in(url, provider)]
    scripts = use_tokens(url, provider)
    alice = signed_in(url, "alice")
    personal = alice.post(f"{ME}/tokens", json={"name": "x"}).json()["token"]
    Script(url, personal).get(ME)
    logout_token = provider.logout_token(sub=subject_of("bob"))
    for token in (logout_token, f"{logout_token}x", forged.unsigned({"sub": "x"})):
        Browser(url).post("/auth/backchannel-logout", data={"logout_token": token})
    secrets = {SECRET, personal, logout_token, alice.cookie or "", *provider.handed_out}
    secrets |= {each for browser in browsers for each in browser.secrets}
    secrets |= {str(script.here.headers["Authorization"]) for script in scripts}
    secrets |= {each.removeprefix("Bearer ") for each in secrets}

    log = service.log.read_text()
    assert "sign-in provider cannot be used" in log  # it does say what has happened
    assert "Traceback" not in log
    assert len(secrets) > 40
    assert found_in(log, secrets) == set()


def test_no_answer_tells_a_token(url: str, provider: OwnProvider, deployment: Deployment) -> None:
    watched = [browse(url, provider, deployment), fail_to_sign_in(url, provider)]
    answers = [answer for browser in watched for answer in browser.answers]
    for answer in answers:
        tokens = found_in(f"{answer.text}{answer.headers}", {SECRET, *provider.handed_out})
        if answer.url.endswith("/auth/logout"):  # the provider asks for the ID token there
            assert len(tokens) == 1
        else:
            assert tokens == set(), answer.url
    assert len(answers) > 15


def test_nobody_is_told_who_exists(url: str, alice: Browser) -> None:
    """Neither by a different answer nor by a different status."""
    bob = signed_in(url, "bob")
    pad = alice.new_pad()
    nothing = "00000000-0000-4000-8000-000000000000"
    pairs = [
        (f"/api/users/{subject_of('alice')}", f"/api/users/{nothing}"),
        (f"/api/users/{subject_of('alice')}/sessions", f"/api/users/{nothing}/sessions"),
        (f"/api/pad/{pad}", f"/api/pad/{nothing}"),
    ]
    for method in ("GET", "DELETE", "PATCH"):
        for there, not_there in pairs:
            one, other = (bob.request(method, path, json={}) for path in (there, not_there))
            assert one.status_code == other.status_code
            assert one.json() | {"request_id": ""} == other.json() | {"request_id": ""}
    taken = {"name": "x", "display_name": "x"}
    assert bob.post("/api/users", json=taken | {"username": "alice"}).status_code == 403
