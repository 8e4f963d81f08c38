"""A thousand pads against a million: whether requests cost the same when the tables have grown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from bench.extremes import figures_of_extremes
from bench.figures import Figure, Spread, app_ms, at_most, postgres_ms, services, spread, total_ms
from bench.filling import Group, Owner, settle
from bench.machine import describe
from bench.measuring import Round, measure_alone
from bench.report import Report
from bench.stand import Stand, serving, started_servers
from bench.works import ADMINISTRATOR, GROWTH, Work

SMALL, LARGE = 1_000, 1_000_000
PADS_OF_A_USER = 10
ROUNDS = 3
SECONDS = 4
CONNECTIONS = 16

Results = Mapping[str, Sequence[Round]]

# Ten pads for each new user and a backup of each, with a scene of a few hundred bytes.
_FILL = """
WITH new_user AS (
    INSERT INTO pad_ws.users (id, username, email, email_verified, name, given_name, family_name)
    SELECT gen_random_uuid(), 'filler-' || n, 'filler-' || n || '@example.com', TRUE, 'F', 'F', 'F'
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    RETURNING id
),
new_pad AS (
    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, version, last_backup_at)
    SELECT gen_random_uuid(), new_user.id, 'Pad', %(scene)s::jsonb, 1, now()
    FROM new_user CROSS JOIN generate_series(1, %(pads)s::integer)
    RETURNING id, data
)
INSERT INTO pad_ws.backups (id, source_id, data)
SELECT gen_random_uuid(), new_pad.id, new_pad.data FROM new_pad
"""
_SCENE = """
{"type": "excalidraw", "elements": [{"id": "e1", "type": "rectangle", "x": 10.5, "y": 20.25,
"width": 300, "height": 120, "strokeColor": "#1e1e1e", "seed": 1234567, "version": 12}],
"appState": {"viewBackgroundColor": "#ffffff", "zoom": {"value": 1}}, "files": {}}
"""


def run() -> Report:
    """Measure on a thousand pads, fill up to a million, measure again."""
    with started_servers() as servers, serving(servers) as stand:
        report = Report("A million pads beside a thousand", describe(stand), "a thousand pads")
        owners = _owners(stand)
        _fill(stand, 0, SMALL)
        before = _measure(stand, owners)
        _fill(stand, SMALL, LARGE)
        after = _measure(stand, owners)
        report.runs.update(after)
        report.add(*(_figure(work, before, after) for work in GROWTH))
        report.add(*figures_of_extremes(stand))
    return report


def _owners(stand: Stand) -> dict[Group, list[Owner]]:
    """The people who send requests; one administrator on all connections."""
    owners = {group: settle(stand, group) for group in {work.group for work in GROWTH}}
    owners[ADMINISTRATOR] *= CONNECTIONS
    return owners


def _fill(stand: Stand, pads: int, target: int) -> None:
    """Raise the number of pads from `pads` to `target`."""
    click.echo(f"Filling up to {target} pads …")
    numbers = {"first": pads // PADS_OF_A_USER + 1, "last": target // PADS_OF_A_USER}
    connection = stand.servers.connection
    connection.execute(_FILL, {**numbers, "pads": PADS_OF_A_USER, "scene": _SCENE})
    connection.execute("VACUUM ANALYZE pad_ws.users, pad_ws.pads, pad_ws.backups")
    connection.execute("CHECKPOINT")


def _measure(stand: Stand, owners: Mapping[Group, list[Owner]]) -> Results:
    results: dict[str, list[Round]] = {work.name: [] for work in GROWTH}
    for turn in range(ROUNDS):
        click.echo(f"Round {turn + 1} of {ROUNDS} …")
        for work in GROWTH:
            results[work.name].append(measure_alone(stand, work, owners[work.group], SECONDS))
    return results


def _figure(work: Work, before: Results, after: Results) -> Figure:
    """CPU beside CPU; /healthz, which reads no table, shows how far the machine has drifted."""
    small, large = (
        spread(services(results[work.name]), total_ms).median for results in (before, after)
    )
    target, met = at_most(1.2, large / small) if work.statement else ("", None)
    name = f"{work.name}: CPU, app + PostgreSQL, ms"
    return Figure(
        name, _both(after[work.name]), _both(before[work.name]), large / small, target, met
    )


def _both(rounds: Sequence[Round]) -> str:
    parts: list[Spread] = [spread(services(rounds), of) for of in (app_ms, postgres_ms)]
    return " + ".join(map(str, parts))
