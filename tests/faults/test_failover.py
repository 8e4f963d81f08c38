"""The primary dies, its standby is promoted: the service goes on, and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote, urlencode

import psycopg
import pytest

from padws.embedded import temporary
from padws.embedded.directory import DataDirectory
from padws.embedded.postgres import Postgres
from tests.faults.campaign import Campaign
from tests.faults.catalogue import Fault
from tests.faults.place import POSTGRES_OPTIONS, Place, serving, started, write
from tests.helpers.programs import run, shell_environment
from tests.helpers.waiting import wait_until


class Pair:
    """A primary and its synchronous standby, and a service that knows both."""

    def __init__(self, stack: ExitStack):
        self.directories = [stack.enter_context(temporary.data_directory()) for _ in range(2)]
        self.servers = [Postgres(each, *POSTGRES_OPTIONS) for each in self.directories]
        self.primary = started(stack, self.servers[0])
        copy_cluster(self.servers[0], *self.directories)
        self.standby = started(stack, self.servers[1])
        self.execute(0, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.execute(0, "SELECT pg_reload_conf()")
        wait_until(self.is_synchronous)

    @property
    def url(self) -> str:
        """The URL that names both, and means the one that may write."""
        hosts = ",".join(str(each.sockets()) for each in self.directories)
        query = {"host": hosts, "port": "5432,5432", "target_session_attrs": "read-write"}
        return f"postgresql://postgres@/padws?{urlencode(query, quote_via=quote)}"

    def execute(self, number: int, query: str) -> object:
        """Run a statement on one of the two; the first value of its result."""
        with psycopg.connect(self.servers[number].url(), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            row = cursor.fetchone() if cursor.description else None
        return row and row[0]

    def is_synchronous(self) -> bool:
        """Whether a commit waits for the standby."""
        return self.execute(0, "SELECT sync_state FROM pg_stat_replication") == "sync"

    def fail_over(self, _: Place) -> None:
        """The primary dies, and somebody promotes the standby."""
        self.primary.kill()
        assert self.execute(1, "SELECT pg_promote()") is True


def copy_cluster(primary: Postgres, source: DataDirectory, target: DataDirectory) -> None:
    """Make a standby's cluster, as a DBA does, with pg_basebackup."""
    cluster = target.path / "postgres"
    options = ["--write-recovery-conf", "--checkpoint=fast", f"--dbname={primary.url()}"]
    run("pg_basebackup", f"--pgdata={cluster}", *options, environ=shell_environment(primary.url()))
    owner = (source.path / "postgres").stat()
    for each in (cluster, *cluster.rglob("*")):
        os.chown(each, owner.st_uid, owner.st_gid)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(stack)


def test_a_failover_loses_nothing_and_needs_no_restart(pair: Pair) -> None:
    with ExitStack() as stack:
        directory = stack.enter_context(temporary.data_directory())
        place = serving(stack, directory, pair.primary, [pair.url, pair.url])
        write(stack, place, 6)
        campaign = Campaign(place)
        found = campaign.inject(Fault("primary killed, standby promoted", pair.fail_over))
        assert not campaign.wrong
        assert found.checked
        assert pair.execute(1, "SELECT pg_is_in_recovery()") is False
