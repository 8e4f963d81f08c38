"""How the schema is brought up to date; docs/migrations.md tells the same to an operator.

`migrating` compares the migrations there are (`files`) with those the database has (`history`),
takes both `locks` (`redis_lock`, `connection`) and runs what is missing (`runner`); after them the
rules that differ (`functions`). `plan` and `status` only look.
"""

from padws.migrations.errors import (
    MigrationError,
    MigrationFailed,
    MigrationStopped,
    WaitedTooLong,
)
from padws.migrations.migrating import migrate, pending, preview_legacy, roll_back

__all__ = [
    "MigrationError",
    "MigrationFailed",
    "MigrationStopped",
    "WaitedTooLong",
    "migrate",
    "pending",
    "preview_legacy",
    "roll_back",
]
