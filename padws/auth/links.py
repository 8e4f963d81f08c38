"""Share links: what their tokens say, and their passwords."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from uuid import UUID

from werkzeug.security import check_password_hash, generate_password_hash

from padws.errors import TooManyRequests

_TOKEN = re.compile(r"([0-9a-f]{32})_[A-Za-z0-9_-]{43}")

_METHOD = "scrypt:16384:8:1"  # 16 MB and about 40 ms
_MOST_AT_ONCE = 4  # threads of a worker that compute, or wait until they may
_MOST_REMEMBERED = 10_000


def new_link_token(owner_id: UUID) -> str:
    """A share link's token; it is told once, and only its digest is kept.

    Like a personal access token, it says where to look for it, and opens nothing unless all of it
    is right.
    """
    return f"{owner_id.hex}_{secrets.token_urlsafe(32)}"


def owner_named_in(token: str) -> UUID | None:
    """Whose link a token claims to be; `None` if it is no link's token."""
    match = _TOKEN.fullmatch(token)
    return UUID(match[1]) if match else None


class Passwords:
    """Hashes and checks passwords, at a bounded cost: one at a time in each worker.

    Few wait for that, others are told to come back. A right password is computed once for each
    network that says it, and then remembered by a digest that is worth nothing outside this
    process.
    """

    def __init__(self) -> None:
        self._places = BoundedSemaphore(_MOST_AT_ONCE)
        self._turn = Lock()
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, bytes] = OrderedDict()

    def hash(self, password: str) -> str:
        """What is stored of a password: method, salt and hash. Raises TooManyRequests."""
        with self._computing():
            return generate_password_hash(_normalized(password), _METHOD)

    def remembers(self, stored: str, password: str, network: str) -> bool:
        """Whether this network has said this password, and no other since.

        So nobody can tell from what is not counted whether a password is right: a wrong one makes
        the next one count, the right one too.
        """
        place = self._digest(stored, network)
        if self._right.get(place) == self._digest(stored, password):
            return True
        self._right.pop(place, None)
        return False

    def is_right(self, stored: str, password: str, network: str) -> bool:
        """Whether this is the password that was stored. Raises TooManyRequests."""
        with self._computing():
            if not check_password_hash(stored, _normalized(password)):
                return False
            self._right[self._digest(stored, network)] = self._digest(stored, password)
            if len(self._right) > _MOST_REMEMBERED:
                self._right.popitem(last=False)
        return True

    def _digest(self, stored: str, text: str) -> bytes:
        whole = f"{stored}\n{_normalized(text)}".encode()
        return hashlib.blake2b(whole, key=self._secret).digest()

    @contextmanager
    def _computing(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TooManyRequests(retry_after=1, detail="Too many passwords at once.")
        try:
            with self._turn:
                yield
        finally:
            self._places.release()


def _normalized(password: str) -> str:
    """The password whichever way a keyboard composes its letters."""
    return unicodedata.normalize("NFC", password)
