"""The board as it is built, served by gunicorn, in the machine's Chromium.

One service and one browser serve all tests of a worker: each test has pads and people of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from padws.embedded import temporary
from padws.embedded.directory import DataDirectory
from padws.embedded.servers import Gunicorn, Provider
from padws.embedded.startup import LOOPBACK, free_port
from tests.helpers import servers
from tests.helpers.browser import SCENE
from tests.helpers.chromium import Watch
from tests.helpers.chromium import profile as profile_of
from tests.helpers.parts import Part
from tests.helpers.person import Person
from tools import board

NewPerson = Callable[..., Person]
NewProfile = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def built() -> None:
    """The board is built; tests are skipped where it cannot be."""
    try:
        board.build()
    except board.BoardError as error:
        pytest.skip(f"the board was not tried: {error}")


@pytest.fixture(scope="session")
def address() -> str:
    return f"http://{LOOPBACK}:{free_port()}"


@pytest.fixture(scope="session")
def board_database(postgres: str, template_database: str) -> Iterator[str]:
    """The URL of the service's database."""
    with servers.database(postgres, template_database) as url:
        yield url


@pytest.fixture(scope="session")
def provider(data_directory: DataDirectory) -> Iterator[ProviderPart]:
    """The provider, which a test may stop and start again."""
    server = Provider(data_directory, free_port())
    part = ProviderPart(server, server.issuer())
    part.start()
    yield part
    part.stop()


class ProviderPart(Part):
    """The provider, and the issuer that it is."""

    def __init__(self, server: Provider, issuer: str):
        super().__init__(server)
        self.issuer = issuer


@pytest.fixture(scope="session")
def gunicorn(
    built: None,
    chromium: Browser,
    address: str,
    board_database: str,
    redis_server: str,
    provider: ProviderPart,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Part]:
    """The service, which a test may stop and start again."""
    log = tmp_path_factory.mktemp("board") / "gunicorn.log"
    settings = servers.settings_of(board_database, redis_server, provider.issuer)
    environ = temporary.environment({**settings, "SERVE_BOARD": "true"})
    part = Part(Gunicorn(int(address.rpartition(":")[2]), environ, log=log))
    part.start()
    yield part
    part.stop()


@pytest.fixture
def profile(
    gunicorn: Part, chromium: Browser, address: str, provider: ProviderPart
) -> Iterator[NewProfile]:
    """Make an empty browser profile, whose pages load nothing from another host."""
    gunicorn.start()
    watches: list[Watch] = []
    with ExitStack() as stack:

        def make(**options: Any) -> BrowserContext:
            context = stack.enter_context(profile_of(chromium, **options))
            watches.append(Watch(context))
            return context

        yield make
        sites = (address, f"blob:{address}", provider.issuer)
        assert [url for watch in watches for url in watch.elsewhere(*sites)] == []


@pytest.fixture
def person(profile: NewProfile, address: str) -> NewPerson:
    """Let somebody who is new here, or in another browser, sign in."""

    def sign_in(name: str | None = None, **options: Any) -> Person:
        return Person(profile(**options), address, name or f"p-{uuid.uuid4().hex[:8]}")

    return sign_in


@pytest.fixture
def alice(person: NewPerson) -> Person:
    return person()


@pytest.fixture
def pad(alice: Person) -> str:
    """The id of an empty pad of alice's."""
    made = alice.api.post("/api/pad", json={"display_name": "Plan", "data": SCENE})
    return str(made.json()["id"])
