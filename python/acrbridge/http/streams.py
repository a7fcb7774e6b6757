"""Bodies too large to be held: read piece by piece into the caller's buffer, sent piece by piece from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from acrbridge.errors import NetworkError
from acrbridge.http import redact
from acrbridge.http.failures import our_errors
from acrbridge.http.punctual import renew

if TYPE_CHECKING:
    import urllib3

    from acrbridge.http.deadlines import Clock

SLOWEST = 1 << 10
"""Bytes a second below which a stream counts as stalled …"""
PATIENCE = 15.0
"""… when it stays there for that many seconds."""


_SHOWN = 8 << 10
REDIRECTS = (301, 302, 303, 307, 308)
"""Statuses whose Location is where the body is (RFC 9110 §15.4)."""


class Body(Protocol):
    """What can be sent: its pieces, and their length in all, which is promised before the first."""

    def __iter__(self) -> Iterator[memoryview]: ...

    def __len__(self) -> int: ...


class Stream:
    """An answer whose body is still to come.

    Args:
        answer: of urllib3, its body unread.
        url: of the request.
        clock: measures stalls.
        trouble: is called where the connection breaks off or stalls.
    """

    def __init__(
        self,
        answer: urllib3.BaseHTTPResponse,
        url: str,
        clock: Clock,
        trouble: Callable[[], None] = lambda: None,
    ) -> None:
        self._answer = answer
        self._beneath: Any = answer._fp  # type: ignore[attr-defined] # noqa: SLF001 - see _read_some
        self._clock = clock
        self._trouble = trouble
        self._waited = 0.0
        self._came = 0
        self._fault: NetworkError | None = None
        self.tries = 1
        """Requests of which this answers the last."""
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers
        self.url = url

    def readinto(self, view: memoryview) -> int:
        """Fill a buffer; less than its length comes at the body's end, and before a fault, which comes next.

        Raises:
            NetworkError: the connection broke off, or stalled.
        """
        if self._fault:
            raise self._fault
        filled = 0
        renew(self._beneath.fp, PATIENCE, each=True)  # how long they take together is watched here
        try:
            with our_errors(self.url):
                for got in self._pieces(view):
                    filled += got
        except NetworkError as fault:
            self._trouble()
            if not filled:
                raise
            self._fault = fault
        return filled

    def head(self) -> bytes:
        """The beginning of the body, to show: what a refusal says."""
        with our_errors(self.url):
            return bytes(self._answer.read1(_SHOWN, decode_content=False))

    def close(self) -> None:
        """Leave the connection to the next request, or close it where too much of the body is left.

        The little that comes with a redirect is read: else each blob that lies in storage would cost a connection.
        """
        with suppress(NetworkError):
            left = self._answer.length_remaining
            while left is not None and left <= _SHOWN and not self._fault and self.head():
                pass
        self._answer.close()

    def _pieces(self, view: memoryview) -> Iterator[int]:
        """Fill a buffer, and tell how much each read of the socket gave; only time spent here is spent waiting."""
        began = self._clock.now() - self._waited
        while view and (got := self._read_some(view)):
            yield got
            view = view[got:]
            self._came += got
            self._waited = self._clock.now() - began
            if self._waited >= PATIENCE:
                began += self._waited
                self._judge()

    def _read_some(self, view: memoryview) -> int:
        """What one read of the socket gives, without a copy where the answer's length is known.

        urllib3 copies each byte twice on its way, which costs as much as TLS itself: what lies beneath it is
        read instead, and told of the bytes that are gone, so that the connection can be used again.
        """
        beneath = self._beneath
        if beneath.chunked or not beneath.length:
            renew(beneath.fp, PATIENCE)
            piece = self._answer.read1(len(view), decode_content=False)
            view[: len(piece)] = piece
            return len(piece)
        got: int = beneath.fp.readinto1(view[: beneath.length])
        if got == 0:
            raise NetworkError(
                "UNREACHABLE", f"{redact.url(self.url)} broke off with {beneath.length} bytes to come."
            )
        beneath.length -= got
        self._answer.length_remaining = beneath.length
        if beneath.length == 0:
            self._answer.read1(
                1, decode_content=False
            )  # there is nothing: by that it gives its connection back
        return got

    def _judge(self) -> None:
        """Tell a stall from what is merely slow."""
        if self._came < SLOWEST * self._waited:
            raise NetworkError(
                "TIMED_OUT",
                f"{redact.url(self.url)}: only {self._came} bytes came in {self._waited:.0f} s.",
            )
        self._waited, self._came = 0.0, 0


def begins_at(answer: Stream, offset: int) -> bool:
    """Whether an answer's body is the whole, or the part that was asked for (RFC 9110 §14.4)."""
    if answer.status == 206:
        return bool(offset) and answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
    return answer.status == 200 and not offset
