"""Progress in words: a line, or as many as a terminal has room for. Without colours."""

from __future__ import annotations

from acrbridge.http import redact
from acrbridge.jobs import BlobAtWork, Copying, Waiting

_NAMED = 4
"""Blobs at work that one line names."""
_SHORT = 12
"""Characters of a digest that tell it from others."""


def lines(event: Copying | Waiting, room: int) -> list[str]:
    """An event in lines.

    Args:
        event: what is going on.
        room: lines at the most, at least one.
    """
    if isinstance(event, Waiting) or room == 1:
        return [_total(event) if isinstance(event, Copying) else line(event)]
    shown = event.blobs if len(event.blobs) < room else event.blobs[: max(0, room - 2)]
    hidden = len(event.blobs) - len(shown)
    more = [f"  and {hidden} more"] if hidden else []
    return [_total(event), *(f"  {_blob(blob)}" for blob in shown), *more]


def line(event: Copying | Waiting) -> str:
    """An event in one line."""
    if isinstance(event, Waiting):
        which = f" ({event.operation_id})" if event.operation_id else ""
        return redact.foreign(f"{event.status} … {event.elapsed:.0f} s{which}")
    named = [" ".join(_blob(blob).split()) for blob in event.blobs[:_NAMED]]
    hidden = len(event.blobs) - len(named)
    return "; ".join([_total(event), *named, *([f"{hidden} more"] if hidden else [])])


def _total(event: Copying) -> str:
    if not event.total:
        return f"Nothing to send so far, {_time(event.elapsed)}"
    remaining = "" if event.remaining is None else f", {_time(event.remaining)} left"
    amounts = f"{_bytes(event.sent)} of {_bytes(event.total)} ({_share(event.sent, event.total)})"
    return f"{amounts}, {_bytes(event.rate)}/s{remaining}"


def _blob(blob: BlobAtWork) -> str:
    digest = redact.foreign(blob.digest.partition(":")[2][:_SHORT])
    return f"{digest}  {_bytes(blob.size):>10}  {_share(blob.sent, blob.size):>4}"


def _share(part: int, whole: int) -> str:
    """In whole percent, rounded down: 100% is all of it."""
    return f"{part * 100 // whole if whole else 100}%"


def _bytes(count: float) -> str:
    size, unit = count, "B"
    for larger in ("KiB", "MiB", "GiB"):
        if size >= 1000:
            size, unit = size / 1024, larger
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"


def _time(seconds: float) -> str:
    """At most two units of time, the finer one only where it says something."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
