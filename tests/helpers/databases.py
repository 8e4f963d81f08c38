"""Databases to migrate, and what can be said of one afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from padws.migrations.functions import known

HERE = Path(__file__).parent
CATALOGUE = (HERE / "catalogue.sql").read_bytes()
PAD_WS_ITSELF = (HERE / "pad_ws_itself.sql").read_bytes()
LEGACY = (HERE / "legacy.sql").read_bytes()

# A password with whatever has a meaning in a URL.
SECRET = "p@ss:w/rd%20#?"

TABLES = ("users", "pads", "backups", "template_pads")
OF_THE_TOOLS = ("yoyo", "alembic_version")


def as_role(url: str, role: str, password: str) -> str:
    """The URL for `role`, with its password."""
    given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    rest = {k: v for k, v in given.items() if k not in ("user", "password", "dbname")}
    access = f"{role}:{quote(password, safe='')}"
    return f"postgresql://{access}@/{given['dbname']}?{urlencode(rest)}"


def name_of(url: str) -> str:
    """The name of the database that a URL leads to."""
    return urlsplit(url).path.lstrip("/")


def execute(url: str, *scripts: bytes) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for script in scripts:
            conn.execute(script)


def query(url: str, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(sql.encode(), parameters or None).fetchall()


def catalogue(url: str) -> str:
    """What the schema pad_ws consists of, in lines."""
    with psycopg.connect(url, autocommit=True) as conn:
        return "\n".join(_entries(conn)) + "\n"


def own_catalogue(url: str) -> str:
    """The catalogue without the tables of yoyo and Alembic, and without what sql/functions/ has."""
    functions = tuple(f"CREATE OR REPLACE FUNCTION pad_ws.{each.name}(" for each in known())
    with psycopg.connect(url, autocommit=True) as conn:
        entries = [each for each in _entries(conn) if not each.startswith(functions)]
    lines = "\n".join(entries).splitlines()
    return "".join(f"{each}\n" for each in lines if not any(tool in each for tool in OF_THE_TOOLS))


def _entries(conn: psycopg.Connection[Any]) -> list[str]:
    return [entry for (entry,) in conn.execute(CATALOGUE).fetchall()]


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows; without what is new or random in each run: ids of templates, times of the run."""
    with psycopg.connect(url, autocommit=True) as conn:
        found = {
            table: conn.execute(
                f"SELECT to_jsonb(t) FROM pad_ws.{table} AS t ORDER BY id".encode()
            ).fetchall()
            for table in TABLES
        }
    newest = {"created_at", "updated_at", "last_backup_at"}
    for table, all_rows in found.items():
        for (row,) in all_rows:
            for name in newest & set(row):
                if row[name] and row[name] > "2026":
                    row[name] = "now"
            if table == "template_pads" and row["file_digest"]:
                del row["id"]
    return found


def marks(url: str, operation: str = "apply") -> list[str]:
    """The ids of the migrations that were applied (or `rollback`), as often as that was done."""
    sql = "SELECT migration_id FROM pad_ws._yoyo_log WHERE operation = %s ORDER BY 1"
    return [name for (name,) in query(url, sql, operation)]
