"""What is wrong with a drawing in the middle of its life is noticed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.lives import STATES, STEPS, Life, State, wrong_with
from tests.helpers.ledger import scene

NAME = "plan"


def row(state: State | None, *, name: str = NAME, **members: Any) -> dict[str, Any] | None:
    if not state:
        return None
    labels = [name if state.is_labelled else None]
    found = {"scene": scene(name, 0), "in_trash": state.in_trash, "links": state.links}
    return {**found, "labels": labels, **members}


@pytest.mark.parametrize("done", range(len(STEPS)))
def test_what_was_asked_for_last_may_have_been_done_or_not(done: int) -> None:
    life = Life(NAME, begun=done + 1, done=done)
    for number, state in enumerate(STATES):
        expected = state in (STATES[done], STATES[done + 1])
        assert bool(wrong_with(life, done, row(state))) != expected, number


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "lost"),
        (row(STATES[1]), "expected"),
        (row(STATES[2], name="other"), "another drawing"),
        (row(STATES[2], labels=["other"]), "labels"),
        (row(STATES[2], labels=[NAME, None]), "labels"),
        (row(STATES[2], labels=None), "labels"),
    ],
)
def test_what_is_lost_is_noticed(found: dict[str, Any] | None, message: str) -> None:
    (wrong,) = wrong_with(Life(NAME, begun=2, done=2), 2, found)
    assert message in wrong


def test_what_was_answered_is_remembered() -> None:
    life = Life(NAME, begun=2, done=2, wrong=["the takeout is damaged"])
    assert wrong_with(life, 2, row(STATES[2])) == life.wrong
