"""Whether tables that somebody else made can become padws's; asked before anything is changed.

pad.ws's own are taken over as they are; so is what is like them. What padws could not write to, or
would read wrongly, is named, with the statement that fixes it where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import JsonLoader

Connection = psycopg.Connection[Any]
Columns = Mapping[tuple[str, str], str]  # the type of a table's column

NOTHING: Columns = {}

_REQUIRED = {"id": "uuid!", "created_at": "timestamptz", "updated_at": "timestamptz"}
# The columns padws knows; with `!` they may not be null.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "users": _REQUIRED
    | dict.fromkeys(("username", "email"), "varchar(254)!")
    | dict.fromkeys(("name", "given_name", "family_name"), "varchar(254)")
    | {"email_verified": "boolean!", "roles": "jsonb!"},
    "pads": _REQUIRED | {"owner_id": "uuid!", "display_name": "varchar(100)!", "data": "jsonb!"},
    "backups": _REQUIRED | {"source_id": "uuid!", "data": "jsonb!"},
    "template_pads": _REQUIRED
    | dict.fromkeys(("name", "display_name"), "varchar(100)!")
    | {"data": "jsonb!"},
}
# What padws adds itself, unless a column of that name is there.
ADDED = {
    ("users", "deleted_at"): "timestamptz",
    ("users", "former_username"): "varchar(254)",
    ("users", "former_email"): "varchar(254)",
    ("pads", "version"): "bigint!",
    ("pads", "last_backup_at"): "timestamptz",
    ("pads", "restored_version"): "bigint",
    ("pads", "pictures"): "jsonb",
    ("pads", "elements"): "integer",
    ("pads", "versions"): "bigint",
    ("pads", "element_hashes"): "integer[]",
    ("pads", "inline_pictures"): "bigint",
    ("pads", "counted_at"): "timestamptz",
    ("pads", "saved_at"): "timestamptz",
    ("pads", "arrived_at"): "timestamptz",
    ("pads", "overwritten_at"): "timestamptz",
    ("pads", "deleted_at"): "timestamptz",
    ("backups", "owner_id"): "uuid",
    ("backups", "reason"): "text",
    ("backups", "pictures"): "jsonb",
    ("backups", "label"): "text",
    ("backups", "version"): "bigint",
    ("backups", "elements"): "integer",
    ("backups", "digest"): "bigint",
    ("template_pads", "file_digest"): "text",
}
# Columns of pad.ws's later versions, which a migration gives a default.
GETS_A_DEFAULT: Columns = {
    ("users", "open_pads"): "uuid[]",
    ("pads", "sharing_policy"): "varchar(20)",
}
UNIQUE = {
    *((table, "id") for table in COLUMNS),
    *(("users", "username"), ("users", "email"), ("template_pads", "name")),
}
OWNERS = {("pads", "owner_id"): "users", ("backups", "source_id"): "pads"}

_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "p": "a partitioned table",
}
_SHORT = {
    "character varying": "varchar",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}

# Reads the catalogue alone: no lock on the tables, and no right to them.
_LOOK = """
    SELECT
        c.relname,
        c.relkind::text,
        c.relpersistence::text,
        EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent)) AS inherits,
        row_security_active(c.oid) AS row_security,
        (
            SELECT json_agg(json_build_array(
                a.attname,
                format_type(a.atttypid, a.atttypmod),
                a.attnotnull OR t.typnotnull,
                a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
                a.attgenerated <> '' OR a.attidentity = 'a'
            ) ORDER BY a.attnum)
            FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ) AS columns,
        (
            SELECT json_agg(a.attname)
            FROM pg_index AS i
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
            AND i.indnkeyatts = 1 AND i.indpred IS NULL
        ) AS unique_columns,
        (
            SELECT json_agg(json_build_array(a.attname, owner.relname))
            FROM pg_constraint AS k
            JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
            JOIN pg_class AS owner ON owner.oid = k.confrelid
            WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confdeltype = 'c'
            AND owner.relnamespace = c.relnamespace
        ) AS owners,
        (
            SELECT json_agg(tgname ORDER BY tgname) FROM pg_trigger
            WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled <> 'D'
            AND tgtype & 3 = 3  -- BEFORE, FOR EACH ROW
            AND tgname <> 'fill_backup_owner'  -- padws's own
        ) AS triggers
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'pad_ws' AND c.relname = ANY(%s) AND c.relkind <> 'i'
    ORDER BY c.relname
