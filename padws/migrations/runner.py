"""Running migrations on the connection that holds the advisory lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable

from padws.migrations.connection import LOCK_TIMEOUT, set_lock_timeout
from padws.migrations.errors import MigrationFailed, WaitedTooLong, in_words
from padws.migrations.files import Script, Statement
from padws.migrations.history import Connection
from padws.migrations.stopping import Stop
from padws.migrations.waiting import REPORT_EVERY, Patience, Report, repeated

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0

INVALID_INDEXES = """
    SELECT string_agg(indexrelid::regclass::text, ', ')
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'pad_ws'::regnamespace AND NOT indisvalid
"""

BLOCKERS = """
    SELECT DISTINCT a.pid, a.application_name, extract(epoch FROM now() - a.xact_start)::float
    FROM pg_locks AS l
    JOIN pg_class AS c ON c.oid = l.relation
    JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE c.relnamespace = to_regnamespace('pad_ws') AND l.granted AND l.pid <> pg_backend_pid()
    ORDER BY 3 DESC NULLS LAST
    LIMIT 3
"""

Record = Callable[[], None]


class Runner:
    """Runs scripts; a migration and its record are one transaction where its SQL allows that."""

    def __init__(self, conn: Connection, stop: Stop, max_wait: float, report: Report):
        self._conn = conn
        self._stop = stop
        self._max_wait = max_wait
        self._report = report
        self._step = ""
        self._since = 0.0

    def run(self, script: Script, record: Record) -> None:
        """Run a script and `record` that it was run. Raises MigrationError."""
        began = time.monotonic()
        try:
            with repeated(REPORT_EVERY, self._report_progress):
                if script.transactional:
                    self._retry_locked(lambda: self._in_one_transaction(script, record))
                else:
                    self._retry_locked(lambda: self._one_by_one(script))
                    self._record_if_valid(script, record)
        except psycopg.Error as error:
            raise MigrationFailed(f"{self._step} failed: {in_words(error)}") from None
        self._report(f"{script.name}: done in {time.monotonic() - began:.1f} s.")

    def rehearse(self, statements: Sequence[str]) -> None:
        """Run what will run later, and roll it back. Raises MigrationError."""

        def run_and_roll_back() -> None:
            with self._stop.interruptible(), self._conn.transaction(force_rollback=True):
                for statement in statements:
                    self._conn.execute(statement.encode())

        self._begin("A rehearsal of what padws writes")
        try:
            self._retry_locked(run_and_roll_back)
        except psycopg.Error as error:
            raise MigrationFailed(
                f"{self._step} failed, and nothing was changed: {in_words(error)}"
            ) from None

    def _in_one_transaction(self, script: Script, record: Record) -> None:
        with self._stop.interruptible(), self._conn.transaction():
            for statement in script.statements:
                self._execute(statement)
            self._begin(f"{script.name}: recording and committing")
            record()

    def _one_by_one(self, script: Script) -> None:
        for statement in script.statements:
            # CONCURRENTLY waits for all older transactions, and nobody waits behind it.
            patient = "CONCURRENTLY" in statement.sql.upper()
            set_lock_timeout(self._conn, self._max_wait if patient else LOCK_TIMEOUT)
            with self._stop.interruptible():
                self._execute(statement)

    def _record_if_valid(self, script: Script, record: Record) -> None:
        ((invalid,),) = self._conn.execute(INVALID_INDEXES).fetchall()
        if invalid:
            raise MigrationFailed(
                f"{script.name}: {invalid} is invalid, left behind by CREATE INDEX "
                "CONCURRENTLY. Drop it, and run again."
            )
        set_lock_timeout(self._conn, LOCK_TIMEOUT)
        with self._conn.transaction():
            record()

    def _execute(self, statement: Statement) -> None:
        self._begin(str(statement))
        self._conn.execute(statement.sql.encode())

    def _begin(self, step: str) -> None:
        self._step, self._since = step, time.monotonic()

    def _report_progress(self) -> None:
        seconds = time.monotonic() - self._since
        if seconds >= REPORT_EVERY:
            self._report(f"{self._step} has been running for {seconds:.0f} s.")

    def _retry_locked(self, attempt: Callable[[], None]) -> None:
        """Try again while others hold a lock, rolled back in between so that nobody queues."""
        patience, pause = Patience(self._max_wait, self._report), FIRST_PAUSE
        while True:
            try:
                return attempt()
            except (LockNotAvailable, DeadlockDetected) as error:
                blockers = self._blockers()
                if patience.over:
                    raise WaitedTooLong(
                        f"{self._step}: waited {patience.waited:.0f} s for a lock; {blockers}"
                    ) from None
                self._report(
                    f"{self._step}: {in_words(error)} {blockers} Trying again in {pause:g} s."
                )
            self._stop.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _blockers(self) -> str:
        rows = self._conn.execute(BLOCKERS).fetchall()
        named = [
            f"server process {pid} ({name or 'unnamed'}, for {age or 0:.0f} s)"
            for pid, name, age in rows
        ]
        return f"In transactions on these tables: {', '.join(named) or 'nobody now'}."
