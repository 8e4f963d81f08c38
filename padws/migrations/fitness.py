"""Whether a database and its sessions suit padws, and whether scenes are compressed with LZ4."""

from __future__ import annotations

from typing import Any

import psycopg

from padws import postgres_parameters
from padws.migrations.connection import require_utf8
from padws.migrations.errors import MigrationFailed

Connection = psycopg.Connection[Any]

# What a session must have, also where padws cannot set it, as behind a pooler.
_NEEDED = {
    **{name: value for name, value in postgres_parameters.FIXED.items() if name != "TimeZone"},
    "client_encoding": "UTF8",
    "session_replication_role": "origin",
}

_COMPRESSION = """
    SELECT
        string_agg(DISTINCT CASE a.attcompression
            WHEN 'l' THEN 'lz4' WHEN 'p' THEN 'pglz' ELSE s.setting
        END, ', '),
        bool_or('lz4' = ANY(s.enumvals))
    FROM pg_settings AS s
    CROSS JOIN pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'data'
    WHERE s.name = 'default_toast_compression'
    AND c.relnamespace = to_regnamespace('pad_ws') AND c.relkind = 'r'
"""


def unsuitable_settings(conn: Connection) -> list[str]:
    """Settings of this session that would change what statements mean; one query."""
    rows = conn.execute(
        "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(_NEEDED)]
    ).fetchall()
    return [
        f"{name} is {value}, and must be {_NEEDED[name]}"
        for name, value in rows
        if not _is_as_needed(name, value)
    ]


def _is_as_needed(name: str, value: str) -> bool:
    if name == "extra_float_digits":  # every number from 1 prints the same
        return int(value) >= int(_NEEDED[name])
    return value.partition(",")[0] == _NEEDED[name]


def unsuitable_database(conn: Connection) -> list[str]:
    """What is wrong with encoding and settings, each in words for an operator."""
    try:
        require_utf8(conn)
    except MigrationFailed as problem:
        return [str(problem)]
    return unsuitable_settings(conn)


def compression(conn: Connection) -> tuple[str, bool]:
    """How new scenes are compressed, and whether the server has LZ4; one query."""
    ((used, has_lz4),) = conn.execute(_COMPRESSION).fetchall()
    return used or "", bool(has_lz4)
