"""Redis: which instance migrates, and how it ended. It coordinates; PostgreSQL's lock guards."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import msgspec
from msgspec import Struct
from redis import Redis
from redis.exceptions import LockNotOwnedError, RedisError

from padws import redis_client
from padws.config import Settings
from padws.migrations.errors import MigrationError, one_line
from padws.migrations.waiting import Report, repeated

LOCK = "padws:migration:lock"
STATUS_TTL = 3600
REPLY_WITHIN = 1.0


class Run(Struct, frozen=True):
    """One instance's attempt at migrating; as JSON it is the lock's value, its owner's token."""

    host: str = msgspec.field(default_factory=socket.gethostname)
    pid: int = msgspec.field(default_factory=os.getpid)
    started: float = msgspec.field(default_factory=time.time)
    token: str = msgspec.field(default_factory=lambda: uuid4().hex)

    def __str__(self) -> str:
        return f"host {self.host}, process {self.pid}"

    @property
    def age(self) -> float:
        """Seconds since it started, by this machine's clock."""
        return max(0.0, time.time() - self.started)


class Status(Struct, frozen=True):
    """How a run stands: `state` is in_progress, completed or failed; `reason` only when failed."""

    state: str
    run: Run
    reason: str = ""


class Snapshot(Struct, frozen=True):
    """The lock's holder and the seconds it has left, and the status of the target."""

    holder: Run | None
    left: float
    status: Status | None


def connect(settings: Settings) -> Redis:
    """A client that answers or fails within a second: migrating goes on without Redis."""
    return redis_client.connect(settings, within=REPLY_WITHIN, retries=0)


def status_key(target: str) -> str:
    """The key of a set of migrations: one release's status is never taken for another's."""
    return f"padws:migration:status:{target}"


def _dump(value: Run | Status) -> str:
    return msgspec.json.encode(value).decode()


def _run(value: bytes | None) -> Run | None:
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=Run)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Run(host="unknown", pid=0, token=value.decode(errors="replace"))


def _status(value: bytes | None) -> Status | None:
    try:
        return msgspec.json.decode(value or b"null", type=Status | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class RedisLock:
    """The lock `padws:migration:lock` and, for its holder, the status of `target`."""

    def __init__(self, redis: Redis, ttl: float, target: str):
        self.redis = redis
        self.run = Run()
        self._ttl = ttl
        self._lost = False
        self._key = status_key(target)
        # Not thread-local: another thread renews it.
        self._lock = redis_client.Lock(redis, LOCK, timeout=ttl, thread_local=False)

    def take(self) -> bool:
        """Take the lock if it is free."""
        return bool(self._lock.acquire(blocking=False, token=_dump(self.run)))

    def look(self) -> Snapshot:
        """What is in Redis now."""
        pipe = self.redis.pipeline()
        pipe.get(LOCK)
        pipe.pttl(LOCK)
        pipe.get(self._key)
        lock, left, status = pipe.execute()
        return Snapshot(_run(lock), max(0, left) / 1000, _status(status))

    def set_status(self, state: str, reason: str = "") -> None:
        """Set the status of the target for an hour."""
        self.redis.set(self._key, _dump(Status(state, self.run, reason)), ex=STATUS_TTL)

    def is_anothers(self) -> bool:
        """Whether somebody else holds the lock by now."""
        holder = self.look().holder
        return holder is not None and holder.token != self.run.token

    @contextmanager
    def held(self, report: Report) -> Iterator[None]:
        """Renew the lock while the block runs; then record how it ended, and release the lock.

        A block that is stopped records nothing: whoever waits finds the lock free and takes over.
        """
        self._quietly(lambda: self.set_status("in_progress"), report)
        try:
            with repeated(self._ttl / 3, lambda: self._renew(report)):
                yield
            self._quietly(lambda: self._conclude("completed", report), report)
        except MigrationError as error:
            reason = str(error)
            self._quietly(lambda: self._conclude("failed", report, reason), report)
            raise
        finally:
            self._quietly(lambda: self._release(report), report)

    def _conclude(self, state: str, report: Report, reason: str = "") -> None:
        """Set the status, unless another run holds the lock by now and will set it."""
        if self.is_anothers():
            self._report_loss(report)
        else:
            self.set_status(state, reason)

    def _renew(self, report: Report) -> None:
        try:
            if not self._lost:
                self._lock.reacquire()
        except LockNotOwnedError:
            self._report_loss(report)
        except RedisError as error:
            report(f"The Redis lock cannot be renewed: {one_line(error)}. Going on.")

    def _release(self, report: Report) -> None:
        """Give the lock back, unless it is somebody else's by now."""
        try:
            self._lock.release()
        except LockNotOwnedError:
            self._report_loss(report)

    def _report_loss(self, report: Report) -> None:
        """Report, once, that the lock is lost, and to whom."""
        if self._lost:
            return
        self._lost = True
        holder = self.look().holder
        report(
            "The Redis lock is lost (expired, or Redis was flushed or restarted)"
            f"{f' to {holder}' if holder else ''}; PostgreSQL's lock keeps others out."
        )

    def _quietly(self, action: Callable[[], None], report: Report) -> None:
        try:
            action()
        except RedisError as error:
            report(f"Redis cannot be written to: {one_line(error)}.")
