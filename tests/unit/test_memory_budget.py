"""How much of large bodies and answers is in memory at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from padws import memory_budget
from padws.errors import TooManyRequests
from padws.memory_budget import MemoryBudget
from tests.helpers.waiting import PATIENCE, wait_until


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits here is served in the end, however long that takes."""
    monkeypatch.setattr(memory_budget, "_PATIENCE", PATIENCE)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, patient: None) -> None:
    monkeypatch.setattr(memory_budget, "_PATIENCE", 0.01)


def is_full(budget: MemoryBudget, user_id: str, size: int) -> bool:
    """Whether that much more is refused; otherwise it is taken."""
    try:
        budget.take(user_id, size)
    except TooManyRequests:
        return True
    return False


def test_a_user_has_so_much_and_all_have_so_much(impatient: None) -> None:
    budget = MemoryBudget(most=100, most_per_user=60)
    assert not is_full(budget, "alice", 40)
    assert is_full(budget, "alice", 21)
    assert not is_full(budget, "alice", 20)
    assert is_full(budget, "bob", 41)
    assert not is_full(budget, "bob", 40)
    assert is_full(budget, "charlie", 1)


def test_what_is_given_back_can_be_taken_again(impatient: None) -> None:
    budget = MemoryBudget(most=100, most_per_user=60)
    for _ in range(10):
        assert not is_full(budget, "alice", 60)
        assert is_full(budget, "alice", 1)
        budget.change("alice", -60)
    assert not budget._used_by


def test_one_alone_may_be_of_any_size(impatient: None) -> None:
    budget = MemoryBudget(most=100, most_per_user=60)
    assert not is_full(budget, "alice", 1000)
    assert is_full(budget, "alice", 1)
    assert not is_full(budget, "bob", 40)  # alice has no more of it than one user may
    assert is_full(budget, "charlie", 1)


def test_what_is_there_already_is_counted_or_refused_at_once() -> None:
    budget = MemoryBudget(most=100, most_per_user=60)
    budget.take("alice", 50)
    with pytest.raises(TooManyRequests):
        budget.take_at_once("alice", 20)
    budget.take_at_once("alice", 10)
    budget.change("alice", 30)
    with pytest.raises(TooManyRequests):
        budget.take_at_once("bob", 50)
    budget.take_at_once("bob", 40)


def waiting(budget: MemoryBudget, number: int) -> Callable[[], bool]:
    return lambda: len(budget._waiting) == number


def test_who_comes_too_early_waits_and_is_served_in_turn() -> None:
    budget = MemoryBudget(most=100, most_per_user=100)
    budget.take("alice", 90)
    with ThreadPoolExecutor(3) as threads:
        takers: list[Future[None]] = []
        for name in ("bob", "charlie", "dora"):
            takers.append(threads.submit(budget.take, name, 50))
            wait_until(waiting(budget, len(takers)))
        budget.change("alice", -90)
        takers[0].result()
        takers[1].result()
        assert waiting(budget, 1)()
        budget.change("bob", -50)
        takers[2].result()


def test_nobody_waits_behind_somebody_elses_own_limit() -> None:
    budget = MemoryBudget(most=1000, most_per_user=60)
    budget.take("alice", 60)
    with ThreadPoolExecutor(1) as threads:
        taker = threads.submit(budget.take, "alice", 60)
        wait_until(waiting(budget, 1))
        budget.take("bob", 60)
        budget.change("alice", -60)
        taker.result()


def test_one_user_does_not_make_all_threads_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_budget, "_MOST_WAITING", 2)
    shared = MemoryBudget(most=1000, most_per_user=60)
    shared.take("alice", 60)
    with ThreadPoolExecutor(2) as threads:
        takers = [threads.submit(shared.take, "alice", 10) for _ in range(2)]
        wait_until(waiting(shared, 2))
        assert is_full(shared, "alice", 10)
        shared.change("alice", -60)
        for taker in takers:
            taker.result()


def test_who_has_waited_in_vain_has_taken_nothing(impatient: None) -> None:
    budget = MemoryBudget(most=100, most_per_user=60)
    budget.take("alice", 60)
    assert is_full(budget, "alice", 10)
    budget.change("alice", -60)
    assert not budget._waiting
    assert not budget._used_by


def test_nobody_goes_past_who_waits_for_the_same_room() -> None:
    budget = MemoryBudget(most=100, most_per_user=100)
    budget.take("alice", 10)
    with ThreadPoolExecutor(2) as threads:
        large = threads.submit(budget.take, "bob", 95)
        wait_until(waiting(budget, 1))
        small = threads.submit(budget.take, "charlie", 5)
        wait_until(waiting(budget, 2))
        budget.change("alice", -10)
        large.result()
        small.result()


def test_who_waits_for_room_of_their_own_keeps_nobody_else_waiting() -> None:
    budget = MemoryBudget(most=100, most_per_user=50)
    budget.take("alice", 50)
    with ThreadPoolExecutor(1) as threads:
        more = threads.submit(budget.take, "alice", 10)
        wait_until(waiting(budget, 1))
        budget.take("bob", 10)
        budget.change("alice", -50)
        more.result()
