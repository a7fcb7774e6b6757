"""A limit on the bytes that a copy moves in a second, all its blobs together."""

from __future__ import annotations

import threading
from collections.abc import Callable

from acrbridge.http.deadlines import Clock
from acrbridge.transfer.blobs import PIECE, Reader

_CATCH_UP = 0.1
"""Seconds of rate that may be made up for after a pause."""
_SMALLEST = 4 << 10
_PIECES = 128
"""In a second: so many that each of 32 blobs gets on several times in it, and no registry thinks it stalled."""
_OF_EACH = 16 << 10
"""Bytes a second below which a blob gets on too slowly: some servers give up a connection whose window stays shut."""


class Bandwidth:
    """Shares a rate among the blobs of a copy.

    Args:
        rate: bytes a second.
        clock: to wait on.
    """

    def __init__(self, rate: int, clock: Clock) -> None:
        self.blobs = max(1, rate // _OF_EACH)
        """How many should be under way at once."""
        self._rate = rate
        self._clock = clock
        self._piece = min(PIECE, max(_SMALLEST, rate // _PIECES))
        self._paid = clock.now()
        """Up to when the rate is used up."""
        self._lock = threading.Lock()

    def slowed(self, source: Callable[[int], Reader]) -> Callable[[int], Reader]:
        """The same blob, read no faster than the rate."""
        return lambda offset: _Slowed(source(offset), self)

    def take(self, wanted: int) -> int:
        """Wait until some bytes may pass; gives how many, at most those wanted."""
        count = min(wanted, self._piece)
        with self._lock:
            now = self._clock.now()
            self._paid = max(self._paid, now - _CATCH_UP) + count / self._rate
            wait = self._paid - now
        if wait > 0:
            self._clock.sleep(wait)
        return count


class _Slowed:
    def __init__(self, reader: Reader, bandwidth: Bandwidth) -> None:
        self._reader = reader
        self._bandwidth = bandwidth

    def readinto(self, view: memoryview) -> int:
        return self._reader.readinto(view[: self._bandwidth.take(len(view))])
