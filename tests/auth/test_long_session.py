"""The four hours of long_session.py, in short."""

from __future__ import annotations

from tests.auth.long_session import work
from tests.helpers.browser import signed_in
from tests.providers.own import OwnProvider


def test_a_session_that_outlives_its_tokens_many_times_loses_no_save(
    url: str, other_url: str, provider: OwnProvider
) -> None:
    provider.conduct.access_token_seconds = 0.5
    alice = signed_in(url, "alice")
    before = provider.asked["refresh_token"]
    outcome = work([url, other_url], alice, saves=400, interval=0.01, clients=8)
    assert outcome.lost == []
    assert outcome.statuses == {200: 400}
    assert provider.asked["refresh_token"] - before >= 5
    assert provider.refused == []
