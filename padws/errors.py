"""What can go wrong, and the one handler that answers it as application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import psycopg
import redis
from flask import Flask, Response
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from psycopg import errors as pg
from psycopg_pool import PoolTimeout
from werkzeug.exceptions import ClientDisconnected, HTTPException

from padws.observability.current import current

log = logging.getLogger("padws")

#: The media type of every error.
PROBLEM = "application/problem+json"

#: Every code an answer can carry, with its title. padws/pages/problems.html explains each.
TITLES = {
    "bad_request": "The request cannot be understood",
    "body_incomplete": "The body ended before it was complete",
    "body_too_large": "The body is too large",
    "backup_not_found": "No such backup",
    "cross_site": "Writing from another site is refused",
    "database_unavailable": "The database is not available",
    "transfer_coding_unknown": "A body can come in chunks, and in no other transfer coding",
    "email_taken": "Another user has this email address",
    "expectation_failed": "Nothing but 100-continue can be expected here",
    "head_too_large": "The fields of the head are too large, or too many",
    "id_taken": "Another user has this id",
    "internal_error": "Something failed here; it has been logged",
    "invalid": "The input is refused",
    "invalid_token": "The token is not valid here",
    "invalid_if_match": "If-Match cannot be read",
    "invalid_json": "The body is not JSON that can be stored",
    "method_not_allowed": "The method is not allowed here",
    "no_workspaces": "There is no workspace provider",
    "not_administrator": "Only administrators may do this",
    "not_found": "No such page",
    "not_json": "The body must be application/json",
    "pad_not_found": "No such pad",
    "read_only_token": "The token may only read",
    "redis_full": "Redis is full: nobody can sign in for now",
    "redis_unavailable": "Redis is not available",
    "scene_invalid": "This is no scene",
    "session_expired": "The session has ended; sign in again",
    "several_sessions": "The browser has sent several sessions; sign in again",
    "sign_in_failed": "Signing in failed",
    "sign_in_needed_for_tokens": "A personal access token cannot make or end tokens",
    "sign_in_required": "Sign in first",
    "sign_in_unavailable": "The sign-in provider is not available",
    "stale_version": "The pad has changed meanwhile",
    "template_not_found": "No such template",
    "template_taken": "Another template has this name",
    "token_not_found": "No such token",
    "too_complex": "The body has more parts than are taken",
    "too_many_requests": "Too many requests; wait a little",
    "too_slow": "The request took too long to arrive",
    "uri_too_long": "The address is too long",
    "content_coding_unknown": "A body is taken as it is, in no coding",
    "user_not_found": "No such user",
    "username_taken": "Another user has this name",
}


class Problem(Exception):
    """An answer that is an error: status, code and what a person should know."""

    status = 500

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        headers: dict[str, str] | None = None,
        **members: Any,
    ):
        """Further `members` stand in the problem beside the standard ones, such as `errors`."""
        title = TITLES[code]  # whatever the detail: no other code can be raised
        super().__init__(detail or title)
        self.code = code
        self.detail = str(self)
        self.headers = headers or {}
        self.members = members


class BadRequest(Problem):
    """Unreadable input."""

    status = 400


class Unauthenticated(Problem):
    """No valid session or token."""

    status = 401

    def __init__(self, code: str = "sign_in_required", detail: str = ""):
        super().__init__(code, detail, headers={"WWW-Authenticate": 'Bearer realm="padws"'})


class Forbidden(Problem):
    """Known, but not allowed."""

    status = 403


class NotFound(Problem):
    """Not there, or not the caller's to see."""

    status = 404


class TooSlow(Problem):
    """The client has not sent its request in the time there is for it."""

    status = 408

    def __init__(self) -> None:
        super().__init__("too_slow")


class Conflict(Problem):
    """Something else has what has to be unique."""

    status = 409


class StaleVersion(Problem):
    """`If-Match` names a version that is not the current one."""

    status = 412

    def __init__(self, version: int):
        super().__init__("stale_version", f"The current version is {version}.", version=version)


class TooLarge(Problem):
    """More bytes than are taken."""

    status = 413


class UriTooLong(Problem):
    """An address that takes more than a head may."""

    status = 414


class HeadTooLarge(Problem):
    """Fields that take more than a head may, or too many of them."""

    status = 431


class ExpectationUnknown(Problem):
    """Something else is expected than the leave to send the body."""

    status = 417


class UnsupportedMediaType(Problem):
    """A body that is not declared as JSON, or is in a coding that is not known."""

    status = 415


class Unprocessable(Problem):
    """Well-formed, but refused by a schema or a constraint."""

    status = 422


class TooManyRequests(Problem):
    """More than the limit allows."""

    status = 429

    def __init__(self, *, retry_after: int, detail: str = ""):
        super().__init__("too_many_requests", detail, headers={"Retry-After": str(retry_after)})


class NotProvided(Problem):
    """The contract has it, this service does not."""

    status = 501


class Unavailable(Problem):
    """Something that is needed is away for now."""

    status = 503

    def __init__(self, code: str, detail: str = "", *, retry_after: int = 2):
        super().__init__(code, detail, headers={"Retry-After": str(retry_after)})


# The problem, its code, and by field of the input what is wrong with it.
Violation = tuple[type[Problem], str, dict[str, str]]

# A unique index may have been made by padws, or by pad.ws, which named it in one of two ways.
_UNIQUE: dict[str, Violation] = {
    f"{prefix}{table}_{column}{suffix}": (Conflict, code, {})
    for table, column, code in (
        ("users", "username", "username_taken"),
        ("users", "email", "email_taken"),
        ("template_pads", "name", "template_taken"),
    )
    for prefix, suffix in (("", "_key"), ("ix_", ""), ("ix_pad_ws_", ""))
}

