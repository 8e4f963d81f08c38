"""The pages of the sign-in provider of `make run`, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.auth.conftest import ServeApp
from tests.helpers.chromium import Watch, profile


@pytest.fixture
def address(served: ServeApp, oidc_issuer: str) -> str:
    """The address of a service whose provider is that of `make run`."""
    return served(OIDC_ISSUER=oidc_issuer)


@pytest.fixture
def narrow(chromium: Browser) -> Iterator[BrowserContext]:
    """A phone's browser, in dark mode."""
    size = {"width": 390, "height": 800}
    with profile(chromium, viewport=size, color_scheme="dark") as context:
        yield context


def is_readable(page: Page) -> bool:
    """Whether the page does not scroll sideways, and is dark."""
    fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 21, 26)"
    return fits and dark and page.title() == page.get_by_role("heading", level=1).inner_text()


def test_whoever_types_a_name_is_signed_in_under_it(
    narrow: BrowserContext, address: str, oidc_issuer: str
) -> None:
    watch, page = Watch(narrow), narrow.new_page()
    page.goto(f"{address}/auth/login?next=/")
    assert page.title() == "Sign in"
    assert is_readable(page)
    page.get_by_label("Your name").fill(" ")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text(
        "A name needs at least one character that can be read."
    )
    page.get_by_label("Your name").fill("Zoë Müller")
    page.keyboard.press("Enter")
    expect(page.locator("#account-status")).to_have_text("Signed in as Zoë Müller.")

    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign out")
    assert is_readable(page)
    page.get_by_role("button", name="Back to padws").click()
    expect(page.locator("#account-status")).to_have_text("You are not signed in.")
    assert watch.elsewhere(address, oidc_issuer) == []
    assert watch.complaints("") == []


def test_the_people_who_are_always_there_need_not_be_typed(
    browser: BrowserContext, address: str
) -> None:
    page = browser.new_page()
    page.goto(f"{address}/auth/login?next=/")
    page.get_by_role("button", name="admin").click()
    expect(page.locator("#account-status")).to_have_text("Signed in as Ada Lovelace.")


def test_whoever_declines_is_back_at_padws(browser: BrowserContext, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/auth/login")
    page.get_by_role("button", name="Do not sign in").click()
    expect(page.get_by_role("link", name="Sign in again")).to_be_visible()
    assert page.url.startswith(f"{address}/auth/callback")


@pytest.mark.parametrize("path", ["/", "/nowhere", "/oauth2/authorize", "/oauth2/token"])
def test_its_other_pages_are_readable_and_load_nothing_from_elsewhere(
    narrow: BrowserContext, oidc_issuer: str, path: str
) -> None:
    watch, page = Watch(narrow), narrow.new_page()
    page.goto(oidc_issuer + path)
    assert is_readable(page)
    assert watch.elsewhere(oidc_issuer) == []
