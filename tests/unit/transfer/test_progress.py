from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from acrbridge.jobs import BlobAtWork, Copying, Event
from acrbridge.registry.contents import Descriptor
from acrbridge.transfer.progress import Progress, Sending, told
from unit.fakes import DIGEST, FakeClock

BLOB = Descriptor("application/octet-stream", DIGEST, 1000)


def test_what_has_not_arrived_whole_is_left() -> None:
    progress = Progress(FakeClock())
    for size in (10, 20, 30):
        progress.expect(size)
    progress.spare(30)
    sending = Sending(Descriptor("x", DIGEST, 10))
    with progress.of(sending):
        sending.add(5)
        assert progress.left == 30
    assert progress.left == 20


def test_what_is_at_work_is_told_with_its_bytes() -> None:
    progress = Progress(FakeClock())
    progress.expect(1000)
    with progress.of(sending := Sending(BLOB)):
        sending.add(400)
        assert progress.now().blobs == (BlobAtWork(DIGEST, 1000, 400),)
        assert (progress.now().sent, progress.now().total) == (400, 1000)
    assert progress.now().blobs == ()
    assert progress.now().sent == 1000


def test_what_is_there_already_need_not_be_sent() -> None:
    progress = Progress(FakeClock())
    progress.expect(1000)
    progress.expect(50)
    progress.spare(1000)
    assert progress.now().total == 50


def test_a_blob_that_is_begun_anew_counts_once() -> None:
    progress = Progress(FakeClock())
    progress.expect(1000)
    with suppress(ConnectionError), progress.of(sending := Sending(BLOB)):
        sending.add(900)
        raise ConnectionError
    assert progress.now().sent == 0
    with progress.of(Sending(BLOB)):
        pass
    assert progress.now().sent == 1000


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    clock = FakeClock()
    progress = Progress(clock)
    progress.expect(1000)
    assert (progress.now().rate, progress.now().remaining) == (0.0, None)
    with progress.of(sending := Sending(BLOB)):
        for _ in range(5):
            clock.time += 1
            sending.add(100)
            assert progress.now().rate == 100
        assert progress.now().remaining == 5
        for _ in range(19):
            clock.time += 1
            progress.now()
        clock.time += 1
        stalled = progress.now()
    assert (stalled.rate, stalled.remaining) == (0.0, None)
    assert stalled.elapsed == 25


def test_a_blob_that_is_begun_anew_makes_no_negative_rate() -> None:
    clock = FakeClock()
    progress = Progress(clock)
    with suppress(ConnectionError), progress.of(sending := Sending(BLOB)):
        sending.add(900)
        progress.now()
        raise ConnectionError
    clock.time += 1
    assert progress.now().rate == 0


def test_what_a_target_wants_again_does_not_count_again() -> None:
    sending = Sending(BLOB)
    sending.add(900)
    sending.add(900)
    assert sending.sent == 1000


def test_it_is_told_until_the_copy_ends_and_not_after() -> None:
    heard: list[Event] = []
    two = threading.Event()

    def hear(event: Event) -> None:
        heard.append(event)
        if len(heard) == 2:
            two.set()

    with told(Progress(FakeClock()), hear, every=0.001):
        assert two.wait(10)
    count = len(heard)
    assert all(isinstance(event, Copying) for event in heard)
    assert "acrbridge-progress" not in {thread.name for thread in threading.enumerate()}
    assert len(heard) == count


def test_the_end_of_a_copy_is_told_and_that_of_a_failed_one_is_not() -> None:
    heard: list[Event] = []
    progress = Progress(FakeClock())
    with pytest.raises(ZeroDivisionError), told(progress, heard.append, every=60.0):
        raise ZeroDivisionError
    assert heard == []
    progress.expect(10)
    with told(progress, heard.append, every=60.0), progress.of(Sending(Descriptor("", DIGEST, 10))):
        pass
    assert [(event.sent, event.total) for event in heard if isinstance(event, Copying)] == [(10, 10)]
