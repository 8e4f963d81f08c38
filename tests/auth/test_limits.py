"""Floods are slowed down: sign-ins by address, changes by user."""

from __future__ import annotations

import time

import pytest
import requests

from padws.config import ConfigurationError, load_settings
from tests.auth.conftest import Deployment, ServeApp
from tests.helpers.browser import Browser, Script, problem, signed_in
from tests.providers.own import OwnProvider

#: Periods begin by the clock: one of a minute might end between two requests.
FEW = "5 per year"


@pytest.fixture(autouse=True)
def _no_counts(deployment: Deployment) -> None:
    deployment.redis.start()
    with deployment.redis.client() as client:
        client.flushall()


def too_many(response: requests.Response) -> int:
    """Assert that the answer says to wait; how many seconds."""
    problem(response, 429, "too_many_requests")
    seconds = int(response.headers["Retry-After"])
    assert seconds >= 1
    return seconds


def attempts(url: str, number: int, headers: dict[str, str] | None = None) -> list[int]:
    """The statuses of attempts to sign in, each by a browser of its own."""
    return [Browser(url).get("/auth/login", headers=headers).status_code for _ in range(number)]


def test_attempts_to_sign_in_are_limited_over_all_instances(served: ServeApp) -> None:
    url, other_url = (served(LOGIN_LIMIT=FEW) for _ in range(2))
    assert attempts(url, 3) == [302] * 3
    assert attempts(other_url, 3) == [302, 302, 429]
    too_many(Browser(url).get("/auth/login"))
    too_many(Browser(other_url).get("/auth/login"))


def test_codes_are_not_tried_out_either(served: ServeApp, provider: OwnProvider) -> None:
    url = served(LOGIN_LIMIT=FEW)
    browser = Browser(url)
    for number in range(5):
        problem(browser.get(f"/auth/callback?code={number}&state=x"), 401, "sign_in_failed")
    too_many(browser.get("/auth/callback?code=5&state=x"))
    assert provider.asked["/token"] == 0


def test_made_up_tokens_are_not_passed_on_to_the_provider(
    served: ServeApp, provider: OwnProvider
) -> None:
    url = served(LOGIN_LIMIT="8 per year")
    provider.conduct.signs_access_tokens = False
    signed_in(url, "alice")
    good = Script(url, provider.latest_access_token)
    assert good.get("/api/users/me").status_code == 200
    answers = [Script(url, f"made-up-{number}").get("/api/users/me") for number in range(8)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    too_many(answers[-1])
    assert provider.asked["/introspect"] == 6
    assert good.get("/api/users/me").status_code == 200


def test_whoever_is_signed_in_does_not_notice_others_attempts(served: ServeApp) -> None:
    url = served(LOGIN_LIMIT=FEW)
    alice = signed_in(url, "alice")
    pad = alice.new_pad()
    assert 429 in attempts(url, 6)
    for _ in range(10):
        assert alice.save(pad).status_code == 200
    assert alice.post("/auth/logout").status_code == 200


def test_an_address_cannot_be_made_up(served: ServeApp) -> None:
    url = served(LOGIN_LIMIT=FEW)
    statuses = [
        attempts(url, 1, {"X-Forwarded-For": f"203.0.113.{number}"})[0] for number in range(7)
    ]
    assert statuses == [302] * 5 + [429] * 2


def test_behind_a_proxy_the_address_is_what_the_proxy_says(served: ServeApp) -> None:
    url = served(LOGIN_LIMIT=FEW, TRUSTED_PROXIES="1")
    for number in range(6):  # whatever the client puts before it
        status = attempts(url, 1, {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.1"})
        assert status == ([302] if number < 5 else [429])
    assert attempts(url, 1, {"X-Forwarded-For": "203.0.113.2"}) == [302]


@pytest.mark.parametrize(
    "spellings",
    [
        [f"203.0.113.1:{port}" for port in range(4001, 4007)],
        ["203.0.113.1", "203.0.113.1:80", "::ffff:203.0.113.1", "[::ffff:cb00:7101]:80"],
        ["2001:db8::1", "[2001:db8::2]:80", "[2001:db8:0:0:ffff::]", "2001:db8::3%eth0"],
        ["unknown", "_hidden", "_x:80", "none at all", "203.0.113.999"],
    ],
    ids=lambda spellings: spellings[0],
)
def test_an_address_is_one_however_it_is_written(served: ServeApp, spellings: list[str]) -> None:
    url = served(LOGIN_LIMIT="3 per year", TRUSTED_PROXIES="1")
    statuses = [attempts(url, 1, {"X-Forwarded-For": each})[0] for each in spellings]
    assert statuses == [302] * 3 + [429] * (len(spellings) - 3)
    others = ["203.0.113.2:4001", "2001:db8:0:1::1", "::ffff:203.0.113.3"]
    assert [attempts(url, 1, {"X-Forwarded-For": each})[0] for each in others] == [302] * 3


def test_changes_are_limited_by_user_and_not_by_address(
    served: ServeApp, provider: OwnProvider
) -> None:
    url = served(WRITE_LIMIT=FEW)
    alice, bob = signed_in(url, "alice"), signed_in(url, "bob")
    pad = alice.new_pad()
    assert [alice.save(pad).status_code for _ in range(4)] == [200] * 4
    too_many(alice.save(pad))
    script = Script(url, provider.signed(provider.access_claims("alice")))
    too_many(script.save(pad))  # another way in, the same person
    too_many(signed_in(url, "alice").save(pad))
    for _ in range(8):
        assert alice.get(f"/api/pad/{pad}").status_code == 200  # reading goes on
    assert bob.new_pad()
    assert alice.get(f"/api/pad/{pad}").json()["version"] == 5


def test_after_the_time_that_the_answer_tells_the_save_is_taken(served: ServeApp) -> None:
    url = served(WRITE_LIMIT="1 per 2 seconds")
    alice = signed_in(url, "alice")
    pad = alice.new_pad()
    answer = alice.save(pad)
    while answer.status_code == 200:
        answer = alice.save(pad)
    seconds = too_many(answer)
    assert seconds <= 2
    time.sleep(seconds)
    assert alice.save(pad).status_code == 200


@pytest.mark.parametrize("setting", ["LOGIN_LIMIT", "WRITE_LIMIT"])
@pytest.mark.parametrize(
    "value", ["lots", "5", "5 per", "per minute", "-1 per minute", "5 per fortnight"]
)
def test_an_unusable_limit_is_named_at_the_start(setting: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_settings({setting: value})
    assert setting in raised.value.mistakes
