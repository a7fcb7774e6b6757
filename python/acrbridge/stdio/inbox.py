"""Lines that wait to be taken: so many that the end of a client is seen behind them, so few that memory is spared."""

from __future__ import annotations

import threading
from collections import deque

from acrbridge.stdio.framing import MAX_LINE, LineTooLong

Line = bytes | LineTooLong


class Inbox:
    """What one thread puts in and another takes out.

    Args:
        most: bytes that may wait; a line that makes them more is the last to go in for now.
    """

    def __init__(self, most: int = MAX_LINE) -> None:
        self._most = most
        self._lines: deque[Line] = deque()
        self._size = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, line: Line) -> None:
        """Add a line; wait where too much waits already."""
        with self._changed:
            self._changed.wait_for(lambda: self._size < self._most)
            self._lines.append(line)
            self._size += _size(line)
            self._changed.notify_all()

    def close(self) -> None:
        """No more will come."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def take(self, seconds: float) -> Line | None:
        """The next line; None when no more will come.

        Raises:
            TimeoutError: none came in so many seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._lines or self._is_closed, seconds):
                raise TimeoutError
            if not self._lines:
                return None
            line = self._lines.popleft()
            self._size -= _size(line)
            self._changed.notify_all()
            return line


def _size(line: Line) -> int:
    """Bytes that a line takes; what Python itself needs for one counts, too."""
    return 100 + (len(line) if isinstance(line, bytes) else 0)
