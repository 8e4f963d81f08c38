"""What can go wrong: exceptions with the status and code of their answer (RFC 9457)."""

from __future__ import annotations

import re
from typing import Any

import orjson

#: The media type of every error.
PROBLEM = "application/problem+json"

#: Every code an answer can carry, with its title. padws/pages/problems.html explains each.
TITLES = {
    "bad_request": "The request cannot be understood",
    "body_incomplete": "The body ended before it was complete",
    "body_too_large": "The body is too large",
    "backup_not_found": "No such backup",
    "cannot_merge": "This cannot be merged into a drawing",
    "client_gone": "The client has closed the connection",
    "cross_site": "Writing from another site is refused",
    "database_unavailable": "The database is not available",
    "transfer_coding_unknown": "A body may be sent in chunks, but in no other transfer coding",
    "deleted_meanwhile": "What this belongs to has just been deleted",
    "element_not_found": "No such element",
    "email_taken": "Another user has this email address",
    "expectation_failed": "Only 100-continue can be expected here",
    "head_too_large": "The headers are too large, or too many",
    "id_taken": "Another user has this id",
    "internal_error": "Something failed here; it has been logged",
    "invalid": "The input is refused",
    "invalid_token": "The token is not valid here",
    "invalid_if_match": "If-Match cannot be read",
    "invalid_json": "The body is not JSON that can be stored",
    "link_not_found": "No such link",
    "method_not_allowed": "The method is not allowed here",
    "no_room": "There is no room for that now",
    "no_workspaces": "There is no workspace provider",
    "not_a_drawing": "The file is not a drawing",
    "not_administrator": "Only administrators may do this",
    "not_found": "No such page",
    "not_json": "The body must be application/json",
    "not_zip": "The body must be application/zip",
    "one_machine_only": "A cluster cannot do this",
    "own_account": "Administrators cannot delete their own account",
    "pad_not_found": "No such pad",
    "password_needed": "The link has a password",
    "picture_not_found": "No such picture",
    "quota_exceeded": "There would be more than you may keep",
    "range_not_satisfiable": "There is no such part",
    "read_only_token": "The token may only read",
    "redis_full": "Redis is full: nobody can sign in for now",
    "redis_unavailable": "Redis is not available",
    "restored_since": "The pad has been restored since",
    "scene_invalid": "This is not a scene",
    "scene_too_large": "The drawing would be too large",
    "session_expired": "The session has ended; sign in again",
    "several_sessions": "The browser has sent several sessions; sign in again",
    "sign_in_failed": "Signing in failed",
    "sign_in_needed_for_tokens": "A personal access token cannot create or revoke tokens",
    "sign_in_required": "Sign in first",
    "sign_in_unavailable": "The sign-in provider is not available",
    "stale_version": "The pad has changed in the meantime",
    "takeout_invalid": "This is not a takeout",
    "template_not_found": "No such template",
    "template_taken": "Another template has this name",
    "token_not_found": "No such token",
    "too_many_labels": "Too many backups of this pad have labels",
    "too_complex": "The body has too many parts",
    "too_many_links": "The pad has as many links as it may have",
    "too_many_requests": "Too many requests; wait a little",
    "too_slow": "The request took too long to arrive",
    "unknown_picture": "A file refers to a picture that is not there",
    "uri_too_long": "The address is too long",
    "content_coding_unknown": "A body must not be compressed",
    "user_deleted": "The account is being deleted",
    "user_not_found": "No such user",
    "username_taken": "Another user has this name",
    "wrong_password": "This is not the password of the link",
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
        """Further `members`, such as `errors`, are added to the standard ones of the problem."""
        title = TITLES[code]  # even if there is a detail: no other code can be raised
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
    """The client has not sent its request in time."""

    status = 408

    def __init__(self) -> None:
        super().__init__("too_slow")


class Conflict(Problem):
    """Something else has what must be unique."""

    status = 409


class StaleVersion(Problem):
    """`If-Match` names a version from which this change cannot start."""

    status = 412

    def __init__(self, version: int, code: str = "stale_version"):
        super().__init__(code, f"The current version is {version}.", version=version)


class RestoredSince(StaleVersion):
    """`If-Match` names a version from before the pad was restored."""

    def __init__(self, version: int):
        super().__init__(version, "restored_since")


class TooLarge(Problem):
    """More bytes than are accepted."""

    status = 413


class UriTooLong(Problem):
    """An address that is larger than a head may be."""

    status = 414


class HeadTooLarge(Problem):
    """Headers that are larger than a head may be, or too many of them."""

    status = 431


class ExpectationUnknown(Problem):
    """Something other than the leave to send the body is expected."""

    status = 417


class UnsupportedMediaType(Problem):
    """A body that is not declared as JSON, or is compressed."""

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
    """In the contract, but not in this service."""

    status = 501


class Unavailable(Problem):
    """Something that is needed is not available for now."""

    status = 503

    def __init__(self, code: str, detail: str = "", *, retry_after: int = 2):
        super().__init__(code, detail, headers={"Retry-After": str(retry_after)})


# The problem, its code, and what is wrong with each field of the input.
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
_PART_SHAPE = (
    "Its elements must be an array of objects, each with an id that is a string, "
    "and its files an object that is not nested deeply."
)
_NO_SCENE: Violation = (Unprocessable, "scene_invalid", {"data": _SCENE_SHAPE})


def _refused(field: str, why: str = "Has no visible character.") -> Violation:
    return Unprocessable, "invalid", {field: why}


#: Constraint → the error that its violation is. Rows of pad.ws may break the rules for users
#: and templates: whoever changes another column of such a row must change that one as well.
CONSTRAINTS: dict[str, Violation] = {
    **_UNIQUE,
    "users_email_lower_key": (Conflict, "email_taken", {}),
    "users_pkey": (Conflict, "id_taken", {}),
    "pads_data_is_scene": _NO_SCENE,
    "backups_data_is_object": _NO_SCENE,
    "template_pads_data_is_scene": _NO_SCENE,
    "users_username_not_blank": _refused("username"),
    "users_email_not_blank": _refused("email"),
    "users_roles_are_texts": _refused("roles", "Not a list of strings."),
    "template_pads_name_not_blank": _refused("name"),
    "template_pads_display_name_not_blank": _refused("display_name"),
    "backups_label_not_blank": _refused("label"),
    "access_tokens_expires_after_creation": _refused("expires_at", "Must be in the future."),
    "links_expires_after_creation": _refused("expires_at", "Must be in the future."),
}


class QuotaExceeded(TooLarge):
    """A user would have more than is allowed; `used` says what there is, or would be."""

    def __init__(self, message: str):
        """`message` is that of sql/functions/use_quota.sql: `2 of 2 pads`."""
        used, limit = map(int, re.findall(r"\d+", message)[:2])
        detail = f"It would be too much: {message} are in use."
        super().__init__("quota_exceeded", detail, used=used, limit=limit)


#: SQLSTATE of a quota that would be exceeded.
QUOTA_STATE = "PW003"

#: SQLSTATE that a function in sql/functions/ raises → the error that it is.
STATES: dict[str, Violation] = {
    "PW001": (Unprocessable, "cannot_merge", {"data": _PART_SHAPE}),
    "PW002": (TooLarge, "scene_too_large", {}),
    "PW021": (Conflict, "too_many_links", {}),
    "PW004": (Conflict, "too_many_labels", {}),
    "PW005": (NotFound, "element_not_found", {}),
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
