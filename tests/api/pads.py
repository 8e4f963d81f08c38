"""Pads to test with."""

from __future__ import annotations

from typing import Any

from tests.helpers.contract import Client, ok
from tests.helpers.drawings import drawing


def make_pad(client: Client, name: str = "Plan", data: Any = None) -> dict[str, Any]:
    body = {"display_name": name, "data": data or drawing()}
    pad: dict[str, Any] = ok(client.post("/api/pad", json=body), 201)
    return pad
