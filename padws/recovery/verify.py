"""Looking at every row of a database: what is damaged, and what is known of pad.ws's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import psycopg

from padws.database import Connection
from padws.migrations import broken_constraints
from padws.migrations.errors import in_words
from padws.queries import checks
from padws.queries.checks import Damaged
from padws.recovery.batches import Key, batches, estimated_rows, span
from padws.recovery.connection import require_this_release
from padws.recovery.errors import CannotLook
from padws.recovery.progress import Progress

Print = Callable[[str], None]

#: Each table, with the statement that looks at a range of its keys.
TABLES: Mapping[str, Callable[..., list[Damaged]]] = {
    "users": checks.find_damaged_users,
    "pads": checks.find_damaged_pads,
    "backups": checks.find_damaged_backups,
    "template_pads": checks.find_damaged_template_pads,
    "access_tokens": checks.find_damaged_access_tokens,
    "pictures": checks.find_damaged_pictures,
    "pad_pictures": checks.find_damaged_pad_pictures,
    "backup_pictures": checks.find_damaged_backup_pictures,
    "links": checks.find_damaged_links,
    "usage": checks.find_damaged_usage,
}
# What no constraint asks, and the constraint that says whether rows of pad.ws were let through.
_JUDGED_BY = {"data is not a scene": "backups_data_is_object"}


@dataclass
class Findings:
    """What was looked at and found, of which a bounded part is printed."""

    report: Print
    most: int  # lines for each kind of finding
    examined: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    known: int = 0

    def fault(self, text: str) -> None:
        """Something that padws would never have written."""
        self.faults += 1
        self._print("Damaged", text, self.faults)

    def expected(self, text: str) -> None:
        """Something that pad.ws has left behind, as docs/migrations.md says."""
        self.known += 1
        self._print("Known", text, self.known)

    def _print(self, kind: str, text: str, number: int) -> None:
        if number <= self.most:
            self.report(f"{kind}: {text}")
        elif number == self.most + 1:
            self.report(f"{kind}: and more, which are counted.")

    def summary(self) -> str:
        """All of it in a sentence."""
        looked = ", ".join(f"{number:,} {table}" for table, number in self.examined.items())
        known = f" Known: {self.known:,}." if self.known else ""
        return f"Looked at {looked}. Damaged: {self.faults:,}.{known}"


def verify(conn: Connection, findings: Findings, progress: Progress) -> None:
    """Look at the rules and at every row. Raises CannotLook."""
    require_this_release(conn)
    rules = {each.name: each.state for each in checks.list_rules(conn)}
    unproven = {name for name, state in rules.items() if _is_excused(name, state)}
    for name, state in rules.items():
        if name in unproven:
            findings.expected(f"the rule {name} is {state}, for the sake of rows of pad.ws")
        elif state == "missing":
            findings.fault(f"the rule {name} is missing")
    for table in TABLES:
        for damaged in _damaged(conn, table, findings, progress):
            _judge(table, damaged, unproven, findings)
    progress.done()


def _is_excused(name: str, state: str) -> bool:
    """Whether rows of pad.ws may break a rule in this database."""
    return state == "not valid" or (state == "missing" and name in broken_constraints.LEFT_OUT)


def _damaged(
    conn: Connection, table: str, findings: Findings, progress: Progress
) -> Iterator[Damaged]:
    about = estimated_rows(conn, table)
    try:
        for number, found in batches(conn, table, lambda keys: _look(conn, table, keys)):
            findings.examined[table] += number
            progress.show(f"{table}: {findings.examined[table]:,} of about {about:,} rows")
            yield from found
    except psycopg.InternalError as error:
        findings.fault(f"{table} cannot be read to its end: {in_words(error)}")
    findings.examined[table] += 0


def _look(conn: Connection, table: str, keys: list[Key]) -> list[Damaged]:
    """The damaged rows among `keys`; halved for as long as PostgreSQL fails at one of them."""
    try:
        return TABLES[table](conn, **span(keys))
    except psycopg.errors.QueryCanceled as error:
        if len(keys) == 1:
            raise CannotLook(f"{table} {_name(keys[0])}: {in_words(error)}") from None
    except (psycopg.InternalError, psycopg.DataError) as error:
        if len(keys) == 1:
            return [_unreadable(keys[0], error)]
    middle = len(keys) // 2
    return _look(conn, table, keys[:middle]) + _look(conn, table, keys[middle:])


def _unreadable(key: Key, error: psycopg.Error) -> Damaged:
    owner_id = cast(UUID | None, key.get("owner_id"))
    return Damaged(_name(key), owner_id, False, [f"cannot be read: {in_words(error)}"])


def _name(key: Key) -> str:
    """What a row is called beside its owner."""
    values = (value for column, value in key.items() if column != "owner_id")
    return " ".join(each.hex() if isinstance(each, bytes) else str(each) for each in values)


def _judge(table: str, row: Damaged, unproven: set[str], findings: Findings) -> None:
    owner = f", owner {row.owner_id}" if row.owner_id else ""
    text = f"{table} {row.id}{owner}: {'; '.join(row.faults)}"
    excused = {each for each in row.faults if _JUDGED_BY.get(each, each) in unproven}
    if row.may_be_of_pad_ws and excused.issuperset(row.faults):
        findings.expected(text)
    else:
        findings.fault(text)
