"""The machine's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, expect, sync_playwright

from tests.helpers.waiting import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

_LOUD = ("error", "warning")
_PATIENCE = 1000 * PATIENCE  # milliseconds


@contextmanager
def running() -> Iterator[Browser]:
    """The browser that is on the PATH; the test is skipped where there is none.

    While it runs, this thread has a running event loop: `asyncio.run` needs a thread of its own.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        pytest.skip(
            "There is no browser. Install Chromium (on Debian `apt-get install chromium`), "
            f"or put one of these on the PATH: {', '.join(NAMES)}"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            chromium_sandbox=os.geteuid() != 0,  # which refuses to run as root
            args=["--no-proxy-server"],
        )
        expect.set_options(timeout=_PATIENCE)
        yield browser
        browser.close()


@contextmanager
def profile(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """An empty profile, whose pages have all the time that only a hanging one takes."""
    with browser.new_context(**options) as context:
        context.set_default_timeout(_PATIENCE)
        yield context


class Watch:
    """What the pages of a context load, and what they or the browser complain about."""

    def __init__(self, context: BrowserContext):
        self.requested: list[str] = []
        self._complaints: list[tuple[str, str]] = []  # each with the address of its page
        context.on("request", lambda request: self.requested.append(request.url))
        context.on("console", self._listen)
        context.on("weberror", lambda error: self._complaints.append(("", str(error.error))))

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in _LOUD:
            self._complaints.append((message.location["url"], message.text))

    def complaints(self, site: str) -> list[str]:
        """Errors in a site's pages, and what a policy has stopped.

        A 401 is not one: that is how a page learns that nobody is signed in.
        """
        ours = (text for url, text in self._complaints if not url or url.startswith(site))
        return [text for text in ours if "401 (UNAUTHORIZED)" not in text]

    def elsewhere(self, *sites: str) -> list[str]:
        """The addresses that were loaded and belong to none of the sites."""
        return [url for url in self.requested if not url.startswith((*sites, "data:"))]
