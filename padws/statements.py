"""The statements in sql/, and the functions made of them."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import time
from collections.abc import Callable
from itertools import starmap
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import psycopg

from padws.config import ROOT
from padws.json_text import JsonText
from padws.observability.current_request import current_request
from padws.observability.metrics import STATEMENTS
from padws.observability.traces import span

P = ParamSpec("P")
R = TypeVar("R")

SQL_DIR = ROOT / "sql"


@dataclasses.dataclass(frozen=True)
class Statement:
    """A file of sql/ as PostgreSQL takes it: `$1` instead of the first `:name`, and so on."""

    text: str
    parameters: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class WithPictures(Generic[R]):
    """Rows with scenes; the pictures that are kept apart from them, as JSON by digest."""

    rows: list[R]
    contents: dict[str, JsonText]

    @property
    def row(self) -> R | None:
        """The only row; `None` if there is none."""
        return self.rows[0] if self.rows else None


# A parameter, or what may contain something that only looks like one.
_TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|::\w+|:([a-z_]+)")


def load_statement(path: Path) -> Statement:
    """Read a statement with `:name` parameters, as psql takes them, and leave out its comments."""
    parameters: dict[str, int] = {}

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return f"${parameters.setdefault(match[1], len(parameters) + 1)}"
        return "" if match[0].startswith("--") else match[0]

    text = _TOKEN.sub(replace, path.read_text(encoding="utf-8"))
    lines = (line.rstrip() for line in text.splitlines())
    return Statement("\n".join(filter(None, lines)).rstrip(";"), tuple(parameters))


def from_file(function: Callable[P, R]) -> Callable[P, R]:
    """Turn a signature into a query: `queries/pads.py:get_pad` runs `sql/pads/get_pad.sql`.

    The first argument is the connection, the keyword arguments are the statement's parameters, and
    the return annotation says what comes back: `Row | None` one row, `Row` one that is always
    there, `list[Row]` all of them, `WithPictures[Row]` all of them and, from two more columns, the
    pictures that follow; a `Row` is a msgspec.Struct with a field for each column, or the
    type of a single column. Raises TypeError at import when signature and file do not agree.
    """
    noun = function.__module__.rpartition(".")[2]
    statement = load_statement(SQL_DIR / noun / f"{function.__name__}.sql")
    arguments = _arguments_of(function)
    if arguments != set(statement.parameters):
        raise TypeError(f"{noun}.{function.__name__}{arguments} but :{statement.parameters}")
    result = _Result(get_type_hints(function)["return"])
    name = f"{noun}.{function.__name__}"
    duration = STATEMENTS.labels(name)
    text = statement.text.encode()  # here, so that it is encoded and hashed once

    @functools.wraps(function)
    def run(connection: psycopg.Connection[Any], **values: Any) -> Any:
        request = current_request()
        request.sql_statements += 1
        cursor = psycopg.RawCursor(connection)
        began = time.perf_counter()
        try:
            with span(name):
                ordered = [values[name] for name in statement.parameters]
                if request.sql_comment:  # which makes it another statement each time
                    cursor.execute(request.sql_comment + statement.text, ordered, prepare=False)
                else:
                    cursor.execute(text, ordered)
                return result.of(cursor)
        finally:
            duration.observe(time.perf_counter() - began)

    return run  # type: ignore[return-value]  # the signature has just been checked


def _arguments_of(function: Callable[..., Any]) -> set[str]:
    """The names of the keyword arguments, those of a `**row: Unpack[TypedDict]` included."""
    _, *parameters = inspect.signature(function).parameters.values()
    names = {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
    for each in parameters:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            names |= get_type_hints(get_args(get_type_hints(function)[each.name])[0]).keys()
    return names


_PICTURE = ("digest", "content")  # the last columns of what WithPictures is made from


class _Result:
    """What a statement's rows become, by a query function's return annotation."""

    def __init__(self, annotation: Any):
        self._many = get_origin(annotation) is list
        self._with_pictures = get_origin(annotation) is WithPictures
        arguments = get_args(annotation)  # also of `Row | None`
        row = arguments[0] if arguments else annotation
        self._fields = getattr(row, "__struct_fields__", None)
        self._columns = self._fields and (*self._fields, *_PICTURE * self._with_pictures)
        self._make = row if self._fields else _only
        self._match = False

    def of(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> Any:
        """The rows or the row. Raises TypeError when the columns are not the fields in order."""
        if not self._match:
            self._match_columns(cursor)
        if self._many:
            return list(starmap(self._make, cursor.fetchall()))
        if self._with_pictures:
            return self._split(cursor.fetchall())
        values = cursor.fetchone()
        return values and self._make(*values)

    def _match_columns(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> None:
        columns = tuple(column.name for column in cursor.description or ())
        if self._columns and columns != self._columns:
            raise TypeError(f"{self._make.__name__}{self._columns} but columns {columns}")
        self._match = True

    def _split(self, found: list[tuple[Any, ...]]) -> WithPictures[Any]:
        """The rows, and apart from them those that are pictures."""
        rows, contents = [], {}
        for *values, digest, content in found:
            if digest is None:
                rows.append(self._make(*values))
            else:
                contents[digest] = content
        return WithPictures(rows, contents)


def _only(value: Any) -> Any:
    """The value of a row's only column."""
    return value
