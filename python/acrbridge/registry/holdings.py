"""What a layout holds whole: manifests with all that they refer to."""

from __future__ import annotations

from acrbridge.errors import AcrBridgeError
from acrbridge.registry.files import Files, blob_path
from acrbridge.registry.layout import Layout

_MAX_DEPTH = 8
"""Indexes within indexes, as many as a copy follows."""


class Holdings:
    """Answers, for one state of a layout, whether a manifest needs to be stored again.

    A layout may list what it does not hold, such as an index of which another tool took one platform; and a copy
    that was killed leaves manifests that nothing lists.

    Args:
        files: of the layout.
        layout: that state.
    """

    def __init__(self, files: Files, layout: Layout) -> None:
        self._files = files
        self._layout = layout
        self._whole: dict[str, bool] = {}
        self._scanned = False

    def is_whole(self, digest: str, depth: int = 0) -> bool:
        """Whether a manifest is there and sound, with all manifests and, by their sizes, all blobs beneath it."""
        if digest not in self._whole:
            self._whole[digest] = False  # until it is known, and if it is beneath itself
            self._whole[digest] = depth <= _MAX_DEPTH and self._look(digest, depth)
        return self._whole[digest]

    def is_listed(self, digest: str) -> bool:
        """Whether a manifest is whole, and listed or beneath one that is."""
        if not self._scanned:
            for listed in self._layout.listed():
                self.is_whole(listed)
            self._scanned = True
        return self._whole.get(digest, False)

    def _look(self, digest: str, depth: int) -> bool:
        try:
            contents = self._layout.contents(digest)
        except AcrBridgeError:
            return False
        blobs = [blob for blob in contents.blobs if not blob.is_foreign]
        children = [self.is_whole(child.digest, depth + 1) for child in contents.children]
        return all(children) and all(self._files.size(blob_path(b.digest)) == b.size for b in blobs)