"""


class _Column(NamedTuple):
    name: str
    type: str
    required: bool
    has_default: bool
    is_generated: bool

    @property
    def cannot_be_left_out(self) -> bool:
        """Whether an INSERT that does not know of it fails."""
        return self.required and not (self.has_default or self.is_generated)


class _Table(NamedTuple):
    """What the catalogue has under the name of one of padws's tables."""

    name: str
    kind: str
    persistence: str
    inherits: bool
    row_security: bool
    columns: list[Any]
    unique: list[str] | None
    owners: list[list[str]] | None
    triggers: list[str] | None

    def __str__(self) -> str:
        return f"pad_ws.{self.name}"

    def obstacles(self, excused: Columns = NOTHING) -> Iterator[str]:
        """What makes every request that writes fail, or hides rows."""
        if self.kind != "r":
            yield f"{self} is {_KINDS.get(self.kind, 'no table')}, not a table"
            return
        if self.row_security:
            yield f"{self} hides rows from this role (row level security)"
        for column in columns(self.columns):
            place = (self.name, column.name)
            filled = column.name in COLUMNS[self.name] or ADDED.get(place, "").endswith("!")
            if not filled and column.cannot_be_left_out and excused.get(place) != column.type:
                yield (
                    f"{self}.{column.name} ({column.type}) may not be null and has no default, so "
                    f"that no row could be added: {self._alter} ALTER COLUMN {column.name} "
                    "SET DEFAULT …"
                )

    def mistakes(self, excused: Columns) -> Iterator[str]:
        """The obstacles, and whatever else is not as padws expects it."""
        yield from self.obstacles(excused)
        if self.kind != "r":
            return
        if self.inherits:
            yield f"{self} inherits from a table, or another inherits from it"
        if self.persistence != "p":
            yield f"{self} is empty after a crash (not logged): {self._alter} SET LOGGED"
        for name in self.triggers or []:
            yield (
                f"the trigger {name} may change what is written to {self}: "
                f"{self._alter} DISABLE TRIGGER {name}"
            )
        yield from self._mistakes_in_columns()
        yield from self._mistakes_in_keys()

    @property
    def _alter(self) -> str:
        return f"ALTER TABLE {self}"

    def _mistakes_in_columns(self) -> Iterator[str]:
        found = {column.name: column for column in columns(self.columns)}
        added = {name: kind for (table, name), kind in ADDED.items() if table == self.name}
        for name, expected in {**COLUMNS[self.name], **added}.items():
            if name in found:
                yield from self._mistakes_in_known(found[name], expected)
            elif name not in added:
                yield f"{self} has no column {name} ({expected.rstrip('!')})"

    def _mistakes_in_known(self, column: _Column, expected: str) -> Iterator[str]:
        wanted, alter = expected.rstrip("!"), f"{self._alter} ALTER COLUMN {column.name}"
        if not _serves_as(column.type, wanted):
            yield f"{self}.{column.name} is {column.type}, and must be {wanted}"
        if column.is_generated:
            yield f"{self}.{column.name} is generated, and padws writes to it"
        if expected.endswith("!") and not column.required:
            yield f"{self}.{column.name} may be null: {alter} SET NOT NULL"
        if (self.name, column.name) == ("pads", "version") and not column.has_default:
            yield f"{self}.{column.name} has no default: {alter} SET DEFAULT 0"

    def _mistakes_in_keys(self) -> Iterator[str]:
        for table, name in sorted(UNIQUE):
            if table == self.name and name not in (self.unique or []):
                yield f"{self}.{name} is not unique: {self._alter} ADD UNIQUE ({name})"
        for (table, name), owner in OWNERS.items():
            if table == self.name and [name, owner] not in (self.owners or []):
                yield (
                    f"what is deleted from pad_ws.{owner} stays in {self}: {self._alter} ADD "
                    f"FOREIGN KEY ({name}) REFERENCES pad_ws.{owner} (id) ON DELETE CASCADE"
                )


def columns(rows: list[Any]) -> Iterator[_Column]:
    """The columns of the catalogue's rows, their types in short."""
    for name, kind, *rest in rows:
        for long, short in _SHORT.items():
            kind = kind.replace(long, short)
        yield _Column(name, kind, *rest)


def _serves_as(found: str, wanted: str) -> bool:
    """Whether a column of type `found` keeps every value of the type `wanted` unchanged."""
    if length := re.fullmatch(r"varchar\((\d+)\)", wanted):
        longer = re.fullmatch(r"varchar\((\d+)\)", found)
        return found in ("text", "varchar") or bool(longer and int(longer[1]) >= int(length[1]))
    return found == wanted


def tables(conn: Connection) -> list[_Table]:
    """Whatever is called like one of padws's tables."""
    cursor = conn.cursor()
    # The service's connections leave JSON as text.
    cursor.adapters.register_loader("json", JsonLoader)
    return [_Table(*row) for row in cursor.execute(_LOOK, [list(COLUMNS)]).fetchall()]


def obstacles(conn: Connection) -> list[str]:
    """What keeps the service from writing to the tables, or from seeing what is in them."""
    return [each for table in tables(conn) for each in table.obstacles()]


def mistakes(conn: Connection, *, excused: Columns = NOTHING) -> list[str]:
    """What keeps padws from using the tables that are there; `excused` get a default later."""
    return [each for table in tables(conn) for each in table.mistakes(excused)]
