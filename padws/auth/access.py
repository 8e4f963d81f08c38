"""Who may do what: the checks in front of the routes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g, request

from padws.auth import refresh
from padws.auth.authorization_header import bearer_authorization
from padws.auth.identity import Identity
from padws.auth.sessions import Session, current_session
from padws.context import services
from padws.errors import Forbidden, Unauthenticated
from padws.observability.current_request import current_request

P = ParamSpec("P")
R = TypeVar("R")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def require_sign_in() -> None:
    """Let only signed-in users past; `caller` then returns who it is. For `before_request`."""
    wsgi = request.environ
    method, authorization = wsgi["REQUEST_METHOD"], bearer_authorization(wsgi)
    if method == "OPTIONS":  # a browser's preflight, which carries no credentials
        return
    if authorization is None:
        identity = _identity_of_session(current_session())
    else:
        identity = services().tokens.identity_of(authorization)
    g.identity = identity
    current_request().user_id = identity.user_id
    if method not in SAFE_METHODS:
        if not identity.may_write:
            raise Forbidden("read_only_token")
        services().limits.count_write(identity.user_id)


def _identity_of_session(session: Session) -> Identity:
    if not session.record.signed_in:
        raise Unauthenticated
    refresh.keep_fresh(session)
    identity = session.record.identity
    if not identity:
        raise Unauthenticated("session_expired")
    return identity


def caller() -> Identity:
    """Who is asking, after `require_sign_in`."""
    identity = g.identity
    assert isinstance(identity, Identity)  # noqa: S101 - set by require_sign_in
    return identity


def administrators_only(view: Callable[P, R]) -> Callable[P, R]:
    """Let only administrators call a view; must stand above whatever reads the body."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not caller().is_administrator:
            raise Forbidden("not_administrator")
        return view(*args, **kwargs)

    wrapper.for_administrators = True  # type: ignore[attr-defined]  # read by the OpenAPI document
    return wrapper


def not_by_personal_token(view: Callable[P, R]) -> Callable[P, R]:
    """Keep a personal access token from creating or revoking others."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if caller().personal_token:
            raise Forbidden("sign_in_needed_for_tokens")
        return view(*args, **kwargs)

    return wrapper
