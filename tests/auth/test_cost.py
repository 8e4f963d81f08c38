"""What it costs to know who is asking: one Redis command, no call to the provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from joserfc import jwt

from padws import create_app
from padws.auth import cross_site
from padws.config import load_settings
from tests.auth.conftest import ScriptOf, ServeApp
from tests.helpers.browser import Browser, Script
from tests.helpers.parallel import at_once
from tests.helpers.redis_servers import counted_commands
from tests.providers.own import OwnProvider

MANY = 40


@pytest.mark.parametrize(
    "ask",
    [
        lambda browser, pad: browser.get(f"/api/pad/{pad}"),
        lambda browser, pad: browser.get("/api/pad?data=false"),
        lambda browser, pad: browser.get("/api/workspace/state"),
        lambda browser, pad: browser.get("/api/users/me"),
        lambda browser, pad: browser.save(pad),
    ],
    ids=["pad", "pads", "state", "me", "save"],
)
def test_a_request_with_a_session_is_one_redis_command(
    alice: Browser,
    provider: OwnProvider,
    redis_client: redis.Redis,
    ask: Callable[[Browser, str], object],
) -> None:
    pad = alice.new_pad()
    provider.asked.clear()
    with counted_commands(redis_client) as counted:
        at_once([lambda: ask(alice, pad)] * MANY)
    assert counted == {"getex": MANY}
    assert not provider.asked


def test_flask_oidc_does_nothing_before_a_request(provider: OwnProvider) -> None:
    app = create_app(load_settings({"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": "padws"}))
    assert app.extensions["padws"].provider
    assert {hook.__module__ for hook in app.before_request_funcs[None]} == {cross_site.__name__}


def test_a_request_with_a_signed_token_is_none_at_all(
    script: ScriptOf, alice: Browser, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    pad = alice.new_pad()
    client = script(provider.signed(provider.access_claims("alice")))
    for _ in range(12):
        client.get("/api/users/me")  # both workers have seen it now
    provider.asked.clear()
    with counted_commands(redis_client) as counted:
        at_once([lambda: client.save(pad)] * MANY)
    assert counted == {}
    assert not provider.asked


@pytest.mark.parametrize(
    "path",
    ["/", "/healthz", "/api/docs", "/api/openapi.json", "/api/app/config", "/api/app/build-info"],
)
def test_what_anybody_may_see_asks_nobody(
    alice: Browser, provider: OwnProvider, redis_client: redis.Redis, path: str
) -> None:
    provider.asked.clear()
    with counted_commands(redis_client) as counted:
        for _ in range(3):
            assert alice.get(path).status_code == 200
    assert counted == {}
    assert not provider.asked


def test_a_signature_is_checked_once(
    served: ServeApp, provider: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    check = jwt.decode

    def note_and_check(token: str, *args: Any, **kwargs: Any) -> jwt.Token:
        checked.append(token)
        return check(token, *args, **kwargs)

    monkeypatch.setattr(jwt, "decode", note_and_check)
    good = provider.signed(provider.access_claims("alice"))
    bad = f"{good[:-8]}AAAAAAAA"
    url = served()
    for _ in range(5):
        assert Script(url, good).get("/api/users/me").status_code == 200
        assert Script(url, bad).get("/api/users/me").status_code == 401
    assert checked == [good, bad, bad], "the bad one again, by keys that may be newer"
