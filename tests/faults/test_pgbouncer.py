"""Behind pgbouncer in transaction mode, padws relies on nothing that belongs to a session."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
import requests
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout

from padws.config import load_settings
from padws.database import Database
from padws.embedded import ends_with_parent, temporary
from padws.embedded.postgres import Postgres
from padws.embedded.startup import LOOPBACK, free_port
from tests.faults.campaign import Campaign
from tests.faults.catalogue import AWAY, FREEZE, Fault, backends_terminated
from tests.faults.every_request import requests_about
from tests.faults.place import POSTGRES_OPTIONS, Place, serving, started, write
from tests.helpers.contract import check_answer
from tests.helpers.drawings import drawing
from tests.helpers.parts import Part
from tests.helpers.people import sign_in_all
from tests.helpers.waiting import PATIENCE, wait_until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")

#: Fewer than the service's own connections: they share.
SERVER_CONNECTIONS = 3


@dataclass
class Pgbouncer:
    """A pgbouncer in front of the database `url`, on a port of its own."""

    directory: Path
    port: int
    url: str
    owner: os.stat_result
    title: str = "pgbouncer"

    def start(self) -> ends_with_parent.ChildProcess:
        """Start it, as the user whom PostgreSQL runs as: it refuses root, too."""
        as_root = os.geteuid() == 0
        configuration = self.directory / "pgbouncer.ini"
        configuration.write_text(self._configuration())
        return ends_with_parent.start(
            self.title,
            [str(PROGRAM), str(configuration)],
            user=(self.owner.st_uid, self.owner.st_gid) if as_root else None,
            log=self.directory / "pgbouncer.log",
            directory=Path("/"),
        )

    def _configuration(self) -> str:
        host = conninfo_to_dict(self.url)["host"]
        return f"""
            [databases]
            padws = host={host} port=5432 user=postgres dbname=padws
            [pgbouncer]
            listen_addr = {LOOPBACK}
            listen_port = {self.port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = {SERVER_CONNECTIONS}
            query_wait_timeout = 10
            server_login_retry = 1
        """

    def is_ready(self) -> bool:
        """Whether it lets a client through."""
        try:
            psycopg.connect(self.pooled()).close()
        except psycopg.OperationalError:
            return False
        return True

    def pooled(self) -> str:
        """The URL by which a client goes through it."""
        return f"postgresql://postgres@{LOOPBACK}:{self.port}/padws"


@dataclass(frozen=True)
class Pooled:
    """A place whose instances go through a pgbouncer, with writers."""

    place: Place
    campaign: Campaign
    pgbouncer: Part
    url: str


@pytest.fixture(scope="module")
def pooled() -> Iterator[Pooled]:
    if PROGRAM is None:
        pytest.skip("there is no pgbouncer on the PATH (Debian has a package of that name)")
    with ExitStack() as stack:
        directory = stack.enter_context(temporary.data_directory())
        database = Postgres(directory, *POSTGRES_OPTIONS)
        postgres = started(stack, database)
        owner = (directory.path / "postgres").stat()
        server = Pgbouncer(directory.path, free_port(), database.url(), owner)
        pgbouncer = started(stack, server)
        through = {"DB_TRANSACTION_POOLER": "true", "MIGRATION_DATABASE_URL": database.url()}
        place = serving(stack, directory, postgres, [server.pooled()] * 2, **through)
        place = replace(place, database_url=database.url())
        # With the last, no time could be read; a pooler passes on what libpq asks for instead.
        for name in ("statement_timeout = '1500ms'", "lock_timeout = '1s'", "DateStyle = 'German'"):
            place.execute(f"ALTER ROLE postgres SET {name}")
        write(stack, place, 6)
        yield Pooled(place, Campaign(place), pgbouncer, server.pooled())


def test_every_request_goes_through_it(pooled: Pooled) -> None:
    """Beside writers, so that statements in a row hardly ever reach the same server process."""
    url = pooled.place.urls[0]
    (admin,) = sign_in_all(url, ["admin"])
    with requests.Session() as session:
        session.headers["Cookie"] = admin.header
        new = session.post(f"{url}/api/pad", json={"display_name": "x", "data": drawing()})
        path = new.headers["Location"]
        backup = session.post(f"{url}{path}/backups").json()["id"]
        link = session.post(f"{url}{path}/links", json={}).json()["url"]
        wanted = requests_about(path, backup, link)
        for method, each, body in sorted(wanted, key=lambda it: (it[0] == "DELETE", -len(it[1]))):
            answer = session.request(method, f"{url}{each}", json=body)
            is_there = not re.search("/(pictures|trash|links)/|/move$", each)
            expected = (200, 201) if is_there else (404,)
            assert answer.status_code in expected, (method, each, answer.text)
            check_answer(method, each, answer.status_code, answer.headers, answer.content)


def test_writers_share_few_connections_and_lose_nothing(pooled: Pooled) -> None:
    found = pooled.campaign.check("no fault", 0)
    assert not pooled.campaign.wrong
    assert found.failures.keys() <= {"503"}, "a wait for one of the few, at the most"
    query = """
        SELECT count(*) AS busy FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND application_name <> 'ledger'
    """
    assert pooled.place.sql(query)[0]["busy"] <= SERVER_CONNECTIONS


def test_a_statement_that_was_given_up_keeps_its_place(pooled: Pooled) -> None:
    """pgbouncer invents process ids, so processes are recognised by the name of the connection."""
    environ = {"DATABASE_URL": pooled.url, "DB_TRANSACTION_POOLER": "true"}
    one = {"DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "1", "DB_POOL_TIMEOUT": "0.2"}
    database = Database(load_settings(environ | one))
    query = """
        SELECT count(*) AS busy FROM pg_stat_activity
        WHERE query = 'SELECT pg_advisory_xact_lock(1)' AND state = 'active'
    """

    def serves() -> bool:
        try:
            with database.connection() as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except PoolTimeout:
            return False

    try:
        with pooled.place.connect() as other, other.transaction():
            other.execute("SELECT pg_advisory_xact_lock(1)")
            with database.connection(PATIENCE) as connection:
                connection.answer_within = 0.3  # type: ignore[attr-defined]
                with pytest.raises(psycopg.OperationalError, match="not answered"):
                    connection.execute("SELECT pg_advisory_xact_lock(1)")
            assert not serves()
            assert pooled.place.sql(query)[0]["busy"]
        wait_until(serves)  # now that the statement is over
    finally:
        database.close()


@pytest.mark.parametrize("how", ["killed", "frozen", "backends"])
def test_its_faults_lose_nothing(pooled: Pooled, how: str) -> None:
    def killed(_: Place) -> None:
        pooled.pgbouncer.kill()
        time.sleep(AWAY)
        pooled.pgbouncer.start()

    def frozen(_: Place) -> None:
        with pooled.pgbouncer.frozen():
            time.sleep(FREEZE)

    faults = {"killed": killed, "frozen": frozen, "backends": backends_terminated}
    pooled.campaign.inject(Fault(f"pgbouncer: {how}", faults[how]))
    assert not pooled.campaign.wrong
