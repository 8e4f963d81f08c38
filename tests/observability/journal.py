"""The log of a running service."""

from __future__ import annotations

import json
from typing import Any

from padws.embedded.temporary import Service

#: The members of the line about a request.
FIELDS = {
    *("time", "level", "logger", "message", "process", "request_id", "method", "path", "route"),
    *("status", "duration_ms", "receive_ms", "user_id", "bytes_in", "bytes_out"),
    *("sql_statements", "redis_commands", "backend_pid", "address"),
}


def entries(service: Service) -> list[dict[str, Any]]:
    """Every entry of a log in JSON, including what libraries log as they start."""
    return [json.loads(line) for line in service.log.read_text().split("\n") if line]


def of_request(service: Service, request_id: str) -> list[dict[str, Any]]:
    """What the log says about one request."""
    return [each for each in entries(service) if each.get("request_id") == request_id]
