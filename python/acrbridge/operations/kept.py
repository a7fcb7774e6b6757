"""What is made once and used again for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from acrbridge.http.deadlines import Clock

T = TypeVar("T")


class Kept:
    """Things by key. Threads may share it: those that need the same thing have it made once.

    Args:
        clock: measures their age.
        seconds: after which a thing is made anew: well below the three hours that ACR's refresh tokens live.
    """

    def __init__(self, clock: Clock, seconds: float = 3600.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._things: dict[Hashable, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing with a key, made where there is none that is young enough."""
        with self._lock:
            made, thing = self._things.get(key, (-self._seconds, None))
            if self._clock.now() - made >= self._seconds:
                made, thing = self._clock.now(), make()
                self._things[key] = (made, thing)
            found: T = thing
            return found
