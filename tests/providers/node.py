"""oidc-provider, certified and written by others: a second opinion on what padws understands.

Its packages come from npm, once, into a folder that is not tracked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import requests

from padws.embedded import ends_with_parent
from padws.embedded.ends_with_parent import ChildProcess
from padws.embedded.startup import LOOPBACK, http_status
from tests.helpers import npm

HERE = Path(__file__).parent
CLIENT, SECRET = "padws", "a-secret-of-the-client"
PASSWORD = "a-password-of-the-account"

_ACCOUNTS = UUID("0b7f6d0e-8c0b-4f0c-9f5e-3d5b5a5c0a77")


def missing() -> str:
    """Why it cannot be run on this machine; empty if it can. Installs it first."""
    return npm.missing(HERE)


class NodeProvider:
    """A running oidc-provider below the path `/realms/pad`, like a realm of Keycloak's.

    It knows alice, bob and admin, by their password. `settings` are those of server.mjs.
    """

    title = "oidc-provider"

    def __init__(self, port: int, log: Path, **settings: Any):
        self._port = port
        self._log = log
        self._running: ChildProcess | None = None
        self.server_url = f"http://{LOOPBACK}:{port}"
        self.issuer = f"{self.server_url}/realms/pad"
        people = {name: _account(name) for name in ("alice", "bob", "admin")}
        self._first = {"port": port, "issuer": self.issuer, "accounts": people, **settings}
        self._settings = dict(self._first)
        self._services: tuple[str, ...] = ()

    # Running

    def start(self) -> ChildProcess:
        """Start it."""
        command = [str(npm.NODE), str(HERE / "server.mjs"), json.dumps(self._settings)]
        self._running = ends_with_parent.start(self.title, command, log=self._log)
        return self._running

    def is_ready(self) -> bool:
        """Whether it answers."""
        path = f"{urlsplit(self.issuer).path}/.well-known/openid-configuration"
        return http_status(self._port, path) == 200

    def kill(self) -> None:
        """Let it crash."""
        assert self._running
        self._running.kill()

    # What it says

    @property
    def signs_access_tokens(self) -> bool:
        """Whether access tokens are JWTs."""
        return bool(self._settings.get("accessTokens", "jwt") == "jwt")

    def subject_of(self, name: str) -> str:
        """The subject of one of its people."""
        return str(self._settings["accounts"][name]["sub"])

    @property
    def logout_page(self) -> str:
        """Where people sign out at the provider itself."""
        return self.endpoint("logout")

    def endpoint(self, name: str) -> str:
        """The address of an endpoint, by Keycloak's name for it."""
        return f"{self.issuer}/protocol/openid-connect/{name}"

    def asked(self, path: str) -> int:
        """How often what ends in `path` was asked since `forget_asked`."""
        counts = self._control("GET", "requests").json()
        return sum(number for each, number in counts.items() if each.endswith(path))

    # What a test changes

    def change(self, **settings: Any) -> None:
        """Change some of the settings; tokens and sessions stay."""
        self._settings |= settings
        self._control("PUT", "settings", settings)

    def change_back(self) -> None:
        """Undo all changes of settings."""
        self.change(**self._first)

    def change_account(self, name: str, *, gone: bool = False, **members: Any) -> None:
        """Change somebody's account, or remove it."""
        accounts = dict(self._settings["accounts"])
        changed = accounts.pop(name) | members
        self.change(accounts=accounts if gone else {**accounts, name: changed})

    def register(self, *services: str, clients: tuple[str, ...] = (CLIENT,)) -> None:
        """Make the services at these URLs clients as well; the first is notified of logouts."""
        self._services = (*services, *self._services)
        self.change(clients=[_client(name, self._services) for name in clients])

    def rotate_keys(self, *, forget: bool = False) -> None:
        """Sign with a new key; `forget` withdraws the old ones."""
        self._control("POST", "keys", {"forget": forget})

    def forget_asked(self) -> None:
        """Count from none."""
        self._control("DELETE", "requests")

    def _control(self, method: str, what: str, body: Any = None) -> requests.Response:
        url = f"{self.server_url}/control/{what}"
        response = requests.request(method, url, json=body, timeout=60)
        response.raise_for_status()
        return response


def settings_of(provider: NodeProvider) -> dict[str, str]:
    """The settings of a service that uses it: pad.ws's names for Keycloak, or the issuer."""
    client = {"OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET, "OIDC_ISSUER": ""}
    if provider.signs_access_tokens:
        return {**client, "OIDC_SERVER_URL": provider.server_url, "OIDC_REALM": "pad"}
    return {**client, "OIDC_ISSUER": provider.issuer}


def _account(name: str) -> dict[str, Any]:
    """An account under a UUID that is always the same, as Keycloak's are."""
    return {
        "sub": str(uuid5(_ACCOUNTS, name)),
        "password": PASSWORD,
        "roles": ["admin"] if name == "admin" else ["default-roles-pad"],
        "claims": {"name": f"{name.capitalize()} of Oxford", "given_name": name.capitalize()},
    }


def _client(name: str, services: tuple[str, ...]) -> dict[str, Any]:
    return {
        "client_id": name,
        "client_secret": SECRET,
        "redirect_uris": [f"{url}/auth/callback" for url in services],
        "post_logout_redirect_uris": [f"{url}/" for url in services],
        "backchannel_logout_uri": f"{services[0]}/auth/backchannel-logout",
        "backchannel_logout_session_required": True,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
