"""/healthz, /readyz and /metrics: whether it lives, whether it can serve, what it does."""

from __future__ import annotations

import hmac

from flask import Response, request

from padws.context import services, settings
from padws.errors import Unauthenticated
from padws.http import ApiBlueprint, answer
from padws.observability.metrics import exposition
from padws.readiness import State, StateCollector
from padws.schemas.health import Health, Readiness
from padws.schemas.openapi import RETRY_AFTER

blueprint = ApiBlueprint("health", __name__, description="For whoever runs the service")


# Strict, so that nobody gets at /readyz/ past a proxy's rule for /readyz.
@blueprint.get("/healthz", strict_slashes=True)
@blueprint.doc(operationId="checkHealth", security=[])
@blueprint.response(200, Health())
def healthz() -> Response:
    """Find out whether the process answers."""
    return answer({"status": "ok"})


@blueprint.get("/readyz", strict_slashes=True)
@blueprint.doc(operationId="checkReadiness", security=[])
@blueprint.response(200, Readiness())
@blueprint.alt_response(
    503, schema=Readiness(), headers=RETRY_AFTER, description="Requests cannot be served for now"
)
def readyz() -> Response:
    """Find out whether database, Redis and schema are as they have to be."""
    state = State()
    status = "ready" if state.ready else "not ready"
    headers = {} if state.ready else {"Retry-After": "2"}
    content = {"status": status, "checks": state.checks}
    return answer(content, 200 if state.ready else 503, headers)


@blueprint.get("/metrics", strict_slashes=True)
@blueprint.doc(operationId="getMetrics", security=[{}, {"metrics": []}])
@blueprint.response(200, {"type": "string"}, content_type="text/plain")
@blueprint.alt_response(401, "Unauthenticated")
def metrics() -> Response:
    """Read everything counted, of all workers of this instance, for Prometheus."""
    token = settings().metrics_token
    given = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Unauthenticated("invalid_token", "/metrics wants METRICS_TOKEN as a bearer token.")
    services().sampler.sample()
    content, content_type = exposition(request.headers.get("Accept", ""), StateCollector())
    return Response(content, content_type=content_type, headers={"Cache-Control": "no-store"})
