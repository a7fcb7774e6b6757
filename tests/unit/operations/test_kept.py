from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from acrbridge.operations.kept import Kept
from unit.fakes import FakeClock


def test_what_is_kept_is_made_once_for_each_key_and_anew_when_it_is_old() -> None:
    clock, numbers = FakeClock(0.0), itertools.count()
    kept = Kept(clock, 60)
    assert [kept.get(key, lambda: next(numbers)) for key in "aab"] == [0, 0, 1]
    clock.time += 59
    assert kept.get("a", lambda: next(numbers)) == 0
    clock.time += 1
    assert kept.get("a", lambda: next(numbers)) == 2


def test_what_could_not_be_made_is_tried_again() -> None:
    kept = Kept(FakeClock())
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 1) == 1


def test_threads_that_need_the_same_have_it_made_once() -> None:
    kept, numbers = Kept(FakeClock()), itertools.count()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: kept.get("a", lambda: next(numbers)), range(100))) == {0}
