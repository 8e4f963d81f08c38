"""Files that are there when they are complete, on the disk, and not before."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from padws.errors import Unavailable
from padws.queries.users import User
from padws.takeout.writing import Connections, Takeout

log = logging.getLogger("padws")


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file, for its owner alone. Raises FileExistsError if there is one, whenever it came."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
        os.link(file.name, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


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
