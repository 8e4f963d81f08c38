"""`make faults`: many faults under many saves, the table, and the results kept."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click

from padws.config import ROOT
from tests.faults.campaign import Campaign, Tally, as_json, table
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.cluster import CLUSTER_FAULTS, Cluster, running_cluster
from tests.faults.place import Place, running_place


@click.command()
@click.option("--faults", default=200, show_default=True, help="Inject at least so many.")
@click.option("--saves", default=100_000, show_default=True, help="Check at least so many.")
@click.option("--minutes", type=float, help="Stop after so long, with what there is by then.")
@click.option("--append", is_flag=True, help="Go on from the results of the last run.")
@click.option("--only", default="", help="Only faults with this in their name.")
@click.option("--citus", is_flag=True, help="Those of the cluster of CITUS_DATABASE_URL instead.")
@click.option("--writers", default=12, show_default=True, help="How many clients save at once.")
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    default=ROOT / ".faults.json",
    show_default=True,
    help="Where the results are kept.",
)
def main(
    faults: int,
    saves: int,
    minutes: float | None,
    append: bool,
    only: str,
    citus: bool,
    writers: int,
    results: Path,
) -> None:
    """Break what padws needs while clients save, and check that nothing is lost.

    All servers are started for this run alone, whatever the environment names. If an acknowledged
    save is lost, or anything else is not as docs/reliability.md says, the exit code is 1 and the
    servers' logs are kept beside the results.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tallies, wrong = _earlier(results) if append else ({}, [])
    deadline = time.monotonic() + minutes * 60 if minutes else float("inf")
    click.echo("Starting PostgreSQL, Redis, a sign-in provider and two instances of padws …")
    with (running_cluster if citus else running_place)(writers) as place:
        campaign = Campaign(place)
        campaign.wrong += wrong
        for name, tally in tallies.items():
            campaign.tallies.setdefault(name, Tally()).add(tally)
        possible = _possible(place, CLUSTER_FAULTS if citus else FAULTS, only)
        while time.monotonic() < deadline and not _enough(campaign, faults, saves):
            _inject(campaign, _next(campaign, possible))
        campaign.check("no fault", 0)
        if isinstance(place, Cluster):
            for fault, gap in place.disturbances.items():
                click.echo(f"A node {fault}: on others a save every {gap:.1f} s at the least.")
            campaign.wrong += place.disturbed()
        if campaign.wrong:
            shutil.copytree(place.logs, results.with_suffix(".logs"), dirs_exist_ok=True)
    _finish(campaign, results)


def _earlier(results: Path) -> tuple[dict[str, Tally], list[str]]:
    """The tallies of earlier runs, and what was wrong in them."""
    if not results.exists():
        return {}, []
    kept = json.loads(results.read_text())
    return {name: Tally(**tally) for name, tally in kept["tallies"].items()}, kept["wrong"]


def _possible(place: Place, faults: Iterable[Fault], only: str) -> list[Fault]:
    possible = []
    for fault in (each for each in faults if only in each.name):
        if reason := fault.impossible(place):
            click.echo(f"Left out: {fault.name}; {reason}.")
        else:
            possible.append(fault)
    return possible


def _enough(campaign: Campaign, faults: int, saves: int) -> bool:
    tallies = campaign.tallies.values()
    injected, checked = sum(t.injected for t in tallies), sum(t.checked for t in tallies)
    return injected >= faults and checked >= saves


def _next(campaign: Campaign, possible: list[Fault]) -> Fault:
    """One of those that were injected least often."""
    counts = {each: campaign.tallies.get(each.name, Tally()).injected for each in possible}
    return random.choice([each for each in possible if counts[each] == min(counts.values())])


def _inject(campaign: Campaign, fault: Fault) -> None:
    found = campaign.inject(fault)
    tallies = campaign.tallies.values()
    click.echo(
        f"{sum(t.injected for t in tallies):4}  {fault.name:48} outage {found.outage:4.1f} s   "
        f"{sum(t.checked for t in tallies):7,} saves checked, {sum(t.lost for t in tallies)} lost"
    )


def _finish(campaign: Campaign, results: Path) -> None:
    kept = {"tallies": as_json(campaign.tallies), "wrong": campaign.wrong}
    results.write_text(json.dumps(kept, indent=1))
    click.echo(f"\n{table(campaign.tallies)}\n\nKept in {results}.")
    for each in campaign.wrong:
        click.echo(f"Wrong: {each}", err=True)
    if campaign.wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
