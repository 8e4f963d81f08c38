"""The one handler of exceptions: answers each as application/problem+json, and logs failures."""

from __future__ import annotations

import logging
import re
from typing import Any

import psycopg
import redis
from flask import Flask, Response
from gunicorn.http.errors import ParseException
from psycopg import errors as pg
from psycopg_pool import PoolTimeout
from werkzeug.exceptions import ClientDisconnected, HTTPException

from padws.errors import (
    CONSTRAINTS,
    PROBLEM,
    QUOTA_STATE,
    STATES,
    BadRequest,
    Conflict,
    Problem,
    QuotaExceeded,
    TooSlow,
    Unavailable,
    Violation,
    document_of,
)
from padws.observability.current_request import current_request
from padws.observability.metrics import QUOTA_REFUSALS

log = logging.getLogger("padws")

# Input that PostgreSQL could read as text but not store as JSON.
_UNSTORABLE = (pg.DataError, pg.StatementTooComplex, pg.ProgramLimitExceeded)

# PostgreSQL cannot serve this now: another try may well succeed.
_TRANSIENT = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    pg.ReadOnlySqlTransaction,
    pg.UndefinedTable,
    pg.UndefinedColumn,
    pg.UndefinedFunction,
    pg.InternalError_,  # XX000: the server's own failure; a node of Citus that is going away
)


def problem_of(error: BaseException) -> Problem:
    """The problem that the client gets for an exception."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, (ClientDisconnected, ParseException)):
        if isinstance(error.__context__, TimeoutError):
            return TooSlow()
        return BadRequest("body_incomplete", "The chunks of the body cannot be read.")
    if isinstance(error, HTTPException):
        return _from_http(error)
    if isinstance(error, psycopg.Error):
        return _from_database(error)
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return Unavailable("redis_full", retry_after=60)
    if isinstance(error, redis.RedisError):
        return Unavailable("redis_unavailable")
    return Problem("internal_error")


def _from_database(error: psycopg.Error) -> Problem:
    if error.sqlstate == QUOTA_STATE:
        return QuotaExceeded(error.diag.message_primary or "")
    if violation := _violation_of(error):
        kind, code, wrong = violation
        if not wrong:
            return kind(code)
        errors = {field: [why] for field, why in wrong.items()}
        return kind(code, wrong.get("data", ""), errors=errors)
    if isinstance(error, pg.ForeignKeyViolation):
        return Conflict("deleted_meanwhile")
    if isinstance(error, _UNSTORABLE):
        return BadRequest("invalid_json", f"PostgreSQL reports: {_first_line(error)}.")
    # What libpq itself reports of a broken connection has no class of its own.
    if isinstance(error, _TRANSIENT) or type(error) is psycopg.DatabaseError:
        return Unavailable("database_unavailable")
    return Problem("internal_error")


def _violation_of(error: psycopg.Error) -> Violation | None:
    """What the client has done wrong, if the database's rules say so."""
    if isinstance(error, psycopg.IntegrityError):
        return CONSTRAINTS.get(_constraint_of(error))
    return STATES.get(error.sqlstate or "")


def _constraint_of(error: psycopg.IntegrityError) -> str:
    """The name of the violated constraint; empty if it is none of CONSTRAINTS.

    A shard of Citus gives it in the message alone, where a translation leaves it as it is, and an
    index or a reference with the shard's number behind it.
    """
    if error.diag.constraint_name:
        return error.diag.constraint_name
    words = re.findall(r"[a-z0-9_]+", error.diag.message_primary or "")
    return next((name for name in map(_without_number, words) if name in CONSTRAINTS), "")


def _without_number(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


_HTTP_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "not_json",
    416: "range_not_satisfiable",
    422: "invalid",
}


_KEPT_HEADERS = frozenset(("Allow", "Content-Range"))


def _from_http(error: HTTPException) -> Problem:
    """The problem for an exception of werkzeug or webargs; some headers are kept."""
    status = error.code or 500
    code = _HTTP_CODES.get(status, "bad_request" if status < 500 else "internal_error")
    kept = {name: value for name, value in error.get_headers() if name in _KEPT_HEADERS}
    problem = Problem(code, headers=kept)
    problem.status = status
    messages = getattr(error, "data", {}).get("messages")
    if messages:  # from webargs: {location: {field: [what is wrong]}}
        fields = next(iter(messages.values()))
        problem.members["errors"] = {name: _flat(wrong) for name, wrong in fields.items()}
    return problem


def _flat(wrong: Any) -> list[str]:
    """What is wrong with a field; marshmallow reports a list item by item."""
    if isinstance(wrong, dict):
        return [text for each in wrong.values() for text in _flat(each)]
    return list(wrong)


def _answer(error: Exception) -> Response:
    original = getattr(error, "original_exception", None) or error
    problem = problem_of(original)
    if problem.code == "quota_exceeded":
        QUOTA_REFUSALS.inc()
    if problem.status >= 500 and problem.status != 501:
        _log_failure(original, problem)
    response = Response(
        document_of(problem, current_request().id), problem.status, mimetype=PROBLEM
    )
    response.headers.update({"Cache-Control": "no-store", **problem.headers})
    return response


def _log_failure(error: BaseException, problem: Problem) -> None:
    if problem.code == "internal_error":
        if isinstance(error, psycopg.Error):
            error.args = (_first_line(error),)  # the lines below it hold the row, and its scene
        log.error("request %s failed", current_request().id, exc_info=error)
    else:
        log.warning("request %s: %s: %s", current_request().id, problem.code, _first_line(error))


def register(app: Flask) -> None:
    """Answer every exception of `app` as a problem."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    # Flask itself would log a traceback for all that fails before a view, even an absent Redis.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(Exception, _answer)
