"""Every way down, and up again."""

from __future__ import annotations

import pytest

from padws.migrations.files import known
from tests.helpers import databases
from tests.helpers.commands import Forks

ALL = [each.id for each in known()]


PAD_WS = (databases.PAD_WS_ITSELF, databases.LEGACY)


@pytest.mark.parametrize(
    ("to", "before"), [*((each, PAD_WS) for each in ALL), ("none", PAD_WS), ("none", ())]
)
def test_down_and_up_again_loses_and_changes_nothing(
    to: str, before: tuple[bytes, ...], settings: dict[str, str], forker: Forks
) -> None:
    url = settings["DATABASE_URL"]
    databases.execute(url, *before)
    assert forker.start(settings, "db-upgrade").wait() == 0
    at_the_top = databases.catalogue(url), databases.rows(url)

    down = forker.start(settings, "db-rollback", "--to", to, "--yes")
    assert down.wait() == 0, down.output
    assert databases.rows(url) == at_the_top[1]
    left = ALL[: ALL.index(to) + 1] if to != "none" else []
    status = forker.start(settings, "db-status")
    assert status.wait() == (0 if left == ALL else 3)
    assert [f"  applied  {each}" in status.output for each in ALL] == [each in left for each in ALL]

    up = forker.start(settings, "db-upgrade")
    assert up.wait() == 0, up.output
    assert (databases.catalogue(url), databases.rows(url)) == at_the_top


def test_it_asks_first(settings: dict[str, str], forker: Forks) -> None:
    assert forker.start(settings, "db-upgrade").wait() == 0
    asked = forker.start(settings, "db-rollback", "--to", "none")
    assert asked.wait() == 1
    assert "Undo them? [y/N]" in asked.output
    assert forker.start(settings, "db-status").wait() == 0


def test_an_id_that_is_not_applied_is_refused(settings: dict[str, str], forker: Forks) -> None:
    assert forker.start(settings, "db-upgrade").wait() == 0
    run = forker.start(settings, "db-rollback", "--to", "20200101_0000_nothing", "--yes")
    assert run.wait() == 1
    assert "20200101_0000_nothing is no applied migration" in run.output


def test_nothing_to_undo(settings: dict[str, str], forker: Forks) -> None:
    assert forker.start(settings, "db-upgrade").wait() == 0
    run = forker.start(settings, "db-rollback", "--to", ALL[-1], "--yes")
    assert run.wait() == 0
    assert "Nothing has been applied after" in run.output
