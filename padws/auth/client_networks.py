"""The networks of clients, as limits count them; `padws.trusted_proxies` decides the address."""

from __future__ import annotations

import ipaddress
import re

UNKNOWN = "unknown"

# What proxies write: `address`, `address:port` and `[address]:port`, with or without quotes.
_WRITTEN = re.compile(r'"?(?:\[([^\]]*)\](?::\d*)?|([^:\[\]"]*)(?::\d*)?|([^\[\]"]*))"?')
_OF_ONE_SITE = 64  # bits of an IPv6 address that a site does not choose itself


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 one, without port and zone; `unknown` if neither.

    A client chooses its port, and usually any address of a /64: neither makes it another client.
    """
    written = _WRITTEN.fullmatch(address.strip())
    if not written:
        return UNKNOWN
    host = next((each for each in written.groups() if each), "")
    try:
        found = ipaddress.ip_address(host.strip().partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, _OF_ONE_SITE), strict=False))
