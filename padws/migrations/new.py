"""`make migration name=…`: a new pair of files with the right name, order and header."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from padws.migrations.files import DIRECTORY, known

NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")

SCRIPT = """\
-- depends: {last}
--
-- What this changes, and why.
--
-- Locks: which, on which tables, and for how long.

"""
ROLLBACK = """\
-- Undoes {id}, and destroys no data.

"""


def create(name: str, now: datetime) -> tuple[Path, Path]:
    """Write the pair of files; ValueError when `name` is not words of a-z and 0-9 joined by _."""
    if not NAME.fullmatch(name):
        raise ValueError("a name is words of a-z and 0-9 joined by _, such as add_pad_colour")
    last = known()[-1].id
    migration_id = f"{now:%Y%m%d_%H%M}_{name}"
    script = DIRECTORY / f"{migration_id}.sql"
    rollback = DIRECTORY / f"{migration_id}.rollback.sql"
    script.write_text(SCRIPT.format(last=last))
    rollback.write_text(ROLLBACK.format(id=migration_id))
    return script, rollback


def main(arguments: list[str]) -> None:
    """Create the pair that the arguments name, and say which files these are."""
    try:
        paths = create("_".join(arguments), datetime.now(UTC))
    except ValueError as error:
        sys.exit(f"Usage: make migration name=…, where {error}")
    for path in paths:
        sys.stdout.write(f"{path.relative_to(DIRECTORY.parent)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
