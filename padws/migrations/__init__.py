"""How the schema is brought up to date; docs/migrations.md explains it to operators.

`migrating` compares the migrations there are (`files`) with those the database has (`history`), and
runs what is missing (`runner`), then what is new in sql/functions/ (`functions`). Of many instances
only `one_instance` does so at a time, under two locks (`redis_lock`, `advisory_lock`); the others
wait and find it done. `plan` and `status` change nothing.
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
