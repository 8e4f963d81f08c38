"""Takeout files of users who are being deleted."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from padws.errors import Unavailable
from padws.new_file import new_file
from padws.queries.users import User
from padws.takeout.writing import Connections, Takeout

log = logging.getLogger("padws")


def keep_pads(
    connections: Connections, user: User, pad_ids: Sequence[UUID], directory: Path
) -> None:
    """Write pads of a user into a takeout file in TAKEOUT_DIR, before they are deleted.

    It is on the disk when this returns. Raises Unavailable if it cannot be written.
    """
    name = re.sub(r"[^A-Za-z0-9.-]", "_", user.username)[:60]
    path = directory / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{name}-{user.id}.zip"
    try:
        with new_file(path) as file:
            file.writelines(Takeout(connections, user, pad_ids))
    except OSError as error:
        raise Unavailable("no_room", f"TAKEOUT_DIR: {error.strerror}.", retry_after=60) from error
    log.info("what user %s has had is in %s", user.id, path.name)
