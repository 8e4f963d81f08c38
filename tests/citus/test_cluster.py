"""What there is without a cluster: a test that says so."""

from __future__ import annotations

import pytest

from tests.helpers import citus


def test_the_cluster_has_several_nodes() -> None:
    if not citus.coordinator():
        pytest.skip("nothing was tested on Citus: CITUS_DATABASE_URL names no coordinator")
    assert len(citus.nodes()) > 1
