"""Rates as a person writes them."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from acrbridge.errors import UsageError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
Bandwidth = Annotated[
    str | None,
    typer.Option("--bandwidth", metavar="RATE", help="Bytes a second at most, such as 500K or 1.5M."),
]


def bytes_a_second(text: str | None) -> int | None:
    """A rate, with K, M or G for 1024, 1024² or 1024³ bytes a second; None where none was given.

    Raises:
        UsageError: RATE_INVALID.
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([KMG]?)", text, re.ASCII | re.IGNORECASE)
    rate = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if rate < 1:
        raise UsageError("RATE_INVALID", f"--bandwidth {text!r} is no rate.")
    return rate
