"""Lines between the thread that reads and the one that takes them."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from acrbridge.stdio.framing import LineTooLong
from acrbridge.stdio.inbox import Inbox


def test_lines_are_taken_as_they_were_put_and_then_the_end() -> None:
    inbox, too_long = Inbox(), LineTooLong()
    for line in (b"a", too_long, b"b"):
        inbox.put(line)
    inbox.close()
    assert [inbox.take(1) for _ in range(4)] == [b"a", too_long, b"b", None]


def test_nothing_comes_in_time() -> None:
    with pytest.raises(TimeoutError):
        Inbox().take(0.01)


def test_who_puts_waits_while_too_much_is_there() -> None:
    inbox = Inbox(1000)
    inbox.put(b"x" * 2000)
    putting = threading.Thread(target=inbox.put, args=(b"y",))
    putting.start()
    putting.join(0.05)
    assert putting.is_alive()
    assert inbox.take(1) == b"x" * 2000
    assert inbox.take(10) == b"y"
    putting.join(10)


def test_small_lines_count_as_well() -> None:
    inbox = Inbox(1000)
    putting = threading.Thread(target=lambda: deque(map(inbox.put, [b""] * 100)))
    putting.start()
    putting.join(0.05)
    assert putting.is_alive()
    assert [inbox.take(10) for _ in range(100)] == [b""] * 100
    putting.join(10)
