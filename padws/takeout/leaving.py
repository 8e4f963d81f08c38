"""Deletes users: what they have goes into a takeout file in TAKEOUT_DIR first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from padws.queries import trash, users
from padws.queries.pictures import delete_pictures
from padws.queries.users import User
from padws.takeout.files import keep_pads
from padws.takeout.writing import Connections

_NO_TIME = timedelta(0)


def delete_barred_user(connections: Connections, user: User, directory: Path | None) -> None:
    """Delete a barred user and all that is the user's, in statements that each take little time.

    Nobody can write to a pad that is frozen, and it is deleted when it is in a file. Whatever comes
    meanwhile, by a request that had begun before, is found and has its turn. Killed anywhere, it
    can be begun again. Raises Unavailable if the file cannot be written: nothing is deleted then.
    """
    is_left = True
    while is_left:
        with connections() as conn:
            pad_ids = trash.freeze_pads(conn, owner_id=user.id)
        if pad_ids and directory:
            keep_pads(connections, user, pad_ids, directory)
        _purge(connections, user.id, pad_ids)
        with connections() as conn:
            is_left = not users.delete_barred_user(conn, user.id)


def _purge(connections: Connections, user_id: UUID, pad_ids: list[UUID]) -> None:
    with connections() as conn:
        trash.condemn_pads(conn, owner_id=user_id, pad_ids=pad_ids)
        while trash.purge_trash(conn, owner_id=user_id, trash_for=_NO_TIME, most=trash.LOT).any:
            pass
        while delete_pictures(conn, owner_id=user_id, most=trash.LOT):
            pass
