"""PostgreSQL's clock, which times saves and backups, jumps while clients save.

Only this clock: libfaketime does not work with Redis's memory allocator or Python's sleep.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from padws.embedded import temporary
from padws.embedded.postgres import Postgres
from tests.faults.campaign import Campaign
from tests.faults.catalogue import AWAY, Fault
from tests.faults.place import POSTGRES_OPTIONS, Place, serving, started, write

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime (Debian's package of that name)")
def test_a_jump_of_the_clock_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        directory = stack.enter_context(temporary.data_directory())
        offset = directory.path / "offset"
        offset.write_text("+0")
        faked = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        database = Postgres(directory, *POSTGRES_OPTIONS)
        with monkeypatch.context() as environ:
            for name, value in faked.items():
                environ.setenv(name, value)
            postgres = started(stack, database)
        place = serving(stack, directory, postgres, [database.url()])
        write(stack, place, 6)
        campaign = Campaign(place)

        def jump(_: Place, to: str) -> None:
            offset.write_text(to)
            time.sleep(AWAY)

        for to in ("+2h", "+0", "-3h", "+1h"):
            before = place.sql("SELECT clock_timestamp() AS now")[0]["now"]
            found = campaign.inject(Fault(f"to {to}", partial(jump, to=to)))
            after = place.sql("SELECT clock_timestamp() AS now")[0]["now"]
            assert abs((after - before).total_seconds()) > 3000
            assert found.failures.keys() <= {"503"}
        assert not campaign.wrong
