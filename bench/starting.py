"""What a start costs, and how much memory a worker takes for large drawings."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

import click
import psutil
import psycopg

from bench.client import Answer, Connection, Request
from bench.figures import Figure, Spread, at_most
from bench.filling import Group, Owner, settle
from bench.processes import forget_peak_memory, peak_memory
from bench.stand import Servers, serving
from padws.config import ROOT
from padws.embedded.temporary import environment

_LARGE = 5_000_000
_SAVES = 10
_MEGABYTE = 1_000_000
_COUNT = """
SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()
"""
# A session's transactions are counted when it has ended; other sessions are waited for briefly.
_WAIT_FOR_OTHERS = """
DO $$
BEGIN
    FOR _ IN 1 .. 200 LOOP
        EXIT WHEN NOT EXISTS (
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend'
            AND pid <> pg_backend_pid()
        );
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
END
$$
"""
_PAINTERS = Group("large", 4, (_LARGE,))


def figures_of_start(servers: Servers, runs: int) -> list[Figure]:
    """The cost of `flask db-upgrade` with nothing to do, and of workers until they serve."""
    queries = Spread([_queries_of_upgrade(servers) for _ in range(runs)])
    seconds = Spread([_cpu_until_ready(servers) for _ in range(runs)])
    one_query, is_one = at_most(1, queries.median)
    target, met = at_most(1, seconds.median)
    return [
        Figure(
            "`flask db-upgrade`, nothing to do: transactions, templates included",
            f"{queries.median:.0f}",
            target=one_query,
            met=is_one,
        ),
        Figure(
            "CPU of gunicorn until its first worker is ready, s",
            str(seconds),
            target=target,
            met=met,
        ),
    ]


def _queries_of_upgrade(servers: Servers) -> float:
    """How many transactions PostgreSQL counts for it; its statements are one each."""
    before = _transactions(servers)
    subprocess.run(
        [sys.executable, "-m", "flask", "db-upgrade"],
        cwd=ROOT,
        env=environment(servers.environ),
        check=True,
        capture_output=True,
    )
    between = _transactions(servers)
    with psycopg.connect(servers.settings.database_url):
        pass
    return (between - before) - (_transactions(servers) - between)


def _transactions(servers: Servers) -> int:
    """What PostgreSQL has counted in this database, our own queries included.

    Those are the same each time: nothing is prepared, which would now and then be one transaction
    more, and a table is read, because transactions are reported only together with reads.
    """
    ask = partial(servers.connection.execute, prepare=False)
    ask(_WAIT_FOR_OTHERS)
    ask("SELECT pg_stat_force_next_flush() FROM pg_class LIMIT 1")
    ask("SELECT pg_stat_clear_snapshot()")
    row = ask(_COUNT).fetchone()
    return int(row[0]) if row else 0


def _cpu_until_ready(servers: Servers) -> float:
    """CPU seconds of gunicorn with one worker, whether it or the worker loads the libraries."""
    with serving(servers, workers=1) as stand:
        return stand.service.cpu_seconds()


def figures_of_memory(servers: Servers, owners_of: Group = _PAINTERS) -> list[Figure]:
    """The memory of one worker that serves saves of 5 MB: one after the other, and four at once."""
    with serving(servers, workers=1) as stand:
        owners = settle(stand, owners_of)
        (worker,) = stand.service.children()
        rest = worker.memory_info().rss
        one = _peak(worker, stand.url, owners[:1])
        four = _peak(worker, stand.url, owners)
    limit = rest + 4 * _LARGE
    target, met = at_most(limit / _MEGABYTE, one / _MEGABYTE)
    at_rest = f"{rest / _MEGABYTE:.0f}"
    return [
        Figure(
            "a worker's memory at rest, then its peak saving 5 MB, MB",
            f"{at_rest}, {one / _MEGABYTE:.0f}",
            target=target,
            met=met,
        ),
        Figure("the same, four saves at once", f"{at_rest}, {four / _MEGABYTE:.0f}"),
    ]


def _peak(worker: psutil.Process, url: str, owners: Sequence[Owner]) -> int:
    """The worker's most memory while these people save, all at once."""
    forget_peak_memory(worker)
    asyncio.run(_save_all(url, owners))
    return peak_memory(worker)


async def _save_all(url: str, owners: Sequence[Owner]) -> None:
    await asyncio.gather(*(_save(url, owner) for owner in owners))


async def _save(url: str, owner: Owner) -> None:
    pad = owner.pads[0]
    request = Request("POST", f"/api/pad/{pad.id}", owner.person.cookie, pad.scene)
    connection = await Connection.open(url)
    for _ in range(_SAVES):
        _require_success(await connection.ask(request))
    await connection.close()


def _require_success(answer: Answer) -> None:
    if answer.status != 200:
        raise click.ClickException(f"A save was answered with {answer.status}: {answer.body!r}")
