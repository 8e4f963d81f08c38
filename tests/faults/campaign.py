"""Injecting faults one after the other, and checking after each that nothing is lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import psutil

from tests.faults.catalogue import Fault
from tests.faults.lives import LivesWriter
from tests.faults.place import KEEP, WORKERS, Place
from tests.helpers.ledger import PadLedger
from tests.helpers.writers import CUT_OFF, REFUSED, TIME_OUT, Seen, Writer

#: Seconds within which every writer must be served again, once a fault is healed.
RECOVERY = 60.0
#: How much more memory (bytes) a worker may use than when it was first seen.
GROWTH = 64 * 2**20

_STRAY = """
    SELECT
        count(*) AS connections,
        count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND starts_with(application_name, 'padws/')
"""


@dataclass
class Tally:
    """What was seen of one kind of fault. `lost` are acknowledged saves; seconds for `outage`."""

    injected: int = 0
    checked: int = 0
    lost: int = 0
    outage: float = 0.0
    failures: dict[str, int] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add what another tally has seen."""
        self.injected += other.injected
        self.checked += other.checked
        self.lost += other.lost
        self.outage = max(self.outage, other.outage)
        self.failures = dict(Counter(self.failures) + Counter(other.failures))


class Campaign:
    """Faults at one place, and what came of them."""

    def __init__(self, place: Place):
        self.place = place
        self.tallies: dict[str, Tally] = {}
        self.wrong: list[str] = []
        self._memory: dict[int, int] = {}
        self.check("no fault", 0)

    def inject(self, fault: Fault) -> Tally:
        """Inject a fault, wait until every writer is served again, and check everything."""
        seen = self._forget()
        self._no_failures(seen)
        for writer in self.place.writers:
            writer.be_patient(fault.patience)
        self._wait_until_served(fault)  # then no request has less patience than this
        fault.inject(self.place)
        self._wait_until_served(fault)
        found = self.check(fault.name, 1, seen)
        for failure in {TIME_OUT, CUT_OFF, REFUSED}.difference(fault.excuses):
            if count := found.failures.get(failure):
                self.wrong.append(f"{fault.name}: {count} saves ended with {failure!r}")
        return found

    def check(self, name: str, injected: int, before: Iterable[Seen] = ()) -> Tally:
        """Compare what is stored with the ledger; what was found since the last check."""
        lost = [each for writer in self.place.writers for each in self._lost(writer)]
        seen = self._forget()
        self.wrong += [f"{name}: {each}" for each in (*lost, *self._leaks(), *_bad_answers(seen))]
        tally = Tally(
            injected,
            sum(each.acknowledged for each in (*before, *seen)),
            len(lost),
            max((each.longest_gap for each in seen), default=0),
            dict(sum((Counter(each.failures) for each in seen), Counter())),
        )
        self.tallies.setdefault(name, Tally()).add(tally)
        return tally

    def _forget(self) -> list[Seen]:
        return [writer.forget() for writer in self.place.writers]

    def _no_failures(self, seen: list[Seen]) -> None:
        """Between two faults every save must be acknowledged."""
        for each in seen:
            if each.failures:
                self.wrong.append(f"without a fault: {each.failures}")

    def _wait_until_served(self, fault: Fault) -> None:
        healed = time.monotonic()
        while waiting := [w.name for w in self.place.writers if not w.is_served(healed)]:
            if time.monotonic() > healed + RECOVERY:
                self.wrong.append(f"{fault.name}: not served again: {', '.join(waiting)}")
                return
            time.sleep(0.02)

    def _lost(self, writer: Writer) -> list[str]:
        before: PadLedger = writer.ledger.before()
        wrong = writer.ledger.check(before, self.place.stored(writer), KEEP)
        return wrong + (writer.lost(self.place.sql) if isinstance(writer, LivesWriter) else [])

    def _leaks(self) -> list[str]:
        """Connections that were left behind, and memory that only grows."""
        most = len(self.place.instances) * WORKERS * self.place.pool
        deadline = time.monotonic() + RECOVERY
        while True:
            (found,) = self.place.sql(_STRAY)
            if found["connections"] <= most and not found["idle_in_transaction"]:
                return self._grown()
            if time.monotonic() > deadline:
                return [f"connections are left behind: {found}, at most {most} expected"]
            time.sleep(0.1)

    def _grown(self) -> list[str]:
        grown = []
        for worker in self.place.workers():
            memory = _memory_of(worker)
            first = self._memory.setdefault(worker.pid, memory)
            if memory > first + GROWTH:
                grown.append(f"a worker has grown from {first >> 20} to {memory >> 20} MB")
        return grown


def _memory_of(worker: psutil.Process) -> int:
    try:
        return int(worker.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _bad_answers(seen: list[Seen]) -> list[str]:
    return [f"answered {each}" for found in seen for each in found.bad_answers]


def as_json(tallies: dict[str, Tally]) -> dict[str, dict[str, object]]:
    """Tallies as they are kept in a file."""
    return {name: asdict(tally) for name, tally in tallies.items()}


def table(tallies: dict[str, Tally]) -> str:
    """The tallies as a Markdown table, with a line for all together."""
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    rows = [
        "| fault | injected | acknowledged saves checked | lost | longest outage | not served |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, tally in {**tallies, "**all**": total}.items():
        failures = ", ".join(f"{n} {what}" for what, n in sorted(tally.failures.items()))
        rows.append(
            f"| {name} | {tally.injected} | {tally.checked:,} | {tally.lost} | "
            f"{tally.outage:.1f} s | {failures or 'none'} |"
        )
    return "\n".join(rows)
