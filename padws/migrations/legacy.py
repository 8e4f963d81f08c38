"""What the first pad.ws kept in `public`: whether there is anything to move."""

from __future__ import annotations

from typing import Any

import psycopg

ID = "20261122_0003_legacy_data"

# Alembic's revisions of pad.ws that come before the one which moves the canvases.
_BEFORE_THE_MOVE = {"create_schema", "2025_05_04_2310"}
# to_regclass needs USAGE on the schema, which not every role has.
_THERE = """
    SELECT n.nspname || '.' || c.relname
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE (n.nspname, c.relname) IN (
        ('public', 'canvas_data'), ('public', 'canvas_backups'), ('pad_ws', 'alembic_version')
    )
"""


def why_there_is_nothing_to_move(conn: psycopg.Connection[Any]) -> str:
    """A line to report; empty where the migration must look for itself.

    It creates temporary tables, a right that a database without such data need not grant.
    """
    there = {name for (name,) in conn.execute(_THERE).fetchall()}
    if not there & {"public.canvas_data", "public.canvas_backups"}:
        return "Legacy data: there is none to move."
    if "pad_ws.alembic_version" in there:
        rows = conn.execute("SELECT version_num FROM pad_ws.alembic_version").fetchall()
        if {revision for (revision,) in rows} - _BEFORE_THE_MOVE:
            return "Legacy data: pad.ws has moved its canvases already."
    return ""
