"""How one registry takes blobs: whole or in chunks, and how large. Pure: no clock, no network."""

from __future__ import annotations

LARGE = 64 << 20
"""Bytes: what is larger goes in chunks."""
_PROBE = 1 << 20
"""Bytes of the first chunk to a registry that never took one, so that its refusal costs little; none is smaller."""
_SMALL, _LARGEST = 16 << 20, 256 << 20
"""Bytes between which the size of chunks follows the speed."""
_SECONDS = 4.0
"""That a chunk is to take: what an interruption costs, against a round trip for each chunk."""


class Chunking:
    """What a registry was found to take; threads may share it."""

    def __init__(self) -> None:
        self._size = LARGE
        self._most = _LARGEST
        self._proven = False
        self._refused = False

    def wants(self, size: int) -> bool:
        """Whether a blob of so many bytes is to go in chunks."""
        return size > min(LARGE, self._most) and not self._refused

    def size(self, least: int) -> int:
        """Bytes of the next chunk.

        Args:
            least: that the registry asked for (distribution-spec v1.1, `OCI-Chunk-Min-Length`).
        """
        return max(self._size if self._proven else _PROBE, least)

    def took(self, count: int, seconds: float) -> None:
        """A chunk was taken: the next ones take a few seconds at the speed of this one."""
        self._proven = True
        if count >= _SMALL:
            aim = int(count / max(seconds, 0.001) * _SECONDS) // _PROBE * _PROBE
            self._size = min(max(aim, _SMALL), self._most)

    def refuse(self) -> bool:
        """A first chunk was refused for what it is: blobs go whole. False where a chunk was taken before."""
        self._refused = not self._proven
        return self._refused

    def too_large(self, count: int) -> bool:
        """A body of so many bytes was refused for its size (413); whether smaller ones are worth a try."""
        self._most = max(min(self._most, count // 2), _PROBE)
        self._size = min(self._size, self._most)
        return count > _PROBE and not self._refused
