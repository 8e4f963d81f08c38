"""Bringing a database to the newest migration, or back to an earlier one, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from psycopg.errors import Diagnostic

from padws.config import Settings
from padws.migrations.connection import connected
from padws.migrations.errors import MigrationFailed, MigrationStopped, explained, one_line
from padws.migrations.files import Migration, known, target
from padws.migrations.marks import Connection, applied, missing, opened_marks, pending
from padws.migrations.running import Runner
from padws.migrations.stopping import Stop, Stopped
from padws.migrations.turn import Turn
from padws.migrations.waiting import Report
from padws.template_files import load_templates

RAISED = "exec_stmt_raise"  # where in PostgreSQL a migration's own RAISE comes from
LEGACY = "20261122_0003_legacy_data"


def upgrade(settings: Settings, report: Report = click.echo) -> None:
    """Migrate, then load the templates: what a release and a starting server do."""
    migrate(settings, report)
    with session(settings, report) as (conn, stop), stop.interruptible():
        load_templates(conn, settings.templates_dir)


def migrate(settings: Settings, report: Report = click.echo) -> None:
    """Apply what is pending. Raises a MigrationError; what failed is rolled back.

    Leaves no connection, thread or signal handler behind.
    """

    def apply_missing() -> None:
        with opened_marks(conn) as marks:
            marks.trust_what_yoyo_applied()
            runner = Runner(conn, stop, settings.migration_max_wait, report)
            for migration in missing(applied(conn)):
                runner.run(migration, migration.script, marks.mark)

    with session(settings, report) as (conn, stop):
        with stop.interruptible():
            todo = pending(conn)
        if not todo:
            report("The schema is at the newest migration; nothing to do.")
            return
        Turn(
            settings, conn, stop, report, target=target(known()), is_done=lambda: not pending(conn)
        ).take(apply_missing)


def to_roll_back(conn: Connection, to: str) -> list[Migration]:
    """What has to be undone, newest first, so that `to` is the newest; `none` undoes everything.

    Raises MigrationFailed for an id that is not applied, or when a newer release has migrated.
    """
    marked = applied(conn)
    if to != "none" and to not in marked:
        raise MigrationFailed(f"{to} is no applied migration; `flask db-status` lists them.")
    strangers = sorted(set(marked) - {each.id for each in known()})
    if strangers:
        raise MigrationFailed(
            f"A newer release has applied {', '.join(strangers)}: roll back with that release."
        )
    ids = [each.id for each in known()]
    after = known()[ids.index(to) + 1 :] if to != "none" else known()
    return [each for each in reversed(after) if each.id in marked]


def roll_back(settings: Settings, to: str, report: Report = click.echo) -> None:
    """Undo what came after the migration `to`, under the same locks. Raises MigrationError."""

    def undo() -> None:
        undone = to_roll_back(conn, to)
        with opened_marks(conn) as marks:
            runner = Runner(conn, stop, settings.migration_max_wait, report)
            for migration in undone:
                runner.run(migration, migration.rollback, marks.unmark)

    with session(settings, report) as (conn, stop):
        undone = {each.id for each in to_roll_back(conn, to)}
        kept = target(each for each in known() if each.id not in undone)
        Turn(
            settings, conn, stop, report, target=kept, is_done=lambda: not to_roll_back(conn, to)
        ).take(undo)


def preview_legacy(settings: Settings, report: Report = click.echo) -> None:
    """Say what moving the legacy data would move and leave behind; change nothing."""
    legacy = next(each for each in known() if each.id == LEGACY)
    with (
        session(settings, report) as (conn, stop),
        stop.interruptible(),
        conn.transaction(force_rollback=True),
    ):
        conn.execute("SET LOCAL padws.dry_run = on")
        for statement in legacy.script.statements:
            conn.execute(statement.sql.encode())
    report("Nothing was changed.")


@contextmanager
def session(settings: Settings, report: Report) -> Iterator[tuple[Connection, Stop]]:
    """A connection, with signals heard and errors explained; closed when the block ends."""

    def pass_on(notice: Diagnostic) -> None:
        """Show what a migration itself says, not that something exists already."""
        if notice.source_function == RAISED or notice.severity_nonlocalized == "WARNING":
            report(one_line(notice.message_primary))

    stop = Stop()
    try:
        with explained(), stop.listening(), connected(settings, stop) as conn:
            conn.add_notice_handler(pass_on)
            yield conn, stop
    except Stopped:
        raise MigrationStopped(
            f"Stopped by {stop.struck_by}: what was running is rolled back; run again to go on."
        ) from None
