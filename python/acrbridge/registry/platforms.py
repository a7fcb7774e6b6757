"""What an image runs on, as people and indexes name it (image-spec v1.1, "Image Index"; containerd's spelling)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from acrbridge.errors import UsageError
from acrbridge.http import redact

_NAMED = re.compile(r"([a-z0-9]+)(?:\(([0-9A-Za-z.-]+)\))?/([a-z0-9_]+)(?:/([a-z0-9.]+))?")
_GO_NAMES: Mapping[str, str] = {
    "x86_64": "amd64",
    "x64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "x86": "386",
}
"""Names of architectures that other tools use, with those of Go, which indexes use."""
_ARCHITECTURES = frozenset(
    {*_GO_NAMES, *_GO_NAMES.values(), "arm", "ppc64le", "s390x", "riscv64", "loong64", "mips64le"}
)


@dataclass(frozen=True)
class Platform:
    """What an image runs on."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse `OS[(VERSION)]/ARCHITECTURE[/VARIANT]`, capitals or not, as containerd and Docker write it.

        Raises:
            UsageError: PLATFORM_INVALID.
        """
        match = _NAMED.fullmatch(text.lower())
        if match is None:
            raise UsageError(
                "PLATFORM_INVALID",
                f"{redact.foreign(repr(text), 100)} is not a platform.",
                remedy=_remedy(text),
            )
        system, version, architecture, variant = match.groups("")
        return cls(system, _GO_NAMES.get(architecture, architecture), variant, version)

    def matches(self, wanted: Platform) -> bool:
        """Whether this is what was asked for: what was not asked for does not matter, nor the end of a version."""
        return (
            (self.os, self.architecture) == (wanted.os, wanted.architecture)
            and wanted.variant in ("", self.variant)
            and f"{self.os_version}.".startswith(f"{wanted.os_version}." if wanted.os_version else "")
        )

    def __str__(self) -> str:
        system = f"{self.os}({self.os_version})" if self.os_version else self.os
        return "/".join(part for part in (system, self.architecture, self.variant) if part)


def _remedy(text: str) -> str | None:
    """How to write it right; None where the catalogue says all."""
    if "," in text:
        return "Give --platform once for each."
    name = text.lower()
    return f"Write linux/{_GO_NAMES.get(name, name)}" if name in _ARCHITECTURES else None
