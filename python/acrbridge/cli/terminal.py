"""What a person is told on standard error: notices, progress, errors."""

from __future__ import annotations

import errno
import logging
import sys
import threading
import traceback

from acrbridge.cli import progress
from acrbridge.cli.screen import Screen
from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact
from acrbridge.jobs import Copying, Event, Notice, Waiting

_HEARTBEAT = 10.0
"""Seconds between lines about something that takes long, where there is no terminal to keep one line on."""


_LINE = 2000
"""Characters of a line at the most; what is foreign in it has been shortened before."""


class Terminal:
    """Standard error of one command.

    Args:
        quiet: --only-show-errors.
        debug: --debug.
    """

    def __init__(self, *, quiet: bool = False, debug: bool = False) -> None:
        self._quiet = quiet
        self._debug = debug
        self._screen = Screen()
        self._next_heartbeat = _HEARTBEAT
        self._lock = threading.RLock()
        if debug:
            _log_to_stderr()

    def hear(self, event: Event) -> None:
        """Tell of an event. Any thread may."""
        if not self._quiet:
            with self._lock:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        match event:
            case Notice(message):
                self._print(f"WARNING: {redact.foreign(message, _LINE)}")
            case Waiting() | Copying():
                self._show(event)

    def fail(self, error: AcrBridgeError) -> None:
        """Tell of an error: what, why and what to do in one line, Azure's id, and the code on the last line.

        The remedy stands as it is: a command at its end is to be copied.
        """
        message = error.message if error.message.endswith((".", "!", "?")) else f"{error.message}."
        self._print(f"ERROR: {redact.foreign(f'{message} {error.remedy}', _LINE)}")
        if error.correlation_id:
            self._print(f"Correlation ID: {redact.foreign(error.correlation_id, 80)}")
        self._print(f"Code: {error.code}")

    def crash(self, error: Exception) -> None:
        """Tell of a defect of ours; its traceback only with --debug, redacted."""
        if self._debug:
            for line in "".join(traceback.format_exception(error)).splitlines():
                self._print(redact.foreign(line, 2000))
        kind = type(error).__name__
        self.fail(AcrBridgeError("INTERNAL", f"{kind}: {redact.foreign(str(error), 200)}."))

    def close(self) -> None:
        """Take away what progress shows."""
        with self._lock:
            self._screen.clear()

    def _show(self, event: Copying | Waiting) -> None:
        """Draw it on a terminal, where no log comes between; elsewhere say it now and then."""
        if sys.stderr.isatty() and not self._debug:
            self._screen.draw(progress.lines(event, self._screen.room()))
        elif event.elapsed >= self._next_heartbeat:
            self._next_heartbeat = event.elapsed + _HEARTBEAT
            self._print(progress.line(event))

    def _print(self, text: str) -> None:
        self.close()
        encoding = sys.stderr.encoding or "ascii"
        sys.stderr.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stderr.flush()


def is_closed_pipe(error: OSError) -> bool:
    """Whether nobody reads what was written: Windows calls that an invalid argument."""
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact.foreign(super().format(record), 2000)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacting("DEBUG: %(name)s: %(message)s"))
    logger = logging.getLogger("acrbridge")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
