"""Bringing a database to the newest migration, exactly once, however many start at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from importlib import import_module

import click
import psycopg
from psycopg.errors import Diagnostic
from redis.exceptions import RedisError

from ..config import Settings
from .connection import advisory_lock, connected
from .errors import MigrationFailed, WaitedTooLong, in_words, one_line
from .files import Migration, known, target
from .marks import Connection, applied, missing, opened_marks, pending
from .redis_lock import RedisLock, Run, Seen, connect
from .running import Runner
from .stopping import Stop, Stopped
from .waiting import Patience, Report

ASK_EVERY = 1.0
DONE_BY_ANOTHER = "Another instance has brought the schema to the newest migration."
RAISED = "00000"  # the SQLSTATE of a migration's own RAISE NOTICE


def migrate(settings: Settings, report: Report = click.echo) -> None:
    """Apply what is pending. Raises MigrationFailed or WaitedTooLong; what failed is rolled back.

    Leaves no connection, thread or signal handler behind.
    """
    stop = Stop()
    with stop.listening(), explained(stop), connected(settings, stop) as conn:
        with stop.interruptible():
            todo = pending(conn)
        if todo:
            Migrating(settings, conn, stop, report).migrate()
        else:
            report("The schema is at the newest migration; nothing to do.")


@contextmanager
def explained(stop: Stop) -> Iterator[None]:
    """Turn a signal, and what PostgreSQL says outside a migration, into MigrationFailed."""
    try:
        yield
    except Stopped:
        raise MigrationFailed(
            f"Stopped by {stop.requested}: what was running is rolled back; run again to go on."
        ) from None
    except psycopg.Error as error:
        raise MigrationFailed(f"PostgreSQL: {in_words(error)}") from None


class Migrating:
    """One instance on its way from pending migrations to none."""

    def __init__(self, settings: Settings, conn: Connection, stop: Stop, report: Report):
        self._settings = settings
        self._conn = conn
        self._stop = stop
        self._report = report
        self._patience = Patience(settings.migration_max_wait, report)
        self._awaited: set[str] = set()

    def migrate(self) -> None:
        """Wait for this instance's turn, then apply what is left to do."""
        self._conn.add_notice_handler(self._pass_on)
        with closing(connect(self._settings.redis_url)) as redis:
            turn = self._turn(RedisLock(redis, self._settings.migration_lock_ttl, target(known())))
            if turn is None:
                self._report(DONE_BY_ANOTHER)
                return
            with turn:
                self._apply_all()

    def _turn(self, lock: RedisLock) -> AbstractContextManager[None] | None:
        """What to hold while migrating; None when another instance has done the work meanwhile."""
        try:
            return lock.held(self._report) if self._wait_for(lock) else None
        except RedisError as error:
            self._report(
                f"Redis can not be used: {one_line(error)} Going on under PostgreSQL's lock alone."
            )
            return nullcontext()

    def _wait_for(self, lock: RedisLock) -> bool:
        """True with the lock taken, False when nothing is left to do."""
        while True:
            seen = lock.look()
            self._repeat_failure(seen)
            if seen.holder is None and lock.take():
                return True
            if seen.holder:
                self._awaited.add(seen.holder.token)
                self._be_patient(seen.holder)
            self._stop.sleep(min(ASK_EVERY, seen.left or ASK_EVERY))
            with self._stop.interruptible():
                if not pending(self._conn):
                    return False

    def _repeat_failure(self, seen: Seen) -> None:
        """Raise MigrationFailed when a run that this instance has waited for failed."""
        status = seen.status
        if status and status.state == "failed" and status.run.token in self._awaited:
            raise MigrationFailed(f"{status.reason} (So says {status.run}, which was waited for.)")

    def _be_patient(self, holder: Run) -> None:
        if self._patience.over:
            raise WaitedTooLong(
                f"Waited {self._patience.waited:.0f} s for {holder}, which has been migrating for "
                f"{holder.age:.0f} s and still holds the lock."
            )
        self._patience.tell(str(holder), f", which has been migrating for {holder.age:.0f} s")

    def _apply_all(self) -> None:
        with advisory_lock(self._conn, self._stop, self._patience):
            with self._stop.interruptible():
                todo = missing(applied(self._conn))
            if todo:
                self._apply(todo)
            else:
                self._report(DONE_BY_ANOTHER)

    def _apply(self, todo: list[Migration]) -> None:
        with opened_marks(self._conn) as marks:
            runner = Runner(self._conn, self._stop, self._settings.migration_max_wait, self._report)
            for migration in todo:
                runner.run(migration, migration.script, marks.mark)

    def _pass_on(self, notice: Diagnostic) -> None:
        """Show what a migration itself says, not that something exists already."""
        if notice.sqlstate == RAISED or notice.severity_nonlocalized == "WARNING":
            self._report(one_line(notice.message_primary))


def upgrade(settings: Settings, report: Report = click.echo) -> None:
    """Migrate, then load the templates: what a release and a starting server do."""
    migrate(settings, report)
    load = import_module("padws.template_files").load_templates
    stop = Stop()
    with explained(stop), connected(settings, stop) as conn, conn.transaction():
        load(conn, settings.templates_dir)
