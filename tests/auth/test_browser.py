"""Signing in and out in a real browser, with its own idea of cookies, popups and policies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.auth.conftest import ServeApp, running_node
from tests.helpers.chromium import Watch
from tests.providers.node import PASSWORD, settings_of

STATUS = "#account-status"
SIGNED_OUT = "You are not signed in."


@pytest.fixture(params=["own", "oidc-provider"])
def address(request: pytest.FixtureRequest, served: ServeApp, tmp_path: Path) -> Iterator[str]:
    """The address of a service whose provider has pages of its own."""
    if request.param == "own":
        yield served()
        return
    with running_node(tmp_path) as node:
        url = served(**settings_of(node))
        node.register(url)
        yield url


def sign_in(page: Page, name: str) -> None:
    """Sign in on the provider's page."""
    page.locator("input[name=username], input[name=sub]").fill(name)
    password = page.locator("input[name=password]")
    if password.count():
        password.fill(PASSWORD)
    page.locator("form").evaluate("form => form.requestSubmit()")


def test_a_person_signs_in_sees_the_pads_and_signs_out(
    browser: BrowserContext, address: str
) -> None:
    watch, page = Watch(browser), browser.new_page()
    page.goto(f"{address}/")
    expect(page.locator(STATUS)).to_have_text(SIGNED_OUT)
    page.get_by_role("link", name="Sign in").click()
    sign_in(page, "alice")
    expect(page.locator(STATUS)).to_contain_text("Signed in as")
    expect(page.get_by_role("row", name="Untitled").first).to_be_visible()
    assert page.evaluate("document.cookie") == ""  # scripts do not see the session
    assert watch.complaints(address) == []

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: not url.startswith(f"{address}/"))
    if (confirm := page.locator("[name=logout]")).count():  # oidc-provider asks once more
        confirm.click()
    page.goto(f"{address}/")
    expect(page.locator(STATUS)).to_have_text(SIGNED_OUT)
    assert watch.complaints(address) == []


def test_a_popup_signs_in_tells_its_opener_and_closes(
    browser: BrowserContext, address: str
) -> None:
    watch, opener = Watch(browser), browser.new_page()
    opener.goto(f"{address}/")
    opener.evaluate(
        "window.heard = []; addEventListener('storage', event => heard.push(event.key))"
    )
    with opener.expect_popup() as opened:
        opener.evaluate("void window.open('/auth/login?popup=1', 'sign-in', 'width=500')")
    with opened.value.expect_event("close"):
        sign_in(opened.value, "alice")
    opener.wait_for_function("heard.includes('auth_completed')")
    assert opener.evaluate("Math.abs(Date.now() - localStorage.getItem('auth_completed')) < 60000")
    assert opener.evaluate("fetch('/api/workspace/state').then(answer => answer.status)") == 200
    assert watch.complaints(address) == []


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/docs/problems"])
def test_pages_keep_to_their_own_policy(
    browser: BrowserContext, served: ServeApp, path: str
) -> None:
    watch, page, address = Watch(browser), browser.new_page(), served()
    page.goto(f"{address}{path}", wait_until="networkidle")
    expect(page.locator("h1, .title").first).to_be_visible()
    if path == "/api/docs":
        page.locator(".opblock").nth(20).wait_for()
    assert watch.complaints(address) == []
    assert watch.elsewhere(address) == []
    assert "system-ui" in page.evaluate("getComputedStyle(document.querySelector('header')).font")


def test_another_site_can_neither_write_nor_frame_nor_read(
    browser: BrowserContext, served: ServeApp
) -> None:
    url = served()
    page = browser.new_page()
    page.goto(f"{url}/auth/login")
    sign_in(page, "alice")
    expect(page.locator(STATUS)).to_contain_text("Signed in as")
    before = page.evaluate("fetch('/api/pad?data=false').then(answer => answer.text())")
    evil = browser.new_page()
    for attack in (_form(url), _fetch(url)):
        evil.goto("data:text/html," + quote(attack))
        evil.wait_for_function("document.title === 'done' || location.protocol === 'http:'")
    assert page.evaluate("fetch('/api/pad?data=false').then(answer => answer.text())") == before
    evil.goto("data:text/html," + quote(f"<iframe src='{url}/'></iframe>"))
    assert evil.frames[1].url.startswith("chrome-error:")


def _form(url: str) -> str:
    """A form that sends itself, as a page of another site would hide it."""
    action = f"{url}/api/pad/from-template/default"
    return f"<form method=post action='{action}'></form><script>document.forms[0].submit()</script>"


def _fetch(url: str) -> str:
    """A script that writes and reads with whatever cookies the browser adds."""
    return f"""<script>
      const options = {{method: 'POST', credentials: 'include'}};
      Promise.allSettled([
        fetch('{url}/api/pad/from-template/default', {{...options, mode: 'no-cors'}}),
        fetch('{url}/api/users/me', {{credentials: 'include'}}),
        fetch('{url}/auth/logout', {{...options, mode: 'no-cors'}}),
      ]).then(all => document.title = all[1].status === 'rejected' ? 'done' : 'read');
    </script>"""
