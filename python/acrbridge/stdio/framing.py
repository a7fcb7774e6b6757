"""One JSON object a line: bytes to lines, lines to messages, messages to lines; no I/O.

Lines are UTF-8 and end with LF; a CR before it, and one byte order mark at the very beginning, are taken off:
.NET Framework sends the mark under some system locales.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from acrbridge.http import strict_json

MAX_LINE = 8 << 20
"""Bytes of one line, its end left out."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineTooLong:
    """Stands for a line of more than MAX_LINE bytes, which was not kept."""


class Lines:
    """Puts lines together out of pieces, however they are cut.

    Args:
        limit: bytes that a line may have.
    """

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._dropping = False
        self._began = False

    def feed(self, piece: bytes) -> Iterator[bytes | LineTooLong]:
        """The lines that end in a piece; empty ones are left out."""
        *ended, rest = piece.split(b"\n")
        for part in ended:
            yield from self._end(part)
        self._keep(rest)

    def _end(self, part: bytes) -> Iterator[bytes | LineTooLong]:
        self._keep(part)
        line, too_long = bytes(self._kept), self._dropping
        self._kept.clear()
        self._dropping = False
        if not self._began:
            self._began = True
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if too_long:
            yield LineTooLong()
        elif line := line.removesuffix(b"\r").strip(b" \t"):
            yield line

    def _keep(self, part: bytes) -> None:
        if self._dropping or len(self._kept) + len(part) > self._limit:
            self._dropping = True
            self._kept.clear()
        else:
            self._kept += part


def parse(line: bytes) -> Any:
    """Read a line.

    Raises:
        ValueError, RecursionError: it is no JSON in UTF-8, has a key twice, NaN, or is nested too deeply.
    """
    return strict_json.loads(line)


def line(message: dict[str, Any]) -> bytes:
    """A message as a line. `jsonrpc` comes last, so that one that was cut off cannot pass for a whole.

    Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark.

    Raises:
        TypeError, ValueError, RecursionError: it is no JSON.
    """
    text = json.dumps(
        {**message, "jsonrpc": "2.0"}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode("utf-8", "replace") + b"\n"
