"""What the target has already, asked only where it can have anything."""

from __future__ import annotations

from acrbridge.transfer.content import Target
from acrbridge.transfer.pool import Pool


class Inventory:
    """What the target has.

    Args:
        target: whom to ask.
        pool: where the first question, whether it has anything, is asked at once.
        known: digests of blobs that it is known to have; added to.
    """

    def __init__(self, target: Target, pool: Pool, known: set[str]) -> None:
        self._target = target
        self._known = known
        self._empty = pool.submit(target.is_empty)

    def is_empty(self) -> bool:
        """Whether it surely has nothing."""
        return self._empty.result()

    def digest_of(self, tag: str) -> str | None:
        """The digest that a tag stands for; not asked where there is known to be none by now."""
        return None if self._empty.done() and self.is_empty() else self._target.digest_of(tag)

    def has_manifest(self, digest: str) -> bool:
        """Whether a manifest is there, and with it all that it refers to."""
        return not self.is_empty() and self._target.digest_of(digest) == digest

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there, or at least is said to be."""
        return not self.is_empty() and (digest in self._known or self._target.has_blob(digest))

    def add_blob(self, digest: str) -> None:
        """A blob is there now."""
        self._known.add(digest)
