"""`flask dev`: the service with everything it needs, for as long as the command runs."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NoReturn

import click
from dotenv import dotenv_values

from padws.embedded.directory import DataDirectory
from padws.embedded.ends_with_parent import ChildProcess, StartError
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Gunicorn, Provider, Redis
from padws.embedded.startup import (
    LOOPBACK,
    Replaceable,
    failure,
    free_port,
    is_free,
    wait_until_ready,
)
from padws.embedded.terminal import Log, Screen

_PROVIDER_PORT = 9400


class _Stop(BaseException):
    """Raised to end the command."""


def run(port: int, parent: int | None) -> None:
    """Run everything until a signal comes, or until our parent is no longer the process `parent`.

    Raises click.ClickException when a server cannot be started, or stops by itself.
    """
    _stop_on_signals()
    threading.Thread(target=_stop_when_alone, args=(parent,), daemon=True).start()
    try:
        with ExitStack() as stack:
            _run(port, {**dotenv_values(".env"), **os.environ}, stack)
    except _Stop:
        pass
    except (StartError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _stop_on_signals() -> None:
    """Let Ctrl-C, a closed terminal and `kill` raise _Stop once, and do nothing afterwards."""
    signals = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)

    def stop(*_: object) -> NoReturn:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise _Stop

    for each in signals:
        signal.signal(each, stop)


def _stop_when_alone(parent: int | None) -> None:
    """Stop when our parent is no longer the process `parent`, or our terminal was closed.

    When a terminal is closed, only its session's first process gets a signal, and that may be make.
    """
    had_terminal = os.isatty(0)
    while parent in (None, os.getppid()) and os.isatty(0) == had_terminal:
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGTERM)


def _run(port: int, named: Mapping[str, str | None], stack: ExitStack) -> NoReturn:
    """Start what `named` does not name, then gunicorn; `stack` stops them, gunicorn first."""
    url = f"http://{LOOPBACK}:{port}"
    directory = DataDirectory(Path(named.get("PADWS_DATA_DIR") or ".data"))
    directory.claim(url)
    if not is_free(port):
        raise click.ClickException(
            f"Port {port} is taken by another program. Set PORT to a free one: PORT=8001 make run"
        )
    stack.callback(directory.remove_sockets)
    servers: list[ChildProcess] = []
    stack.callback(_stop, servers)
    ours = _ours(directory, named)
    _start(ours, servers)
    environ = {**os.environ, "FRONTEND_URL": named.get("FRONTEND_URL") or url, "PORT": str(port)}
    for server in ours:
        environ |= server.environment()
    click.echo("Starting gunicorn, which migrates the database first …")
    # With gunicorn's usual time, a browser's idle connection would hold up Ctrl-C.
    log = directory.log("padws")
    gunicorn = Gunicorn(port, environ, "--graceful-timeout=1", log=log, held=directory.held)
    servers.insert(0, gunicorn.start())
    wait_until_ready(gunicorn, servers[0], seconds=math.inf)
    screen = Screen(_summary(url, directory, ours), Log(log))
    stack.callback(screen.clear_status)
    screen.show()
    _watch(servers, screen)


def _ours(directory: DataDirectory, named: Mapping[str, str | None]) -> list[Replaceable]:
    """The servers that `named` does not name."""
    makers: dict[type[Replaceable], Callable[[], Replaceable]] = {
        Provider: lambda: provider_of(directory),
        Redis: lambda: Redis(directory),
        Postgres: lambda: Postgres(directory),
    }
    ours = []
    for kind, make in makers.items():
        names = [name for name in kind.replaced_by if named.get(name)]
        if names:
            click.echo(f"{kind.title}: the one that {', '.join(names)} names.")
        else:
            ours.append(make())
    return ours


def provider_of(directory: DataDirectory) -> Provider:
    """The provider on the port it has always had, from which its users' ids derive."""
    port_file = directory.path / "sign-in-port"
    port = int(port_file.read_text()) if port_file.exists() else _PROVIDER_PORT
    while True:
        provider = Provider(directory, port)
        try:
            provider.take_port()
        except OSError:
            if port_file.exists():
                raise click.ClickException(
                    f"Port {port}, which {Provider.title} has always used here, is taken by "
                    f"another program. Stop that program, or delete {port_file} to have another "
                    "port chosen; but then whoever signs in is a new user, because ids derive from "
                    "the address."
                ) from None
            port = free_port()
        else:
            port_file.write_text(f"{port}\n")
            return provider


def _start(ours: Sequence[Replaceable], servers: list[ChildProcess]) -> None:
    """Start all at once, then wait for each."""
    for server in ours:
        click.echo(f"Starting {server.title} …")
        servers.append(server.start())
    for server, running in zip(ours, servers, strict=True):
        wait_until_ready(server, running)


def _summary(url: str, directory: DataDirectory, ours: Sequence[Replaceable]) -> dict[str, str]:
    """What a person needs to know now."""
    rows = {"Open": url, "Sign in": f"{url}/auth/login"}
    if any(isinstance(server, Provider) for server in ours):
        rows["Sign in as"] = "alice, bob or any name; admin to administer"
    rows |= {
        "API documentation": f"{url}/api/docs",
        "Health": f"{url}/readyz",
        "Requests": _shown(directory.logs / "padws.log"),
        "Data and logs": _shown(directory.path),
    }
    for server in ours:
        if isinstance(server, Postgres):
            rows["Database"] = server.psql()
    return rows


def _shown(path: Path) -> str:
    """The path, relative if it is below the current directory, which is shorter."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _watch(servers: Sequence[ChildProcess], screen: Screen) -> NoReturn:
    """Show what is going on until _Stop; ClickException when a server ends by itself."""
    while True:
        for server in servers:
            if not server.is_alive():
                raise failure(f"{server.name} stopped with exit code {server.wait()}.", server)
        screen.update()
        time.sleep(0.5)


def _stop(servers: Sequence[ChildProcess]) -> None:
    """Stop them one after the other."""
    for server in servers:
        with suppress(OSError):  # the terminal may be gone
            click.echo(f"\rStopping {server.name} …")  # over the ^C that the terminal shows
        server.stop()
