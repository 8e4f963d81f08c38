"""Several cookies of one name, as a site on a sibling name can make a browser send them."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
import redis
import requests

from tests.helpers.browser import COOKIE, Browser, problem, signed_in
from tests.helpers.people import A_PAGE
from tests.helpers.redis_servers import counted_commands

ME = "/api/users/me"
JUNK = "A" * 43


def ask(url: str, *cookies: str, path: str = ME, **headers: str) -> requests.Response:
    """Ask with several session ids, the one with the longest path first, as browsers send them."""
    header = "; ".join(f"{COOKIE}={value}" for value in cookies)
    return Browser(url).get(path, headers={"Cookie": header, **headers})


def name_of(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["username"]


@pytest.mark.parametrize(
    "around",
    [
        lambda sid: [JUNK, sid],
        lambda sid: [sid, JUNK],
        lambda sid: [JUNK, "B" * 43, sid, "x"],
        lambda sid: [sid, sid],
        lambda sid: ["", sid],
        lambda sid: ["a,b", sid, '"'],
        lambda sid: [f'"{sid}"', JUNK, sid],
        lambda sid: [f"{number}" for number in range(100)] + [sid],
    ],
)
def test_junk_beside_a_session_keeps_nobody_out(alice: Browser, around: Any) -> None:
    assert name_of(ask(alice.url, *around(alice.cookie))) == "alice"


def test_junk_costs_one_more_command(alice: Browser, redis_client: redis.Redis) -> None:
    with counted_commands(redis_client) as counted:
        for _ in range(5):
            name_of(ask(alice.url, JUNK, str(alice.cookie)))
    assert counted == {"mget": 5, "getex": 5}


def test_junk_alone_is_nobody_and_signing_in_works_beside_it(url: str) -> None:
    problem(ask(url, JUNK, "B" * 43), 401, "sign_in_required")
    browser = Browser(url)
    browser.here.cookies.set(COOKIE, JUNK, domain="127.0.0.1", path="/auth")
    browser.here.cookies.set(COOKIE, JUNK, domain="127.0.0.1", path="/api/users")
    browser.sign_in("alice")
    assert browser.who()["username"] == "alice"


@pytest.mark.parametrize("first", ["own", "planted"])
def test_two_sessions_are_neither(url: str, alice: Browser, first: str) -> None:
    mallory = signed_in(url, "mallory")
    sids = [str(alice.cookie), str(mallory.cookie)]
    both = sids if first == "own" else sids[::-1]
    for path in (ME, "/api/pad", "/auth/login", "/auth/callback?code=x&state=y", "/auth/logout"):
        answer = ask(url, *both, path=path)
        problem(answer, 400, "several_sessions")
        assert "mallory" not in answer.text
    assert alice.who()["username"] == "alice"
    assert ask(url, *both, path="/api/app/config").status_code == 200


def test_an_attempt_that_was_planted_beside_ones_own_signs_nobody_in(url: str) -> None:
    victim, attacker = Browser(url), Browser(url)
    victim.begin()
    callback = attacker.approve(attacker.begin(), "mallory")
    for sids in ((victim.cookie, attacker.cookie), (attacker.cookie, victim.cookie)):
        problem(ask(url, *map(str, sids), path=callback), 400, "several_sessions")


def test_the_cookies_are_dropped_wherever_that_can_be_done(url: str, alice: Browser) -> None:
    mallory = signed_in(url, "mallory")
    answer = ask(
        url,
        str(mallory.cookie),
        str(alice.cookie),
        path="/api/pad/recent",
        Host="pad.example.com:8000",
    )
    dropped = answer.raw.headers.getlist("Set-Cookie")
    assert all("Expires=Thu, 01 Jan 1970" in each for each in dropped)
    places = {
        (re.search("Domain=([^;]*)|$", each)[1], re.search("Path=(.*)", each)[1])  # type: ignore[index]
        for each in dropped
    }
    paths = ("/", "/api", "/api/", "/api/pad", "/api/pad/", "/api/pad/recent", "/api/pad/recent/")
    assert places == {(None, "/")} | set(product(("pad.example.com", "example.com"), paths))
    assert sum(map(len, dropped)) < 3000


def test_a_person_sees_a_page_and_signs_in_again(url: str, alice: Browser) -> None:
    mallory = signed_in(url, "mallory")
    alice.here.cookies.set(COOKIE, str(mallory.cookie), domain="127.0.0.1", path="/auth")
    page = alice.get("/auth/login?next=/x", headers=A_PAGE)
    assert page.status_code == 400
    assert 'href="/auth/login?next=/x"' in page.text
    alice.sign_in("alice")
    assert alice.who()["username"] == "alice"
