"""What keeps a check from being made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from padws.migrations import MigrationError
from padws.migrations.errors import in_words


class CannotLook(Exception):
    """Nothing can be said of the database or the dump; the message is for an operator."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of PostgreSQL and of migrations into CannotLook."""
    try:
        yield
    except MigrationError as error:
        raise CannotLook(str(error)) from None
    except psycopg.Error as error:
        raise CannotLook(f"PostgreSQL: {in_words(error)}") from None
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise CannotLook(f"{error.strerror or error}{place}") from None
