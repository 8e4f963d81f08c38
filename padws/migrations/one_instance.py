"""Only one instance migrates: a lock in Redis coordinates, PostgreSQL's advisory lock guards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext

from redis.exceptions import RedisError

from padws.config import Settings
from padws.migrations.advisory_lock import advisory_lock
from padws.migrations.connection import shares_the_pooler
from padws.migrations.errors import MigrationFailed, WaitedTooLong, explained, one_line
from padws.migrations.history import Connection
from padws.migrations.redis_lock import RedisLock, Run, Snapshot, connect
from padws.migrations.stopping import Stop
from padws.migrations.waiting import Patience, Report

ASK_EVERY = 1.0


class OneInstance:
    """One instance's way to both locks, or to learning that another has done the work.

    `target` is the digest of the migrations to reach; `is_done` asks the database.
    """

    def __init__(
        self,
        settings: Settings,
        conn: Connection,
        stop: Stop,
        report: Report,
        *,
        target: str,
        is_done: Callable[[], bool],
    ):
        self._settings = settings
        self._conn = conn
        self._stop = stop
        self._report = report
        self._target = target
        self._is_done = is_done
        self._patience = Patience(settings.migration_max_wait, report)
        self._awaited: set[str] = set()

    def work(self, work: Callable[[], None]) -> None:
        """Do `work` under both locks, unless it is done when they are held."""
        if shares_the_pooler(self._settings):
            raise MigrationFailed(
                "Migrating needs a connection past the pooler (DB_TRANSACTION_POOLER is on): "
                "name one in MIGRATION_DATABASE_URL."
            )
        with closing(connect(self._settings)) as redis:
            lock = RedisLock(redis, self._settings.migration_lock_ttl, self._target)
            holding = self._wait_for(lock)
            if holding:
                with holding, explained(), advisory_lock(self._conn, self._stop, self._patience):
                    self._work_unless_done(work)
            else:
                self._report_done()

    def _work_unless_done(self, work: Callable[[], None]) -> None:
        with self._stop.interruptible():
            done = self._is_done()
        if done:
            self._report_done()
        else:
            work()

    def _report_done(self) -> None:
        self._report("Another instance has done it meanwhile.")

    def _wait_for(self, lock: RedisLock) -> AbstractContextManager[None] | None:
        """What to hold while working; None when another instance has done the work meanwhile."""
        try:
            return lock.held(self._report) if self._took(lock) else None
        except RedisError as error:
            self._report(
                f"Redis cannot be used: {one_line(error)} Going on under PostgreSQL's lock alone."
            )
            return nullcontext()

    def _took(self, lock: RedisLock) -> bool:
        while True:
            snapshot = lock.look()
            self._repeat_failure(snapshot)
            if snapshot.holder is None and lock.take():
                return True
            if snapshot.holder:
                self._awaited.add(snapshot.holder.token)
                self._be_patient(snapshot.holder)
            self._stop.sleep(min(ASK_EVERY, snapshot.left or ASK_EVERY))
            with self._stop.interruptible():
                if self._is_done():
                    return False

    def _repeat_failure(self, snapshot: Snapshot) -> None:
        """Raise MigrationFailed when a run that this instance has waited for failed."""
        status = snapshot.status
        if status and status.state == "failed" and status.run.token in self._awaited:
            raise MigrationFailed(
                f"{status.reason} (Reported by {status.run}, which was waited for.)"
            )

    def _be_patient(self, holder: Run) -> None:
        if self._patience.over:
            raise WaitedTooLong(
                f"Waited {self._patience.waited:.0f} s for {holder}, which has been migrating for "
                f"{holder.age:.0f} s and still holds the lock."
            )
        self._patience.report(str(holder), f", which has been migrating for {holder.age:.0f} s")
