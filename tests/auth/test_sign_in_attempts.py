"""Attempts to sign in: several at a time, each with its own callback, and callbacks without one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import redis

from padws.auth import sign_in_attempts
from tests.auth.conftest import ServeApp
from tests.auth.sessions import change_session, session_of
from tests.helpers.browser import Browser, problem, signed_in, state_of
from tests.helpers.parallel import at_once
from tests.helpers.people import A_PAGE
from tests.providers.own import OwnProvider

CODES = ["access_denied", "login_required", "temporarily_unavailable", "server_error"]
ERRORS = [*CODES, "call us now", "\u00fc", "<b>", "x" * 100]


def goes_to(browser: Browser, callback: str) -> str:
    """Where a callback redirects to; asserts that it does."""
    answer = browser.get(callback, headers=A_PAGE)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def expire(client: redis.Redis, browser: Browser) -> None:
    """Let the attempts of a session expire."""
    session = session_of(client, browser)
    assert session
    old = {key: {**each, "expires_at": 1.0} for key, each in session["attempts"].items()}
    change_session(client, browser, attempts=old)


# Several at a time


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_tabs_that_begin_side_by_side_all_come_back_to_their_own_place(
    anyone: Browser, order: tuple[int, ...]
) -> None:
    begun = [anyone.begin(f"?next=/{number}") for number in range(3)]
    for number in order:
        assert goes_to(anyone, anyone.approve(begun[number], "alice")) == f"/{number}"
        assert anyone.who()["username"] == "alice"


def test_tabs_that_begin_at_the_same_moment_all_come_back(
    anyone: Browser, other_url: str, redis_client: redis.Redis
) -> None:
    anyone.begin()
    browsers = [anyone.at(url) for url in (anyone.url, other_url)]
    for _ in range(3):
        begun = at_once([browsers[n % 2].begin for n in range(sign_in_attempts.MOST)])
        session = session_of(redis_client, anyone)
        assert session
        assert session["attempts"].keys() == {
            sign_in_attempts.key_of(state_of(each)) for each in begun
        }


def test_a_popup_beside_a_tab_is_the_only_popup(anyone: Browser) -> None:
    popup, tab = anyone.begin("?popup=1&next=/p"), anyone.begin("?next=/t")
    answer = anyone.get(anyone.approve(popup, "alice"))
    assert (answer.status_code, "signed_in.js" in answer.text) == (200, True)
    assert goes_to(anyone, anyone.approve(tab, "alice")) == "/t"


def test_the_one_who_comes_back_last_is_signed_in_and_alone(
    anyone: Browser, redis_client: redis.Redis
) -> None:
    one, other = anyone.begin(), anyone.begin()
    goes_to(anyone, anyone.approve(one, "alice"))
    first = anyone.cookie
    anyone.at_provider.cookies.clear()
    goes_to(anyone, anyone.approve(other, "bob"))
    assert anyone.who()["username"] == "bob"
    assert redis_client.exists(f"padws:session:{first}") == 0
    assert redis_client.zcard("padws:sessions") == 1


def test_the_newest_few_attempts_are_kept(anyone: Browser, redis_client: redis.Redis) -> None:
    begun = [anyone.begin(f"?next=/{number}") for number in range(sign_in_attempts.MOST + 2)]
    session = session_of(redis_client, anyone)
    assert session
    assert len(session["attempts"]) == sign_in_attempts.MOST
    problem(anyone.get(anyone.approve(begun[1], "alice")), 401, "sign_in_failed")
    for number in (2, sign_in_attempts.MOST + 1):
        assert goes_to(anyone, anyone.approve(begun[number], "alice")) == f"/{number}"


def test_a_session_does_not_grow_with_attempts_however_long(
    anyone: Browser, redis_client: redis.Redis
) -> None:
    def size() -> int:
        return redis_client.strlen(f"padws:session:{anyone.cookie}")

    query = f"?next=/{'a' * 400}&kc_idp_hint={'h' * 100}"
    for _ in range(sign_in_attempts.MOST):
        anyone.begin(query)
    full = size()
    assert full < 2000
    for _ in range(20):
        anyone.begin(query)
    assert size() == full


def test_a_hint_or_a_place_that_is_too_long_is_left_out(anyone: Browser) -> None:
    location = anyone.begin(f"?next=/{'a' * 1500}&kc_idp_hint={'h' * 1500}")
    assert len(location) < 700
    assert "kc_idp_hint" not in parse_qs(urlsplit(location).query)
    assert goes_to(anyone, anyone.approve(location, "alice")) == "/"


# Back, and pages that were left open


def test_the_way_back_a_second_time_leads_to_the_same_place(
    anyone: Browser, provider: OwnProvider
) -> None:
    location = anyone.begin("?next=/docs%23part")
    callback = anyone.approve(location, "alice")
    for _ in range(3):
        assert goes_to(anyone, callback) == "/docs#part"
    again = anyone.approve(location, "alice")  # the provider's page, from the browser's history
    assert goes_to(anyone, again) == "/docs#part"
    assert anyone.who()["username"] == "alice"
    assert provider.asked["authorization_code"] == 1


def test_a_popups_way_back_a_second_time_closes_it(anyone: Browser) -> None:
    callback = anyone.approve(anyone.begin("?popup=1"), "alice")
    for _ in range(2):
        assert "signed_in.js" in anyone.get(callback).text


@pytest.mark.parametrize("lost", ["expired", "gone", "cookie"])
def test_a_page_left_open_too_long_leads_whoever_is_signed_in_on(
    anyone: Browser, redis_client: redis.Redis, lost: str
) -> None:
    location = anyone.begin("?next=/left")
    if lost == "expired":
        expire(redis_client, anyone)
    elif lost == "gone":
        redis_client.flushall()
    else:
        anyone.here.cookies.clear()
    callback = anyone.approve(location, "alice")
    page = anyone.get(callback, headers=A_PAGE)
    assert page.status_code == 401
    assert 'href="/auth/login?next=/left"' in page.text
    problem(anyone.get(callback), 401, "sign_in_failed")
    anyone.sign_in("alice")
    assert goes_to(anyone, callback) == "/left"


def test_an_attempt_of_a_popup_that_is_over_begins_again_as_a_popup(anyone: Browser) -> None:
    state = state_of(anyone.begin("?popup=1&next=/b%C3%BCcher"))
    anyone.here.cookies.clear()
    page = anyone.get(f"/auth/callback?code=x&state={state}", headers=A_PAGE)
    assert 'href="/auth/login?popup=1&amp;next=/b%25C3%25BCcher"' in page.text


def test_a_sign_in_that_cannot_begin_keeps_its_place(
    served: ServeApp, provider: OwnProvider
) -> None:
    provider.conduct.alter_discovery = lambda metadata: metadata | {"issuer": "http://other"}
    browser = Browser(served())
    for wish, kept in (("next=/x", "next=/x"), ("popup=1", "popup=1"), ("next=//evil", "")):
        page = browser.get(f"/auth/login?{wish}", headers=A_PAGE)
        assert page.status_code == 503
        assert f'href="/auth/login{"?" if kept else ""}{kept}"' in page.text


# The provider says no


@pytest.mark.parametrize("error", ERRORS)
def test_a_no_of_the_provider_is_a_page_that_keeps_the_place(anyone: Browser, error: str) -> None:
    state = state_of(anyone.begin("?next=/x"))
    failing = f"/auth/callback?error={quote(error)}&error_description=%3Cb%3E&state={state}"
    page = anyone.get(failing, headers=A_PAGE)
    assert page.status_code == 401
    assert 'href="/auth/login?next=/x"' in page.text
    assert (error in page.text) == (error in CODES)
    detail = problem(anyone.get(failing), 401, "sign_in_failed")["detail"]
    assert detail.startswith("The provider answered: ")


@pytest.mark.parametrize("error", ERRORS)
def test_a_no_of_the_provider_leaves_whoever_is_signed_in_where_they_were(
    alice: Browser, error: str
) -> None:
    """As Keycloak answers to a page that was open while somebody signed in in another tab."""
    state = state_of(alice.begin("?next=/x"))
    assert goes_to(alice, f"/auth/callback?error={quote(error)}&state={state}") == "/x"
    assert goes_to(alice, f"/auth/callback?error={quote(error)}") == "/"
    assert alice.who()["username"] == "alice"


@pytest.mark.parametrize("code", ["", "&code="])
def test_a_way_back_without_a_code_asks_nobody(
    anyone: Browser, provider: OwnProvider, code: str
) -> None:
    state = state_of(anyone.begin())
    problem(anyone.get(f"/auth/callback?state={state}{code}"), 401, "sign_in_failed")
    assert provider.asked["/token"] == 0


# Somebody else's


def test_nobody_is_signed_in_by_an_attempt_of_another_browser(url: str) -> None:
    attacker = Browser(url)
    begun, finished = attacker.begin("?next=/evil"), attacker.begin("?next=/evil")
    goes_to(attacker, attacker.approve(finished, "bob"))
    for callback in (attacker.approve(begun, "bob"), attacker.approve(finished, "bob")):
        victim = Browser(url)
        problem(victim.get(callback), 401, "sign_in_failed")
        assert victim.cookie is None
        victim.begin()
        problem(victim.get(callback), 401, "sign_in_failed")
        problem(victim.get("/api/users/me"), 401, "sign_in_required")
        victim.sign_in("alice")
        session = victim.cookie
        assert goes_to(victim, callback) == "/evil"  # a path here, as any link can name it
        assert (victim.who()["username"], victim.cookie) == ("alice", session)


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nX: y", "\ud800"],
    ids=ascii,
)
def test_a_made_up_state_leads_nowhere_else(alice: Browser, path: str) -> None:
    place = base64.urlsafe_b64encode(path.encode("utf-8", "surrogatepass")).decode()
    for state in (
        f"x.{place}",
        f"x.{place.rstrip('=')}",
        f".{place}",
        f"x.{place}.{place}",
        "x.%00",
    ):
        assert goes_to(alice, f"/auth/callback?code=x&state={quote(state)}") == "/"


@pytest.mark.parametrize(
    "change", [str.swapcase, lambda state: f"{state}x", lambda state: f".{state}", lambda _: "."]
)
def test_a_state_that_was_changed_is_none(anyone: Browser, change: Callable[[str], str]) -> None:
    callback = anyone.approve(anyone.begin("?next=/x"), "alice")
    state = parse_qs(urlsplit(callback).query)["state"][0]
    forged = callback.replace(state, quote(change(state)))
    problem(anyone.get(forged), 401, "sign_in_failed")
    problem(anyone.get("/api/users/me"), 401, "sign_in_required")


def test_whoever_signs_in_anew_is_somebody_else_then(alice: Browser) -> None:
    location = alice.begin("?next=/x")
    alice.at_provider.cookies.clear()
    assert goes_to(alice, alice.approve(location, "bob")) == "/x"
    assert alice.who()["username"] == "bob"
    assert signed_in(alice.url, "alice").who()["username"] == "alice"
