"""What single requests cost at the extremes of what people do."""

from __future__ import annotations

import time
from uuid import UUID

import click

from bench.client import Request, ask
from bench.figures import Figure, number
from bench.filling import Group, Owner, settle
from bench.stand import Stand

_BACKUPS = 1_000
_PADS = 10_000
_LARGEST = 19_900_000  # bytes: as sent, a little less than MAX_BODY_BYTES

_ADD_BACKUPS = """
INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
SELECT gen_random_uuid(), pads.id, pads.data, taken.at, taken.at
FROM pad_ws.pads AS pads
CROSS JOIN (
    SELECT now() - n * interval '1 day' AS at FROM generate_series(1, %s::integer) AS n
) AS taken
WHERE pads.id = %s
"""
_ADD_PADS = """
INSERT INTO pad_ws.pads (id, owner_id, display_name, data, version)
SELECT gen_random_uuid(), owner_id, display_name, data, 1
FROM pad_ws.pads CROSS JOIN generate_series(2, %s::integer)
WHERE id = %s
"""


def figures_of_extremes(stand: Stand) -> list[Figure]:
    """Each is one request alone."""
    click.echo("Going to extremes …")
    return [*_many_backups(stand), *_many_pads(stand), *_largest_scene(stand)]


def _many_backups(stand: Stand) -> list[Figure]:
    owner = _owner(stand, "keeper", 62_000)
    pad = owner.pads[0]
    connection = stand.servers.connection
    connection.execute(_ADD_BACKUPS, [_BACKUPS, pad.id])
    listed = _cost(stand, Request("GET", f"/api/pad/{pad.id}/backups", owner.person.cookie))
    _make_backup_due(stand, pad.id)
    save = Request("POST", f"/api/pad/{pad.id}", owner.person.cookie, pad.scene)
    pruning = _cost(stand, save)
    return [
        Figure(f"the newest ten of {_BACKUPS} backups of 62 KB", listed),
        Figure(f"a save of 62 KB that prunes {_BACKUPS} backups", pruning),
        Figure("the same save again, nothing to prune", _cost(stand, save)),
    ]


def _make_backup_due(stand: Stand, pad_id: UUID) -> None:
    stand.servers.connection.execute(
        "UPDATE pad_ws.pads SET last_backup_at = now() - interval '1 day' WHERE id = %s", [pad_id]
    )


def _many_pads(stand: Stand) -> list[Figure]:
    owner = _owner(stand, "hoarder", 1_000)
    stand.servers.connection.execute(_ADD_PADS, [_PADS, owner.pads[0].id])
    cookie = owner.person.cookie
    return [
        Figure(f"a list of {_PADS} pads of 2 KB", _cost(stand, Request("GET", "/api/pad", cookie))),
        Figure(
            f"a list of {_PADS} pads without their scenes",
            _cost(stand, Request("GET", "/api/pad?data=false", cookie)),
        ),
    ]


def _largest_scene(stand: Stand) -> list[Figure]:
    owner = _owner(stand, "muralist", _LARGEST)
    pad = owner.pads[0]
    path = f"/api/pad/{pad.id}"
    return [
        Figure(
            "a save of 20 MB",
            _cost(stand, Request("POST", path, owner.person.cookie, pad.scene)),
        ),
        Figure("reading it", _cost(stand, Request("GET", path, owner.person.cookie))),
    ]


def _owner(stand: Stand, name: str, size: int) -> Owner:
    (owner,) = settle(stand, Group(name, 1, (size,)))
    return owner


def _cost(stand: Stand, request: Request) -> str:
    """What one request takes. Raises ClickException unless it is answered with 200."""
    before, began = stand.counters(), time.monotonic()
    answer = ask(stand.url, request)
    elapsed = time.monotonic() - began
    used = stand.counters() - before
    if answer.status != 200:
        raise click.ClickException(f"{request.path}: {answer.status}: {answer.body[:500]!r}")
    parts = (f"{number(1000 * each)} ms" for each in (elapsed, used.app, used.postgres))
    return "{}; CPU {} + {}".format(*parts) + f"; {number(len(answer.body) / 1000)} KB answered"
