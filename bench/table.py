"""The table: every kind of work beside its floor, the start, the memory."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bench.figures import Figure, at_most, ratio_of, services, spread, total_ms
from bench.filling import Group, Owner, settle
from bench.machine import describe, sizes
from bench.measuring import Round, measure
from bench.report import Report
from bench.stand import Stand, serving, started_servers
from bench.starting import figures_of_memory, figures_of_start
from bench.works import LIST, LIST_KNOWN, TABLE, Work

ROUNDS = 3
SECONDS = 3

Results = dict[str, list[Round]]


def run(quick: bool) -> Report:
    """Measure everything, or quickly what has a target. ClickException if a round is void."""
    works = [work for work in TABLE if work.least_ratio or work.most_app_ms or not quick]
    with started_servers() as servers:
        with serving(servers) as stand:
            report = Report("padws beside bare SQL", describe(stand))
            results = rounds(stand, works, 1 if quick else SECONDS)
            report.notes.append(sizes(stand))
        for work in works:
            report.add_work(work, results[work.name])
        report.add(_known_list(results))
        report.add(*figures_of_start(servers, ROUNDS), *figures_of_memory(servers))
    return report


def rounds(stand: Stand, works: Sequence[Work], seconds: int) -> Results:
    """Every kind of work in turn, and all of that several times, so that drift affects all."""
    owners = {group: _settled(stand, group) for group in {work.group for work in works}}
    results: Results = {work.name: [] for work in works}
    for turn in range(ROUNDS):
        for work in works:
            click.echo(f"Round {turn + 1} of {ROUNDS}: {work.name} …")
            results[work.name].append(measure(stand, work, owners[work.group], seconds))
    return results


def _settled(stand: Stand, group: Group) -> list[Owner]:
    click.echo(f"Signing in {group.people} people and drawing their pads …")
    return settle(stand, group)


def _known_list(results: Results) -> Figure:
    """What a list that has not changed costs, compared to one that has."""
    known, whole = (spread(services(results[work.name]), total_ms) for work in (LIST_KNOWN, LIST))
    ratio = ratio_of(known, whole)
    target, met = at_most(0.15, ratio)
    name = "a list's 304 beside its 200: CPU, app + PostgreSQL, ms"
    return Figure(name, str(known), str(whole), ratio, target, met)
