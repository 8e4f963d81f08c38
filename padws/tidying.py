"""`flask db-tidy`: deletes what nothing needs any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import click

from padws.config import Settings
from padws.database import Connection, prepare_connection
from padws.errors import Unavailable
from padws.migrations.migrating import session
from padws.migrations.waiting import REPORT_EVERY, Report, repeated
from padws.queries.pictures import get_next_owner, tidy_pictures
from padws.queries.tidying import KINDS, record_tidied
from padws.queries.trash import LOT, get_next_owner_of_trash, purge_trash
from padws.queries.users import get_next_barred_user
from padws.takeout.leaving import delete_barred_user

# Long enough for whoever has deleted a picture to take that back.
_UNNEEDED_FOR = timedelta(days=1)

_MEGABYTE = 1_000_000


def tidy(settings: Settings, report: Report = click.echo) -> None:
    """Tidy up, one user at a time, in short transactions. Raises MigrationError."""
    total = Counter[str]()
    with (
        session(settings, report) as (conn, stop),
        stop.interruptible(),
        repeated(REPORT_EVERY, lambda: report(f"So far: {_in_words(total)}")),
    ):
        prepare_connection(conn)
        for name in KINDS:
            record_tidied(conn, name=name, number=0)
        for deleted in _delete_barred_users(conn, settings.takeout_dir, report):
            _count(conn, total, deleted)
        for purged in _purge(conn, settings.trash_for):
            _count(conn, total, purged)
        for tidied in _tidy_pictures(conn):
            _count(conn, total, tidied)
    report(_in_words(total))


def _delete_barred_users(
    conn: Connection, directory: Path | None, report: Report
) -> Iterator[dict[str, int]]:
    """Finish the deletion of users that somebody has begun."""
    user_id = UUID(int=0)
    while found := get_next_barred_user(conn, after=user_id):
        try:
            delete_barred_user(lambda: nullcontext(conn), found, directory)
            yield {"users": 1}
        except Unavailable as error:
            report(f"User {found.id} is not deleted: {error.detail}")
        user_id = found.id


def _purge(conn: Connection, trash_for: timedelta) -> Iterator[dict[str, int]]:
    """Remove what has been in the trash for long enough, lot by lot."""
    owner_id = UUID(int=0)
    while found := get_next_owner_of_trash(conn, after=owner_id):
        while True:
            purged = purge_trash(conn, owner_id=found, trash_for=trash_for, most=LOT)
            if not purged.any:
                break
            yield {"pads": purged.pads, "backups": purged.backups}
        owner_id = found


def _tidy_pictures(conn: Connection) -> Iterator[dict[str, int]]:
    """Delete the pictures that nothing has needed for a day, user by user."""
    owner_id = UUID(int=0)
    while found := get_next_owner(conn, after=owner_id):
        tidied = tidy_pictures(conn, owner_id=found, unneeded_for=_UNNEEDED_FOR)
        yield {
            "users with pictures": 1,
            "pictures": tidied.deleted,
            "bytes": tidied.deleted_bytes,
            "unneeded": tidied.unneeded,
        }
        owner_id = found


def _count(conn: Connection, total: Counter[str], numbers: dict[str, int]) -> None:
    total.update(numbers)
    for name in KINDS:
        if numbers.get(name):
            record_tidied(conn, name=name, number=numbers[name])


def _in_words(total: Counter[str]) -> str:
    return (
        f"{total['users']} users deleted that somebody had begun to delete. "
        f"{total['pads']} pads and {total['backups']} backups removed from the trash. "
        f"Users with pictures: {total['users with pictures']}. "
        f"{total['pictures']} pictures ({total['bytes'] / _MEGABYTE:.1f} MB) deleted, which "
        f"nothing has needed for a day; {total['unneeded']} others are not needed now."
    )
