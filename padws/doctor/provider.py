"""The sign-in provider, by its own metadata, which cannot show whether our secret is right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from padws.auth.keys import ASYMMETRIC
from padws.config import Settings
from padws.doctor.findings import Finding, error, ok, warning

_PROVIDER = "sign-in provider"
_CLOCK = 30  # seconds that clocks may differ without a warning; sign-in tolerates 60
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def reach(settings: Settings) -> tuple[Finding, requests.Response | None]:
    """Whether the provider describes itself, and its answer."""
    address = f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        answer = requests.get(address, timeout=settings.oidc_timeout)
        answer.raise_for_status()
        answer.json()
    except requests.RequestException as problem:
        return warning(
            _PROVIDER,
            f"{address} cannot be fetched: {_reason(problem)}.",
            "Nobody can sign in until it is available.",
        ), None
    return ok(_PROVIDER, f"{settings.oidc_issuer} reached"), answer


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about the provider."""
    if not (settings.oidc_issuer and settings.oidc_client_id):
        yield error(
            _PROVIDER,
            "none is configured.",
            "Set OIDC_ISSUER (or OIDC_SERVER_URL) and OIDC_CLIENT_ID.",
        )
        return
    finding, answer = reach(settings)
    if answer is None:
        yield error(_PROVIDER, finding.text, finding.remedy)
        return
    yield finding
    metadata = answer.json()
    finding = issuer(settings, metadata)
    yield finding
    if finding.outcome == "error":
        return
    yield _endpoints(metadata)
    yield _algorithms(metadata)
    yield from _clock(answer)


def issuer(settings: Settings, metadata: Any) -> Finding:
    """Whether it calls itself by the name that we have configured."""
    own = metadata.get("issuer", "") if isinstance(metadata, dict) else ""
    if str(own).rstrip("/") != settings.oidc_issuer.rstrip("/"):
        return error("issuer", f"it calls itself {own!r}.", "OIDC_ISSUER must be the same.")
    return ok("issuer", "the same on both sides")


def _endpoints(metadata: dict[str, Any]) -> Finding:
    missing = [name for name in _NEEDED if not metadata.get(name)]
    if missing:
        return error("endpoints", f"its metadata lacks {', '.join(missing)}.")
    if not metadata.get("end_session_endpoint"):
        return warning("endpoints", "no end_session_endpoint: people stay signed in there.")
    return ok("endpoints", "all there")


def _algorithms(metadata: dict[str, Any]) -> Finding:
    offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
    taken = [name for name in offered if name in ASYMMETRIC]
    if not taken:
        return error(
            "algorithms",
            f"it signs with {', '.join(offered) or 'nothing'}.",
            "Let it sign ID tokens with RS256 or ES256.",
        )
    return ok("algorithms", ", ".join(taken))


def _clock(answer: requests.Response) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except ValueError:
        return
    ahead = time.time() - there
    if abs(ahead) > _CLOCK:
        yield warning(
            "clock",
            f"this machine is {ahead:+.0f} s from the provider's.",
            "Run NTP on both.",
        )
    else:
        yield ok("clock", "as the provider's")


def _reason(problem: requests.RequestException) -> str:
    if problem.response is not None:
        return f"it answers with {problem.response.status_code}"
    return type(problem).__name__
