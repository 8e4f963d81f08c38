"""What can go wrong: exceptions with the status and code of their answer (RFC 9457)."""

from __future__ import annotations

from typing import Any

import orjson

#: The media type of every error.
PROBLEM = "application/problem+json"

#: Every code an answer can carry, with its title. The page that `type` links to is made of it.
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
        super().__init__(detail or TITLES[code])
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


# A unique index may have been made by padws, or by pad.ws, which named it in one of two ways.
_UNIQUE = {
    f"{prefix}{table}_{column}{suffix}": code
    for table, column, code in (
        ("users", "username", "username_taken"),
        ("users", "email", "email_taken"),
        ("template_pads", "name", "template_taken"),
    )
    for prefix, suffix in (("", "_key"), ("ix_", ""), ("ix_pad_ws_", ""))
}

#: Constraint → the error that its violation is.
CONSTRAINTS: dict[str, tuple[type[Problem], str]] = {
    **{name: (Conflict, code) for name, code in _UNIQUE.items()},
    "users_pkey": (Conflict, "id_taken"),
    "pads_data_is_scene": (Unprocessable, "scene_invalid"),
    "template_pads_data_is_scene": (Unprocessable, "scene_invalid"),
}


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
