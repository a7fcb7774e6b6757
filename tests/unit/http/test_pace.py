"""When requests may go, on a clock on which waiting takes no time."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from acrbridge.errors import NetworkError
from acrbridge.http.deadlines import Deadline
from acrbridge.http.pace import Pace
from unit.fakes import FakeClock

HOST, OTHER = "registry.example", "registry.example:5000"


class Still(FakeClock):
    """A clock that stands still, and so shows what each thread would wait."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def went(pace: Pace, clock: FakeClock, *hosts: str) -> list[float]:
    """The seconds at which requests to these hosts went, one after the other."""
    began, found = clock.now(), []
    for host in hosts:
        pace.wait(host)
        found.append(clock.now() - began)
    return found


def test_without_a_limit_requests_go_at_once() -> None:
    clock = FakeClock()
    assert went(Pace(clock), clock, *[HOST] * 3) == [0, 0, 0]


def test_requests_to_one_host_are_spread_evenly() -> None:
    clock = FakeClock()
    assert went(Pace(clock, 4), clock, *[HOST] * 4) == [0, 0.25, 0.5, 0.75]


def test_each_host_has_turns_of_its_own() -> None:
    clock = FakeClock()
    assert went(Pace(clock, 4), clock, HOST, OTHER, HOST, OTHER) == [0, 0, 0.25, 0.25]


def test_time_that_passed_unused_is_not_made_up_for() -> None:
    clock = FakeClock()
    pace = Pace(clock, 4)
    pace.wait(HOST)
    clock.time += 60
    assert went(pace, clock, HOST, HOST) == [0, 0.25]


def test_a_host_is_left_alone_for_as_long_as_it_asked_and_others_are_not() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.pause(HOST, 7)
    assert went(pace, clock, OTHER, HOST) == [0, 7]


def test_those_that_waited_for_the_end_of_a_pause_do_not_go_all_at_once() -> None:
    clock = Still()
    pace = Pace(clock)
    pace.pause(HOST, 7)
    for _ in range(4):
        pace.wait(HOST)
    assert [later - before for before, later in pairwise(clock.slept)] == pytest.approx([0.03] * 3)


def test_the_longest_of_several_pauses_holds() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.pause(HOST, 7)
    pace.pause(HOST, 2)
    assert went(pace, clock, HOST) == [7]


def test_a_pause_holds_back_those_that_wait_for_their_turn_already() -> None:
    class Interrupted(FakeClock):
        """A clock on which a host asks for a pause while a request waits."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.slept) == 1:
                pace.pause(HOST, 10)

    clock = Interrupted()
    pace = Pace(clock, 1)
    assert went(pace, clock, HOST, HOST) == [0, 11]


def test_a_turn_after_the_deadline_is_not_waited_for() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.pause(HOST, 30)
    with pytest.raises(NetworkError) as caught:
        pace.wait(HOST, Deadline(10, clock))
    assert (caught.value.code, HOST in caught.value.message, clock.slept) == ("THROTTLED", True, [])


def test_threads_do_not_share_a_turn() -> None:
    clock = Still()
    pace = Pace(clock, 1)
    threads = [threading.Thread(target=pace.wait, args=(HOST,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(clock.slept) == list(range(1, 20))
