"""How far a copy is: counted by the threads that send blobs, told by a thread of its own.

A thread that sends counts in a number which nobody else writes, so that 32 of them never wait for each other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from acrbridge.http.deadlines import Clock
from acrbridge.jobs import BlobAtWork, Copying, Listener
from acrbridge.registry.contents import Descriptor

_EVERY = 0.25
"""Seconds between events."""
_OF_LATE = 10.0
"""Seconds over which the rate is taken."""


class Sending:
    """A blob on its way; written by the thread that sends it."""

    __slots__ = ("blob", "sent")

    def __init__(self, blob: Descriptor) -> None:
        self.blob = blob
        self.sent = 0

    def add(self, count: int) -> None:
        """So many bytes more were sent; what a target wants again does not count again."""
        self.sent = min(self.sent + count, self.blob.size)


class Progress:
    """What a copy has to send, and has sent. For any number of threads.

    Args:
        clock: measures it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now()
        self._lock = threading.Lock()
        self._total = 0
        self._arrived = 0
        self._sending: dict[Sending, None] = {}
        self._past = deque([(self._began, 0)])

    def expect(self, size: int) -> None:
        """A blob of so many bytes is to be sent, unless it turns out to be there."""
        with self._lock:
            self._total += size

    def spare(self, size: int) -> None:
        """An expected blob need not be sent."""
        with self._lock:
            self._total -= size

    @contextmanager
    def of(self, sending: Sending) -> Iterator[None]:
        """A blob is being sent, and has arrived when this ends without an error."""
        with self._lock:
            self._sending[sending] = None
        arrived = 0
        try:
            yield
            arrived = sending.blob.size
        finally:
            with self._lock:
                del self._sending[sending]
                self._arrived += arrived

    @property
    def left(self) -> int:
        """Bytes of the blobs that have not arrived."""
        with self._lock:
            return self._total - self._arrived

    def now(self) -> Copying:
        """How things stand; for one thread."""
        moment = self._clock.now()
        with self._lock:
            blobs = tuple(BlobAtWork(m.blob.digest, m.blob.size, m.sent) for m in self._sending)
            sent = self._arrived + sum(blob.sent for blob in blobs)
            total = self._total
        return Copying(sent, total, self._rate(moment, sent), moment - self._began, blobs)

    def _rate(self, moment: float, sent: int) -> float:
        """Bytes a second of late; what a blob that is begun anew takes back does not make it negative."""
        self._past.append((moment, sent))
        while len(self._past) > 2 and moment - self._past[1][0] >= _OF_LATE:
            self._past.popleft()
        then, before = self._past[0]
        return max(0.0, (sent - before) / (moment - then)) if moment > then else 0.0


@contextmanager
def told(progress: Progress, listener: Listener, every: float = _EVERY) -> Iterator[None]:
    """Tell of progress a few times a second, from a thread of its own, and of the end when it is reached.

    Nothing is told after this has ended.
    """
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(every):
            listener(progress.now())

    teller = threading.Thread(target=tell, name="acrbridge-progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
    listener(progress.now())
