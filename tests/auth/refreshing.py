"""Refreshes of sessions that the tests' own provider keeps waiting."""

from __future__ import annotations

from flask import request

from tests.helpers.parallel import Gate
from tests.providers.own import OwnProvider

REFRESH = "refresh_token"


def hold_refreshes(provider: OwnProvider, gate: Gate) -> None:
    """Let refreshes wait at the provider until the gate opens."""

    def wait() -> None:
        if request.form["grant_type"] == REFRESH:
            gate.wait()

    provider.conduct.instead["/token"] = wait
