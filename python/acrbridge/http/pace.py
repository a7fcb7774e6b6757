"""When the next request may go to a host: evenly spread, and not while the host asked to be left alone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from acrbridge.errors import NetworkError

if TYPE_CHECKING:
    from acrbridge.http.deadlines import Clock, Deadline

_APART = 0.03
"""Seconds between the requests that waited for the end of a pause: all at once would bring on the next."""


class Pace:
    """The turns of the requests to each host. Threads may share it.

    Args:
        clock: for waits.
        requests_per_second: that a host gets at most; None: any number.
    """

    def __init__(self, clock: Clock, requests_per_second: float | None = None) -> None:
        self.requests_per_second = requests_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._paused: dict[str, float] = {}

    def pause(self, host: str, seconds: float) -> None:
        """Let no request go to a host for that long, nor one that waits for its turn already."""
        end = self._clock.now() + seconds
        with self._lock:
            self._paused[host] = max(end, self._paused.get(host, end))

    def wait(self, host: str, deadline: Deadline | None = None) -> None:
        """Wait for the turn of one request.

        Raises:
            NetworkError: THROTTLED, the deadline comes before the turn.
        """
        while True:
            now, turn = self._reserve(host)
            if turn > now:
                if deadline and turn - now >= deadline.remaining():
                    raise NetworkError(
                        "THROTTLED",
                        f"{host} is to be left alone for {turn - now:.0f} s, longer than there is time.",
                    )
                self._clock.sleep(turn - now)
            if self._paused.get(host, turn) <= turn:
                return

    def _reserve(self, host: str) -> tuple[float, float]:
        """Now, and the moment of the next turn, which is then taken."""
        now = self._clock.now()
        with self._lock:
            paused = self._paused.get(host, now)
            turn = max(now, paused, self._next.get(host, now))
            if self.requests_per_second:
                self._next[host] = turn + 1 / self.requests_per_second
            elif paused > now:
                self._next[host] = turn + _APART
        return now, turn
