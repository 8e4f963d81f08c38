"""How much of large bodies and answers is in memory at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from padws import room
from padws.errors import TooManyRequests
from padws.room import Room
from tests.helpers.waiting import wait_until


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_PATIENCE", 0.01)


def is_full(room: Room, user_id: str, size: int) -> bool:
    """Whether so much more is refused; otherwise it is taken."""
    try:
        room.take(user_id, size)
    except TooManyRequests:
        return True
    return False


def test_a_user_has_so_much_and_all_have_so_much(impatient: None) -> None:
    room = Room(most=100, most_per_user=60)
    assert not is_full(room, "alice", 40)
    assert is_full(room, "alice", 21)
    assert not is_full(room, "alice", 20)
    assert is_full(room, "bob", 41)
    assert not is_full(room, "bob", 40)
    assert is_full(room, "charlie", 1)


def test_what_is_given_back_can_be_taken_again(impatient: None) -> None:
    room = Room(most=100, most_per_user=60)
    for _ in range(10):
        assert not is_full(room, "alice", 60)
        assert is_full(room, "alice", 1)
        room.change("alice", -60)
    assert not room._used_by


def test_one_alone_may_be_of_any_size(impatient: None) -> None:
    room = Room(most=100, most_per_user=60)
    assert not is_full(room, "alice", 1000)
    assert is_full(room, "alice", 1)
    assert not is_full(room, "bob", 40)  # of all room alice has no more than a user may
    assert is_full(room, "charlie", 1)


def test_what_is_there_already_is_counted_or_refused_at_once() -> None:
    room = Room(most=100, most_per_user=60)
    room.take("alice", 50)
    with pytest.raises(TooManyRequests):
        room.take_at_once("alice", 20)
    room.take_at_once("alice", 10)
    room.change("alice", 30)
    with pytest.raises(TooManyRequests):
        room.take_at_once("bob", 50)
    room.take_at_once("bob", 40)


def waiting(room: Room, number: int) -> Callable[[], bool]:
    return lambda: len(room._waiting) == number


def test_who_comes_too_early_waits_and_is_served_in_turn() -> None:
    room = Room(most=100, most_per_user=100)
    room.take("alice", 90)
    with ThreadPoolExecutor(3) as threads:
        takers: list[Future[None]] = []
        for name in ("bob", "charlie", "dora"):
            takers.append(threads.submit(room.take, name, 50))
            wait_until(waiting(room, len(takers)))
        room.change("alice", -90)
        takers[0].result(10)
        takers[1].result(10)
        assert waiting(room, 1)()
        room.change("bob", -50)
        takers[2].result(10)


def test_nobody_waits_behind_somebody_elses_own_limit() -> None:
    room = Room(most=1000, most_per_user=60)
    room.take("alice", 60)
    with ThreadPoolExecutor(1) as threads:
        taker = threads.submit(room.take, "alice", 60)
        wait_until(waiting(room, 1))
        room.take("bob", 60)
        room.change("alice", -60)
        taker.result(10)


def test_one_user_does_not_make_all_threads_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_WAITING", 2)
    shared = Room(most=1000, most_per_user=60)
    shared.take("alice", 60)
    with ThreadPoolExecutor(2) as threads:
        takers = [threads.submit(shared.take, "alice", 10) for _ in range(2)]
        wait_until(waiting(shared, 2))
        assert is_full(shared, "alice", 10)
        shared.change("alice", -60)
        for taker in takers:
            taker.result(10)


def test_who_has_waited_in_vain_has_taken_nothing(impatient: None) -> None:
    room = Room(most=100, most_per_user=60)
    room.take("alice", 60)
    assert is_full(room, "alice", 10)
    room.change("alice", -60)
    assert not room._waiting
    assert not room._used_by


def test_nobody_goes_past_who_waits_for_the_same_room() -> None:
    room = Room(most=100, most_per_user=100)
    room.take("alice", 10)
    with ThreadPoolExecutor(2) as threads:
        large = threads.submit(room.take, "bob", 95)
        wait_until(waiting(room, 1))
        small = threads.submit(room.take, "charlie", 5)
        wait_until(waiting(room, 2))
        room.change("alice", -10)
        large.result(10)
        small.result(10)


def test_who_waits_for_room_of_their_own_keeps_nobody_else_waiting() -> None:
    room = Room(most=100, most_per_user=50)
    room.take("alice", 50)
    with ThreadPoolExecutor(1) as threads:
        more = threads.submit(room.take, "alice", 10)
        wait_until(waiting(room, 1))
        room.take("bob", 10)
        room.change("alice", -50)
        more.result(10)
