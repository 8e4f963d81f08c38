"""Where signing in leads: always to a path on this site."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote, unquote

_LONGEST_PATH = 500  # characters, percent-encoded
_SAFE = "/?#%:@!$&'()*+,;=~"  # what stays as it is, besides letters, digits and - . _

# Characters that are invisible or end a line: nobody means to have them in a path.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Destination(NamedTuple):
    """Where signing in leads: to `path` on this site; a popup closes instead."""

    path: str = "/"
    popup: bool = False

    @classmethod
    def requested(cls, path: str, popup: str) -> Destination:
        """What a client asks for; `/` replaces a path that leads off this site or is too long."""
        return cls(local_path(path), popup == "1")


def local_path(path: str) -> str:
    """A path on this site with its query and fragment, percent-encoded; `/` for anything else."""
    if len(path) > _LONGEST_PATH:  # and before more work is done than that is worth
        return "/"
    address = quote(path, safe=_SAFE, errors="replace")
    alone = re.split("[?#]", path, maxsplit=1)[0]
    # As browsers read it, as decoding proxies do, and with compatibility characters replaced.
    readings = (alone, unquote(alone), unicodedata.normalize("NFKC", alone))
    if any("//" in each or "\\" in each or _has_unseen(each) for each in readings):
        return "/"
    fits = path.startswith("/") and len(address) <= _LONGEST_PATH and not _has_unseen(path)
    return address if fits else "/"


def _has_unseen(text: str) -> bool:
    return any(unicodedata.category(character) in _UNSEEN for character in text)
