"""When to ask again, and after how long. Pure: no clock, no network.

Transient are the statuses that RFC 9110 (408, 500, 502, 503, 504) and RFC 6585 (429) call so.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
LONGEST_WAIT = 120.0
"""Seconds. A server that asks for more (Retry-After: 10^9) is asked again after this."""

_USED_UP = re.compile(r"\s*0\s*;\s*w=([0-9]{1,12})\s*", re.ASCII)


@dataclass(frozen=True)
class Retry:
    """How often, and how far apart.

    Args:
        tries: requests in all, the first one included.
        base: seconds of the first wait; it doubles with each try.
    """

    tries: int = 6
    base: float = 0.5

    def wait(self, failures: int, retry_after: float | None = None, spread: float | None = None) -> float:
        """Seconds to wait after that many failures.

        Args:
            failures: at least 1.
            retry_after: what the server asked for, in seconds; it is obeyed up to LONGEST_WAIT.
            spread: a number from 0 to 1 that spreads clients apart (full jitter); random by default.
        """
        spread = random.random() if spread is None else spread  # noqa: S311 - no secret depends on it
        backoff = min(self.base * 2.0 ** (failures - 1), LONGEST_WAIT / 2)
        return min(max(retry_after or 0.0, backoff * (0.5 + spread / 2)), LONGEST_WAIT)


DEFAULT = Retry()
NEVER = Retry(tries=1)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks its client to wait; None where it asks nothing that makes sense.

    Reads `Retry-After` as seconds or as a date (RFC 9110 §10.2.3), a date relative to the answer's own `Date`,
    so that a wrong clock here does no harm; and Azure's `x-ms-retry-after-ms`, `retry-after-ms`.
    """
    for name in ("x-ms-retry-after-ms", "retry-after-ms"):
        if (milliseconds := _number(headers.get(name))) is not None:
            return milliseconds / 1000
    value = headers.get("Retry-After")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        asked = parsedate_to_datetime(value or "")
        now = parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (asked - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def is_used_up(headers: Mapping[str, str]) -> bool:
    """Whether a limit is reached, for longer than anybody waits here, as Docker Hub says it of pulls.

    `ratelimit-remaining: 0;w=21600`: none is left in a window of so many seconds.
    """
    used_up = _USED_UP.fullmatch(headers.get("ratelimit-remaining", ""))
    return used_up is not None and float(used_up[1]) > LONGEST_WAIT


def _number(text: str | None) -> float | None:
    """A plain non-negative decimal number, or None."""
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
