"""How many requests are on their way at once: as many as allowed, fewer where a registry has trouble with them.

It begins at the most: over a link of 40 ms anything less costs time (60 layers of 64 KiB: 1.38 s with 8 at once, 1.10
with 16, 1.05 with 32), and nothing is learned from a registry that takes them all. From trouble on it is TCP's rule
(RFC 5681 §3.1): down to the half at once, up by one for each round without trouble; and slowly near where the trouble
was (RFC 9438 §1).
"""

from __future__ import annotations

import math

from acrbridge.http.deadlines import Clock

_WINDOW = 1.0
"""Seconds in which all trouble counts once: what was under way when it began has it, too."""
_SLOWLY = 8
"""Rounds for one more at once, where that many brought trouble before."""


class Pace:
    """How many tasks run at once.

    Args:
        most: where it begins, and beyond which it never goes.
        clock: measures windows.
    """

    def __init__(self, most: int, clock: Clock) -> None:
        self.limit = most
        """Tasks at once, from 1."""
        self._most = most
        self._clock = clock
        self._ended = 0
        self._known = most
        """Where there was trouble."""
        self._halved = -math.inf

    def trouble(self) -> None:
        """A request was throttled, failed at the server, or lost its connection."""
        now = self._clock.now()
        if now - self._halved >= _WINDOW:
            self._known, self.limit = self.limit, max(1, self.limit // 2)
            self._ended, self._halved = 0, now

    def ended(self) -> None:
        """A task came to its end."""
        self._ended += 1
        if self._ended >= self.limit * (1 if self.limit + 1 < self._known else _SLOWLY):
            self.limit = min(self._most, self.limit + 1)
            self._ended = 0
