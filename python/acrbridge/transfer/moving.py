"""Blobs on their way: each is asked for, mounted or sent once, however many images share it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

from acrbridge.errors import AcrBridgeError, NotFoundError
from acrbridge.http.deadlines import Clock
from acrbridge.http.retry import DEFAULT
from acrbridge.registry.contents import Descriptor
from acrbridge.transfer.bandwidth import Bandwidth
from acrbridge.transfer.blobs import CheckedBody, EarlyOpen, Reader
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.inventory import Inventory
from acrbridge.transfer.pool import Pool
from acrbridge.transfer.progress import Progress, Sending
from acrbridge.transfer.tally import Tally

_OF_SOURCE = frozenset({"RANGE_NOT_HONOURED"})
"""Faults of the source after which a blob is begun anew …"""
_OF_TARGET = {"UNREACHABLE": 3, "TIMED_OUT": 1, "UPLOAD_LOST": 1, "THROTTLED": 1, "SERVICE_ERROR": 1}
"""… and of the target, unless that many tries and more were in vain: a request with a body has only one. What refuses
connections is tried thrice, and may be restarting."""

_ARRIVED: Future[None] = Future()
"""In place of the future of each blob that is there: one has more than a KiB, and a copy can have many thousands."""
_ARRIVED.set_result(None)


Elsewhere = Callable[[Descriptor, int], AbstractContextManager[Reader]]
"""Opens a layer at an offset."""


class Moving:
    """Moves blobs.

    Args:
        source: where from.
        target: where to.
        inventory: of the target.
        pool: for requests.
        threads: downloads that are opened at once.
        clock: for waits.
        tally: counts.
        progress: of the copy.
        bandwidth: limits the rate of all blobs together.
        elsewhere: opens layers that registries do not hold, where the source does not hold them either.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        inventory: Inventory,
        pool: Pool,
        threads: int,
        clock: Clock,
        tally: Tally,
        progress: Progress,
        bandwidth: Bandwidth | None,
        elsewhere: Elsewhere | None,
    ) -> None:
        self._source = source
        self._target = target
        self._inventory = inventory
        self._pool = pool
        self._openers = ThreadPoolExecutor(threads, "acrbridge-open")
        self._clock = clock
        self._tally = tally
        self._progress = progress
        self._bandwidth = bandwidth
        self._elsewhere = elsewhere
        self._moves: dict[str, Future[None]] = {}
        self._claimed: set[str] = set()
        self._sent_anyway: set[str] = set()
        self._lock = threading.Lock()
        self._sending_anyway = threading.Lock()

    def move(self, blobs: Iterable[Descriptor]) -> list[Future[None]]:
        """Have blobs moved, the largest first."""
        distinct = {blob.digest: blob for blob in blobs}
        return [self._move(blob) for blob in sorted(distinct.values(), key=lambda b: b.size, reverse=True)]

    def send_anyway(self, blobs: Sequence[Descriptor]) -> bool:
        """Send those blobs that the target only claimed to have; whether there were any.

        One after the other, so that another image which needs them, too, waits until they are there.
        """
        with self._sending_anyway:
            for blob in blobs:
                if blob.digest in self._claimed:
                    self._progress.expect(blob.size)
                    self._send(blob)
                    self._claimed.remove(blob.digest)
                    self._sent_anyway.add(blob.digest)
            return any(blob.digest in self._sent_anyway for blob in blobs)

    def settle(self, grace: float) -> None:
        """Give what is under way so many seconds to end."""
        with self._lock:
            under_way = [future for future in self._moves.values() if not future.done()]
        wait(under_way, grace)

    def close(self) -> None:
        """Wait for the end of what is under way."""
        self._openers.shutdown()

    def _move(self, blob: Descriptor) -> Future[None]:
        with self._lock:
            if blob.digest not in self._moves:
                self._progress.expect(blob.size)
                self._moves[blob.digest] = self._pool.submit(self._move_now, blob)
            return self._moves[blob.digest]

    def _move_now(self, blob: Descriptor) -> None:
        if self._inventory.has_blob(blob.digest):
            self._claim(blob, "there")
        elif self._target.mount(blob.digest, self._source):
            self._claim(blob, "mounted")
        else:
            self._send(blob)
        self._inventory.add_blob(blob.digest)
        with self._lock:
            self._moves[blob.digest] = _ARRIVED

    def _claim(self, blob: Descriptor, outcome: str) -> None:
        self._claimed.add(blob.digest)
        self._tally.blob(blob, outcome)
        self._progress.spare(blob.size)

    def _send(self, blob: Descriptor) -> None:
        for failures in range(1, DEFAULT.tries + 1):
            early = EarlyOpen(partial(self._open, blob), self._openers)
            source = self._bandwidth.slowed(early.open) if self._bandwidth else early.open
            sending = Sending(blob)
            body = CheckedBody(blob, source, partial(self._sent, sending), self._clock.sleep)
            try:
                with early, self._progress.of(sending):
                    self._target.put_blob(blob, body)
            except AcrBridgeError as error:
                if failures == DEFAULT.tries or not _may_begin_anew(error, body):
                    raise error.after(failures) from error.__cause__
                self._clock.sleep(DEFAULT.wait(failures))
            else:
                self._tally.blob(blob, "sent")
                return

    @contextmanager
    def _open(self, blob: Descriptor, offset: int) -> Iterator[Reader]:
        """Open a blob at the source; a layer that registries need not hold else where its manifest says."""
        with ExitStack() as stack:
            try:
                reader = stack.enter_context(self._source.open_blob(blob.digest, offset))
            except NotFoundError:
                if not self._elsewhere or not blob.is_foreign:
                    raise
                reader = stack.enter_context(self._elsewhere(blob, offset))
            yield reader

    def _sent(self, sending: Sending, count: int) -> None:
        self._pool.raise_if_stopped()
        sending.add(count)


def _may_begin_anew(error: AcrBridgeError, body: CheckedBody) -> bool:
    if body.fault:
        return error.code in _OF_SOURCE
    return error.tries <= _OF_TARGET.get(error.code, -1)
