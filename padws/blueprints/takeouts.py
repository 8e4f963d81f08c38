"""/api/users/me/takeout: everything that the caller has, to carry away and to bring back."""

from __future__ import annotations

import contextlib
import errno
import logging
import tempfile
import time
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO

import psycopg
from flask import Response
from psycopg_pool import PoolTimeout

from padws.auth.access import caller, require_sign_in
from padws.context import database, services, settings
from padws.errors import NotFound, Unavailable
from padws.http.answers import answer
from padws.http.bodies import ApiBlueprint, receive_zip
from padws.observability.metrics import BACKUPS_TAKEN, PADS_CREATED, TAKEOUTS
from padws.queries import users
from padws.schemas.openapi import TAKEOUT, TAKEOUT_BODY
from padws.schemas.takeouts import BroughtIn
from padws.takeout.archive import Archive
from padws.takeout.bounds import LONGEST, sizes
from padws.takeout.bringing_in import ImportOptions, ImportResult, bring_in
from padws.takeout.writing import Takeout

log = logging.getLogger("padws")

blueprint = ApiBlueprint("takeouts", __name__, url_prefix="/api/users/me")
blueprint.before_request(require_sign_in)


@blueprint.get("/takeout")
@blueprint.doc(**TAKEOUT)
def get_takeout() -> Response:
    """Take out everything of the caller's, as a ZIP."""
    with database().connection() as conn:
        user = users.get_user(conn, user_id=caller().id)
    if not user:
        raise NotFound("user_not_found")
    body = _Sending(Takeout(database().connection, user), caller().user_id)
    name = f"padws-takeout-{datetime.now(UTC):%Y-%m-%d}.zip"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(body, headers=headers, content_type="application/zip", direct_passthrough=True)


class _Sending:
    """A takeout on its way to the client, which may take its time, but not for ever."""

    def __init__(self, takeout: Takeout, user_id: str):
        self._takeout = takeout
        self._user_id = user_id
        self._until = time.monotonic() + LONGEST
        # Also when it is never sent; once at most.
        self._end = weakref.finalize(self, services().takeouts_under_way.begin(user_id))

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self._takeout:
                yield block
                if time.monotonic() > self._until:
                    raise ConnectionAbortedError(errno.ECONNRESET, "The client reads too slowly")
            self._report("sent")
        except (psycopg.Error, PoolTimeout) as error:
            self._report(f"broken off: {str(error).partition(chr(10))[0]}")
            # A takeout without its end is none; the client is to notice at once.
            raise ConnectionAbortedError(errno.ECONNRESET, "PostgreSQL is not available") from None
        finally:
            self.close()

    def _report(self, outcome: str) -> None:
        takeout = self._takeout
        TAKEOUTS.labels("out", "done" if outcome == "sent" else "failed").inc()
        log.info(
            "takeout of user %s %s: %s pads, %s backups, %s bytes",
            *(self._user_id, outcome, takeout.pads, takeout.backups, takeout.bytes),
        )

    def close(self) -> None:
        """Let the user have another; the WSGI server calls this whether all was sent or not."""
        self._end()


@blueprint.post("/takeout")
@blueprint.doc(**TAKEOUT_BODY)
@blueprint.response(200, BroughtIn())
def bring_in_takeout() -> Response:
    """Bring a takeout in; what is there already is left as it is."""
    limit = settings().max_takeout_bytes
    end = services().takeouts_under_way.begin(caller().user_id)
    try:
        with _temporary_file() as file:
            receive_zip(file, limit, time.monotonic() + LONGEST)
            result = _bring_in(file)
    finally:
        end()
    TAKEOUTS.labels("in", "done").inc()
    PADS_CREATED.inc(result.pads)
    BACKUPS_TAKEN.inc(result.backups)
    skipped = [{"path": each.path, "reason": each.reason} for each in result.skipped]
    return answer({"pads": result.pads, "backups": result.backups, "skipped": skipped})


@contextlib.contextmanager
def _temporary_file() -> Iterator[IO[bytes]]:
    """A file without a name. A full disk is nobody's mistake: Unavailable."""
    try:
        with tempfile.TemporaryFile(prefix="padws-takeout-") as file:
            yield file
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Unavailable("no_room", retry_after=60) from error


def _bring_in(file: IO[bytes]) -> ImportResult:
    archive = Archive(file, **sizes(settings()))
    with database().connection() as conn:
        if not caller().personal_token:  # whose row is there
            users.bring_in_line(conn, caller().row())
    options = ImportOptions(
        connections=database().connection,
        owner_id=caller().id,
        new_pictures=services().new_pictures_apart,
        largest_scene=settings().max_body_bytes,
        default_pad_name=settings().default_pad_name,
    )
    result = ImportResult()
    steps = bring_in(archive, options, result)
    going_on = True
    while going_on:
        with services().takeouts_under_way.bringing_in:
            going_on = next(steps, None) is not None
    return result
