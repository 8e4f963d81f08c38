"""Origins, written as browsers write them, so that they can be compared as text."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

import idna

_NETLOC = re.compile(r"(\[[^\]]*\]|[^\[\]@:]*)(:[0-9]*)?")  # stricter than urlsplit
_USUAL_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=100)
def origin_of(url: str) -> str | None:
    """The origin of a URL or of a header `Origin`; `None` if it has none (`null`).

    Scheme and host in lower case, an international name in its ASCII form, IPv6 in its shortest
    form, without the usual port and a final dot.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, _host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if not (scheme and host) or not _NETLOC.fullmatch(parts.netloc):
        return None
    return (
        f"{scheme}://{host}"
        if port in (None, _USUAL_PORTS.get(scheme))
        else f"{scheme}://{host}:{port}"
    )


def _host(name: str) -> str:
    """A host as browsers write it. Raises ValueError."""
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name).compressed}]"
    name = name.removesuffix(".")
    return name if name.isascii() else idna.encode(name, uts46=True).decode()
