"""Signing in and out in a real browser, with its own idea of cookies, popups and policies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest

from tests.auth import chromium
from tests.auth.chromium import Chromium, Tab
from tests.auth.conftest import ServeApp, running_node
from tests.helpers.waiting import wait_until
from tests.providers.node import PASSWORD, settings_of

SIGN_IN = """
(() => {
  const field = document.querySelector('input[name=username], input[name=sub]:not([type=hidden])');
  if (!field) return false;
  const password = document.querySelector('input[name=password]');
  field.value = %r;
  if (password) password.value = %r;
  field.form.requestSubmit();
  return true;
})()
"""
STATUS = "document.getElementById('account-status')?.textContent.startsWith('%s')"


@pytest.fixture(scope="module")
def _browser() -> Iterator[Chromium]:
    if not chromium.path():
        pytest.skip(f"there is no browser on the PATH: {', '.join(chromium.NAMES)}")
    with TemporaryDirectory() as profile, chromium.running(Path(profile)) as running:
        yield running


@pytest.fixture
def browser(_browser: Chromium) -> Iterator[Chromium]:
    with _browser.unused() as browser:
        yield browser


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


def sign_in(tab: Tab, name: str) -> None:
    """Sign in on the provider's page."""
    assert tab.wait_for(SIGN_IN % (name, PASSWORD))


def complaints(tab: Tab, address: str) -> list[str]:
    """What was stopped by a policy, or broke; a 401 tells a page that nobody is signed in."""
    return [each for each in tab.complaints(address) if "401 (UNAUTHORIZED)" not in each]


def test_a_person_signs_in_sees_the_pads_and_signs_out(browser: Chromium, address: str) -> None:
    tab = browser.tab()
    tab.go(f"{address}/")
    tab.wait_for(STATUS % "You are not signed in.")
    tab.run("document.getElementById('sign-in').click()")
    sign_in(tab, "alice")
    tab.wait_for(STATUS % "Signed in as")
    tab.wait_for("document.querySelectorAll('#pads tbody tr').length > 0")
    assert tab.run("document.cookie") == ""  # scripts do not see the session
    assert complaints(tab, address) == []

    tab.run("document.getElementById('sign-out').click()")
    tab.wait_for(f"!location.href.startsWith('{address}/')")
    tab.wait_for("(document.querySelector('[name=logout]')?.click(), location.port)")
    tab.go(f"{address}/")
    tab.wait_for(STATUS % "You are not signed in.")
    assert complaints(tab, address) == []


def test_a_popup_signs_in_tells_its_opener_and_closes(browser: Chromium, address: str) -> None:
    opener = browser.tab()
    opener.go(f"{address}/")
    opener.wait_for(STATUS % "You are not signed in.")
    opener.run("window.heard = []; addEventListener('storage', event => heard.push(event.key))")
    opener.run("void window.open('/auth/login?popup=1', 'sign-in', 'width=500,height=600')")
    known = {opener.target}
    popup = browser.tab(_new_page(browser, known))
    sign_in(popup, "alice")
    opener.wait_for("localStorage.getItem('auth_completed')")
    assert opener.run("Math.abs(Date.now() - localStorage.getItem('auth_completed')) < 60000")
    assert opener.wait_for("heard.includes('auth_completed')")
    wait_until(lambda: popup.target not in [each["targetId"] for each in browser.targets()])
    assert opener.run("fetch('/api/workspace/state').then(answer => answer.status)") == 200
    assert complaints(opener, address) == []
    assert complaints(popup, address) == []


def _new_page(browser: Chromium, known: set[str]) -> str:
    """The window that has just opened."""

    def find() -> list[str]:
        pages = [each for each in browser.targets() if "openerId" in each]
        return [str(each["targetId"]) for each in pages if each["targetId"] not in known]

    wait_until(lambda: bool(find()))
    return find()[0]


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/docs/problems"])
def test_pages_keep_to_their_own_policy(browser: Chromium, served: ServeApp, path: str) -> None:
    tab, address = browser.tab(), served()
    tab.go(f"{address}{path}")
    tab.wait_for("document.readyState === 'complete' && !!document.querySelector('h1, .title')")
    if path == "/api/docs":
        tab.wait_for("document.querySelectorAll('.opblock').length > 20")
    assert complaints(tab, address) == []
    assert tab.run("getComputedStyle(document.body).fontFamily").strip()


def test_another_site_can_neither_write_nor_frame_nor_read(
    browser: Chromium, served: ServeApp
) -> None:
    url = served()
    tab = browser.tab()
    tab.go(f"{url}/auth/login")
    sign_in(tab, "alice")
    tab.wait_for(STATUS % "Signed in as")
    before = tab.run("fetch('/api/pad?data=false').then(answer => answer.text())")
    evil = browser.tab()
    for attack in (_form(url), _fetch(url)):
        evil.go("data:text/html," + quote(attack))
        evil.wait_for("document.title === 'done' || location.protocol === 'http:'")
    assert tab.run("fetch('/api/pad?data=false').then(answer => answer.text())") == before
    evil.go("data:text/html," + quote(f"<iframe src='{url}/'></iframe>"))
    evil.wait_for("document.querySelector('iframe') && document.readyState === 'complete'")
    (frame,) = browser.targets("iframe")
    assert browser.tab(frame["targetId"]).run("location.href").startswith("chrome-error:")


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
