"""The migrations in the directory `migrations/`, read with yoyo: what there is, in which order."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol

from yoyo.exceptions import BadMigration, MigrationConflict
from yoyo.migrations import read_migrations, read_sql_migration, topological_sort
from yoyo.topologicalsort import CycleError

from padws.config import ROOT
from padws.migrations.errors import MigrationFailed

DIRECTORY = ROOT / "migrations"


@dataclass(frozen=True)
class Statement:
    """One SQL statement and where it stands: `number` from 1, `line` of its first character."""

    script: str
    number: int
    line: int
    sql: str

    def __str__(self) -> str:
        return f"{self.script}, statement {self.number} (line {self.line})"


@dataclass(frozen=True)
class Script:
    """The statements of a file. Without `transactional` each commits by itself."""

    name: str
    statements: tuple[Statement, ...]
    transactional: bool


class Migration:
    """A pair of files: what to do, and how to undo it."""

    def __init__(self, known_to_yoyo: Any):
        self.yoyo = known_to_yoyo
        self.id: str = known_to_yoyo.id
        self.path = Path(known_to_yoyo.path)
        self.rollback_path = self.path.with_suffix(".rollback.sql")

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the file, whatever its line endings."""
        return hashlib.sha256(self.path.read_text(encoding="utf-8").encode()).hexdigest()

    @cached_property
    def script(self) -> Script:
        """What it does."""
        return _read_script(self.path)

    @cached_property
    def rollback(self) -> Script:
        """What undoes it."""
        if not self.rollback_path.exists():
            raise MigrationFailed(
                f"{self.id} cannot be undone: there is no {self.rollback_path.name}."
            )
        return _read_script(self.rollback_path)


def _read_script(path: Path) -> Script:
    directives, _, statements = read_sql_migration(str(path))
    text = path.read_text(encoding="utf-8")
    found, at = [], 0
    for number, sql in enumerate(statements, start=1):
        at = text.index(sql, at)
        found.append(Statement(path.name, number, text.count("\n", 0, at) + 1, sql))
        at += len(sql)
    return Script(
        path.name, tuple(found), directives.get("transactional", "true").lower() == "true"
    )


@cache
def known(directory: Path = DIRECTORY) -> tuple[Migration, ...]:
    """All migrations, each after those it depends on. Read once: files do not change in service."""
    try:
        found = topological_sort(read_migrations(glob.escape(str(directory))))
        migrations = tuple(Migration(each) for each in found)
    except (BadMigration, CycleError, MigrationConflict, OSError) as error:
        raise MigrationFailed(
            f"The migrations in {directory} cannot be read: {error.args[0]}."
        ) from None
    if not migrations:
        raise MigrationFailed(f"There are no migrations in {directory}.")
    return migrations


class Named(Protocol):
    """What a set of files is made of."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def checksum(self) -> str:
        """SHA-256 of its content."""


def target(files: Iterable[Named]) -> str:
    """A digest of the set of files to reach, by which Redis keeps the status."""
    lines = sorted(f"{each.id} {each.checksum}" for each in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
