"""People who draw at the same time: how many one machine holds before saving becomes slow.

Each has a drawing open that is saved every 1.2 s, as the whiteboard does while its user draws: all
of it, or what has changed alone. Once a minute they look at the backups, once in five minutes they
load the page. A request that is due while the one before it still runs waits, and that counts; so
does the time after which it is sent again when the service has too much to do.
"""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click

from bench.client import Connection, Request
from bench.figures import Figure, at_most, number
from bench.filling import Group, Owner, settle
from bench.machine import describe, sizes
from bench.report import Report
from bench.stand import Counters, Stand, serving, started_servers
from bench.works import small_part, whole_scene

PACE = 1.2  # seconds from one save to the next
BACKUPS_EVERY = 60.0
LOAD_EVERY = 300.0
LIMIT = 0.250  # seconds
COMING = 8.0  # seconds within which everybody loads the page
WARM_UP, STAGE, LONG_STAGE = COMING + 4.0, 12.0, 60.0
_OK, _TOO_MANY = 200, 429


@dataclass(frozen=True)
class Drawing:
    """How people draw: on what, and how it is saved. `target` is how many are to be held."""

    name: str
    save: str  # the kind of request
    pads: tuple[int, ...]
    target: int
    images: int = 0

    @property
    def query(self) -> str:
        """What is asked for of lists: with many pictures none, as their addresses will do."""
        return "?pictures=false" if self.images else ""

    def people(self, first: int, number: int) -> Group:
        """So many of them, from that number on."""
        return Group(f"{self.name}-{first}", number, self.pads, self.images)


WHOLE = Drawing("whole saves", "save", (62_000,) * 3, 250)
SMALL = Drawing("small saves", "small save", (62_000,) * 3, 600)
WITH_PICTURES = Drawing("whole saves with ten pictures", "save", (5_000_000,), 120, images=10)

Timed = tuple[str, float]  # the kind of request, and seconds from when it was due to its answer


@dataclass(frozen=True)
class Stage:
    """What so many people have experienced."""

    people: int
    drawing: Drawing
    seconds: float
    timings: Sequence[Timed]
    used: Counters
    client: float  # CPU seconds of our own

    def percentile(self, percent: float, kind: str = "") -> float:
        """Seconds within which so many of a kind of request, or of all, were answered."""
        times = sorted(each for name, each in self.timings if kind in ("", name))
        return times[min(len(times) - 1, int(len(times) * percent / 100))] if times else 0.0

    def count(self, kind: str) -> int:
        """How many of a kind there were."""
        return sum(name == kind for name, _ in self.timings)


def run(drawing: Drawing) -> Report:
    """Add people until it becomes too slow for them; then look longer at as many as it holds."""
    with started_servers() as servers, serving(servers) as stand:
        report = Report(f"People drawing at once: {drawing.name}", describe(stand), "")
        owners: list[Owner] = []
        held = 0
        while _holds(stand, owners, drawing):
            held = len(owners)
        size = _size_of_pads(stand)
        stage = asyncio.run(_stage(stand, owners[:held], drawing, LONG_STAGE))
        report.add(*_figures(stage), _growth(size, _size_of_pads(stand), stage))
        report.notes.append(sizes(stand))
    return report


