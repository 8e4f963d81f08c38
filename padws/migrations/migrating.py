"""Bringing a database to the newest migration, or back to an earlier one, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import click
from psycopg.errors import Diagnostic

from padws.config import Settings
from padws.migrations import adoption, functions, legacy, rehearsal
from padws.migrations.connection import connected
from padws.migrations.errors import MigrationFailed, MigrationStopped, explained, one_line
from padws.migrations.files import Migration, Script, known, target
from padws.migrations.history import (
    Connection,
    applied,
    missing,
    opened_history,
)
from padws.migrations.one_instance import OneInstance
from padws.migrations.runner import Runner
from padws.migrations.stopping import Stop, Stopped
from padws.migrations.waiting import Report

RAISED = "exec_stmt_raise"  # where in PostgreSQL a migration's own RAISE comes from
ADOPTION = "20261122_0002_create_tables"
NOTHING_TO_DO = "The schema is at the newest migration; nothing to do."


def migrate(settings: Settings, report: Report = click.echo) -> None:
    """Apply what is pending. Raises a MigrationError; what failed is rolled back.

    Leaves no connection, thread or signal handler behind.
    """

    def apply_missing() -> None:
        runner = Runner(conn, stop, settings.migration_max_wait, report)
        _refuse_what_cannot_be_adopted(conn, runner)
        with opened_history(conn) as history:
            history.trust_what_yoyo_applied()
            for migration in missing(applied(conn)):
                script = _script(conn, migration, report)
                runner.run(script, partial(history.record_applied, migration))
            new = functions.due(conn)
            if new:
                runner.run(functions.script(new), partial(functions.record, conn, new))

    with session(settings, report) as (conn, stop):
        with stop.interruptible():
            done = _is_done(conn)
        if done:
            report(NOTHING_TO_DO)
            return
        OneInstance(
            settings,
            conn,
            stop,
            report,
            target=functions.release_target(),
            is_done=partial(_is_done, conn),
        ).work(apply_missing)


def pending(conn: Connection) -> list[str]:
    """What `conn`'s database lacks for this release: migrations by id, functions by file.

    Raises MigrationFailed when the file of an applied migration was edited.
    """
    migrations = [each.id for each in missing(applied(conn))]
    return migrations + [each.id for each in functions.missing(functions.stored(conn))]


def _is_done(conn: Connection) -> bool:
    return not (missing(applied(conn)) or functions.due(conn))


def _refuse_what_cannot_be_adopted(conn: Connection, runner: Runner) -> None:
    """Raise MigrationFailed, before anything is changed, for tables that cannot be padws's."""
    if ADOPTION in applied(conn):
        return
    will_move = not legacy.why_there_is_nothing_to_move(conn)  # which comes before the defaults
    found = adoption.mistakes(
        conn, excused=adoption.NOTHING if will_move else adoption.GETS_A_DEFAULT
    )
    if found:
        raise MigrationFailed(
            f"The tables that are there cannot be used: {'; '.join(found)}. Nothing was changed."
        )
    if len(adoption.tables(conn)) == len(adoption.COLUMNS):
        runner.rehearse([*rehearsal.DEFAULTS, rehearsal.REHEARSAL])


def _script(conn: Connection, migration: Migration, report: Report) -> Script:
    """What a migration runs: nothing if it would find no legacy data."""
    if migration.id != legacy.ID:
        return migration.script
    reason = legacy.why_there_is_nothing_to_move(conn)
    if not reason:
        return migration.script
    report(reason)
    return replace(migration.script, statements=())


def to_roll_back(conn: Connection, to: str) -> list[Migration]:
    """What must be undone, newest first, so that `to` is the newest; `none` undoes everything.

    Raises MigrationFailed for an id that is not applied, or when a newer release has migrated.
    """
    checksums = applied(conn)
    if to != "none" and to not in checksums:
        raise MigrationFailed(f"{to} is not an applied migration; `flask db-status` lists them.")
    strangers = sorted(set(checksums) - {each.id for each in known()})
    if strangers:
        raise MigrationFailed(
            f"A newer release has applied {', '.join(strangers)}: roll back with that release."
        )
    ids = [each.id for each in known()]
    after = known()[ids.index(to) + 1 :] if to != "none" else known()
    return [each for each in reversed(after) if each.id in checksums]


def roll_back(settings: Settings, to: str, report: Report = click.echo) -> None:
    """Undo what came after the migration `to`, under the same locks. Raises MigrationError."""

    def undo() -> None:
        undone = to_roll_back(conn, to)
        with opened_history(conn) as history:
            runner = Runner(conn, stop, settings.migration_max_wait, report)
            for migration in undone:
                runner.run(migration.rollback, partial(history.record_undone, migration))

    with session(settings, report) as (conn, stop):
        undone = {each.id for each in to_roll_back(conn, to)}
        kept = target(each for each in known() if each.id not in undone)
        OneInstance(
            settings, conn, stop, report, target=kept, is_done=lambda: not to_roll_back(conn, to)
        ).work(undo)


def preview_legacy(settings: Settings, report: Report = click.echo) -> None:
    """Report what moving the legacy data would move and leave behind; change nothing."""
    migration = next(each for each in known() if each.id == legacy.ID)
    with (
        session(settings, report) as (conn, stop),
        stop.interruptible(),
        conn.transaction(force_rollback=True),
    ):
        conn.execute("SET LOCAL padws.dry_run = on")
        for statement in _script(conn, migration, report).statements:
            conn.execute(statement.sql.encode())
    report("Nothing was changed.")


@contextmanager
def session(
    settings: Settings, report: Report, *, only_to_look: bool = False
) -> Iterator[tuple[Connection, Stop]]:
    """A connection, with signals handled and errors explained; closed when the block ends."""

    def pass_on(notice: Diagnostic) -> None:
        """Show a migration's own notices, not PostgreSQL's about what exists already."""
        if notice.source_function == RAISED or notice.severity_nonlocalized == "WARNING":
            report(one_line(notice.message_primary))

    stop = Stop()
    try:
        with (
            explained(),
            stop.listening(),
            connected(settings, stop, only_to_look=only_to_look) as conn,
        ):
            conn.add_notice_handler(pass_on)
            yield conn, stop
    except Stopped:
        raise MigrationStopped(
            f"Stopped by {stop.struck_by}: what was running is rolled back; run again to go on."
        ) from None
