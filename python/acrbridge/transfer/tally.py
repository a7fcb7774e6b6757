"""What a copy did so far: each blob and manifest, and the sums."""

from __future__ import annotations

import threading

from acrbridge.jobs import CopyItem
from acrbridge.registry.contents import Descriptor
from acrbridge.registry.manifests import Manifest


class Tally:
    """What a copy did so far; any number of threads may add to it."""

    def __init__(self) -> None:
        self.pulls = 0
        """Manifests that were read where pulls are counted."""
        self._items: dict[tuple[str, str | None], CopyItem] = {}
        self._lock = threading.Lock()

    def blob(self, blob: Descriptor, outcome: str) -> None:
        """A blob was sent, mounted, found there, or skipped."""
        self._add(CopyItem("blob", blob.digest, blob.size, outcome))

    def manifest(
        self, manifest: Manifest, outcome: str, tag: str | None = None, replaced: str | None = None
    ) -> None:
        """A manifest was sent or found there, under a tag, in place of another that had it, or by its digest."""
        self._add(CopyItem("manifest", manifest.digest, len(manifest.body), outcome, tag, replaced))

    def child(self, child: Descriptor) -> None:
        """A manifest was found there, and not read."""
        self._add(CopyItem("manifest", child.digest, child.size, "there"))

    def pull(self) -> None:
        """A manifest was read where pulls are counted."""
        with self._lock:
            self.pulls += 1

    def items(self) -> tuple[CopyItem, ...]:
        """Each blob and manifest, once for each tag."""
        return tuple(sorted(self._items.values(), key=lambda item: (item.kind, item.digest, item.tag or "")))

    def count(self, kind: str, outcome: str) -> int:
        """How many blobs or manifests came to an outcome."""
        return len(self._sizes(kind, outcome))

    def as_json(self) -> dict[str, int]:
        """The sums as a JSON object; bytes are of blobs."""
        return {
            "blobsMounted": self.count("blob", "mounted"),
            "blobsSent": self.count("blob", "sent"),
            "blobsSkipped": self.count("blob", "skipped"),
            "blobsThere": self.count("blob", "there"),
            "bytesSent": sum(self._sizes("blob", "sent")),
            "bytesThere": sum(self._sizes("blob", "there") + self._sizes("blob", "mounted")),
            "manifestsSent": self.count("manifest", "sent"),
            "manifestsThere": self.count("manifest", "there"),
            "pulls": self.pulls,
        }

    def _sizes(self, kind: str, outcome: str) -> list[int]:
        return [i.size for i in list(self._items.values()) if (i.kind, i.outcome) == (kind, outcome)]

    def _add(self, item: CopyItem) -> None:
        key = (item.digest, item.tag)
        with self._lock:
            if item.outcome == "there":  # what one image sent, another may find
                self._items.setdefault(key, item)
            else:
                self._items[key] = item
