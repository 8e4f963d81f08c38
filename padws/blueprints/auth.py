"""/auth: signing in at the provider, and out again."""

from __future__ import annotations

import re
import time
from urllib.parse import urljoin

import orjson
from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from padws.auth.identity import remember, user_id_of
from padws.auth.provider import Provider, SignIn
from padws.auth.refresh import remember_grant
from padws.auth.sessions import Session, current, interface
from padws.blueprints.pages import send_page, sign_in_failed
from padws.context import database, services, settings
from padws.errors import PROBLEM, Unavailable
from padws.http import SUCCESS, answer
from padws.observability.current import current as current_request
from padws.observability.metrics import SIGN_INS
from padws.queries import users

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

# Where browsers are sent to, as opposed to what scripts ask.
_VISITED = ("/auth/login", "/auth/callback")
_ANSWERS = (PROBLEM, "application/json", "text/html")

# A path on this site, in characters that no browser turns into another address.
_LOCAL_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")


@blueprint.after_request
def keep_nowhere(response: AnyResponse) -> AnyResponse:
    """An answer that begins or ends a session is in nobody's cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.after_app_request
def show_failure(response: AnyResponse) -> AnyResponse:
    """Show a person whose sign-in fails a page instead of JSON; also if Redis has failed before."""
    if response.mimetype == PROBLEM and request.path in _VISITED:
        response.vary.add("Accept")
        if request.accept_mimetypes.best_match(_ANSWERS) == "text/html":
            again = url_for("auth.login", popup="1" if current().get("popup") else None)
            response.set_data(sign_in_failed(orjson.loads(response.get_data()), again))
            response.mimetype = "text/html"
    return response


def _here(endpoint: str) -> str:
    """The address of a page as the browser has asked for this site."""
    return urljoin(request.host_url, url_for(endpoint))


def _provider() -> Provider:
    provider = services().provider
    if provider is None:
        raise Unavailable("sign_in_unavailable", "Sign-in is not configured.", retry_after=60)
    return provider


def _local_path(path: str) -> str:
    return path if _LOCAL_PATH.fullmatch(path) else "/"


@blueprint.get("/login")
def login() -> AnyResponse:
    """Send the browser to the provider."""
    services().limits.count_login(request.remote_addr or "")
    session = current()
    session["next"] = _local_path(request.args.get("next", "/"))
    session["popup"] = request.args.get("popup") == "1"
    hint = request.args.get("kc_idp_hint")
    redirect_uri = settings().redirect_uri or _here("auth.callback")
    return _provider().redirect_to_sign_in(redirect_uri, **({"kc_idp_hint": hint} if hint else {}))


@blueprint.get("/callback")
def callback() -> AnyResponse:
    """Sign in whom the provider sends back, under a new session id."""
    services().limits.count_login(request.remote_addr or "")
    sign_in = _provider().finish_sign_in()
    with database().transaction() as conn:
        users.record_sign_in(conn, sign_in.identity.row())
    session = current()
    next_path, popup = session.get("next", "/"), session.get("popup", False)
    _begin(session, sign_in)
    SIGN_INS.inc()
    current_request().user_id = sign_in.identity.user_id
    return send_page("signed_in.html") if popup else redirect(next_path)


def _begin(session: Session, sign_in: SignIn) -> None:
    """Begin a session under a new id: one that was planted before leads nowhere."""
    interface().regenerate(session)
    session.clear()
    expires_at = time.time() + settings().session_max_hours * 3600
    remember(session, sign_in.identity, expires_at=expires_at)
    remember_grant(session, sign_in)
    interface().write(session)  # whoever reads the index strikes out what is not there
    session.modified = True  # so that the answer sets the cookie
    services().sessions.add(
        sign_in.identity.user_id, session.sid, expires_at, sign_in.provider_session
    )


@blueprint.route("/logout", methods=["GET", "POST"])
def logout() -> Response:
    """End the session here, and say where to end it at the provider."""
    session = current()
    return_to = settings().frontend_url or _here("pages.index")
    logout_url = return_to
    if "identity" in session:
        services().sessions.remove(session["identity"]["user_id"], session.sid)
        logout_url = _provider().logout_url(session.get("id_token"), return_to)
    session.clear()
    return answer(SUCCESS | {"logout_url": logout_url})


@blueprint.post("/backchannel-logout")
def backchannel_logout() -> Response:
    """End the sessions that the provider names in a logout token (OpenID Back-Channel Logout)."""
    subject, provider_session = _provider().read_logout_token(request.form.get("logout_token", ""))
    if provider_session:
        services().sessions.end_provider_session(provider_session)
    elif subject:
        services().sessions.end_all_of(user_id_of(_provider().issuer, subject))
    return answer(SUCCESS)
