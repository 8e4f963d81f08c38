"""Fixtures: a service of two workers that logs everything, in JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from padws.embedded.temporary import Service
from tests.conftest import StartService

Start = Callable[..., Service]


@pytest.fixture
def start(service: StartService, environment: dict[str, str]) -> Start:
    """Start a service of two workers with some settings of its own."""

    def start_with(**settings: str) -> Service:
        return service({**environment, "LOG_FORMAT": "json", "WEB_THREADS": "40", **settings})

    return start_with


@pytest.fixture
def sql(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection
