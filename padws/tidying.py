"""`flask db-tidy`: deletes what nothing needs any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import click
import psycopg

from padws.config import Settings
from padws.database import Connection, prepare_connection
from padws.errors import Unavailable
from padws.migrations.errors import MigrationFailed, in_words
from padws.migrations.migrating import session
from padws.migrations.waiting import REPORT_EVERY, Report, repeated
from padws.queries.links import delete_expired_links, get_next_owner_of_expired
from padws.queries.pictures import get_next_owner_of_pictures, tidy_pictures
from padws.queries.tidying import KINDS, record_tidied
from padws.queries.trash import LOT, get_next_owner_of_trash, purge_trash
from padws.queries.users import User, get_next_barred_user
from padws.takeout.leaving import delete_barred_user

# Long enough for whoever has deleted a picture to take that back.
_UNNEEDED_FOR = timedelta(days=1)

# So long whoever shared a pad sees in its list of links that one has expired.
_EXPIRED_FOR = timedelta(days=30)

_MEGABYTE = 1_000_000


def tidy(settings: Settings, report: Report = click.echo) -> None:
    """Tidy up, one user at a time, in short transactions. Raises MigrationError.

    What fails for a user is reported, and goes on with the next; in the end it is an error.
    """
    total = Counter[str]()
    with (
        session(settings, report) as (conn, stop),
        stop.interruptible(),
        repeated(REPORT_EVERY, lambda: report(f"So far: {_in_words(total)}")),
    ):
        prepare_connection(conn)
        for name in KINDS:
            record_tidied(conn, name=name, number=0)
        for step in _steps(settings):
            _take(step, conn, total, report)
    report(_in_words(total))
    if total["failures"]:
        raise MigrationFailed(f"{total['failures']} of these steps failed; see above")


class _Step(NamedTuple):
    """Something to do for each user whom `get_next` finds; `work` yields how much it has done."""

    what: str
    get_next: Callable[..., UUID | User | None]
    work: Callable[[Connection, Any], Iterator[dict[str, int]]]


def _steps(settings: Settings) -> list[_Step]:
    delete = partial(_delete_barred_user, directory=settings.takeout_dir)
    purge = partial(_purge, trash_for=settings.trash_for)
    return [
        _Step("Deleting user", get_next_barred_user, delete),
        _Step("Emptying the trash of user", get_next_owner_of_trash, purge),
        _Step("Tidying pictures of user", get_next_owner_of_pictures, _tidy_pictures),
        _Step(
            "Deleting expired links of user",
            partial(get_next_owner_of_expired, expired_for=_EXPIRED_FOR),
            _delete_expired_links,
        ),
    ]


def _take(step: _Step, conn: Connection, total: Counter[str], report: Report) -> None:
    """Take a step for all users, in the order of their ids."""
    user_id = UUID(int=0)
    while found := step.get_next(conn, after=user_id):
        user_id = found.id if isinstance(found, User) else found
        try:
            for numbers in step.work(conn, found):
                _count(conn, total, numbers)
        except (psycopg.Error, Unavailable) as error:
            if conn.closed:
                raise
            total["failures"] += 1
            report(f"{step.what} {user_id} failed: {_reason(error)}")


def _reason(error: psycopg.Error | Unavailable) -> str:
    return str(error.detail) if isinstance(error, Unavailable) else in_words(error)


def _delete_barred_user(
    conn: Connection, user: User, *, directory: Path | None
) -> Iterator[dict[str, int]]:
    """Finish the deletion of a user that somebody has begun."""
    delete_barred_user(lambda: nullcontext(conn), user, directory)
    yield {"users": 1}


def _purge(conn: Connection, owner_id: UUID, *, trash_for: timedelta) -> Iterator[dict[str, int]]:
    """Remove what has been in the trash for long enough, lot by lot."""
    while (purged := purge_trash(conn, owner_id=owner_id, trash_for=trash_for, most=LOT)).any:
        yield {"pads": purged.pads, "backups": purged.backups}


def _tidy_pictures(conn: Connection, owner_id: UUID) -> Iterator[dict[str, int]]:
    """Delete the pictures that nothing has needed for a day."""
    tidied = tidy_pictures(conn, owner_id=owner_id, unneeded_for=_UNNEEDED_FOR)
    yield {
        "users with pictures": 1,
        "pictures": tidied.deleted,
        "bytes": tidied.deleted_bytes,
        "unneeded": tidied.unneeded,
    }


def _delete_expired_links(conn: Connection, owner_id: UUID) -> Iterator[dict[str, int]]:
    yield {"links": delete_expired_links(conn, owner_id=owner_id, expired_for=_EXPIRED_FOR)}


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
        f"nothing has needed for a day; {total['unneeded']} others are not needed now. "
        f"{total['links']} share links deleted that expired a month ago or earlier."
    )
