"""What an hour of drawing leaves behind: bytes stored, and bytes of write-ahead log.

Somebody draws on one pad, and a stroke changes with each save; every five minutes there is a
backup. Beside it is what a user would write by hand, with whole copies as backups. Not all saves of
the hour are made, but some between any two backups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import click

from bench.client import RISING, Request, ask, rising_number
from bench.figures import Figure, number
from bench.filling import Group, Owner, OwnPad, settle
from bench.floor import prepare_by_hand
from bench.stand import Stand
from bench.works import small_part, whole_scene
from padws.json_text import JsonText

_SAVES, _BACKUPS = 3_000, 12  # one every 1.2 s, one every five minutes
_SAVES_MADE = 3  # between two backups
_PADS = {
    "without pictures": Group("sketching", 1, (62_000,)),
    "with ten pictures, 5 MB": Group("collage", 1, (5_000_000,), images=10),
}

_STORED = """
SELECT
    (SELECT sum(pg_column_size(pads.*)) FROM pad_ws.pads WHERE id = %(pad)s)
    + (SELECT sum(pg_column_size(backups.*)) FROM pad_ws.backups WHERE source_id = %(pad)s)
    + (SELECT coalesce(sum(pg_column_size(pictures.*)), 0)
       FROM pad_ws.pictures WHERE owner_id = %(owner)s)
"""
_STORED_BY_HAND = """
SELECT
    (SELECT sum(pg_column_size(drawings.*)) FROM padws_bench.drawings WHERE id = %(pad)s)
    + (SELECT sum(pg_column_size(copies.*)) FROM padws_bench.copies)
"""
_COPIES_TABLE = """
DROP TABLE IF EXISTS padws_bench.copies;
CREATE TABLE padws_bench.copies (id serial PRIMARY KEY, data jsonb)
"""
_SAVE_BY_HAND = "UPDATE padws_bench.drawings SET data = %s::jsonb WHERE id = %s"
_COPY_BY_HAND = """
INSERT INTO padws_bench.copies (data) SELECT data FROM padws_bench.drawings WHERE id = %s
"""
_KEEP_TEN = (
    "DELETE FROM padws_bench.copies WHERE id <= (SELECT max(id) - 10 FROM padws_bench.copies)"
)


def figures_of_an_hour(stand: Stand) -> list[Figure]:
    """By padws with whole saves and with small ones, beside bare SQL with whole ones."""
    click.echo("Drawing for an hour …")
    return [each for name, group in _PADS.items() for each in _figures(stand, name, group)]


def _figures(stand: Stand, name: str, group: Group) -> list[Figure]:
    (owner,) = settle(stand, group)
    pad = owner.pads[0]
    stand.servers.connection.execute("DELETE FROM pad_ws.backups WHERE source_id = %s", [pad.id])
    prepare_by_hand(stand.servers.connection, [owner])
    stand.servers.connection.execute(_COPIES_TABLE)
    bare = _hour(stand, partial(_save_by_hand, stand, pad), partial(_copy_by_hand, stand, pad))
    ids = {"pad": pad.id, "owner": owner.person.id}
    stored_bare = _value(stand, _STORED_BY_HAND, ids)
    rows = []
    for kind, path, body in (
        ("whole saves", "", whole_scene(pad)),
        ("small saves", "/data", small_part(pad)),
    ):
        request = Request("PATCH" if path else "POST", f"/api/pad/{pad.id}{path}", body=body)
        wal = _hour(stand, partial(_ask, stand, owner, request), partial(_back_up, stand, owner))
        rows.append(_figure(f"an hour of {kind}, pad {name}: log, MB", wal, bare))
    return [
        *rows,
        _figure(f"stored after it, pad {name}: MB", _value(stand, _STORED, ids), stored_bare),
    ]


def _figure(name: str, ours: float, bare: float) -> Figure:
    return Figure(name, number(ours / 1e6), number(bare / 1e6), ours / bare)


def _hour(stand: Stand, save: Callable[[], None], back_up: Callable[[], None]) -> float:
    """The bytes of write-ahead log of an hour, from the saves and backups that are made here."""
    saves = backups = 0.0
    stand.servers.connection.execute("CHECKPOINT")
    for _ in range(_BACKUPS):
        saves += _wal(stand, [save] * _SAVES_MADE)
        backups += _wal(stand, [back_up])
    return saves * _SAVES / (_BACKUPS * _SAVES_MADE) + backups


def _wal(stand: Stand, acts: Sequence[Callable[[], None]]) -> float:
    before = stand.counters()
    for act in acts:
        act()
    return (stand.counters() - before).wal


def _save_by_hand(stand: Stand, pad: OwnPad) -> None:
    scene = whole_scene(pad).replace(RISING, str(rising_number()).encode())
    stand.servers.connection.execute(_SAVE_BY_HAND, [JsonText(scene), pad.id])


def _copy_by_hand(stand: Stand, pad: OwnPad) -> None:
    stand.servers.connection.execute(_COPY_BY_HAND, [pad.id])
    stand.servers.connection.execute(_KEEP_TEN)


def _ask(stand: Stand, owner: Owner, request: Request) -> None:
    known = Request(request.method, request.path, owner.person.cookie, request.body)
    answer = ask(stand.url, known)
    if answer.status not in (200, 201):
        raise click.ClickException(f"{request.path}: {answer.status}: {answer.body[:500]!r}")


def _back_up(stand: Stand, owner: Owner) -> None:
    _ask(stand, owner, Request("POST", f"/api/pad/{owner.pads[0].id}/backups"))


def _value(stand: Stand, query: str, values: dict[str, object]) -> float:
    row = stand.servers.connection.execute(query.encode(), values).fetchone()
    return float(row[0]) if row else 0.0
