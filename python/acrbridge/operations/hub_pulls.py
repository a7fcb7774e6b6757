"""Docker Hub's pulls that are left, as a run learns of them."""

from __future__ import annotations

from acrbridge.jobs import Listener, Notice
from acrbridge.registry.pull_limit import PullLimit

_FEW = 0.2
"""Part of the limit below which a person is told."""


class HubPulls:
    """Hears of each answer's count, and tells a person once when few are left.

    Args:
        listener: hears it.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._told = False
        self.left: int | None = None

    def hear(self, pulls: PullLimit) -> None:
        """Note a count."""
        self.left = (
            pulls.left if self.left is None else min(self.left, pulls.left)
        )  # answers overtake each other
        if pulls.left < pulls.limit * _FEW and not self._told:
            self._told = True
            self._listener(
                Notice(
                    f"Docker Hub grants {pulls.left} more pulls of {pulls.limit}; signing in there may raise that."
                )
            )
