"""What a client hears of a request at work: progress, warnings, and the log where it asked for that."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from acrbridge.http import redact
from acrbridge.jobs import Copying, Event, Notice, Waiting
from acrbridge.stdio.answers import Log, Progress, Warned

Send = Callable[[dict[str, Any]], None]

THREAD = "acrbridge request "
"""How the names of the threads of requests begin."""
_BETWEEN = 0.2
"""Seconds between two `progress` notifications of a request."""
_LINE = 2000
"""Characters of a message at the most."""


class Teller:
    """Tells of one request.

    Args:
        request: its id.
        activity: what it does.
        send: sends a message to the client.
    """

    def __init__(self, request: int | str, activity: str, send: Send) -> None:
        self._request = request
        self._activity = redact.foreign(activity)
        self._send = send
        self._kept: Waiting | Copying | None = None
        self._told = -_BETWEEN
        """When progress was last told of, on time.monotonic's scale."""

    def hear(self, event: Event) -> None:
        """Tell of an event; progress that comes too soon after the last is kept."""
        match event:
            case Notice(message):
                said = Warned(id=self._request, message=redact.foreign(message, _LINE))
                self._notify("warning", said)
            case Waiting() | Copying():
                self._kept = event
                if time.monotonic() - self._told >= _BETWEEN:
                    self.tell_kept()

    def tell_kept(self) -> None:
        """Tell of the progress that is kept, if there is any."""
        event, self._kept = self._kept, None
        if event:
            self._told = time.monotonic()
            self._notify("progress", _progress(self._request, self._activity, event))

    @contextmanager
    def logging(self, *, wanted: bool) -> Iterator[None]:
        """Within this, tell what is logged, where that is wanted."""
        if not wanted:
            yield
            return
        logger = logging.getLogger("acrbridge")
        handler = _Handler(self._log)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)  # and so it stays: where nobody listens, that costs nothing
        try:
            yield
        finally:
            logger.removeHandler(handler)

    def _log(self, level: int, text: str) -> None:
        message = redact.foreign(text, _LINE)
        is_detail = level <= logging.DEBUG
        said = Log(id=self._request, level="debug" if is_detail else "verbose", message=message)
        self._notify("log", said)

    def _notify(self, method: str, params: Progress | Warned | Log) -> None:
        self._send({"method": method, "params": params.as_json()})


class _Handler(logging.Handler):
    """Hands on what is logged by the thread that made it, and by threads that no other request is known to own."""

    def __init__(self, hear: Callable[[int, str], None]) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        self._hear = hear
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread or not str(record.threadName).startswith(THREAD):
            self._hear(record.levelno, self.format(record))


def _progress(request: int | str, activity: str, event: Waiting | Copying) -> Progress:
    if isinstance(event, Waiting):
        return Progress(
            id=request,
            activity=activity,
            status=redact.foreign(event.status, 200),
            percent=None,
            sent=None,
            total=None,
            elapsed=round(event.elapsed, 1),
            remaining=None,
        )
    return Progress(
        id=request,
        activity=activity,
        status="Copying",
        percent=min(100, 100 * event.sent // event.total) if event.total > 0 else None,
        sent=event.sent,
        total=event.total,
        elapsed=round(event.elapsed, 1),
        remaining=None if event.remaining is None else round(event.remaining, 1),
    )
