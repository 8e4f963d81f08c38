"""Rounds of the service and of its floor, one after the other, and what makes a round void.

A round is refused, loudly, when an answer is not as expected, or when service and floor do not do
the same work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import mean

import click
from psycopg import RawCursor

from bench import floor, load
from bench.client import Answer, Request, ask
from bench.filling import Owner
from bench.load import Driven
from bench.stand import Counters, Stand
from bench.works import Values, Work
from padws.database import Connection
from padws.statements import load_statement

_BYTES_AROUND_A_ROW = 500  # names, ids and braces, at most, that only answer or row has
_TOLERANCE = 0.03  # between the bytes of one answer and the next: digits of versions and times

Requests = Sequence[Sequence[Request]]  # of each connection, the variants that it sends in turn


@dataclass(frozen=True)
class Measured:
    """One run: what the load generator has done, and what was used by everybody for it."""

    driven: Driven
    used: Counters

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.driven.answers / self.driven.seconds

    def each(self, cpu_seconds: float) -> float:
        """Milliseconds for each answer."""
        return 1000 * cpu_seconds / self.driven.answers


@dataclass(frozen=True)
class Round:
    """A run of the service, and one of the floor where there is one."""

    service: Measured
    floor: Measured | None


def measure(stand: Stand, work: Work, owners: Sequence[Owner], seconds: int) -> Round:
    """One round. Raises ClickException when it is void."""
    etags = [_etag(stand, work, owner) for owner in owners]
    requests = [work.requests(owner, etag) for owner, etag in zip(owners, etags, strict=True)]
    service = _measure_service(stand, work, owners, requests, seconds)
    if not work.statement:
        return Round(service, None)
    values = [work.values(owner, etag) for owner, etag in zip(owners, etags, strict=True)]
    if work.by_hand:
        floor.prepare_by_hand(stand.servers.connection, owners)
    else:
        _compare(stand, work, requests[0][0], values[0])
    return Round(service, _measure_floor(stand, work, owners, values, seconds))


def measure_alone(stand: Stand, work: Work, owners: Sequence[Owner], seconds: int) -> Round:
    """A round without the floor, of work that is not conditional."""
    requests = [work.requests(owner, "") for owner in owners]
    return Round(_measure_service(stand, work, owners, requests, seconds), None)


def _etag(stand: Stand, work: Work, owner: Owner) -> str:
    """The ETag that the caller of a conditional request has."""
    if not work.conditional:
        return ""
    return ask(stand.url, work.requests(owner, "")[0]).headers["etag"]


def _measure_service(
    stand: Stand, work: Work, owners: Sequence[Owner], requests: Requests, seconds: int
) -> Measured:
    probes = [_checked(work, ask(stand.url, each)) for each in chain.from_iterable(requests)]
    versions = _versions(stand, work, owners)
    before = stand.counters()
    driven = load.drive(stand.url, requests, seconds)
    used = stand.counters() - before
    stand.service.wait_until_idle()
    _require_size(work, driven, mean(probe.size for probe in probes))
    # Requests under way when the time is up are carried out, but not answered.
    _require_versions(stand, work, owners, versions, driven.answers, len(owners))
    return Measured(driven, used)


def _measure_floor(
    stand: Stand, work: Work, owners: Sequence[Owner], values: Sequence[Values], seconds: int
) -> Measured:
    servers = stand.servers
    program = floor.pgbench(servers.postgres)
    floor.prepare(servers.connection, values)
    versions = _versions(stand, work, owners)
    before = stand.counters()
    driven = floor.drive(program, servers.settings.database_url, work, len(owners), seconds)
    used = stand.counters() - before
    if not work.by_hand:
        _require_versions(stand, work, owners, versions, driven.answers, 0)
    return Measured(driven, used)


def _checked(work: Work, answer: Answer) -> Answer:
    expected = 304 if work.conditional else 200
    if answer.status != expected:
        raise click.ClickException(
            f"{work.name}: {answer.status} instead of {expected}: {answer.body[:500]!r}"
        )
    return answer


def _require_size(work: Work, driven: Driven, expected: float) -> None:
    """The answers that wrk got are on average as long as those that were checked."""
    if not driven.answers:
        raise click.ClickException(f"{work.name}: no answer within the time.")
    size = driven.bytes / driven.answers
    # The last answers may have come only in part.
    if abs(size / expected - 1) > _TOLERANCE + 16 / driven.answers:
        raise click.ClickException(
            f"{work.name}: answers of {size:.0f} bytes, where one alone has {expected:.0f}."
        )


def _versions(stand: Stand, work: Work, owners: Sequence[Owner]) -> int:
    """The sum of the versions of everybody's pads."""
    if not work.writes:
        return 0
    row = stand.servers.connection.execute(
        "SELECT sum(version) FROM pad_ws.pads WHERE owner_id = any(%s::uuid[])",
        [[owner.person.id for owner in owners]],
    ).fetchone()
    return int(row[0]) if row else 0


def _require_versions(
    stand: Stand, work: Work, owners: Sequence[Owner], before: int, answers: int, unanswered: int
) -> None:
    """Each answered change has raised a version by one, and nothing else has."""
    risen = _versions(stand, work, owners) - before
    if work.writes and not answers <= risen <= answers + unanswered:
        raise click.ClickException(f"{work.name}: versions rose by {risen} with {answers} answers.")


def _compare(stand: Stand, work: Work, request: Request, values: Values) -> None:
    """The statement, with the floor's values, gives what the service answers."""
    answer = ask(stand.url, request)
    rows, size = _result(stand.servers.connection, work, values)
    if rows != work.rows:
        raise click.ClickException(f"{work.name}: its statement gives {rows} rows.")
    # A 304 has no body: then the statement must not give scenes either.
    if abs(len(answer.body) - size) > _BYTES_AROUND_A_ROW * rows:
        raise click.ClickException(
            f"{work.name}: the answer has {len(answer.body)} bytes, its statement gives {size}."
        )


def _result(connection: Connection, work: Work, values: Values) -> tuple[int, int]:
    """How many rows and how many bytes the statement of `work` gives, as pgbench gets it."""
    statement = load_statement(work.path)
    with RawCursor(connection) as cursor:
        cursor.execute(statement.text, [values.get(name) for name in statement.parameters])
        result = cursor.pgresult
        assert result  # noqa: S101 - it has been executed
        cells = (
            result.get_value(row, column)
            for row in range(result.ntuples)
            for column in range(result.nfields)
        )
        return result.ntuples, sum(len(cell) for cell in cells if cell)
