"""What commands work with: the service's settings, its database and Redis, and its log."""

from __future__ import annotations

import getpass
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

import click
import psycopg
import redis
from psycopg_pool import PoolTimeout

from padws.auth.session_index import SessionIndex
from padws.config import ConfigurationError, Settings, load_settings
from padws.database import Database
from padws.errors import Problem
from padws.migrations.errors import in_words
from padws.observability.logs import log_to_stderr
from padws.queries import pictures, users
from padws.redis_client import connect

log = logging.getLogger("padws.shell")

dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
user_argument = click.argument("user", metavar="USER")


@dataclass(frozen=True)
class Tools:
    """The settings and the database of the service, for one command."""

    settings: Settings
    database: Database

    @cached_property
    def sessions(self) -> SessionIndex:
        """The sessions of all instances."""
        within = self.settings.redis_timeout
        return SessionIndex(connect(self.settings, within=within, retries=1))

    def user(self, text: str) -> users.User:
        """Whom an id, a username or an address names. Raises ClickException for nobody."""
        with self.database.connection() as conn:
            found = users.find_user(conn, text=text)
        if not found:
            raise click.ClickException(f"There is no user {text}.")
        return found

    @property
    def new_pictures(self) -> bool:
        """Whether new pictures are kept apart from scenes."""
        setting = self.settings.pictures_apart
        return pictures.are_new_pictures_apart(setting, self.database.connection)


@contextmanager
def open_tools() -> Iterator[Tools]:
    """Tools for a command. Whatever fails becomes one line, and exit code 1."""
    try:
        settings = load_settings()
        log_to_stderr(settings)
        database = Database(replace(settings, db_pool_min_size=0, db_pool_max_size=1))
        try:
            database.try_connecting()  # the pool would only say that it has none
            yield Tools(settings, database)
        finally:
            database.close()
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    except Problem as error:
        raise click.ClickException(error.detail) from None
    except (psycopg.Error, PoolTimeout) as error:
        raise click.ClickException(f"PostgreSQL: {_in_words(error)}") from None
    except UnicodeEncodeError:
        raise click.ClickException("A name or an address must be UTF-8.") from None
    except OSError as error:
        place = f": {error.filename2 or error.filename}" if error.filename else ""
        raise click.ClickException(f"{error.strerror or error}{place}") from None
    except redis.RedisError as error:
        raise click.ClickException(f"Redis: {error}") from None


def _in_words(error: psycopg.Error | PoolTimeout) -> str:
    return in_words(error) if isinstance(error, psycopg.Error) else str(error)


def record(message: str, *details: object) -> None:
    """Log a change, with who has made it."""
    log.info("%s by %s", message % details, _who())


def _who() -> str:
    """The user of this machine, and who has become that by sudo."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        name = str(os.getuid())
    before = os.environ.get("SUDO_USER")
    return f"{before} as {name}" if before else name


def id_of(text: str) -> UUID:
    """An id that is typed. Raises BadParameter."""
    try:
        return UUID(text)
    except ValueError:
        raise click.BadParameter(f"{text} is not an id.") from None
