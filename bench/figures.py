"""Medians, spread, targets and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import psutil

from bench.measuring import Measured, Round
from bench.works import Work


@dataclass(frozen=True)
class Figure:
    """A row of the report. `met` is None where there is no target."""

    name: str
    measured: str
    floor: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Spread:
    """What several runs have given."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The one in the middle."""
        return median(self.values)

    def __str__(self) -> str:
        half = (max(self.values) - min(self.values)) / 2
        percent = 100 * half / self.median if self.median else 0
        return f"{number(self.median)} ±{percent:.0f} %"


def number(value: float) -> str:
    """Three significant digits, or all before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(runs: Iterable[Measured], of: Callable[[Measured], float]) -> Spread:
    """What `of` makes of each run."""
    return Spread([of(run) for run in runs])


def app_ms(run: Measured) -> float:
    """Milliseconds of the service's CPU for each answer."""
    return run.each(run.used.app)


def postgres_ms(run: Measured) -> float:
    """Milliseconds of PostgreSQL's CPU for each answer."""
    return run.each(run.used.postgres)


def total_ms(run: Measured) -> float:
    """Milliseconds of both."""
    return app_ms(run) + postgres_ms(run)


def share_of_load(run: Measured) -> float:
    """The load generator's share of the CPU that everything in the run has used."""
    return run.driven.cpu / _used(run)


def share_of_others(run: Measured) -> float:
    """The part of the machine's CPU that was busy with something else."""
    return max(0.0, run.used.machine - _used(run)) / _capacity(run)


def share_idle(run: Measured) -> float:
    """The part of the machine's CPU that was idle."""
    return max(0.0, 1 - run.used.machine / _capacity(run))


def _used(run: Measured) -> float:
    return run.driven.cpu + run.used.app + run.used.postgres + run.used.redis


def _capacity(run: Measured) -> float:
    return run.driven.seconds * (psutil.cpu_count() or 1)


def at_least(limit: float, value: float) -> tuple[str, bool]:
    """A target and whether it is met."""
    return f"≥ {number(limit)}", value >= limit


def at_most(limit: float, value: float, of: str = "") -> tuple[str, bool]:
    """A target, `of` some part, and whether it is met."""
    return f"{of} ≤ {number(limit)}".strip(), value <= limit


def of_work(work: Work, rounds: Sequence[Round]) -> list[Figure]:
    """The rows of one kind of work."""
    return [_throughput(work, rounds), _cpu(work, rounds)]


def _throughput(work: Work, rounds: Sequence[Round]) -> Figure:
    rate = spread(services(rounds), lambda run: run.rate)
    bare = floors(rounds)
    name = f"{work.name}: requests a second"
    if not bare:
        return Figure(name, str(rate))
    below = spread(bare, lambda run: run.rate)
    ratio = ratio_of(rate, below)
    target, met = at_least(work.least_ratio, ratio) if work.least_ratio else ("", None)
    return Figure(name, str(rate), str(below), ratio, target, met)


def _cpu(work: Work, rounds: Sequence[Round]) -> Figure:
    runs = services(rounds)
    app, postgres = spread(runs, app_ms), spread(runs, postgres_ms)
    target, met = at_most(work.most_app_ms, app.median, "app") if work.most_app_ms else ("", None)
    name = f"{work.name}: CPU, app + PostgreSQL, ms"
    measured = f"{app} + {postgres}"
    bare = floors(rounds)
    if not bare:
        return Figure(name, measured, target=target, met=met)
    below = spread(bare, postgres_ms)
    ratio = ratio_of(spread(runs, total_ms), below)
    return Figure(name, measured, str(below), ratio, target, met)


def ratio_of(service: Spread, floor: Spread) -> float:
    """The median of the rounds' own ratios: drift from round to round affects both."""
    pairs = zip(service.values, floor.values, strict=True)
    return median(ours / bare for ours, bare in pairs)


def services(rounds: Iterable[Round]) -> list[Measured]:
    """The service's runs."""
    return [each.service for each in rounds]


def floors(rounds: Iterable[Round]) -> list[Measured]:
    """The floor's runs; none where there is no floor."""
    return [each.floor for each in rounds if each.floor]
