"""Environment variables that look like ours but are not: misspelt ones, and those of others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

# What other programs call the same things.
_ELSEWHERE = {
    "DATABASE_URI": "DATABASE_URL",
    "PG_URL": "DATABASE_URL",
    "POSTGRESQL_URL": "DATABASE_URL",
    "POSTGRES_DATABASE": "POSTGRES_DB",
    "POSTGRES_NAME": "POSTGRES_DB",
    "POSTGRES_URL": "DATABASE_URL",
    "OIDC_ISSUER_URL": "OIDC_ISSUER",
    "OIDC_SECRET": "OIDC_CLIENT_SECRET",
}
# What images, platforms and orchestrators set besides ours.
_OF_OTHERS = re.compile(
    r".+_(SERVICE_(HOST|PORT\w*)|PORT_\d+_\w+|FILE|VERSION|SHA\d*|DOWNLOAD_\w+)"
    r"|POSTGRES_(INITDB_\w+|HOST_AUTH_METHOD|URL_\w+|PRISMA_\w+)"
    r"|REDIS_(TLS_URL|TEMPORARY_URL|DATA\w*|ARGS|CONF\w*)"
)
_MACHINE = re.compile(r"[A-Za-z][\w-]*(\.[\w-]+)*", re.ASCII)
_OURS = ("DB_", "OIDC_", "POSTGRES_", "REDIS_")
_SHORTEST = 6


def is_of_others(name: str, value: str) -> bool:
    """Whether a HOST is a name such as shells and compilers export, not an address to listen on."""
    return name == "HOST" and value != "localhost" and bool(_MACHINE.fullmatch(value))


def suggestions(given: Collection[str], known: Collection[str]) -> dict[str, str]:
    """For each name that is probably a typo, the one that was meant, unless that is set as well."""
    free = [name for name in known if name not in given]
    unknown = [name for name in given if name not in known and not _OF_OTHERS.fullmatch(name)]
    found = {name: _meant(name, free) for name in sorted(unknown)}
    return {name: meant for name, meant in found.items() if meant}


def _meant(name: str, free: list[str]) -> str:
    upper = name.upper().replace("-", "_")
    if upper in free and upper != name:
        return upper
    of_others = {other: ours for other, ours in _ELSEWHERE.items() if ours in free}
    possible = {**{each: each for each in free}, **of_others}
    long_enough = [each for each in possible if len(each) >= _SHORTEST <= len(name)]
    alike = 0.75 if name.startswith(_OURS) else 0.85
    closest = difflib.get_close_matches(name, long_enough, n=1, cutoff=alike)
    return possible[closest[0]] if closest else ""
