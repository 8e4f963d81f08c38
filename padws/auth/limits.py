"""How often somebody may sign in or write before being asked to wait."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from math import ceil
from threading import Lock, Semaphore

import redis
from limits import RateLimitItem, parse

from padws.auth.client_networks import network_of
from padws.config import Settings
from padws.errors import TooManyRequests

# Each may take as long as a statement may, and a processor of PostgreSQL's.
_OF_ONE_USER_AT_ONCE = 2

_PATIENCE = 2.0  # seconds that a visitor waits for others


class Limits:
    """Sign-ins are counted per address, in Redis, for all instances together.

    So is what is asked for behind share links: per address, per link, and each password.

    Writes are counted per user and worker, in memory: a save has no second Redis command to spare,
    and the point is to stop a flood, not to account for every request.
    """

    def __init__(self, settings: Settings, client: redis.Redis):
        self._logins = _SharedWindow(parse(settings.login_limit), client, "padws:limit:login")
        self._writes = _Window(parse(settings.write_limit))
        self._searches, self._histories = _Places(), _Places()
        # Visitors have a part of the threads, to wait in, and of the connections.
        self._visitors = Semaphore(max(1, settings.web_threads // 2))
        self._shown = Semaphore(max(1, settings.db_pool_max_size // 4))
        self._links = _LinkWindow(parse(settings.link_limit), client, "padws:limit:link")
        self._link_readers = _LinkWindow(
            parse(settings.link_address_limit), client, "padws:limit:link-address"
        )
        self._link_passwords = _LinkWindow(
            parse(settings.link_password_limit), client, "padws:limit:link-password"
        )

    def count_login(self, address: str) -> None:
        """Count an attempt to sign in from a client's address. Raises TooManyRequests."""
        self._logins.count(network_of(address))

    def count_write(self, user_id: str) -> None:
        """Count a change. Raises TooManyRequests."""
        self._writes.count(user_id)

    def count_shared(self, link: str, address: str) -> None:
        """Count a request behind a link, from a client's address. Raises TooManyRequests."""
        self._link_readers.count(network_of(address))
        self._links.count(link)

    def count_link_password(self, who: str) -> None:
        """Count a password that must be computed: by a user, network or link. As above."""
        self._link_passwords.count(who)

    def searching(self, user_id: str) -> AbstractContextManager[None]:
        """Search for a user, who may do few at once in each worker. Raises TooManyRequests."""
        return self._searches.one_of(user_id)

    def reading_history(self, user_id: str) -> AbstractContextManager[None]:
        """Look through all backups of a pad, likewise. Raises TooManyRequests."""
        return self._histories.one_of(user_id)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Read for a visitor what is behind a link, in turn. Raises TooManyRequests."""
        with _place_in(self._visitors, 0), _place_in(self._shown, _PATIENCE):
            yield


@contextmanager
def _place_in(places: Semaphore, patience: float) -> Iterator[None]:
    """Take a place within so many seconds. Raises TooManyRequests if there is none."""
    if not places.acquire(timeout=patience):
        raise TooManyRequests(retry_after=1, detail="Too many visitors at once.")
    try:
        yield
    finally:
        places.release()


class _Places:
    """How often each user does something at once in this process."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def one_of(self, user_id: str) -> Iterator[None]:
        """Take a place as long as the context lasts. Raises TooManyRequests."""
        with self._lock:
            if self._taken[user_id] >= _OF_ONE_USER_AT_ONCE:
                raise TooManyRequests(retry_after=1, detail="Too many of these requests at once.")
            self._taken[user_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[user_id] -= 1
                self._taken += Counter()  # without those who have none


class _Window:
    """A limit that this process counts itself, starting over in each period.

    The library's storage in memory starts a thread for nearly every hit, to expire old ones.
    """

    def __init__(self, limit: RateLimitItem):
        self._amount, self._seconds = limit.amount, limit.get_expiry()
        self._number = 0  # of the period, since the epoch
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, who: str) -> None:
        """Count one more by `who`. Raises TooManyRequests."""
        number = int(time.time() / self._seconds)
        if self._count(who, number) > self._amount:
            wait = (number + 1) * self._seconds - time.time()
            raise TooManyRequests(retry_after=max(1, ceil(wait)))

    def _count(self, who: str, number: int) -> int:
        with self._lock:
            if number != self._number:
                self._number, self._counts = number, Counter()
            self._counts[who] += 1
            return self._counts[who]


class _SharedWindow(_Window):
    """A limit that all instances count together, in Redis.

    The library's storage in Redis runs scripts, which our Redis user may not be allowed to.
    """

    def __init__(self, limit: RateLimitItem, client: redis.Redis, prefix: str):
        super().__init__(limit)
        self._client = client
        self._prefix = prefix

    def _count(self, who: str, number: int) -> int:
        key = f"{self._prefix}:{who}:{number}"
        with self._client.pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, self._seconds)
            counted, _ = pipeline.execute()
        return int(counted)


class _LinkWindow(_SharedWindow):
    """A limit that each process counts for itself while Redis is full: reading goes on then."""

    def _count(self, who: str, number: int) -> int:
        try:
            return super()._count(who, number)
        except redis.ResponseError:
            return _Window._count(self, who, number)
