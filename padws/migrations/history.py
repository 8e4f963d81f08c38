"""Which migrations a database has: yoyo's tables in the schema pad_ws, with a checksum added."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from yoyo import internalmigrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri

from padws.migrations.errors import MigrationFailed
from padws.migrations.files import Migration, known

SCHEMA = "pad_ws"
TABLE = f"{SCHEMA}._yoyo_migration"
YOYO_LOCK = f"{SCHEMA}.yoyo_lock"
HAS_CHECKSUM = f"""
    SELECT 1 FROM pg_attribute
    WHERE attrelid = '{TABLE}'::regclass AND attname = 'checksum' AND NOT attisdropped
"""  # noqa: S608

logging.getLogger("yoyo.migrations").setLevel(logging.WARNING)  # `runner` reports it better

Connection = psycopg.Connection[Any]
Checksums = Mapping[str, str | None]


def applied(conn: Connection) -> Checksums:
    """The checksum of each applied migration by its id, None where yoyo's own command applied it.

    One query. A database without yoyo's tables has none; nothing is created.
    """
    try:
        rows = conn.execute(f"SELECT migration_id, checksum FROM {TABLE}").fetchall()  # noqa: S608
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return {}
    return dict(rows)


def missing(checksums: Checksums) -> list[Migration]:
    """The known migrations without a checksum. Raises MigrationFailed on an edited one."""
    for each in known():
        if checksums.get(each.id) not in (None, each.checksum):
            raise MigrationFailed(
                f"{each.path.name} was changed after it had been applied to this database: "
                "put the file back as it was, and make the change in a new migration."
            )
    return [each for each in known() if each.id not in checksums]


class History(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo's tables on our own connection (autocommit): record and work can be one transaction.

    Only for whoever holds the advisory lock.
    """

    schema = SCHEMA
    create_lock_table_sql = PostgresqlPsycopgBackend.create_lock_table_sql.replace(
        "CREATE TABLE", "CREATE TABLE IF NOT EXISTS"
    )

    def __init__(self, conn: Connection):
        self._given = conn
        super().__init__(parse_uri("postgresql+psycopg:///"), TABLE.removeprefix(f"{SCHEMA}."))

    def connect(self, _uri: Any) -> Connection:
        """The connection that was given: yoyo's own parser knows fewer URLs than libpq."""
        return self._given

    def ensure_internal_schema_updated(self) -> None:
        """Do nothing: `prepare` has done it, once."""

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        """An entry for yoyo's log; yoyo's own looks up the user, whom a container may not have."""
        return {
            "id": str(uuid4()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": self.connection.info.user,
            "hostname": socket.gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }

    def prepare(self) -> None:
        """Create or update yoyo's tables, all or nothing; safe to run again.

        Also takes over yoyo's lock, whose row a killed process leaves behind.
        """
        with self.transaction():
            self.execute(self.format_sql(self.create_lock_table_sql))
            internalmigrations.upgrade(self)
            if not self.execute(HAS_CHECKSUM).fetchone():  # ALTER waits for a pg_dump
                self.execute(f"ALTER TABLE {TABLE} ADD COLUMN checksum text")
            self.break_lock()
            self.execute(
                f"INSERT INTO {YOYO_LOCK} (locked, ctime, pid) VALUES (1, :now, :pid)",  # noqa: S608
                {"now": datetime.now(UTC).replace(tzinfo=None), "pid": os.getpid()},
            )

    def record_applied(self, migration: Migration) -> None:
        """Record that `migration` was applied; part of the caller's transaction."""
        self.log_migration(migration.yoyo, "apply")
        self.mark_one(migration.yoyo, log=False)
        self._keep_checksum(migration)

    def trust_what_yoyo_applied(self) -> None:
        """Keep the checksum of what yoyo's own command has applied, which keeps none."""
        checksums = applied(self.connection)
        for migration in known():
            if checksums.get(migration.id, "") is None:
                self._keep_checksum(migration)

    def _keep_checksum(self, migration: Migration) -> None:
        self.execute(
            f"UPDATE {TABLE} SET checksum = :checksum WHERE migration_id = :id",  # noqa: S608
            {"checksum": migration.checksum, "id": migration.id},
        )

    def record_undone(self, migration: Migration) -> None:
        """Record that `migration` was rolled back; part of the caller's transaction."""
        self.log_migration(migration.yoyo, "rollback")
        self.unmark_one(migration.yoyo, log=False)


@contextmanager
def opened_history(conn: Connection) -> Iterator[History]:
    """The history of `conn`'s database, with schema and tables created where they are missing."""
    # Asked first: a role without CREATE on the database can use a schema that a DBA has created.
    if conn.execute("SELECT to_regnamespace(%s)", [SCHEMA]).fetchone() == (None,):
        conn.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    history = History(conn)
    history.prepare()
    try:
        yield history
    finally:
        with suppress(psycopg.OperationalError):
            history.break_lock()
