"""Transactions that need the same rows take them in one order (docs/dba.md, "Locks").

Each test lets one wait in the middle, lets the other come that far, and then lets both go on.
PostgreSQL would end one of them as soon as they waited for each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from padws.database import Connection, Database
from padws.json_text import JsonText
from padws.queries import backups, pads, quotas
from tests.helpers.rows import (
    ANY_VERSION,
    EPOCH,
    new_backup,
    new_pad,
    new_user,
    overtaken,
    retention,
    save,
    scene,
)
from tests.queries.takeouts import bring_it_in, taken_out


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


#: In the order of their digests, which is that of a save.
FIRST, SECOND, THIRD = sorted(
    (f"data:image/png;base64,{letter * 3000}" for letter in "abc"), key=_digest
)


def insert(conn: Connection, owner_id: UUID, text: str) -> None:
    """A picture that some other transaction is about to commit."""
    conn.execute(
        "INSERT INTO pad_ws.pictures (owner_id, digest, content)"
        " VALUES (%s, decode(%s, 'hex'), to_json(%s::text))",
        [owner_id, _digest(text), text],
    )


def draw(conn: Connection, pad: pads.Pad, *texts: str) -> None:
    """Save a pad with new pictures."""
    digests = {text: _digest(text) for text in texts}
    saved = save(
        conn,
        pad,
        scene(files={text: {} for text in texts}),
        pictures=JsonText(json.dumps(digests).encode()),
        contents=JsonText(json.dumps({d: text for text, d in digests.items()}).encode()),
    )
    assert saved
    assert saved.missing is None


def with_pictures(*texts: str) -> dict[str, Any]:
    return {"elements": [], "files": {text[-1]: {"dataURL": text} for text in texts}}


def test_saving_beside_a_takeout_of_other_pads(database: Database, conn: Connection) -> None:
    """The takeout has the same pictures in another order."""
    owner_id = new_user(conn)
    pad = new_pad(conn, owner_id)
    archive = taken_out(with_pictures(FIRST), with_pictures(THIRD))
    overtaken(
        database,
        partial(insert, owner_id=owner_id, text=SECOND),
        lambda conn: draw(conn, pad, FIRST, SECOND, THIRD),
        lambda conn: bring_it_in(conn, archive, owner_id),
    )


def test_saving_beside_a_takeout_of_the_same_pad(database: Database, conn: Connection) -> None:
    owner_id = new_user(conn)
    pad = new_pad(conn, owner_id)
    archive = taken_out(with_pictures(THIRD), pad_id=pad.id)
    overtaken(
        database,
        partial(insert, owner_id=owner_id, text=FIRST),
        lambda conn: draw(conn, pad, FIRST, THIRD),
        lambda conn: bring_it_in(conn, archive, owner_id),
    )


@pytest.fixture
def limited(conn: Connection) -> Iterator[None]:
    """With a quota, which transactions of one user wait for."""
    quotas.set_limit(conn, name="bytes", value=10**9)
    yield
    quotas.set_limit(conn, name="bytes", value=0)


@pytest.mark.usefixtures("limited")
def test_saving_beside_restoring_elements(database: Database, conn: Connection) -> None:
    """The pad in which they are restored has a picture in its scene, as old ones do."""
    owner_id = new_user(conn)
    pad = new_pad(conn, owner_id)
    old = new_pad(conn, owner_id, **with_pictures(FIRST))
    backup_id = new_backup(conn, old.id, EPOCH, elements=[{"id": "box", "version": 1}])
    quotas.use_quota(conn, owner_id=owner_id, added=1, has_new_pad=False)

    def restore(conn: Connection) -> None:
        assert backups.restore_elements(
            conn,
            owner_id=owner_id,
            pad_id=old.id,
            backup_id=backup_id,
            element_ids=["box"],
            accepted_versions=ANY_VERSION,
            retention=retention(),
            new_pictures=True,
            most_bytes=10**8,
            most_values=10**6,
        )

    overtaken(
        database,
        lambda conn: quotas.use_quota(conn, owner_id=owner_id, added=1, has_new_pad=False),
        restore,
        lambda conn: draw(conn, pad, FIRST),
    )
