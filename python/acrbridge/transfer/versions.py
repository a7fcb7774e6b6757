"""Tags that are versions, their order, and ranges of them as npm and regsync write them.

Order: Semantic Versioning 2.0.0, section 11. Ranges: node-semver, "Ranges". Both stretched to what registries hold:
a leading v, one to five numbers (`3.19`, `10.0.20348.2113`; those that are missing count as 0), and `_` before what
semver puts behind a `+`, which tags cannot have.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import total_ordering

from acrbridge.errors import UsageError

_VERSION = re.compile(r"v?(\d+(?:\.\d+){0,4})(?:-([0-9A-Za-z.-]+))?(?:_[0-9A-Za-z._-]+)?", re.ASCII)
_PARTIAL = re.compile(
    r"v?(?:(\d+(?:\.\d+){0,4})(?:-([0-9A-Za-z.-]+))?|(\d+(?:\.\d+){0,3})\.[xX*].*|[xX*])", re.ASCII
)
_COMPARATOR = re.compile(r"(>=|<=|>|<|=|~>|~|\^)?\s*([^\s<>=~^]+)")
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_LOWEST = ((False, 0, ""),)
"""The `-0` that comes before all other versions of the same numbers."""
_LONGEST = 200
"""Characters of a range."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A version."""

    numbers: tuple[int, ...]
    """Without zeros at the end."""
    pre: tuple[tuple[bool, int, str], ...] = ()
    """What makes it come before the version of its numbers; each part a number or a word."""

    @classmethod
    def parse(cls, tag: str) -> Version | None:
        """The version that a tag stands for; None where it stands for none."""
        match = _VERSION.fullmatch(tag)
        return cls.of(_numbers(match[1]), match[2]) if match else None

    @classmethod
    def of(cls, numbers: tuple[int, ...], pre: str | None = None) -> Version:
        """A version of numbers, and of the words behind its hyphen."""
        while numbers and numbers[-1] == 0:
            numbers = numbers[:-1]
        return cls(numbers, tuple(_part(text) for text in pre.split(".")) if pre else ())

    def __lt__(self, other: Version) -> bool:
        return (self.numbers, not self.pre, self.pre) < (other.numbers, not other.pre, other.pre)


@dataclass(frozen=True)
class _Bound:
    holds: Callable[[Version, Version], bool]
    version: Version


class Range:
    """A range of versions, such as `>=1.2 <2`, `^1.2`, `~1.2`, `1.x`, `1.2 - 1.4`, or several with `||`.

    A version with a hyphen (`1.2.3-rc.1`, `1.2.3-alpine`) is in it only where a bound names one of the same numbers.

    Args:
        text: the range.

    Raises:
        UsageError: PATTERN_INVALID.
    """

    def __init__(self, text: str) -> None:
        if not text.strip() or len(text) > _LONGEST:
            raise _invalid(text)
        self._alternatives = [_bounds(part, text) for part in text.split("||")]

    def __contains__(self, version: Version) -> bool:
        return any(_is_within(version, bounds) for bounds in self._alternatives)


def _is_within(version: Version, bounds: list[_Bound]) -> bool:
    named = not version.pre or any(b.version.pre and b.version.numbers == version.numbers for b in bounds)
    return named and all(bound.holds(version, bound.version) for bound in bounds)


def _bounds(part: str, text: str) -> list[_Bound]:
    """The bounds of one alternative; all have to hold."""
    part = _HYPHEN.sub(r">=\1 <=\2", part).strip()
    if not part or _COMPARATOR.sub("", part).strip():
        raise _invalid(text)
    return [
        bound for sign, partial in _COMPARATOR.findall(part) for bound in _comparator(sign, partial, text)
    ]


def _comparator(sign: str, partial: str, text: str) -> list[_Bound]:
    match = _PARTIAL.fullmatch(partial)
    if match is None:
        raise _invalid(text)
    numbers, pre = _numbers(match[1] or match[3] or ""), match[2]
    floor = _Bound(operator.ge, Version.of(numbers, pre))
    if not numbers:
        return [] if sign not in ("<", ">") else [_Bound(operator.lt, Version.of(()))]
    is_whole = match[3] is None and (len(numbers) >= 3 or pre is not None)
    if sign in ("^", "~", "~>"):
        return [floor, _below(numbers, _kept(sign, numbers))]
    if sign in ("", "="):
        return [_Bound(operator.eq, floor.version)] if is_whole else [floor, _below(numbers)]
    if sign == ">":
        return [
            _Bound(operator.gt if is_whole else operator.ge, floor.version if is_whole else _next(numbers))
        ]
    if sign == "<=":
        return [_Bound(operator.le, floor.version) if is_whole else _below(numbers)]
    return [floor if sign == ">=" else _Bound(operator.lt, floor.version)]


def _kept(sign: str, numbers: tuple[int, ...]) -> int:
    """Where the number is that may not grow: with a caret the first that is not 0, with a tilde the second."""
    last = min(len(numbers), 3) - 1
    if sign != "^":
        return min(last, 1)
    return next((place for place in range(last) if numbers[place]), last)


def _below(numbers: tuple[int, ...], place: int = -1) -> _Bound:
    return _Bound(operator.lt, replace(_next(numbers, place), pre=_LOWEST))


def _next(numbers: tuple[int, ...], place: int = -1) -> Version:
    """The first version after all that begin with these numbers, up to a place."""
    place %= len(numbers)
    return Version.of((*numbers[:place], numbers[place] + 1))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(".")) if text else ()


def _part(text: str) -> tuple[bool, int, str]:
    """A part behind the hyphen: numbers come before words."""
    return (False, int(text), "") if text.isdecimal() else (True, 0, text)


def _invalid(text: str) -> UsageError:
    return UsageError(
        "PATTERN_INVALID",
        f"{ascii(text)[:_LONGEST]} is not a range of versions.",
        remedy="Write one such as '>=1.2 <2', '^1.2', '~1.2', '1.x', '1.2 - 1.4' or '1.2 || 1.4'",
    )
