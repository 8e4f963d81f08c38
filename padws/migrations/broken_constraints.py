"""Constraints that rows break, or that were left out for their sake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

ID = "20261125_0006_validate_rules"

# Constraints left out where rows break them: why, what shows these rows, what adds the constraint.
LEFT_OUT = {
    "users_email_lower_key": (
        "email addresses of several users differ by case alone",
        "SELECT lower(email), array_agg(id) FROM pad_ws.users GROUP BY 1 HAVING count(*) > 1",
        "CREATE UNIQUE INDEX CONCURRENTLY users_email_lower_key ON pad_ws.users (lower(email))",
    ),
    "pads_display_name_not_blank": (
        "pads have no name",
        r"SELECT id FROM pad_ws.pads WHERE display_name !~ '\S'",
        "ALTER TABLE pad_ws.pads ADD CONSTRAINT pads_display_name_not_blank "
        r"CHECK (display_name ~ '\S')",
    ),
}
_MISSING = """
    SELECT name FROM unnest(%s::text[]) AS name
    WHERE NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conname = name AND connamespace = 'pad_ws'::regnamespace
    ) AND NOT EXISTS (
        SELECT FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
        WHERE relname = name AND relnamespace = 'pad_ws'::regnamespace AND indisvalid
    )
"""
# Without those on scenes: checking these takes long.
_NOT_VALID = """
    SELECT conname, conrelid::regclass FROM pg_constraint
    WHERE connamespace = 'pad_ws'::regnamespace AND contype = 'c' AND NOT convalidated
    AND conname NOT IN ('pads_data_is_scene', 'backups_data_is_object')
    ORDER BY conname
"""


def descriptions(conn: psycopg.Connection[Any]) -> Iterator[str]:
    """Each rule that rows break, with the statements that show the rows and put it in force.

    For a database at the newest migration.
    """
    for (name,) in conn.execute(_MISSING, [list(LEFT_OUT)]).fetchall():
        reason, look, add = LEFT_OUT[name]
        yield f"the rule {name} is left out, as {reason} ({look}); once fixed: {add}"
    for name, table in conn.execute(_NOT_VALID).fetchall():
        validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        yield f"rows of {table} break the rule {name}; once fixed: {validate}"
