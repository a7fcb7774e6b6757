"""Lines at the foot of a terminal that are drawn over again, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

_ENABLE_VIRTUAL_TERMINAL_PROCESSING = 4
_STANDARD_ERROR = -12


class Screen:
    """Standard error, where that is a terminal.

    Its own few lines, not rich's: those take 30 ms to load and a thread more, and colours are not wanted.
    """

    def __init__(self) -> None:
        self._moves: bool | None = None
        self._drawn: list[int] = []  # the width of each line that is open

    def room(self) -> int:
        """Lines that fit: one where the cursor cannot be moved."""
        return max(1, _size().lines - 1) if self._can_move() else 1

    def draw(self, lines: Sequence[str]) -> None:
        """Show lines in place of those shown before, as many as fit, each cut to the terminal's width."""
        columns = _size().columns
        fitting = [line[: columns - 1] for line in lines[: self.room()]]
        if self._can_move():
            text = self._back(columns) + "\n".join(f"{line}\x1b[K" for line in fitting) + "\x1b[J"
        else:
            text = f"\r{fitting[0]:<{sum(self._drawn)}}"
        self._drawn = [len(line) for line in fitting]
        _write(text)

    def clear(self) -> None:
        """Take away what is shown."""
        if self._drawn:
            spaces = f"\r{' ' * self._drawn[0]}\r"
            _write(f"{self._back(_size().columns)}\x1b[J" if self._can_move() else spaces)
        self._drawn = []

    def _back(self, columns: int) -> str:
        """Moves the cursor to the first line's begin; a terminal that became narrower has broken lines in two."""
        rows = sum(max(1, -(-width // columns)) for width in self._drawn)
        return f"\r\x1b[{rows - 1}A" if rows > 1 else "\r"

    def _can_move(self) -> bool:
        if self._moves is None:
            self._moves = _obeys_escapes()
        return self._moves


def _write(text: str) -> None:
    encoding = sys.stderr.encoding or "ascii"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
    sys.stderr.flush()


def _size() -> os.terminal_size:
    """The terminal's size now: of standard error, since standard output may go elsewhere."""
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        size = shutil.get_terminal_size()
    return size if size.columns and size.lines else os.terminal_size((80, 24))


def _obeys_escapes() -> bool:
    """Whether the terminal knows the escapes that move its cursor; consoles of Windows have to be asked to."""
    if sys.platform == "win32":
        from ctypes import byref, windll, wintypes

        console, mode = windll.kernel32.GetStdHandle(_STANDARD_ERROR), wintypes.DWORD()
        return bool(
            windll.kernel32.GetConsoleMode(console, byref(mode))
            and windll.kernel32.SetConsoleMode(console, mode.value | _ENABLE_VIRTUAL_TERMINAL_PROCESSING)
        )
    return os.environ.get("TERM", "dumb") != "dumb"
