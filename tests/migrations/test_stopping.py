"""Where a signal strikes, and where it has to wait."""

from __future__ import annotations

import signal
import threading

import pytest

from padws.migrations.stopping import Stop, Stopped


def test_a_signal_strikes_where_that_leaves_nothing_half_done() -> None:
    stop = Stop()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped), stop.listening(), stop.interruptible():
        signal.raise_signal(signal.SIGTERM)
    assert stop.struck_by == "SIGTERM"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_comes_earlier_strikes_there() -> None:
    stop = Stop()
    with stop.listening():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped), stop.interruptible():
            pytest.fail("it goes on")


def test_a_second_signal_does_not_disturb_the_cleaning_up() -> None:
    stop = Stop()
    with stop.listening():
        with pytest.raises(Stopped), stop.interruptible():
            signal.raise_signal(signal.SIGTERM)
        with stop.interruptible():
            signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_comes_too_late_goes_to_the_next_handler() -> None:
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        stop = Stop()
        with stop.listening():
            signal.raise_signal(signal.SIGTERM)
            assert heard == []
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_handles_no_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def listen() -> None:
        with Stop().listening():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [before]
