"""People and scripts that use the service, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from tests.providers.node import PASSWORD

COOKIE = "session_id"
SCENE = {"elements": [], "appState": {"theme": "light"}, "files": {}}


class Browser:
    """A browser: it keeps the service's cookies and, apart from them, the provider's."""

    def __init__(self, url: str):
        self.url = url
        self.here = _session()
        self.at_provider = _session()

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send a request to the service; redirects are not followed."""
        url = self.url + path
        return self.here.request(method, url, allow_redirects=False, timeout=60, **kwargs)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        return self.request("POST", path, **kwargs)

    @property
    def cookie(self) -> str | None:
        """The id of the session, as the service has set it."""
        return self.here.cookies.get(COOKIE)

    def at(self, url: str) -> Browser:
        """The same browser, sent to another instance."""
        other = Browser(url)
        other.here.cookies.update(self.here.cookies)
        return other

    # Signing in

    def begin(self, query: str = "") -> str:
        """Ask to sign in; the address at the provider to which the service sends us."""
        response = self.get(f"/auth/login{query}")
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def approve(self, location: str, name: str) -> str:
        """Sign in at the provider; the path and query with which it sends us back."""
        response = self._at_provider("GET", location)
        while True:
            if response.status_code == 200:  # the page that asks who we are
                form = {"sub": name, "username": name, "password": PASSWORD}
                response = self._at_provider("POST", response.url, data=form)
            target = urlsplit(urljoin(response.url, response.headers["Location"]))
            if target.path == "/auth/callback":
                return target._replace(scheme="", netloc="").geturl()
            response = self._at_provider("GET", target.geturl())

    def _at_provider(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        return self.at_provider.request(method, url, allow_redirects=False, timeout=60, **kwargs)

    def sign_in(self, name: str, query: str = "") -> requests.Response:
        """Sign in; the answer of /auth/callback."""
        return self.get(self.approve(self.begin(query), name))

    # Drawing

    def new_pad(self) -> str:
        """The id of a new pad."""
        response = self.post("/api/pad", json={"display_name": "Untitled", "data": SCENE})
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def save(self, pad_id: str, **scene: Any) -> requests.Response:
        """Save a scene into a pad."""
        return self.post(f"/api/pad/{pad_id}", json={**SCENE, **scene})

    def who(self) -> Any:
        """The caller, according to /api/users/me."""
        response = self.get("/api/users/me")
        assert response.status_code == 200, response.text
        return response.json()


class Script(Browser):
    """A client that sends a bearer token and no cookie."""

    def __init__(self, url: str, token: str):
        super().__init__(url)
        self.here.headers["Authorization"] = f"Bearer {token}"


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy between us and this machine
    session.headers["Connection"] = "close"  # an instance that stops waits for open connections
    return session


def signed_in(url: str, name: str) -> Browser:
    """A browser in which somebody has signed in."""
    browser = Browser(url)
    response = browser.sign_in(name)
    assert response.status_code == 302, response.text
    return browser


def state_of(location: str) -> str:
    """The `state` in the address of the provider's page."""
    return parse_qs(urlsplit(location).query)["state"][0]


def problem(response: requests.Response, status: int, code: str) -> Mapping[str, Any]:
    """Assert that an answer is this problem; its members."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document: Mapping[str, Any] = response.json()
    assert document["code"] == code, document
    assert document["status"] == status
    return document
