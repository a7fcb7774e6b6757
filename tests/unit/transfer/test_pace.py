from __future__ import annotations

import threading
import time

import pytest

from acrbridge.http.deadlines import Cancelled
from acrbridge.transfer.pace import Pace
from acrbridge.transfer.pool import NEAR, Pool, finish
from unit.fakes import FakeClock


def test_it_begins_at_the_most() -> None:
    pace = Pace(32, FakeClock())
    for _ in range(1000):
        pace.ended()
    assert pace.limit == 32


def test_trouble_halves_it_once_in_a_window() -> None:
    clock = FakeClock()
    pace = Pace(32, clock)
    for _ in range(30):
        pace.trouble()
    assert pace.limit == 16
    clock.time += 1
    pace.trouble()
    assert pace.limit == 8


def test_one_at_a_time_is_the_least() -> None:
    clock = FakeClock()
    pace = Pace(32, clock)
    for _ in range(10):
        pace.trouble()
        clock.time += 1
    assert pace.limit == 1


def test_it_grows_by_one_for_each_round_without_trouble() -> None:
    pace = Pace(32, FakeClock())
    pace.trouble()
    for _ in range(16 + 17):
        pace.ended()
    assert pace.limit == 18


def test_it_grows_slowly_near_where_the_trouble_was() -> None:
    clock = FakeClock()
    pace = Pace(8, clock)
    pace.trouble()
    for _ in range(4 + 5 + 6):
        pace.ended()
    assert pace.limit == 7
    for _ in range(7 * 7):
        pace.ended()
    assert pace.limit == 7
    for _ in range(7):
        pace.ended()
    assert pace.limit == 8


def test_trouble_begins_a_round_anew() -> None:
    clock = FakeClock()
    pace = Pace(32, clock)
    pace.trouble()
    for _ in range(15):
        pace.ended()
    clock.time += 1
    pace.trouble()
    pace.ended()
    assert pace.limit == 8


def test_as_many_tasks_run_at_once_as_are_allowed() -> None:
    pool, all_there = Pool(4, FakeClock()), threading.Barrier(4)
    finish([pool.submit(all_there.wait, 5) for _ in range(8)])
    pool.close()


def test_fewer_tasks_run_at_once_after_trouble() -> None:
    pool, running, seen = Pool(8, FakeClock()), threading.Semaphore(4), []

    def task() -> None:
        seen.append(running.acquire(blocking=False))
        time.sleep(0.005)
        running.release()

    pool.trouble("contoso.azurecr.io")
    finish([pool.submit(task) for _ in range(7)])
    pool.close()
    assert seen == [True] * 7


def test_few_tasks_run_at_once_where_both_places_are_near() -> None:
    far = threading.Event()
    pool, over, running = Pool(32, FakeClock(), far.is_set), threading.Event(), threading.Semaphore(0)

    def task() -> None:
        running.release()
        over.wait(5)

    futures = [pool.submit(task) for _ in range(20)]
    assert [running.acquire(timeout=5) for _ in range(NEAR)] == [True] * NEAR
    assert not running.acquire(timeout=0.05)
    far.set()
    futures.append(pool.submit(task))
    assert [running.acquire(timeout=5) for _ in range(21 - NEAR)] == [True] * (21 - NEAR)
    over.set()
    finish(futures)
    pool.close()


def test_what_waits_when_it_is_stopped_never_runs() -> None:
    pool, over = Pool(1, FakeClock()), threading.Event()
    first, second = pool.submit(over.wait, 5), pool.submit(pytest.fail)
    pool.stop()
    third = pool.submit(pytest.fail)
    over.set()
    assert first.result(5)
    for future in (second, third):
        with pytest.raises(Cancelled):
            future.result(5)
    pool.close()


def test_an_error_is_told_and_the_next_task_runs() -> None:
    pool = Pool(1, FakeClock())
    failing = pool.submit(lambda: 1 // 0)
    assert pool.submit(lambda: 7).result(5) == 7
    with pytest.raises(ZeroDivisionError):
        failing.result()
    pool.close()
