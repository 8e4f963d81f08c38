"""Signing in as a person does: through the provider, whose pages are answered by hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

COOKIE = "session_id"
#: What browsers send when they follow a link.
A_PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def sign_in(client: FlaskClient, subject: str, query: str = "") -> TestResponse:
    """Sign `client` in as `subject`; the answer of /auth/callback."""
    begun = client.get(f"/auth/login{query}")
    assert begun.status_code == 302
    return client.get(approve(begun.headers["Location"], subject))


def approve(location: str, subject: str) -> str:
    """Say yes at the provider; the path and query with which it sends the browser back."""
    return _answer(location, {"sub": subject})


def deny(location: str) -> str:
    """Say no at the provider; the path and query with which it sends the browser back."""
    return _answer(location, {"action": "deny"})


def _answer(location: str, form: dict[str, str]) -> str:
    answer = requests.post(location, data=form, allow_redirects=False, timeout=60)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def describe(issuer: str, subject: str, **claims: Any) -> None:
    """Tell the provider what to say about a user."""
    answer = requests.put(f"{issuer}/users/{subject}", json=claims, timeout=60)
    answer.raise_for_status()


def newcomer(issuer: str, **claims: Any) -> str:
    """The subject of a user who is new here, with exactly these claims."""
    subject = f"newcomer-{uuid.uuid4().hex}"
    describe(issuer, subject, **claims)
    return subject


def claims_of(name: str) -> dict[str, Any]:
    """Complete claims of a person."""
    return {
        "preferred_username": name,
        "email": f"{name}@example.com",
        "email_verified": True,
        "name": f"{name.title()} Tester",
        "given_name": name.title(),
        "family_name": "Tester",
    }


def cookie_of(client: FlaskClient) -> str | None:
    """A client's session cookie, if it has one."""
    cookie = client.get_cookie(COOKIE)
    return cookie.value if cookie else None


# Over HTTP, as browsers sign in

_AT_ONCE = 4


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in; `me` is what /api/users/me says about them."""

    cookie: str
    me: dict[str, Any]

    @property
    def header(self) -> str:
        """The value of the header Cookie."""
        return f"{COOKIE}={self.cookie}"

    @property
    def id(self) -> str:
        """The user's id."""
        return str(self.me["id"])


def sign_in_all(url: str, subjects: Iterable[str]) -> list[Person]:
    """Sign in everybody, as browsers do."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda subject: _sign_in(url, subject), subjects))


def alice_and_her_pad(url: str) -> tuple[str, str]:
    """The Cookie header, as a line, with a session of alice's, and the path of one of her pads."""
    (alice,) = sign_in_all(url, ["alice"])
    pads = requests.get(f"{url}/api/pad?data=false", headers={"Cookie": alice.header}, timeout=60)
    return f"Cookie: {alice.header}", f"/api/pad/{pads.json()[0]['id']}"


def sign_out_all(url: str, people: Iterable[Person]) -> None:
    """End their sessions."""
    for person in people:
        requests.post(f"{url}/auth/logout", cookies={COOKIE: person.cookie}, timeout=60)


def _sign_in(url: str, subject: str) -> Person:
    with requests.Session() as browser:
        form = browser.get(f"{url}/auth/login", timeout=60)
        browser.post(form.url, data={"sub": subject}, timeout=60)
        me = browser.get(f"{url}/api/users/me", timeout=60)
        if me.status_code != 200:
            raise click.ClickException(f"{subject} could not sign in: {me.text}")
        return Person(browser.cookies[COOKIE], me.json())
