"""The faults: each is a function that injects one, lasts as long as it lasts, and heals it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import psycopg

from tests.faults.place import TABLES, Place
from tests.helpers import databases
from tests.helpers.commands import THIS
from tests.helpers.parts import still
from tests.helpers.waiting import wait_until
from tests.helpers.writers import CUT_OFF, LITTLE_PATIENCE, PATIENCE, REFUSED, TIME_OUT

Inject = Callable[[Place], None]

#: Longer than every time-out of the service and of gunicorn in `place.SETTINGS`, and than the
#: little patience that a writer has with what may answer too late.
FREEZE = 6.0
#: What a short outage lasts, seconds.
AWAY = 1.0


@dataclass(frozen=True)
class Fault:
    """A fault. `excuses` are failures of a save, beside 503, that it must cause."""

    name: str
    inject: Inject
    excuses: tuple[str, ...] = ()

    def impossible(self, place: Place) -> str:
        """Why it cannot be injected here; empty when it can."""
        if self.inject is disk_full and place.disk is None:
            return "it needs root and a kernel that lets it mount a small file system"
        return ""

    @property
    def patience(self) -> float:
        """How long a writer waits for an answer meanwhile: seconds."""
        return LITTLE_PATIENCE if TIME_OUT in self.excuses else PATIENCE


def worker_killed(place: Place) -> None:
    """A worker dies, as by the kernel's out-of-memory killer."""
    random.choice(place.workers()).kill()


def worker_frozen(place: Place) -> None:
    """A worker freezes: gunicorn kills it after its time-out and starts another."""
    with still([random.choice(place.workers())]):
        time.sleep(FREEZE)


def master_killed(place: Place) -> None:
    """An instance dies with all its processes, and its supervisor starts it again."""
    instance = random.choice(place.instances)
    instance.kill()
    time.sleep(AWAY)
    instance.start()


def master_frozen(place: Place) -> None:
    """gunicorn's first process freezes; its workers do not need it."""
    with still([random.choice(place.instances).process]):
        time.sleep(FREEZE)


def instance_frozen(place: Place) -> None:
    """A whole instance freezes, including gunicorn's first process."""
    with random.choice(place.instances).frozen():
        time.sleep(FREEZE)


def instance_restarted(place: Place) -> None:
    """An instance is stopped in good order and started again, as in a deployment."""
    random.choice(place.instances).restart()


def postgres_killed(place: Place) -> None:
    """PostgreSQL's first process dies, the others follow; its next start recovers from the log."""
    place.postgres.kill()
    time.sleep(AWAY)
    place.postgres.start()


def backend_killed(place: Place) -> None:
    """One of PostgreSQL's processes dies: the others are stopped, and it recovers by itself."""
    pid = random.choice(_backends(place))
    os.kill(pid, signal.SIGKILL)


def postgres_restarted(place: Place) -> None:
    """PostgreSQL is stopped in good order and started again."""
    place.postgres.restart()


def postgres_frozen(place: Place) -> None:
    """PostgreSQL keeps its connections and answers nothing."""
    with place.postgres.frozen():
        time.sleep(FREEZE)


def redis_killed(place: Place) -> None:
    """Redis dies and is started again."""
    place.redis.kill()
    time.sleep(AWAY)
    place.redis.start()


def redis_restarted(place: Place) -> None:
    """Redis is stopped in good order and started again."""
    place.redis.restart()


def redis_frozen(place: Place) -> None:
    """Redis keeps its connections and answers nothing."""
    with place.redis.frozen():
        time.sleep(FREEZE)


def connections_cut(place: Place) -> None:
    """Connections break when PostgreSQL has done its work, before its answer has arrived."""
    for _ in range(5):
        place.scissors.cut(2)
        time.sleep(0.2)


def backends_terminated(place: Place) -> None:
    """A DBA ends all connections of the service, five times, whatever they are doing."""
    for _ in range(5):
        for pid in _backends(place):
            place.sql("SELECT pg_terminate_backend(%s)", pid)
        time.sleep(0.1)


