"""UUIDs that begin with the time: version 7 of RFC 9562, which Python has from 3.14 on."""

from __future__ import annotations

import secrets
import time
from uuid import UUID

_VERSION = 7 << 76
_VARIANT = 2 << 62


def uuid7() -> UUID:
    """The id of a new row. Rows of one time are neighbours in an index, which stays dense."""
    milliseconds = time.time_ns() // 1_000_000
    above, below = secrets.randbits(12), secrets.randbits(62)
    return UUID(int=milliseconds << 80 | _VERSION | above << 64 | _VARIANT | below)
