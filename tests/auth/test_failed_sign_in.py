"""A person whose sign-in fails sees a page; a script is told the same in JSON."""

from __future__ import annotations

import pytest

from tests.auth.conftest import Deployment, ServeApp
from tests.helpers.browser import Browser, problem, state_of
from tests.helpers.people import A_PAGE
from tests.providers.own import OwnProvider

FAILING = "/auth/callback?code=x&state=y"


def test_a_browser_is_shown_why_and_where_to_begin_again(anyone: Browser) -> None:
    answer = anyone.get(FAILING, headers=A_PAGE)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "was not started here" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert 'href="/auth/login"' in answer.text
    assert anyone.get("/auth/login", headers=A_PAGE).status_code == 302


def test_a_popup_stays_one(anyone: Browser) -> None:
    state = state_of(anyone.begin("?popup=1"))
    failing = f"/auth/callback?error=access_denied&state={state}"
    assert 'href="/auth/login?popup=1"' in anyone.get(failing, headers=A_PAGE).text


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json, text/html;q=0.5"]
)
def test_whoever_asks_for_no_page_gets_json(anyone: Browser, accept: str | None) -> None:
    answer = anyone.get(FAILING, headers={"Accept": accept})
    problem(answer, 401, "sign_in_failed")
    assert "Accept" in answer.headers["Vary"]


def test_what_the_provider_says_is_no_markup_on_the_page(anyone: Browser) -> None:
    anyone.begin()
    answer = anyone.get("/auth/callback?error=<script>alert(1)</script>", headers=A_PAGE)
    assert answer.status_code == 401
    assert "<script>alert" not in answer.text


def test_the_api_has_no_pages(anyone: Browser) -> None:
    problem(anyone.get("/api/pad", headers=A_PAGE), 401, "sign_in_required")


def test_without_the_provider_or_redis_it_is_a_page_as_well(
    served: ServeApp, provider: OwnProvider, deployment: Deployment
) -> None:
    url = served()
    provider.stop()
    answer = Browser(url).get("/auth/login", headers=A_PAGE)
    assert answer.status_code == 503
    assert "The sign-in provider is not available" in answer.text
    provider.start()
    deployment.redis.stop()
    answer = Browser(url).get(FAILING, headers=A_PAGE)
    deployment.redis.start()
    assert answer.status_code == 503
    assert "Redis is not available" in answer.text
