"""What commands print: tables for people, JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import orjson
from msgspec.structs import asdict

from padws.json_text import JsonText

Row = Mapping[str, Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def counted(number: int, noun: str) -> str:
    """`1 pad`, `2,000 pads`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def print_rows(rows: Iterable[Any], columns: Sequence[str], *, as_json: bool) -> None:
    """Some columns of rows as a table; or whole, as a JSON object for each line."""
    found = [_members(row) for row in rows]
    if as_json:
        for row in found:
            click.echo(orjson.dumps(row, default=_plain))
    else:
        _print_table([[name.upper() for name in columns], *_texts(found, columns)])


def print_row(row: Any, *, as_json: bool) -> None:
    """A row, a member on each line; or as a JSON object."""
    members = _members(row)
    if as_json:
        click.echo(orjson.dumps(members, default=_plain))
    else:
        _print_table([[name, _text(value)] for name, value in members.items()])


def _members(row: Any) -> dict[str, Any]:
    return dict(row) if isinstance(row, Mapping) else asdict(row)


def _plain(value: object) -> Any:
    if isinstance(value, JsonText):
        return orjson.Fragment(bytes(value.json))
    raise TypeError(type(value).__name__)


def _texts(rows: Iterable[Row], columns: Sequence[str]) -> list[list[str]]:
    return [[_text(row[name]) for name in columns] for row in rows]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, JsonText):
        return ", ".join(map(str, orjson.loads(bytes(value.json))))
    text = f"{value:,}" if type(value) is int else str(value)
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
