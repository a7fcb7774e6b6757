from __future__ import annotations

import threading

import pytest

from acrbridge.http.deadlines import Cancelled, Deadline, SystemClock
from unit.fakes import FakeClock


def test_a_deadline_runs_down_to_zero_and_stays_there() -> None:
    clock = FakeClock()
    deadline = Deadline(10, clock)
    assert deadline.remaining() == 10
    clock.time += 25
    assert deadline.remaining() == 0
    assert deadline.passed()


def test_a_sleep_does_not_reach_beyond_the_deadline() -> None:
    clock = FakeClock()
    Deadline(10, clock).sleep(3600)
    assert clock.slept == [10]


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_deadline_of_nothing_has_passed(seconds: float) -> None:
    assert Deadline(seconds, FakeClock()).passed()


def test_a_cancel_ends_a_sleep_at_once() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        SystemClock(cancel).sleep(3600)
