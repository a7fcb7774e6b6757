"""How many pulls Docker Hub still grants, as its answers to requests for manifests say it.

https://docs.docker.com/docker-hub/usage/pulls/: `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 76;w=21600`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_COUNT = re.compile(r"\s*([0-9]{1,9})\s*(?:;.*)?", re.ASCII)


@dataclass(frozen=True)
class PullLimit:
    """Pulls granted in a window of some hours, to the account or, without one, to the address."""

    left: int
    limit: int

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> PullLimit | None:
        """Read an answer's headers; None where nothing is limited, or they make no sense."""
        left, limit = (
            _COUNT.fullmatch(headers.get(f"ratelimit-{name}", "")) for name in ("remaining", "limit")
        )
        return cls(int(left[1]), int(limit[1])) if left and limit else None
