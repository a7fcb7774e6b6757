"""The threads of a copy, which can be told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar

from acrbridge.http.deadlines import Cancelled

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """Threads that do what a copy asks for; no task may wait for another that can still be in the queue.

    Args:
        threads: requests at once.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "acrbridge-copy")
        self._stopped = threading.Event()

    def submit(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a call made; after a stop it raises Cancelled instead."""

        def unless_stopped() -> T:
            self.raise_if_stopped()
            return call(*args, **kwargs)

        return self._pool.submit(unless_stopped)

    def raise_if_stopped(self) -> None:
        """End what is under way, when that was asked for.

        Raises:
            Cancelled: it was.
        """
        if self._stopped.is_set():
            raise Cancelled

    def stop(self) -> None:
        """What has not begun never does, and what is under way ends at its next piece."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and wait for the end of what is under way."""
        self.stop()
        self._pool.shutdown()


def finish(futures: Iterable[Future[Any]]) -> None:
    """Wait until all is done, or raise the first error at once."""
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()
