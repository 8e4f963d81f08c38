"""Citus, where the database is one of a cluster's: whether everything is spread as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from padws.doctor.findings import Finding, error, ok, warning

Connection = psycopg.Connection[Any]

_DISTRIBUTE = "Run deploy/citus/distribute.sql."
_VERSION = "SELECT extversion FROM pg_extension WHERE extname = 'citus'"
_NODES = """
    SELECT
        count(*),
        string_agg(nodename || ':' || nodeport, ', ') FILTER (WHERE NOT isactive)
    FROM pg_dist_node
"""
# A table of a user's things says whose they are, in one column or the other; of everything else
# that the service reads, each node has a copy.
_TABLES = """
    SELECT c.oid::regclass::text
    FROM pg_class AS c
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname IN ('owner_id', 'user_id')
    LEFT JOIN citus_tables AS t ON t.table_name = c.oid
    WHERE c.relnamespace = to_regnamespace('pad_ws') AND c.relkind = 'r'
    AND CASE
        WHEN a.attname IS NOT NULL THEN
            t.distribution_column IS DISTINCT FROM a.attname
            OR t.colocation_id <> (
                SELECT colocation_id FROM citus_tables
                WHERE table_name = to_regclass('pad_ws.pads')
            )
        WHEN c.relname IN ('users', 'template_pads', '_yoyo_migration', 'functions')
            THEN t.citus_table_type IS DISTINCT FROM 'reference'
    END
    ORDER BY 1
"""
_FUNCTIONS = """
    SELECT p.proname
    FROM pg_proc AS p
    LEFT JOIN pg_catalog.pg_dist_object AS o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
    WHERE p.pronamespace = to_regnamespace('pad_ws') AND p.proargnames[1] = 'owner_id'
    AND o.distribution_argument_index IS DISTINCT FROM 0
    ORDER BY 1
"""
# What a session sets for itself does not reach the other nodes, what a role is given does.
_TIME_OUTS = """
    SELECT name FROM unnest(ARRAY['statement_timeout', 'lock_timeout']) AS name
    WHERE NOT EXISTS (
        SELECT FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting
        WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
        AND setting LIKE name || '=%'
    )
"""


def version(conn: Connection) -> str:
    """Which Citus the database has; empty if none."""
    row = conn.execute(_VERSION).fetchone()
    return str(row[0]) if row else ""


def look(conn: Connection) -> Iterator[Finding]:
    """What there is to say of a cluster; nothing where there is none."""
    found = version(conn)
    if not found:
        return
    ((nodes, away),) = conn.execute(_NODES).fetchall()
    if away:
        yield error("Citus", f"nodes are not active: {away}.", "See citus_activate_node.")
    else:
        yield ok("Citus", f"{found}, {nodes} nodes")
    lacking = [name for query in (_TABLES, _FUNCTIONS) for (name,) in conn.execute(query.encode())]
    if lacking:
        yield warning("Citus", f"not spread over the nodes: {', '.join(lacking)}.", _DISTRIBUTE)
    else:
        yield ok("Citus", "tables and functions are spread over the nodes")
    if missing := [name for (name,) in conn.execute(_TIME_OUTS)]:
        yield warning(
            "Citus",
            f"this role has no {' and no '.join(missing)}, and so none on other nodes.",
            "Run deploy/citus/roles.sql.",
        )
