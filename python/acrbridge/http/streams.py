"""Bodies too large to be held: read piece by piece into the caller's buffer, sent piece by piece from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from acrbridge.errors import NetworkError
from acrbridge.http.failures import our_errors

if TYPE_CHECKING:
    import requests

    from acrbridge.http.deadlines import Clock

SLOWEST = 1 << 10
"""Bytes a second below which a stream counts as stalled …"""
PATIENCE = 15.0
"""… when it stays there for that many seconds."""


_SHOWN = 8 << 10


class Body(Protocol):
    """What can be sent: its pieces, and their length in all, which is promised before the first."""

    def __iter__(self) -> Iterator[memoryview]: ...

    def __len__(self) -> int: ...


class Stream:
    """An answer whose body is still to come.

    Args:
        answer: of requests, opened with stream=True.
        clock: measures stalls.
    """

    def __init__(self, answer: requests.Response, clock: Clock) -> None:
        self._answer = answer
        self._clock = clock
        self._window = clock.now()
        self._window_bytes = 0
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers
        self.url = answer.url

    def readinto(self, view: memoryview) -> int:
        """Fill a buffer; less than its length comes only at the body's end.

        Raises:
            NetworkError: the connection broke off, or stalled.
        """
        filled = 0
        with our_errors(self.url):
            while filled < len(view):
                got = self._read_some(view[filled:])
                if got == 0:
                    break
                filled += got
                self._watch(got)
        return filled

    def head(self) -> bytes:
        """The beginning of the body, to show: what a refusal says."""
        with our_errors(self.url):
            return bytes(self._answer.raw.read1(_SHOWN, decode_content=False))

    def _read_some(self, view: memoryview) -> int:
        """What one read of the socket gives, without a copy where the answer's length is known.

        urllib3 copies each byte twice on its way, which costs as much as TLS itself: what lies beneath it is
        read instead, and told of the bytes that are gone, so that the connection can be used again.
        """
        beneath: Any = self._answer.raw._fp  # noqa: SLF001 - see above
        if beneath.chunked or beneath.length is None or len(view) >= beneath.length:
            piece = self._answer.raw.read1(len(view), decode_content=False)
            view[: len(piece)] = piece
            return len(piece)
        got: int = beneath.fp.readinto1(view)
        if got == 0:
            raise NetworkError("UNREACHABLE", f"{self.url} broke off with {beneath.length} bytes to come.")
        beneath.length -= got
        self._answer.raw.length_remaining = beneath.length
        return got

    def _watch(self, got: int) -> None:
        self._window_bytes += got
        elapsed = self._clock.now() - self._window
        if elapsed < PATIENCE:
            return
        if self._window_bytes < SLOWEST * elapsed:
            raise NetworkError(
                "TIMED_OUT", f"{self.url}: only {self._window_bytes} bytes came in {elapsed:.0f} s."
            )
        self._window, self._window_bytes = self._clock.now(), 0
