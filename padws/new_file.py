"""Files that are there when they are complete, on the disk, and not before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file, for its owner alone. Raises FileExistsError if there is one, whenever it came."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)
        os.fsync(directory)
    finally:
        os.close(directory)
