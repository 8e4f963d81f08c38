"""What is in the database: people with pads of given sizes, and backups of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from bench.drawings import drawing
from bench.stand import Stand
from padws.database import Connection
from padws.pictures import take_apart
from padws.queries.pads import insert_pad
from padws.uuid7 import uuid7
from tests.helpers.people import Person, sign_in_all

_BACKUPS = """
INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
SELECT gen_random_uuid(), pads.id, pads.data, taken.at, taken.at
FROM pad_ws.pads AS pads
CROSS JOIN (SELECT now() - n * interval '1 hour' AS at FROM generate_series(1, 10) AS n) AS taken
WHERE pads.id = %s
"""


@dataclass(frozen=True)
class OwnPad:
    """A pad, and its scene as its owner's whiteboard sends it."""

    id: UUID
    name: str
    scene: bytes


@dataclass(frozen=True)
class Owner:
    """A signed-in person and their pads, oldest first."""

    person: Person
    pads: list[OwnPad]


@dataclass(frozen=True)
class Group:
    """So many people, each with pads of these sizes in bytes, the first one with ten backups.

    In each pad there are so many `images`, or what is usual for its size. One alone signs in under
    the group's name, which may be one that the provider has.
    """

    name: str
    people: int
    sizes: tuple[int, ...]
    images: int = 0


def settle(stand: Stand, group: Group) -> list[Owner]:
    """Sign in the people of a group and give them their pads."""
    names = [f"{group.name}-{number}" for number in range(group.people)]
    people = sign_in_all(stand.url, names if group.people > 1 else [group.name])
    connection = stand.servers.connection
    return [
        Owner(person, _pads(connection, person, group, seed)) for seed, person in enumerate(people)
    ]


def _pads(connection: Connection, person: Person, group: Group, seed: int) -> list[OwnPad]:
    pads = [
        _pad(connection, person, f"Pad {number}", drawing(size, seed * 1000 + number, group.images))
        for number, size in enumerate(group.sizes)
    ]
    connection.execute(_BACKUPS, [pads[0].id])
    return pads


def _pad(connection: Connection, person: Person, name: str, scene: dict[str, Any]) -> OwnPad:
    drawn = take_apart(orjson.dumps(scene), lambda _: None, lambda: True)
    (pad,) = insert_pad(
        connection,
        pad_id=uuid7(),
        owner_id=UUID(person.id),
        display_name=name,
        scene=drawn.scene,
        pictures=drawn.pictures,
        contents=drawn.contents_of(drawn.contents),
        reason=None,
    ).rows
    # The whiteboard has read the pad before it saves it, so its scenes hold the pad's id and name.
    scene["appState"]["pad"] = {"uniqueId": str(pad.id), "displayName": name}
    return OwnPad(pad.id, name, orjson.dumps(scene))