_SCENE_SHAPE = (
    "A scene is an object that is not empty; its appState and appState.pad are objects too."
)
_NO_SCENE: Violation = (Unprocessable, "scene_invalid", {"data": _SCENE_SHAPE})


def _refused(field: str, why: str = "Nothing of it can be seen.") -> Violation:
    return Unprocessable, "invalid", {field: why}


#: Constraint → the error that its violation is. Rows of pad.ws may break the rules for users
#: and templates: whoever changes another column of such a row has to change that one as well.
CONSTRAINTS: dict[str, Violation] = {
    **_UNIQUE,
    "users_email_lower_key": (Conflict, "email_taken", {}),
    "users_pkey": (Conflict, "id_taken", {}),
    "pads_data_is_scene": _NO_SCENE,
    "backups_data_is_object": _NO_SCENE,
    "template_pads_data_is_scene": _NO_SCENE,
    "users_username_not_blank": _refused("username"),
    "users_email_not_blank": _refused("email"),
    "users_roles_are_texts": _refused("roles", "Not a list of texts."),
    "template_pads_name_not_blank": _refused("name"),
    "template_pads_display_name_not_blank": _refused("display_name"),
    "access_tokens_expires_after_creation": _refused("expires_at", "Must be in the future."),
}

# Input that PostgreSQL could read as text but not keep as JSON.
_UNKEEPABLE = (pg.DataError, pg.StatementTooComplex, pg.ProgramLimitExceeded)

# The server is there and cannot serve this now: another try may well succeed.
_PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    pg.ReadOnlySqlTransaction,
    pg.UndefinedTable,
    pg.UndefinedColumn,
    pg.UndefinedFunction,
)


def problem_of(error: BaseException) -> Problem:
    """The problem that an exception is to the client."""
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


#: What gunicorn finds wrong with a head; everything else of its kind is a 400.
_HEADS: dict[type[ParseException], tuple[type[Problem], str]] = {
    ExpectationFailed: (ExpectationUnknown, "expectation_failed"),
    LimitRequestHeaders: (HeadTooLarge, "head_too_large"),
    LimitRequestLine: (UriTooLong, "uri_too_long"),
    UnsupportedTransferCoding: (NotProvided, "transfer_coding_unknown"),
}


def problem_of_head(error: Exception) -> Problem:
    """The problem with a request that never gets to the application."""
    if not isinstance(error, ParseException):
        return Problem("internal_error")
    kind, code = _HEADS.get(type(error), (BadRequest, "bad_request"))
    return kind(code)


def _from_database(error: psycopg.Error) -> Problem:
    if isinstance(error, psycopg.IntegrityError):
        name = error.diag.constraint_name or ""
        kind, code, wrong = CONSTRAINTS.get(name, (Problem, "internal_error", {}))
        if not wrong:
            return kind(code)
        errors = {field: [why] for field, why in wrong.items()}
        return kind(code, _SCENE_SHAPE if code == "scene_invalid" else "", errors=errors)
    if isinstance(error, _UNKEEPABLE):
        return BadRequest("invalid_json", f"PostgreSQL says: {_first_line(error)}.")
    # What libpq itself reports of a connection that broke has no class of its own.
    if isinstance(error, _PASSING) or type(error) is psycopg.DatabaseError:
        return Unavailable("database_unavailable")
    return Problem("internal_error")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


_HTTP_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "not_json",
    422: "invalid",
}


def _from_http(error: HTTPException) -> Problem:
    """A problem of an exception of werkzeug or webargs; its own headers (`Allow`) are kept."""
    status = error.code or 500
    code = _HTTP_CODES.get(status, "bad_request" if status < 500 else "internal_error")
    problem = Problem(code, headers={k: v for k, v in error.get_headers() if k == "Allow"})
    problem.status = status
    messages = getattr(error, "data", {}).get("messages")
    if messages:  # of webargs: {location: {field: [what is wrong]}}
        fields = next(iter(messages.values()))
        problem.members["errors"] = {name: _flat(wrong) for name, wrong in fields.items()}
    return problem


def _flat(wrong: Any) -> list[str]:
    """What is wrong with a field; of a list marshmallow tells it item by item."""
    if isinstance(wrong, dict):
        return [text for each in wrong.values() for text in _flat(each)]
    return list(wrong)


def _answer(error: Exception) -> Response:
    original = getattr(error, "original_exception", None) or error
    problem = problem_of(original)
    if problem.status >= 500 and problem.status != 501:
        _log_failure(original, problem)
    response = Response(document_of(problem, current().id), problem.status, mimetype=PROBLEM)
    response.headers.update({"Cache-Control": "no-store", **problem.headers})
    return response


def document_of(problem: Problem, request_id: str) -> bytes:
    """A problem as it is sent."""
    members = {
        "type": f"/api/docs/problems#{problem.code}",
        "title": TITLES[problem.code],
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
        **problem.members,
    }
    return orjson.dumps(members)


def _log_failure(error: BaseException, problem: Problem) -> None:
    if problem.code == "internal_error":
        if isinstance(error, psycopg.Error):
            error.args = (_first_line(error),)  # below it stands the row, and its scene
        log.error("request %s failed", current().id, exc_info=error)
    else:
        log.warning("request %s: %s: %s", current().id, problem.code, _first_line(error))


def register(app: Flask) -> None:
    """Answer every exception of `app` as a problem."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    # Flask's own log has a traceback for whatever fails before a view, an absent Redis included.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(Exception, _answer)
