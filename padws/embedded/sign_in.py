"""The sign-in provider: whoever types a name is signed in under it, without a password.

oidc-provider-mock speaks OpenID Connect; its people and its pages are ours. This file is the
program, run as a script with the descriptor of a listening socket: it needs nothing else of padws.
"""

from __future__ import annotations

import hashlib
import logging
import re
import socket
import sys
import unicodedata
from pathlib import Path
from urllib.parse import quote

import oidc_provider_mock
import uvicorn
from flask import Flask, current_app, render_template, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, InternalServerError

log = logging.getLogger("padws.sign_in")

#: The people that the page offers; anybody else types a name.
PEOPLE = {"alice": "Alice Liddell", "bob": "Bob Sawyer", "admin": "Ada Lovelace"}

_STYLE = Path(__file__).resolve().parents[1] / "pages"
_DOMAIN = "example.com"
_ADDRESS = re.compile(r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}")
_LONGEST = 100  # characters of a name
_LONGEST_HANDLE = 48


def person_of(typed: str) -> dict[str, object]:
    """The claims of whoever typed this; none if there is nothing readable in it.

    Capitals, or a full stop for a space, do not make another person: everybody has their own
    address, and most addresses can be typed instead of the name.
    """
    name = re.sub(rf"@{_DOMAIN}\Z", "", " ".join(_readable(typed).split()), flags=re.IGNORECASE)
    key = name.casefold().replace(" ", ".")
    if not key:
        return {}
    is_address = len(key) <= _LONGEST and bool(_ADDRESS.fullmatch(key))
    handle = key if is_address else _handle(key)
    name = PEOPLE.get(key, name.partition("@")[0] if is_address else name)[:_LONGEST]
    given, _, family = name.partition(" ")
    return {
        "sub": handle,
        "preferred_username": key if len(key) <= _LONGEST else handle,
        "email": key if is_address else f"{handle}@{_DOMAIN}",
        "email_verified": True,
        "name": name,
        "given_name": given,
        "family_name": family,
        **({"realm_access": {"roles": ["admin"]}} if key == "admin" else {}),
    }


def _readable(text: str) -> str:
    """The text in one spelling, without control characters and lone surrogates."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        c for c in composed if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs")
    )


def _handle(key: str) -> str:
    """A short name in ASCII; where it cannot show the whole key, a digest tells keys apart."""
    decomposed = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    shown = re.sub(r"[^a-z0-9_+-]+", ".", decomposed).strip(".")
    if shown == key and len(key) <= _LONGEST_HANDLE:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return f"{shown[:_LONGEST_HANDLE]}.{digest}".strip(".")


def create_app() -> Flask:
    """The provider as a WSGI application."""
    app = Flask(__name__, static_folder=_STYLE, static_url_path="/pages")
    app.before_request(_Introductions().introduce)
    users = [oidc_provider_mock.User(sub=name) for name in PEOPLE]
    oidc_provider_mock.init_app(app, user_claims=users)
    app.debug = False
    app.register_error_handler(Exception, _show_error)
    return app


class _Introductions:
    """Introduces people to the provider, unless somebody has done so by its own `PUT /users/…`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def introduce(self) -> None:
        """Continue under the id of whoever typed the name."""
        if request.method == "PUT":
            self._known.add(str((request.view_args or {}).get("sub")))
        if "sub" not in request.form:
            return
        form = request.form.to_dict()
        person = person_of(form.pop("sub"))
        if person:
            form["sub"] = subject = str(person.pop("sub"))
            if subject not in self._known:
                address = f"/users/{quote(subject, safe='')}"
                current_app.test_client().put(address, json=person).close()
                self._known.discard(subject)  # introduced by us alone: the next spelling counts
        request.form = ImmutableMultiDict(form)


def _show_error(error: Exception) -> HTTPException | tuple[str, int]:
    """A page for a person; a program gets what it would get without us."""
    if not isinstance(error, HTTPException):
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        error = InternalServerError("Something failed here; see the provider's log.")
    formats = ("application/json", "text/html")
    if error.response or request.accept_mimetypes.best_match(formats) != "text/html":
        return error
    page = render_template("error.html", name=error.name, description=error.description)
    return page, error.code or 500


def main(descriptor: int) -> None:
    """Serve on a socket that listens."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = uvicorn.Config(create_app(), interface="wsgi", log_config=None)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
