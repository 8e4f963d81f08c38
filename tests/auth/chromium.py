"""A real browser, driven through its debugging pipe (Chrome DevTools Protocol)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from tests.helpers.waiting import wait_until

T = TypeVar("T")
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1000,800",
)

# A page that goes away does not always answer (seconds).
_PATIENCE = 5

# The browser reads commands from descriptor 3 and writes to 4.
_WITH_PIPES = """
import os, sys
for ours, browsers in zip(sys.argv[1:3], (103, 104)):
    os.dup2(int(ours), browsers)
os.dup2(103, 3)
os.dup2(104, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def path() -> str | None:
    """Where the machine's browser is; `None` if it has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """A running browser."""

    def __init__(self, to_browser: int, from_browser: int):
        self._to_browser = to_browser
        self._context: str | None = None
        self._answers: dict[int, dict[str, Any]] = {}
        self._news = threading.Condition()
        self._calls = 0
        self.events: list[dict[str, Any]] = []
        threading.Thread(target=self._read, args=(from_browser,), daemon=True).start()

    def _read(self, from_browser: int) -> None:
        rest = b""
        with suppress(OSError):
            while data := os.read(from_browser, 1 << 20):
                *whole, rest = (rest + data).split(b"\0")
                with self._news:
                    for text in whole:
                        message = json.loads(text)
                        if "id" in message:
                            self._answers[message["id"]] = message
                        else:
                            self.events.append(message)
                    self._news.notify_all()

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """The browser's answer to a command, in one of its tabs if it is for one."""
        self._calls += 1
        number = self._calls
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        with self._news:
            assert self._news.wait_for(lambda: number in self._answers, timeout=_PATIENCE), method
            answer = self._answers.pop(number)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    @contextmanager
    def unused(self) -> Iterator[Chromium]:
        """The browser without cookies, and with no tab but those of this block."""
        self._context = self.call("Target.createBrowserContext")["browserContextId"]
        yield self
        self.call("Target.disposeBrowserContext", browserContextId=self._context)

    def tab(self, target: str | None = None) -> Tab:
        """A new tab, or the one that somebody has opened."""
        if target is None:
            target = self.call(
                "Target.createTarget", url="about:blank", browserContextId=self._context
            )["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        return Tab(self, str(target), attached["sessionId"])

    def targets(self, kind: str = "page") -> list[dict[str, Any]]:
        """The tabs and windows that are open, or the frames in them that are another site's."""
        found = self.call("Target.getTargets")["targetInfos"]
        ours = (each for each in found if each.get("browserContextId") == self._context)
        return [each for each in ours if each["type"] == kind]


class Tab:
    """A tab or window."""

    def __init__(self, browser: Chromium, target: str, session: str):
        self._browser = browser
        self._session = session
        self.target = target
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def go(self, url: str) -> None:
        """Open an address."""
        self._call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """What a script in the page returns, as if a person had clicked for it."""
        answer = self._call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """What a script returns, as soon as it is something; pages may come and go meanwhile."""
        return _first(lambda: self.run(script))

    def complaints(self, site: str) -> list[str]:
        """What the browser has to say of a site's pages: errors, and what a policy has stopped."""
        events = [each for each in self._browser.events if each.get("sessionId") == self._session]
        entries = [each["params"]["entry"] for each in events if each["method"] == "Log.entryAdded"]
        thrown = [each for each in events if each["method"] == "Runtime.exceptionThrown"]
        said = [each["text"] for each in entries if each.get("url", site).startswith(site)]
        return [*said, *map(str, thrown)]


def _first(call: Callable[[], T]) -> T:
    found: list[T] = []

    def look() -> bool:
        with suppress(AssertionError):  # the page has just gone
            found.append(call())
        return bool(found and found[-1])

    wait_until(look)
    return found[-1]


@contextmanager
def running(profile: Path) -> Iterator[Chromium]:
    """A browser with an empty profile."""
    browser_reads, to_browser = os.pipe()
    from_browser, browser_writes = os.pipe()
    program = [str(path()), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    pipes = [str(browser_reads), str(browser_writes)]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WITH_PIPES, *pipes, *program],
        pass_fds=(browser_reads, browser_writes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(browser_reads)
    os.close(browser_writes)
    try:
        yield Chromium(to_browser, from_browser)
    finally:
        os.close(to_browser)
        process.terminate()
        process.wait(30)
        os.close(from_browser)
