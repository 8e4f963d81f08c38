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

from padws.bounded_cursor import BoundedCursor
from padws.config import ROOT
from padws.json_text import JsonText
from padws.observability.current_request import current_request
from padws.observability.metrics import STATEMENTS
from padws.observability.traces import span

P = ParamSpec("P")
R = TypeVar("R")

SQL_DIR = ROOT / "sql"

# How many bytes of scenes and pictures a statement may bring that could leave them out.
_MOST_AT_ONCE = 24_000_000

_CAN_LEAVE_OUT = "with_data"  # the parameter of those


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

    A list that can be asked for without scenes (`with_data`) raises TooMuchAtOnce if these are too
    large; its statement is then cancelled.
    """
    noun = function.__module__.rpartition(".")[2]
    statement = load_statement(SQL_DIR / noun / f"{function.__name__}.sql")
    arguments = _arguments_of(function)
    if arguments != set(statement.parameters):
        raise TypeError(f"{noun}.{function.__name__}{arguments} but :{statement.parameters}")
    returned = get_type_hints(function)["return"]
    result = _Result(returned, is_bounded=_CAN_LEAVE_OUT in arguments)
    name = f"{noun}.{function.__name__}"
    duration = STATEMENTS.labels(name)
    text = statement.text.encode()  # here, so that it is encoded and hashed once

    @functools.wraps(function)
    def run(connection: psycopg.Connection[Any], **values: Any) -> Any:
        request = current_request()
        request.sql_statements += 1
        began = time.perf_counter()
        try:
            with span(name):
                ordered = [values[name] for name in statement.parameters]
                # A comment makes it another statement each time.
                query = request.sql_comment.encode() + text if request.sql_comment else text
                return result.ask(connection, query, ordered, may_prepare=query is text)
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

    def __init__(self, annotation: Any, *, is_bounded: bool):
        self._is_bounded = is_bounded
        self._many = get_origin(annotation) is list
        self._with_pictures = get_origin(annotation) is WithPictures
        arguments = get_args(annotation)  # also of `Row | None`
        row = arguments[0] if arguments else annotation
        self._fields = getattr(row, "__struct_fields__", None)
        self._columns = self._fields and (*self._fields, *_PICTURE * self._with_pictures)
        self._make = row if self._fields else _only
        self._match = False

    def ask(
        self,
        connection: psycopg.Connection[Any],
        query: bytes,
        values: list[Any],
        *,
        may_prepare: bool,
    ) -> Any:
        """The rows or the row. Raises TypeError when the columns are not the fields in order."""
        if self._is_bounded:
            bounded = BoundedCursor(connection)
            rows = bounded.fetch_within(_MOST_AT_ONCE, query, values, may_prepare=may_prepare)
            if rows and not self._match:
                self._match_columns(bounded)
            return self._all(rows)
        cursor = psycopg.RawCursor(connection)
        cursor.execute(query, values, prepare=None if may_prepare else False)
        if not self._match:
            self._match_columns(cursor)
        if self._many or self._with_pictures:
            return self._all(cursor.fetchall())
        found = cursor.fetchone()
        return found and self._make(*found)

    def _all(self, rows: list[tuple[Any, ...]]) -> Any:
        return self._split(rows) if self._with_pictures else list(starmap(self._make, rows))

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
