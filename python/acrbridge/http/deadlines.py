"""Time: a clock that can be cancelled, and deadlines measured on it."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Cancelled(Exception):  # noqa: N818 - it is no error: somebody asked for it
    """Somebody asked the work to stop."""


class Clock(Protocol):
    """What the engine knows of time; tests hand in one that does not wait."""

    def now(self) -> float:
        """Seconds on a monotonic scale."""

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Cancelled as soon as the work is to stop."""

    def cancel(self) -> None:
        """Have every sleep end with Cancelled, now and later."""


class SystemClock:
    """The computer's clock.

    Args:
        cancel: set it to make every sleep end with Cancelled.
    """

    def __init__(self, cancel: threading.Event | None = None) -> None:
        self._cancel = cancel or threading.Event()

    def now(self) -> float:
        """Seconds on a monotonic scale."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Cancelled as soon as the work is to stop."""
        if self._cancel.wait(max(0.0, seconds)):
            raise Cancelled

    def cancel(self) -> None:
        """Have every sleep end with Cancelled, now and later."""
        self._cancel.set()


class Deadline:
    """A moment by which something must have ended.

    Args:
        seconds: from now.
        clock: the clock that measures it.
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.clock = clock
        self._end = clock.now() + seconds

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - self.clock.now())

    def passed(self) -> bool:
        """Whether it is over."""
        return self.remaining() <= 0.0

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        self.clock.sleep(min(seconds, self.remaining()))