def _holds(stand: Stand, owners: list[Owner], drawing: Drawing) -> bool:
    """Add some people; whether all of them are served fast enough."""
    owners += settle(stand, drawing.people(len(owners), max(1, drawing.target // 8)))
    stage = asyncio.run(_stage(stand, owners, drawing, STAGE))
    slowest = stage.percentile(99)
    click.echo(
        f"{len(owners)} people: {number(stage.count(drawing.save) / STAGE)} saves a second, "
        f"p50 {stage.percentile(50) * 1000:.0f} ms, p99 {slowest * 1000:.0f} ms"
    )
    return slowest < LIMIT


def figure_at_target(stand: Stand, drawing: Drawing) -> Figure:
    """How long the slowest requests take while as many people draw as are to be held."""
    click.echo(f"{drawing.target} people draw: {drawing.name} …")
    owners = settle(stand, drawing.people(0, drawing.target))
    name = f"{drawing.target} people, {drawing.name}: p99, ms; saves a second; CPUs in use"
    try:
        stage = asyncio.run(_stage(stand, owners, drawing, STAGE))
    except click.ClickException as error:  # refused: there are too many of them
        return Figure(name, error.message[:100], met=False)
    slowest = stage.percentile(99) * 1000
    target, met = at_most(LIMIT * 1000, slowest)
    rate = number(stage.count(drawing.save) / stage.seconds)
    return Figure(name, f"{slowest:.0f}; {rate}; {_cpus(stage)}", target=target, met=met)


async def _stage(stand: Stand, owners: Sequence[Owner], drawing: Drawing, seconds: float) -> Stage:
    """Let everybody draw, and count once all are there and what queued as they came is done."""
    timings: list[Timed] = []
    # Made before anybody comes: meanwhile nobody can, and then all who should have would, at once.
    requests = [_requests(owner, drawing) for owner in owners]
    ends = time.monotonic() + WARM_UP + seconds
    people = asyncio.gather(*(_draw(stand.url, each, drawing, ends, timings) for each in requests))
    await asyncio.sleep(WARM_UP)
    timings.clear()
    before, client = stand.counters(), _own_cpu_seconds()
    await asyncio.sleep(seconds)
    used, client = stand.counters() - before, _own_cpu_seconds() - client
    counted = list(timings)
    await people
    return Stage(len(owners), drawing, seconds, counted, used, client)


async def _draw(
    url: str, requests: dict[str, Request], drawing: Drawing, ends: float, timings: list[Timed]
) -> None:
    """One person, from loading the page on."""

    async def ask(kind: str, due: float) -> None:
        await _ask(connection, requests[kind])
        timings.append((kind, time.monotonic() - due))

    due = time.monotonic() + random.uniform(0, COMING)  # noqa: S311 - people do not come in step
    await asyncio.sleep(due - time.monotonic())
    connection = await Connection.open(url)
    await ask("list", due)
    while time.monotonic() < ends:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await ask(drawing.save, due)
        for kind, every in (("backups", BACKUPS_EVERY), ("list", LOAD_EVERY)):
            if random.random() < PACE / every:  # noqa: S311
                await ask(kind, time.monotonic())
        due += PACE
    await connection.close()


async def _ask(connection: Connection, request: Request) -> None:
    while (answer := await connection.ask(request)).status == _TOO_MANY:
        await asyncio.sleep(int(answer.headers["retry-after"]))
    if answer.status != _OK:
        message = f"{request.method} {request.path}: {answer.status}: {answer.body[:500]!r}"
        raise click.ClickException(message)


def _requests(owner: Owner, drawing: Drawing) -> dict[str, Request]:
    """What a person asks for, by kind."""
    pad, cookie = owner.pads[0], owner.person.cookie
    path = f"/api/pad/{pad.id}"
    if drawing.save == SMALL.save:
        save = Request("PATCH", f"{path}/data", cookie, small_part(pad))
    else:
        save = Request("POST", path, cookie, whole_scene(pad))
    return {
        drawing.save: save,
        "list": Request("GET", f"/api/pad{drawing.query}", cookie),
        "backups": Request("GET", f"{path}/backups{drawing.query}", cookie),
    }


def _own_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _figures(stage: Stage) -> list[Figure]:
    target, met = at_most(LIMIT * 1000, stage.percentile(99) * 1000)
    return [
        Figure("people drawing at once", str(stage.people)),
        Figure("p99 of all their requests, ms", _ms(stage, 99), target=target, met=met),
        *(
            Figure(
                f"{kind}: how many a second; p50, p99, ms",
                f"{number(stage.count(kind) / stage.seconds)}; {_ms(stage, 50, kind)}, "
                f"{_ms(stage, 99, kind)}",
            )
            for kind in (stage.drawing.save, "list", "backups")
        ),
        Figure("CPUs in use: app, PostgreSQL, the benchmark", _cpus(stage)),
        Figure(
            "write-ahead log for each save, KB",
            number(stage.used.wal / stage.count(stage.drawing.save) / 1000),
        ),
    ]


def _ms(stage: Stage, percent: float, kind: str = "") -> str:
    return f"{stage.percentile(percent, kind) * 1000:.0f}"


def _cpus(stage: Stage) -> str:
    parts = (stage.used.app, stage.used.postgres, stage.client)
    return ", ".join(number(each / stage.seconds) for each in parts)


def _size_of_pads(stand: Stand) -> int:
    row = stand.servers.connection.execute(
        "SELECT pg_total_relation_size('pad_ws.pads')"
    ).fetchone()
    return int(row[0]) if row else 0


def _growth(before: int, after: int, stage: Stage) -> Figure:
    """What the table has grown by while every row of it was rewritten every 1.2 s."""
    return Figure(
        f"the table of pads before and after {stage.seconds:.0f} s, MB",
        f"{number(before / 1e6)}, {number(after / 1e6)}",
    )
