"""Which of a repository's tags are copied. Pure: no request is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property

from acrbridge.errors import NotFoundError, UsageError
from acrbridge.transfer.versions import Range, Version

_LONGEST_PATTERN = 200
_LONGEST_TAG = 128
"""Characters (distribution-spec v1.1, "Pulling manifests"). Both bound the work of a regular expression."""
_BY_DIGEST = "An image without a tag is copied by its digest, as in …@sha256:…, without --all-tags."
_NEAR = 3
"""Tags that are named where none was selected."""


@dataclass(frozen=True)
class Selection:
    """What a tag has to be; all of it, where there is more than one condition.

    Args:
        only: globs, of which one has to match.
        regex: a regular expression that has to match the whole tag.
        semver: a range of versions that has to contain it; other tags than versions are left out.
        newest: only so many, the highest versions; other tags than versions are left out.
        exclude: globs, of which none may match.

    Raises:
        UsageError: PATTERN_INVALID.
    """

    only: tuple[str, ...] = ()
    regex: str | None = None
    semver: str | None = None
    newest: int | None = None
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _ = self._regex, self._range  # a mistake is told before any request
        if self.newest is not None and self.newest < 1:
            raise UsageError("PATTERN_INVALID", f"The newest {self.newest} tags are none.")

    def __bool__(self) -> bool:
        return self != Selection()

    def of(self, tags: Iterable[str], where: str) -> list[str]:
        """The tags that are selected, sorted.

        Args:
            tags: all there are.
            where: they are, for messages.

        Raises:
            NotFoundError: TAGS_NOT_FOUND, there is none, with the names of near ones.
        """
        all_tags = sorted(tags)
        found = [tag for tag in all_tags if self._matches(tag)]
        chosen = found if self.newest is None else _newest(found, self.newest)
        if not all_tags:
            raise NotFoundError("TAGS_NOT_FOUND", f"{where} has no tags.", remedy=_BY_DIGEST)
        if not chosen:
            raise NotFoundError(
                "TAGS_NOT_FOUND",
                f"None of the {len(all_tags)} tags of {where} is selected."
                f" {_no_versions(found) if found else self._near(all_tags)}".rstrip(),
            )
        return chosen

    def _matches(self, tag: str) -> bool:
        return (
            len(tag) <= _LONGEST_TAG
            and (not self.only or _matches_any(tag, self.only))
            and not _matches_any(tag, self.exclude)
            and (self._regex is None or self._regex.fullmatch(tag) is not None)
            and (
                self._range is None
                or ((version := Version.parse(tag)) is not None and version in self._range)
            )
        )

    @cached_property
    def _regex(self) -> re.Pattern[str] | None:
        if self.regex is None:
            return None
        try:
            if len(self.regex) <= _LONGEST_PATTERN:
                return re.compile(self.regex)
            reason = f"it has over {_LONGEST_PATTERN} characters"
        except re.error as error:
            reason = str(error)
        raise UsageError(
            "PATTERN_INVALID",
            f"{ascii(self.regex)[:_LONGEST_PATTERN]} is not a regular expression: {reason}.",
        )

    @cached_property
    def _range(self) -> Range | None:
        return None if self.semver is None else Range(self.semver)

    def _near(self, tags: Sequence[str]) -> str:
        patterns = [*self.only, self.regex or "", self.semver or ""]
        words = [re.sub(r"[^\w.-]", "", pattern) for pattern in patterns]
        near = list(dict.fromkeys(tag for word in words for tag in nearest(word, tags)))
        if near:
            return f"Nearest: {', '.join(near[:_NEAR])}."
        return f"The last of them: {', '.join(tags[-_NEAR:])}." if tags else ""


def nearest(word: str, tags: Iterable[str]) -> list[str]:
    """The tags that are spelled most like a word, capitals or not; the nearest first."""
    spelled: dict[str, list[str]] = {}
    for tag in tags:
        spelled.setdefault(tag.lower(), []).append(tag)
    near = get_close_matches(word.lower(), spelled, _NEAR)
    return [tag for form in near for tag in spelled[form]][:_NEAR]


def _no_versions(tags: Sequence[str]) -> str:
    return f"--newest counts versions only, and {', '.join(tags[:_NEAR])} is none."


def _matches_any(tag: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(tag, glob) for glob in globs)


def _newest(tags: Iterable[str], number: int) -> list[str]:
    versions = [(version, tag) for tag in tags if (version := Version.parse(tag)) is not None]
    return sorted(tag for _, tag in sorted(versions)[-number:])
