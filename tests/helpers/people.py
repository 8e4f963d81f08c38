"""Signing in as a person does: through the provider, whose pages are answered by hand."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

COOKIE = "session_id"


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
    answer = requests.post(location, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def describe(issuer: str, subject: str, **claims: Any) -> None:
    """Tell the provider what to say of a user."""
    answer = requests.put(f"{issuer}/users/{subject}", json=claims, timeout=10)
    answer.raise_for_status()


def newcomer(issuer: str, **claims: Any) -> str:
    """The subject of a user whom nobody has seen before; of whom these claims say everything."""
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
    """The session's cookie that a client has, if it has one."""
    cookie = client.get_cookie(COOKIE)
    return cookie.value if cookie else None
