"""/healthz, /readyz and /metrics: whether it is alive, whether it can serve, what it does."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, request

from padws.context import services, settings
from padws.errors import Unauthenticated
from padws.http.answers import answer
from padws.observability.metrics import exposition
from padws.readiness import State, StateCollector

blueprint = Blueprint("health", __name__)


# Strict, so that /readyz/ does not slip past a proxy's rule for /readyz.
@blueprint.get("/healthz", strict_slashes=True)
def healthz() -> Response:
    """Whether the process answers."""
    return answer({"status": "ok"})


@blueprint.get("/readyz", strict_slashes=True)
def readyz() -> Response:
    """Whether database and Redis can be used and the schema is at the newest migration."""
    state = State()
    status = "ready" if state.ready else "not ready"
    headers = {} if state.ready else {"Retry-After": "2"}
    content = {"status": status, "checks": state.checks}
    return answer(content, 200 if state.ready else 503, headers)


@blueprint.get("/metrics", strict_slashes=True)
def metrics() -> Response:
    """Everything that the workers of this instance count, for Prometheus."""
    token = settings().metrics_token
    given = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Unauthenticated("invalid_token", "/metrics requires METRICS_TOKEN as a bearer token.")
    services().sampler.sample()
    content, content_type = exposition(request.headers.get("Accept", ""), StateCollector())
    return Response(content, content_type=content_type, headers={"Cache-Control": "no-store"})
