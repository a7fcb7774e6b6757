"""One blob's way: there already, else mounted, else streamed, checked on the way and committed at the end.

Nothing is held: a buffer of one MiB goes from the source's socket through the hash to the target's. The last
piece leaves only when the whole has the right digest, so that a wrong blob is never committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, VerificationError
from acrbridge.http.retry import Retry
from acrbridge.registry.contents import Descriptor

_LASTING = frozenset({"PROXY_REFUSED", "THROTTLED", "TLS_UNTRUSTED"})
"""Faults that were tried again already, or are not mended by it."""
PIECE = 1 << 20
"""Bytes that are read, hashed and sent at a time."""
_PROGRESS = 64 << 10
"""Bytes that a connection has to bring for the next one not to count as another try in vain."""


class Reader(Protocol):
    """An open blob."""

    def readinto(self, view: memoryview) -> int:
        """Fill a buffer; less than its length comes only at the end."""


Open = Callable[[int], AbstractContextManager[Reader]]
"""Opens the source's blob at an offset."""


@dataclass
class _Hashed:
    """How far a blob was read, and the hash of all up to there."""

    hash: hashlib._Hash
    count: int = 0

    @classmethod
    def nothing(cls, blob: Descriptor) -> _Hashed:
        return cls(hashlib.new(blob.digest.partition(":")[0]))

    def update(self, piece: memoryview) -> None:
        self.hash.update(piece)
        self.count += len(piece)

    def copy(self) -> _Hashed:
        return _Hashed(self.hash.copy(), self.count)

    @property
    def digest(self) -> str:
        return f"{self.hash.name}:{self.hash.hexdigest()}"


class CheckedBody:
    """A blob on its way: what a target is given to send, whole or part by part.

    A download that breaks off goes on where it broke, as often as it makes progress. A part that the target lost is
    read again, from where it began.

    Args:
        blob: names digest and size.
        source: opens it, in place of where it was open before.
        progress: hears of each piece's bytes.
        sleep: waits between tries.
    """

    def __init__(
        self,
        blob: Descriptor,
        source: Callable[[int], Reader],
        progress: Callable[[int], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._blob = blob
        self._source = source
        self._progress = progress
        self._sleep = sleep
        self._buffer = memoryview(bytearray(min(PIECE, max(blob.size, 1))))
        self._reader: Reader | None = None
        self._state = self._began = _Hashed.nothing(blob)
        """Up to where it was read, and up to where when the part at hand began."""
        self._failures = self._failed_at = 0
        """How often it broke off, and where it did last."""
        self.fault: AcrBridgeError | None = None
        """The source's part in why this could not be sent whole."""

    def __len__(self) -> int:
        return self._blob.size

    def __iter__(self) -> Iterator[memoryview]:
        return iter(self.part(0, self._blob.size))

    def part(self, begin: int, end: int) -> Part:
        """The bytes between two offsets; the last piece of all comes only if the whole has the right digest."""
        return Part(self, begin, end)

    def pieces(self, begin: int, end: int) -> Iterator[memoryview]:
        """Read, hash and give the bytes between two offsets, in a buffer that is used again."""
        try:
            self._go_to(begin)
            self._began = self._state.copy()
            for piece in self._read_to(end):
                yield piece
                self._progress(len(piece))
            if self._blob.size == 0:
                self._check()
        except AcrBridgeError as fault:
            self.fault = fault
            raise

    def _go_to(self, begin: int) -> None:
        if begin == self._state.count:
            return
        self._state = self._began.copy() if begin >= self._began.count else _Hashed.nothing(self._blob)
        self._reader = None
        for _ in self._read_to(begin):
            pass

    def _read_to(self, end: int) -> Iterator[memoryview]:
        while self._state.count < end:
            piece = self._buffer[: min(PIECE, end - self._state.count)]
            piece = piece[: self._fill(piece)]
            self._state.update(piece)
            if self._state.count == self._blob.size:
                self._check()
            yield piece

    def _fill(self, view: memoryview) -> int:
        """Fill a buffer from the source, which is opened where it is not, or no longer."""
        retry = Retry()
        while True:
            try:
                self._reader = self._reader or self._source(self._state.count)
                if got := self._reader.readinto(view):
                    return got
                raise self._ended()
            except NotFoundError as error:
                raise AcrBridgeError("SOURCE_BLOB_MISSING", error.message) from error
            except NetworkError as error:
                self._reader = None
                failures = self._failed_again()
                if failures >= retry.tries or error.code in _LASTING:
                    raise error.at("source").after(failures) from error.__cause__
                self._sleep(retry.wait(failures))

    def _failed_again(self) -> int:
        """Count a failure; gives how many there were since the source last brought something worth the while."""
        self._failures = 1 if self._state.count - self._failed_at >= _PROGRESS else self._failures + 1
        self._failed_at = self._state.count
        return self._failures

    def _ended(self) -> NetworkError:
        return NetworkError(
            "UNREACHABLE",
            f"{self._blob.digest} ended after {self._state.count} of {self._blob.size} bytes.",
        )

    def _check(self) -> None:
        if self._state.digest != self._blob.digest:
            raise VerificationError(
                "DIGEST_MISMATCH",
                f"The source's blob {self._blob.digest} has bytes of digest {self._state.digest}.",
            )


@dataclass(frozen=True)
class Part:
    """What one request sends of a blob; to go through it again reads it again."""

    body: CheckedBody
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def __iter__(self) -> Iterator[memoryview]:
        return self.body.pieces(self.begin, self.end)


class EarlyOpen:
    """Opens a blob at once, while its upload is being begun: one round trip less.

    Args:
        source: opens the blob at an offset.
        pool: where that is done.
    """

    def __init__(self, source: Open, pool: Executor) -> None:
        self._source = source
        self._early: Future[tuple[Reader, ExitStack]] | None = pool.submit(self._opened, 0)
        self._now = ExitStack()

    def open(self, offset: int) -> Reader:
        """The blob from an offset, in place of where it was open before."""
        self._now.close()
        early, self._early = self._early, None
        reader, self._now = early.result() if early and offset == 0 else self._opened(offset)
        return reader

    def _opened(self, offset: int) -> tuple[Reader, ExitStack]:
        with ExitStack() as stack:
            return stack.enter_context(self._source(offset)), stack.pop_all()
        raise AssertionError("no source suppresses errors")

    def __enter__(self) -> EarlyOpen:
        return self

    def __exit__(self, *error: object) -> None:
        self._now.close()
        early, self._early = self._early, None
        if early is not None and not early.cancel() and early.exception() is None:
            early.result()[1].close()
