"""`flask db-tidy`: deletes what nothing needs any more."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import click

from padws.config import Settings
from padws.migrations.migrating import session
from padws.migrations.waiting import REPORT_EVERY, Report, repeated
from padws.queries.pictures import Tidied, get_next_owner, tidy_pictures

# Long enough for whoever has deleted a picture to take that back.
_UNNEEDED_FOR = timedelta(days=1)

_MEGABYTE = 1_000_000


def tidy(settings: Settings, report: Report = click.echo) -> None:
    """Tidy up, one user at a time, each in a transaction of its own. Raises MigrationError."""
    total = Tidied(0, 0, 0)
    users, owner_id = 0, UUID(int=0)
    with (
        session(settings, report) as (conn, stop),
        stop.interruptible(),
        repeated(REPORT_EVERY, lambda: report(f"Users so far: {users}. {_in_words(total)}")),
    ):
        while found := get_next_owner(conn, after=owner_id):
            tidied = tidy_pictures(conn, owner_id=found, unneeded_for=_UNNEEDED_FOR)
            total = Tidied(
                total.deleted + tidied.deleted,
                total.deleted_bytes + tidied.deleted_bytes,
                total.unneeded + tidied.unneeded,
            )
            users, owner_id = users + 1, found
    report(f"Users with pictures: {users}. {_in_words(total)}")


def _in_words(tidied: Tidied) -> str:
    return (
        f"{tidied.deleted} pictures ({tidied.deleted_bytes / _MEGABYTE:.1f} MB) deleted, which "
        f"nothing has needed for a day; {tidied.unneeded} others are not needed now."
    )
