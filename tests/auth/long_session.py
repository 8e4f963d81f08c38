"""A working session of four hours: a save every second, eight requests at a time.

    python -m tests.auth.long_session

Time passes sixty times as fast: what Keycloak gives five minutes lasts five seconds here, and the
whole takes four minutes on a machine that can do sixty saves per second. Refresh tokens rotate, and
the provider ends a session if one is used twice. The exit code is 1 if a save was lost.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from padws.config import load_settings
from padws.embedded import temporary
from padws.embedded.startup import free_port
from padws.migrations import migrate
from tests.helpers import servers
from tests.helpers.browser import Browser, signed_in
from tests.providers import node
from tests.providers.node import NodeProvider, settings_of

FASTER = 60
HOURS = 4
ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS = 300, 1800  # Keycloak's own defaults


@dataclass
class Outcome:
    """How a session went."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)  # seconds
    lost: list[str] = field(default_factory=list)
    seconds: float = 0

    def __str__(self) -> str:
        cuts = quantiles(self.latencies, n=1000)
        saves, median, slow = len(self.latencies), cuts[499] * 1000, cuts[998] * 1000
        return (
            f"{saves} saves in {self.seconds:.0f} s: "
            f"{', '.join(f'{number} with {status}' for status, number in self.statuses.items())}; "
            f"median {median:.0f} ms, 99.9 % within {slow:.0f} ms, "
            f"slowest {max(self.latencies) * 1000:.0f} ms; lost: {len(self.lost)}"
        )


class _Client:
    """One of the clients that save at the same time, with a pad of its own."""

    def __init__(self, browser: Browser, outcome: Outcome):
        self._browser = browser
        self._outcome = outcome
        self._pad = browser.new_pad()
        self._saved = 0
        self._last = -1

    def save(self, number: int) -> None:
        """Save, and record the outcome."""
        began = time.monotonic()
        answer = self._browser.save(self._pad, number=number)
        self._outcome.latencies.append(time.monotonic() - began)
        self._outcome.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            self._saved, self._last = self._saved + 1, number
        else:
            self._outcome.lost.append(f"save {number}: {answer.status_code} {answer.text}")

    def look_back(self) -> None:
        """Compare what is stored with the answers."""
        pad = self._browser.get(f"/api/pad/{self._pad}").json()
        if pad["version"] != 1 + self._saved or pad["data"].get("number", -1) != self._last:
            self._outcome.lost.append(f"pad {self._pad}: {pad['version']}, {self._saved} saves")


def work(urls: list[str], cookie: Browser, *, saves: int, interval: float, clients: int) -> Outcome:
    """Save every `interval` seconds, the given number of times, from several clients at once."""
    outcome = Outcome()
    workers = [_Client(cookie.at(urls[number % len(urls)]), outcome) for number in range(clients)]
    began, lock, numbers = time.monotonic(), threading.Lock(), iter(range(saves))

    def keep_saving(client: _Client) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            time.sleep(max(0, began + number * interval - time.monotonic()))
            client.save(number)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(keep_saving, workers))
    outcome.seconds = time.monotonic() - began
    for worker in workers:
        worker.look_back()
    return outcome


@contextmanager
def _deployment(directory: Path) -> Iterator[tuple[NodeProvider, list[str]]]:
    """oidc-provider, and two instances of two workers that use it."""
    provider = NodeProvider(
        free_port(),
        directory / "oidc-provider.log",
        accessTokenSeconds=ACCESS_TOKEN_SECONDS // FASTER,
        refreshTokenSeconds=REFRESH_TOKEN_SECONDS // FASTER,
    )
    with (
        temporary.data_directory() as data,
        servers.postgres_url(data) as postgres,
        servers.redis_url(data) as redis_url,
        servers.database(postgres) as database,
        temporary.running(provider),
    ):
        settings = {"DATABASE_URL": database, "REDIS_URL": redis_url, **settings_of(provider)}
        migrate(load_settings(settings))
        with (
            temporary.running_service(settings, directory / "one.log") as one,
            temporary.running_service(settings, directory / "two.log") as two,
        ):
            urls = [one.url, two.url]
            provider.register(*urls)
            yield provider, urls


def main() -> int:
    """Run the session and print its figures."""
    if reason := node.missing():
        print(f"oidc-provider cannot be run here: {reason}", file=sys.stderr)  # noqa: T201
        return 2
    with (
        tempfile.TemporaryDirectory() as directory,
        _deployment(Path(directory)) as (provider, urls),
    ):
        alice = signed_in(urls[0], "alice")
        provider.forget_asked()
        saves = HOURS * 3600
        outcome = work(urls, alice, saves=saves, interval=1 / FASTER, clients=8)
        refreshes = provider.asked("/token")
        logs = "".join((Path(directory) / name).read_text() for name in ("one.log", "two.log"))
        print(f"{outcome}\n{refreshes} refreshes; {logs.count('WARNING')} warnings in the logs")  # noqa: T201
        for line in outcome.lost[:20]:
            print(line, file=sys.stderr)  # noqa: T201
    return 1 if outcome.lost else 0


if __name__ == "__main__":
    sys.exit(main())
