"""`flask db-verify`, `db-dump` and `db-drill`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg

from padws.config import ConfigurationError, Settings, load_settings
from padws.migrations.errors import in_words
from padws.migrations.stopping import Stop, Stopped
from padws.queries.checks import record_check
from padws.recovery.connection import connected
from padws.recovery.drill import drill
from padws.recovery.dump import dump
from padws.recovery.errors import CannotLook, explained
from padws.recovery.progress import Progress
from padws.recovery.verify import Findings, verify

_DAMAGED, _COULD_NOT_LOOK = 1, 2

_most_lines = click.option(
    "--most",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="Findings to print; all are counted.",
)


@contextmanager
def _prepared() -> Iterator[Settings]:
    """The settings. Whatever keeps a command from looking becomes a line and exit code 2."""
    stop = Stop()
    try:
        with explained(), stop.listening(), stop.interruptible():
            yield load_settings()
    except (ConfigurationError, CannotLook) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(_COULD_NOT_LOOK)
    except Stopped:
        click.echo(f"Error: Stopped by {stop.struck_by}.", err=True)
        sys.exit(_COULD_NOT_LOOK)


@click.command("db-verify", short_help="Look at every row of the database.")
@_most_lines
def db_verify(most: int) -> None:
    """Look at every row of the database, while the service runs; change nothing.

    Exit code: 0 sound, 1 damaged, 2 could not look.
    """
    with _prepared() as settings:
        progress = Progress()
        findings = Findings(click.echo, most)
        with connected(settings, settings.database_url) as conn:
            verify(conn, findings, progress)
        click.echo(findings.summary())
        _record(settings, "db-verify", findings.faults, progress)
    sys.exit(_DAMAGED if findings.faults else 0)


@click.command("db-dump", short_help="Write a dump of the schema pad_ws.")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def db_dump(path: Path) -> None:
    """Write a dump of the schema pad_ws to PATH, and what is in it to PATH.manifest.

    Exit code: 0 written, 2 not.
    """
    with _prepared() as settings:
        progress = Progress()
        end = dump(settings, path, progress)
        progress.say(
            f"{path}: {end.dump_bytes:,} bytes, with {end.users:,} users, {end.pads:,} pads, "
            f"{end.backups:,} backups and {end.pictures:,} pictures."
        )


@click.command("db-drill", short_help="Prove that a dump brings everything back.")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--server",
    metavar="URL",
    help="A database beside which the scratch one is made; by default MIGRATION_DATABASE_URL.",
)
@_most_lines
def db_drill(path: Path, server: str | None, most: int) -> None:
    """Prove that the dump in PATH brings everything back.

    Restores it into a scratch database, compares it with PATH.manifest, looks at every row as
    db-verify does, and drops it.

    Exit code: 0 proved, 1 the dump is no good, 2 could not look.
    """
    with _prepared() as settings:
        progress = Progress()
        findings = Findings(click.echo, most)
        drill(settings, path, server or settings.migration_database_url, findings, progress)
        click.echo(findings.summary())
        _record(settings, "db-drill", findings.faults, progress)
    sys.exit(_DAMAGED if findings.faults else 0)


def _record(settings: Settings, name: str, faults: int, progress: Progress) -> None:
    """Record the result for /metrics; a role or a replica that cannot write only warns."""
    try:
        with connected(settings, settings.database_url) as conn:
            record_check(conn, name=name, faults=faults)
    except psycopg.Error as error:
        progress.say(f"The result was not recorded for /metrics: {in_words(error)}")