def pool_exhausted(place: Place) -> None:
    """Somebody holds all pads' rows: every connection of every pool waits for them."""
    with place.connect() as connection, connection.transaction():
        connection.execute("SELECT FROM pad_ws.pads FOR UPDATE")
        time.sleep(AWAY * 3)


def max_connections_exhausted(place: Place) -> None:
    """PostgreSQL has no connection left for the service, which has lost its own."""
    with ExitStack() as stack:
        for pid in _backends(place):
            place.sql("SELECT pg_terminate_backend(%s)", pid)
        deadline = time.monotonic() + AWAY * 3
        while time.monotonic() < deadline:
            try:
                stack.enter_context(place.connect())
            except psycopg.OperationalError:  # there is none left
                time.sleep(0.05)


def disk_full(place: Place) -> None:
    """The file system of the pads is full."""
    assert place.disk
    filler = place.disk / "filler"
    _vacuum(place, "off")  # what it frees would be written to again
    try:
        with filler.open("wb", buffering=0) as file:
            with suppress(OSError):  # when there is no space left
                while file.write(bytes(2**20)):
                    pass
            _wait_for_failures(place)
    finally:
        filler.unlink()
        _vacuum(place, "on")


def _vacuum(place: Place, switch: str) -> None:
    options = f"autovacuum_enabled = {switch}, toast.autovacuum_enabled = {switch}"
    for table in TABLES:
        place.execute(f"ALTER TABLE pad_ws.{table} SET ({options})")


def _wait_for_failures(place: Place) -> None:
    """Wait until saves have failed for as long as a short outage lasts."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if any(writer.seen.failures for writer in place.writers):
            deadline = min(deadline, time.monotonic() + AWAY)
        time.sleep(0.05)


def _backends(place: Place) -> list[int]:
    """The process ids of the service's connections."""
    query = """
        SELECT pid FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND application_name <> 'ledger'
    """
    return [int(row["pid"]) for row in place.sql(query)]


def tidied(place: Place) -> None:
    """Pictures are deleted the moment nothing needs them, and `flask db-tidy` runs."""
    wait_until(lambda: _tidied(place) > 0, "pictures deleted")
    THIS.run(place.logs / "db-tidy.log", {"DATABASE_URL": place.database_url}, "db-tidy")


def _tidied(place: Place) -> int:
    """How many pictures are deleted: those that nothing needs now, and did not a moment ago."""
    for _ in range(2):
        ((deleted,),) = databases.query(place.database_url, TIDY_AT_ONCE)
    return int(deleted)


TIDY_AT_ONCE = """
    SELECT coalesce(sum(tidied.deleted), 0)
    FROM pad_ws.users AS users
    CROSS JOIN LATERAL pad_ws.tidy_pictures(users.id, interval '0') AS tidied
"""


FAULTS = (
    Fault("gunicorn: worker killed (SIGKILL)", worker_killed, (CUT_OFF,)),
    Fault("gunicorn: worker frozen (SIGSTOP)", worker_frozen, (CUT_OFF, TIME_OUT)),
    Fault("gunicorn: master killed, started again", master_killed, (CUT_OFF, REFUSED)),
    Fault("gunicorn: master frozen", master_frozen),
    Fault("gunicorn: whole instance frozen", instance_frozen, (CUT_OFF, TIME_OUT)),
    Fault("gunicorn: restarted (SIGTERM)", instance_restarted, (REFUSED,)),
    Fault("PostgreSQL: killed, crash recovery", postgres_killed),
    Fault("PostgreSQL: one backend killed, crash recovery", backend_killed),
    Fault("PostgreSQL: restarted", postgres_restarted),
    Fault("PostgreSQL: frozen", postgres_frozen),
    Fault("PostgreSQL: connections cut before the answer", connections_cut),
    Fault("PostgreSQL: connections terminated", backends_terminated),
    Fault("PostgreSQL: rows locked, pools exhausted", pool_exhausted),
    Fault("PostgreSQL: max_connections exhausted", max_connections_exhausted),
    Fault("PostgreSQL: disk full", disk_full),
    Fault("Redis: killed, started again", redis_killed),
    Fault("Redis: restarted", redis_restarted),
    Fault("Redis: frozen", redis_frozen),
    Fault("flask db-tidy deletes pictures", tidied),
)
