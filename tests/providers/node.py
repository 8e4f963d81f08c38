"""oidc-provider, certified and written by others: a second opinion on what padws understands.

The machine's node runs it, where there is one; its packages come from npm, once, into a folder that
is not tracked.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from padws import tether
from padws.embedded.running import LOOPBACK, http_status
from padws.tether import Tether

HERE = Path(__file__).parent
CLIENT, SECRET = "padws", "a-secret-of-the-client"
PASSWORD = "a-password-of-the-account"

_OLDEST_NODE = 18
_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
_SECONDS_TO_INSTALL = 120


@cache
def missing() -> str:
    """Why it can not be run on this machine; empty when it can. Installs it at first."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "there is no node with npm on the PATH"
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < _OLDEST_NODE:
        return f"node {version} is older than {_OLDEST_NODE}"
    with (HERE / ".gitignore").open() as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)  # one installs, others wait
        return _install()


def _install() -> str:
    mark = HERE / "node_modules" / ".installed"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text() == wanted:
        return ""
    try:
        subprocess.run(
            _INSTALL, cwd=HERE, check=True, capture_output=True, timeout=_SECONDS_TO_INSTALL
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").splitlines()
        return "npm can not install oidc-provider: " + next(
            (line for line in lines if "npm error" in line), "see npm ci"
        )
    except subprocess.TimeoutExpired:
        return f"npm has not installed oidc-provider within {_SECONDS_TO_INSTALL} seconds"
    mark.write_text(wanted)
    return ""


class NodeProvider:
    """A running oidc-provider below the path `/realms/pad`, as Keycloak's realms lie.

    It knows alice, bob and admin, by their password, and the client padws. `settings` are those of
    server.mjs. A relay in front of it has its own `public_port`.
    """

    title = "oidc-provider"

    def __init__(self, port: int, log: Path, *, public_port: int = 0, **settings: Any):
        self._port = port
        self._log = log
        self.server_url = f"http://{LOOPBACK}:{public_port or port}"
        self.issuer = f"{self.server_url}/realms/pad"
        people = {name: _account(name) for name in ("alice", "bob", "admin")}
        self._settings = {"port": port, "issuer": self.issuer, "accounts": people, **settings}

    def start(self) -> Tether:
        """Start it."""
        command = ["node", str(HERE / "server.mjs"), json.dumps(self._settings)]
        return tether.start(self.title, command, log=self._log)

    def is_ready(self) -> bool:
        """Whether it answers."""
        path = f"{urlsplit(self.issuer).path}/.well-known/openid-configuration"
        return http_status(self._port, path) == 200

    def change(self, **settings: Any) -> None:
        """Change some of the settings; tokens and sessions stay."""
        self._settings |= settings
        self._control("PUT", "settings", settings)

    def change_account(self, name: str, **members: Any) -> None:
        """Change somebody's account; `gone=True` takes it away."""
        accounts = dict(self._settings["accounts"])
        if members.pop("gone", False):
            del accounts[name]
        else:
            accounts[name] = accounts[name] | members
        self.change(accounts=accounts)

    def register(self, *services: str) -> None:
        """Let padws be the services at these URLs, the first of which hears of logouts."""
        self.change(clients=[_client(services)])

    def rotate_keys(self, *, forget: bool = False) -> None:
        """Sign with a new key; `forget` withdraws the old ones."""
        self._control("POST", "keys", {"forget": forget})

    def asked(self, path: str) -> int:
        """How often an endpoint, such as `/token`, was asked since `forget_asked`."""
        counts = self._control("GET", "requests").json()
        return sum(number for each, number in counts.items() if each.endswith(path))

    def forget_asked(self) -> None:
        """Count from none."""
        self._control("DELETE", "requests")

    def _control(self, method: str, what: str, body: Any = None) -> requests.Response:
        url = f"http://{LOOPBACK}:{self._port}/control/{what}"
        response = requests.request(method, url, json=body, timeout=10)
        response.raise_for_status()
        return response


def _account(name: str) -> dict[str, Any]:
    """An account under a UUID that is always the same, as Keycloak's are."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {
        "sub": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}",
        "password": PASSWORD,
        "roles": ["admin"] if name == "admin" else ["default-roles-pad"],
        "claims": {"name": f"{name.capitalize()} of Oxford", "given_name": name.capitalize()},
    }


def _client(services: tuple[str, ...]) -> dict[str, Any]:
    return {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [f"{url}/auth/callback" for url in services],
        "post_logout_redirect_uris": [f"{url}/" for url in services],
        "backchannel_logout_uri": f"{services[0]}/auth/backchannel-logout",
        "backchannel_logout_session_required": True,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
