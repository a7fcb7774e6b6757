"""One blob's way: there already, else mounted, else streamed, checked on the way and committed at the end.

Nothing is held: a buffer of one MiB goes from the source's socket through the hash to the target's. The last
piece leaves only when the whole has the right digest, so that a wrong blob is never committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, VerificationError
from acrbridge.http.retry import Retry
from acrbridge.registry.contents import Descriptor

_LASTING = frozenset({"PROXY_REFUSED", "THROTTLED", "TLS_UNTRUSTED"})
"""Faults that were tried again already, or are not mended by it."""
PIECE = 1 << 20
"""Bytes that are read, hashed and sent at a time."""


class Reader(Protocol):
    """An open blob."""

    def readinto(self, view: memoryview) -> int:
        """Fill a buffer; less than its length comes only at the end."""


Open = Callable[[int], AbstractContextManager[Reader]]
"""Opens the source's blob at an offset."""


class CheckedBody:
    """A blob on its way: what a target is given to send.

    A download that breaks off goes on where it broke, as often as it makes progress.

    Args:
        blob: names digest and size.
        source: opens it.
        progress: hears of each piece's bytes.
        sleep: waits between tries.
    """

    def __init__(
        self, blob: Descriptor, source: Open, progress: Callable[[int], None], sleep: Callable[[float], None]
    ) -> None:
        self._blob = blob
        self._source = source
        self._progress = progress
        self._sleep = sleep
        self.fault: AcrBridgeError | None = None
        """The source's part in why this could not be sent whole."""

    def __len__(self) -> int:
        return self._blob.size

    def __iter__(self) -> Iterator[memoryview]:
        try:
            yield from self._checked()
        except AcrBridgeError as fault:
            self.fault = fault
            raise

    def _checked(self) -> Iterator[memoryview]:
        hashed = hashlib.new(self._blob.digest.partition(":")[0])
        buffer = memoryview(bytearray(min(PIECE, max(self._blob.size, 1))))
        done = 0
        for piece in self._pieces(buffer):
            hashed.update(piece)
            done += len(piece)
            if done == self._blob.size:
                self._check(hashed.hexdigest())
            yield piece
            self._progress(len(piece))
        if self._blob.size == 0:
            self._check(hashed.hexdigest())

    def _pieces(self, buffer: memoryview) -> Iterator[memoryview]:
        retry, failures, done = Retry(), 0, 0
        while done < self._blob.size:
            began = done
            try:
                with self._source(done) as reader:
                    while done < self._blob.size:
                        got = reader.readinto(buffer[: self._blob.size - done])
                        if got == 0:
                            raise self._ended(done)
                        done += got
                        yield buffer[:got]
            except NotFoundError as error:  # not to be taken for an upload that the target lost
                raise AcrBridgeError("SOURCE_BLOB_MISSING", error.message) from error
            except NetworkError as error:
                failures = 1 if done > began else failures + 1
                if failures >= retry.tries or error.code in _LASTING:
                    raise
                self._sleep(retry.wait(failures))

    def _ended(self, done: int) -> NetworkError:
        return NetworkError(
            "UNREACHABLE", f"{self._blob.digest} ended after {done} of {self._blob.size} bytes."
        )

    def _check(self, found: str) -> None:
        wanted = self._blob.digest.partition(":")[2]
        if found != wanted:
            raise VerificationError(
                "DIGEST_MISMATCH", f"The source's blob {self._blob.digest} has bytes of digest {found}."
            )


class EarlyOpen:
    """Opens a blob at once, while its upload is being begun: one round trip less.

    Args:
        source: opens the blob at an offset.
        pool: where that is done.
    """

    def __init__(self, source: Open, pool: Executor) -> None:
        self._source = source
        self._early: Future[_Opened] | None = pool.submit(lambda: _Opened(source(0)))

    def open(self, offset: int) -> AbstractContextManager[Reader]:
        """The blob from an offset."""
        early, self._early = self._early, None
        return early.result() if early is not None and offset == 0 else self._source(offset)

    def __enter__(self) -> EarlyOpen:
        return self

    def __exit__(self, *error: object) -> None:
        early, self._early = self._early, None
        if early is not None and not early.cancel() and early.exception() is None:
            early.result().__exit__(None, None, None)


class _Opened:
    """A context that was entered by another thread than the one that leaves it."""

    def __init__(self, manager: AbstractContextManager[Reader]) -> None:
        self._manager = manager
        self._reader = manager.__enter__()

    def __enter__(self) -> Reader:
        return self._reader

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._manager.__exit__(kind, error, trace)
