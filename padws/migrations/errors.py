"""What can go wrong with a migration, in words an operator can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

ADVICE = {
    "25006": "The server is read-only, probably a replica: name the primary, or all hosts with "
    "target_session_attrs=read-write. (Or default_transaction_read_only is on for this database "
    "or role.)",
    "42501": "Grant the role what is missing, or name another role in MIGRATION_DATABASE_URL.",
    "53100": "The server's disk is full: make room, then run again.",
}


_OF_A_ROW = (psycopg.IntegrityError, psycopg.DataError)


class MigrationError(Exception):
    """The schema is not at the newest migration; the message is one line for an operator."""

    exit_code = 1


class MigrationFailed(MigrationError):
    """A migration, or something it needs, failed; here or in the instance that was waited for."""


class LoginRefused(MigrationError):
    """PostgreSQL refuses this role's login: no reason to go on without migrating."""


class MigrationStopped(MigrationError):
    """Stopped by a signal: not a failure, and no reason to go on without migrating."""


class WaitedTooLong(MigrationError):
    """MIGRATION_MAX_WAIT is over, and another instance or session still holds a lock."""

    exit_code = 2


@contextmanager
def explained() -> Iterator[None]:
    """Turn PostgreSQL's errors outside a migration's own statements into MigrationFailed."""
    try:
        yield
    except psycopg.Error as error:
        raise MigrationFailed(f"PostgreSQL: {in_words(error)}") from None


def one_line(text: object) -> str:
    """`text` without line breaks."""
    lines = "; ".join(line.strip() for line in str(text).splitlines() if line.strip())
    return lines.replace(":; ", ": ")


def in_words(error: psycopg.Error) -> str:
    """PostgreSQL's message, detail and hint, and what to do about the usual causes; one line.

    Without the detail where that is of a row, which may have drawings and addresses in it.
    """
    diag = error.diag
    message = diag.message_primary or str(error) or type(error).__name__
    detail = None if isinstance(error, _OF_A_ROW) else diag.message_detail
    parts = [message, detail, diag.message_hint, ADVICE.get(error.sqlstate or "")]
    return " ".join(_sentence(one_line(part)) for part in parts if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
