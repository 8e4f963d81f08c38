"""The people who ask: signed in through the provider, each with pads of their own."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import click
import requests

_AT_ONCE = 4


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in; `me` is what /api/users/me says of them."""

    cookie: str
    me: dict[str, Any]

    @property
    def id(self) -> str:
        """The user's id."""
        return str(self.me["id"])


def sign_in_all(url: str, subjects: Iterable[str]) -> list[Person]:
    """Sign in everybody, as browsers do."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda subject: _sign_in(url, subject), subjects))


def sign_out_all(url: str, people: Iterable[Person]) -> None:
    """End their sessions."""
    for person in people:
        requests.post(f"{url}/auth/logout", cookies={"session_id": person.cookie}, timeout=30)


def _sign_in(url: str, subject: str) -> Person:
    with requests.Session() as browser:
        form = browser.get(f"{url}/auth/login", timeout=30)
        browser.post(form.url, data={"sub": subject}, timeout=30)
        me = browser.get(f"{url}/api/users/me", timeout=30)
        if me.status_code != 200:
            raise click.ClickException(f"{subject} could not sign in: {me.text}")
        return Person(browser.cookies["session_id"], me.json())
