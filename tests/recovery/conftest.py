"""A database with rows, and the commands as processes that start at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from tests.helpers import databases
from tests.helpers.commands import Forks, forks
from tests.recovery.planted import ROWS

#: Exit codes.
SOUND, DAMAGED, COULD_NOT_LOOK = range(3)


class Command(Protocol):
    """Runs a command on a database, asserts its exit code and returns what it prints."""

    def __call__(self, url: str, *args: str, code: int) -> str: ...


@pytest.fixture(scope="session")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("commands")) as server:
        yield server


@pytest.fixture
def command(forker: Forks) -> Command:
    def run(url: str, *args: str, code: int) -> str:
        return forker.run({"DATABASE_URL": url}, *args, code=code).output

    return run


@pytest.fixture
def url(database_url: str) -> str:
    databases.execute(database_url, ROWS.encode())
    return database_url
