"""What a copy did so far, in numbers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What a copy did so far; each number only grows."""

    blobs_sent: int = 0
    blobs_there: int = 0
    blobs_mounted: int = 0
    manifests_sent: int = 0
    manifests_there: int = 0
    bytes_sent: int = 0
    bytes_there: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Count."""
        with self._lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)

    def as_json(self) -> dict[str, int]:
        """The numbers as a JSON object."""
        return {
            "blobsMounted": self.blobs_mounted,
            "blobsSent": self.blobs_sent,
            "blobsThere": self.blobs_there,
            "bytesSent": self.bytes_sent,
            "bytesThere": self.bytes_there,
            "manifestsSent": self.manifests_sent,
            "manifestsThere": self.manifests_there,
        }
