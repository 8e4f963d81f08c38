"""/auth: signing in at the provider, and out again."""

from __future__ import annotations

import re
import time

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from padws.auth.destination import Destination
from padws.auth.identity import user_id_of
from padws.auth.provider import Provider
from padws.auth.refresh import remember_grant
from padws.auth.sessions import Record, current_session, sessions
from padws.auth.sign_in_attempts import destination_of, key_of, new_state, newest
from padws.context import database, services, settings
from padws.errors import PROBLEM, Unauthenticated, Unavailable
from padws.html import for_people, send_page, sign_in_failed
from padws.http.answers import SUCCESS, answer
from padws.observability.current_request import current_request
from padws.observability.metrics import SIGN_INS
from padws.queries import users

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

# Where browsers are sent, as opposed to what scripts request.
_VISITED = ("/auth/login", "/auth/callback")

_LONGEST_LOGOUT = 65_536  # bytes of a form with a logout token, which anybody may send

_LONGEST_HINT = 100  # characters of kc_idp_hint; the name of an identity provider is short

# A provider's error code. Anything else may be text that somebody wants shown on our page.
_ERROR = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@blueprint.after_request
def forbid_caching(response: AnyResponse) -> AnyResponse:
    """Keep answers that begin or end a session out of every cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.after_app_request
def show_failure(response: Response) -> Response:
    """Show a person whose sign-in fails a page instead of JSON, even if Redis failed first."""
    if response.mimetype == PROBLEM and request.path in _VISITED:
        path, popup = _destination()
        next_path = path if path != "/" else None
        again = url_for("auth.login", popup="1" if popup else None, next=next_path)
        for_people(response, lambda problem: sign_in_failed(problem, again))
    return response


def _here(endpoint: str) -> str:
    """The address of a page, at the host that the browser asked for."""
    return f"{request.scheme}://{request.host}{url_for(endpoint)}"


def _provider() -> Provider:
    provider = services().provider
    if provider is None:
        raise Unavailable("sign_in_unavailable", "Sign-in is not configured.", retry_after=60)
    return provider


def _destination() -> Destination:
    """Where this attempt to sign in leads: by `state` on the way back, else as requested."""
    given = request.args
    if "state" in given:
        return destination_of(given["state"])
    return Destination.requested(given.get("next", "/"), given.get("popup", ""))


@blueprint.get("/login")
def login() -> AnyResponse:
    """Send the browser to the provider."""
    services().limits.count_login(request.remote_addr or "")
    session, hint = current_session(), request.args.get("kc_idp_hint", "")
    requested = Destination.requested(request.args.get("next", "/"), request.args.get("popup", ""))
    state, redirect_uri = new_state(requested), settings().redirect_uri or _here("auth.callback")
    parameters = {"kc_idp_hint": hint} if 0 < len(hint) <= _LONGEST_HINT else {}
    address, attempt = _provider().begin_sign_in(redirect_uri, state, **parameters)
    session.record.attempts = newest({**session.record.attempts, key_of(state): attempt})
    sessions().write(session)
    return redirect(address)


@blueprint.get("/callback")
def callback() -> AnyResponse:
    """Sign in whom the provider sends back, under a new session id."""
    services().limits.count_login(request.remote_addr or "")
    session, key = current_session(), key_of(request.args.get("state", ""))
    attempt = newest(session.record.attempts).get(key)
    if not attempt or "error" in request.args:
        if session.record.signed_in:  # by the Back button, or from another tab: nothing to do
            return _go_on()
        raise Unauthenticated("sign_in_failed", _reason())
    sign_in = _provider().finish_sign_in(attempt, _code())
    with database().transaction() as conn:
        users.record_sign_in(conn, sign_in.identity.row())
    record = Record(
        expires_at=time.time() + settings().session_max_hours * 3600,
        attempts={other: at for other, at in session.record.attempts.items() if other != key},
    )
    remember_grant(record, sign_in)
    sessions().begin(session, record, sign_in.provider_session)
    SIGN_INS.inc()
    current_request().user_id = sign_in.identity.user_id
    return _go_on()


def _go_on() -> AnyResponse:
    path, popup = _destination()
    return send_page("signed_in.html") if popup else redirect(path)


def _reason() -> str:
    """Why a return from the provider that belongs to no attempt is refused."""
    error = request.args.get("error")
    if error:
        return f"The provider answered: {error if _ERROR.fullmatch(error) else 'no'}."
    return "This sign-in was not started here, or too long ago. Start again."


def _code() -> str:
    code = request.args.get("code")
    if not code:
        raise Unauthenticated("sign_in_failed", "The provider sent no code.")
    return code


@blueprint.route("/logout", methods=["GET", "POST"])
def logout() -> Response:
    """End the session here, and answer where to end it at the provider."""
    session = current_session()
    record, provider = session.record, services().provider
    sessions().end(session)
    logout_url = settings().frontend_url or _here("pages.index")
    if record.identity and provider:
        logout_url = provider.logout_url(record.id_token, logout_url)
    return answer(SUCCESS | {"logout_url": logout_url})


@blueprint.post("/backchannel-logout")
def backchannel_logout() -> Response:
    """End the sessions that the provider names in a logout token (OpenID Back-Channel Logout)."""
    request.max_content_length = _LONGEST_LOGOUT
    subject, provider_session = _provider().read_logout_token(request.form.get("logout_token", ""))
    if provider_session:
        services().sessions.end_provider_session(provider_session)
    elif subject:
        services().sessions.end_all_of(user_id_of(_provider().issuer, subject))
    return answer(SUCCESS)
