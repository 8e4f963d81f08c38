"""How the schema is brought up to date; docs/migrations.md tells the same to an operator.

`migrating` is one instance's way: wait for its turn in Redis (`redis_lock`), take PostgreSQL's lock
(`connection`), compare the migrations there are (`files`) with those the database has (`marks`),
and run what is missing (`running`).
"""

from .errors import MigrationError, MigrationFailed, WaitedTooLong
from .marks import pending
from .migrating import migrate, upgrade

__all__ = ["MigrationError", "MigrationFailed", "WaitedTooLong", "migrate", "pending", "upgrade"]
