"""Bringing takeouts in: twice at once, and for somebody who is being deleted."""

from __future__ import annotations

from functools import partial
from uuid import uuid4, uuid5

import pytest

from padws.database import Connection, Database
from padws.queries.users import bar_user
from tests.helpers.rows import count, new_user, overtaken
from tests.queries.takeouts import bring_it_in, taken_out

PICTURE = "data:image/png;base64," + "iVBORw0KGgo=" * 400
FILES = {"f": {"dataURL": PICTURE}}


@pytest.mark.parametrize("is_taken", [False, True], ids=["free ids", "ids of somebody else"])
def test_twice_at_once_makes_one_pad(database: Database, conn: Connection, is_taken: bool) -> None:
    owner_id, pad_id = new_user(conn), uuid4()
    archive = taken_out(
        {"elements": [1], "files": FILES}, {"elements": [2], "files": FILES}, pad_id=pad_id
    )
    if is_taken:
        bring_it_in(conn, archive, new_user(conn))
    bring_twice = partial(bring_it_in, archive=archive, owner_id=owner_id)
    assert overtaken(database, bring_twice, bring_twice, bring_twice) == [(0, 0), (0, 0)]
    expected = uuid5(pad_id, str(owner_id)) if is_taken else pad_id
    owned = "SELECT id FROM pad_ws.pads WHERE owner_id = %s"
    assert conn.execute(owned, [owner_id]).fetchall() == [(expected,)]
    assert count(conn, "backups") == 1 + is_taken


def test_somebody_who_is_being_deleted_gets_nothing(conn: Connection) -> None:
    owner_id = new_user(conn)
    bar_user(conn, user_id=owner_id)
    with pytest.raises(AssertionError):
        bring_it_in(conn, taken_out({"elements": []}), owner_id)
    assert count(conn, "pads") == 0
