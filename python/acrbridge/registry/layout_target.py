"""An OCI image layout in a folder as a target (image-spec v1.1, "Image Layout").

Blobs first, `index.json` last; each file appears whole or not at all, so that a layout is sound at every moment, and
only what is whole is listed. Several processes may write into one layout.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from acrbridge.errors import AcrBridgeError, NotFoundError
from acrbridge.http.streams import Body
from acrbridge.private_files import take_lock
from acrbridge.references import is_digest
from acrbridge.registry.contents import Descriptor, read_contents
from acrbridge.registry.files import NothingMounts, blob_path, disk_errors, read_whole
from acrbridge.registry.folder import Folder
from acrbridge.registry.holdings import Holdings
from acrbridge.registry.layout import INDEX, MARKER, MARKER_CONTENT, Layout, check_marker, has_digest
from acrbridge.registry.layout_index import MAX_INDEX, Index
from acrbridge.registry.manifests import Manifest

_FAR = 1 << 30
"""Where the marker is locked: Windows lets nobody read what is."""


class LayoutTarget(NothingMounts):
    """A layout in a folder, which is made with the first thing that is put there. Use it in a `with`.

    Args:
        path: of the folder.
        name: for messages.

    Raises:
        AcrBridgeError: LAYOUT_INVALID, it is a folder of other files; FILE_UNREADABLE.
    """

    counts_pulls = False

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._path = path
        self._lock = threading.RLock()
        self._made = False
        self._put: set[str] = set()
        self._beneath: set[str] = set()
        """What the indexes refer to that were put."""
        self._unlisted: dict[str, Descriptor] = {}
        self._seen: tuple[object, Index] = None, Index(where=name)
        with disk_errors(name):
            self._folder = Folder(path, name) if path.exists() else None
        if self._folder:
            self._check(self._folder)
        self._before = Holdings(self._folder, self._layout()) if self._folder else None

    def _check(self, folder: Folder) -> None:
        if folder.size(MARKER) != 0 and folder.names():  # empty where another process is just making it
            Layout.read(folder)

    def __enter__(self) -> LayoutTarget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                roots = [d for digest, d in self._unlisted.items() if digest not in self._beneath]
                self._list([(root, None) for root in roots])
        finally:
            if self._folder:
                self._folder.close()

    def is_empty(self) -> bool:
        """Never surely: what a copy left that was killed need not be sent again."""
        return False

    def manifest(self, version: str) -> Manifest:
        """A manifest by tag or digest, its digest checked. Raises NotFoundError."""
        return self._layout().manifest(version)

    def referrers(self, digest: str) -> list[Descriptor]:
        """What refers to a manifest."""
        return self._layout().referrers(digest) if self._folder else []

    def digest_of(self, version: str) -> str | None:
        """The digest that a tag or digest stands for; None where it has to be stored, because a part is missing."""
        try:
            digest = self._layout().manifest(version).digest
        except AcrBridgeError:
            return None
        return digest if digest in self._put or self._was_there(version, digest) else None

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there and sound: reading it costs less than having it sent again in vain."""
        return self._folder is not None and has_digest(self._folder, digest)

    def put_blob(self, blob: Descriptor, body: Body) -> None:
        """Store a blob.

        Raises:
            AcrBridgeError: DISK_FULL; FILE_UNREADABLE.
        """
        with self._ready().create(blob_path(blob.digest), blob.size) as write:
            for piece in body:
                write(piece)

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        """Store a manifest under a tag or its digest.

        Listed at once is what has a tag or refers to another manifest; an image without a tag when the target is
        left, because only then it is known to be no part of an index.

        Returns:
            True: what refers to an image is found by its subject.
        """
        folder, path = self._ready(), blob_path(manifest.digest)
        if not has_digest(folder, manifest.digest):
            with folder.create(path, len(manifest.body)) as write:
                write(memoryview(manifest.body))
        contents = read_contents(manifest.body, manifest.media_type)
        descriptor = Descriptor(manifest.media_type, manifest.digest, len(manifest.body))
        tag = None if is_digest(version) else version
        with self._lock:
            self._put.add(manifest.digest)
            self._beneath.update(child.digest for child in contents.children)
            if tag or contents.subject:
                self._list([(descriptor, tag)])
            else:
                self._unlisted[manifest.digest] = descriptor
        return True

    def _was_there(self, version: str, digest: str) -> bool:
        if self._before is None:
            return False
        with self._lock:
            return self._before.is_listed(digest) if is_digest(version) else self._before.is_whole(digest)

    def _ready(self) -> Folder:
        """The folder, made into a layout where it is none yet."""
        with self._lock:
            if self._made and self._folder:
                return self._folder
            with disk_errors(self.name, self._path):
                self._path.mkdir(parents=True, exist_ok=True)
            folder = self._folder = self._folder or Folder(self._path, self.name)
            with self._exclusively(folder):
                if folder.size(INDEX) is None:
                    self._write_index(folder, Index(where=self.name))
                if folder.size(MARKER) == 0:
                    self._mark(folder)
                check_marker(folder)
            for algorithm in ("sha256", "sha512"):
                folder.clear_drafts(f"blobs/{algorithm}")
            self._made = True
            return folder

    def _mark(self, folder: Folder) -> None:
        descriptor = folder.descriptor(MARKER, os.O_WRONLY)
        with disk_errors(self.name, self._path), os.fdopen(descriptor, "wb") as file:
            file.write(MARKER_CONTENT)

    @contextmanager
    def _exclusively(self, folder: Folder) -> Iterator[None]:
        """Keep other processes from changing the layout; the marker is the lock, because it is never replaced."""
        descriptor = folder.descriptor(MARKER, os.O_RDWR | os.O_CREAT)
        try:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            take_lock(descriptor, self._path / MARKER)
            yield
        finally:
            os.close(descriptor)

    def _list(self, images: list[tuple[Descriptor, str | None]]) -> None:
        if not images:
            return
        folder = self._ready()
        folder.sync("blobs/sha256")
        with self._lock, self._exclusively(folder):
            index = self._index(folder)
            for descriptor, tag in images:
                index = index.with_image(descriptor, tag)
            self._write_index(folder, index)

    def _write_index(self, folder: Folder, index: Index) -> None:
        content = index.as_json()
        with folder.create(INDEX, len(content)) as write:
            write(memoryview(content))
        self._seen = folder.mark(INDEX), index

    def _index(self, folder: Folder) -> Index:
        """The list as it is now, which is read again only where somebody else has written it."""
        mark = folder.mark(INDEX)
        seen, index = self._seen
        if mark != seen:
            index = Index.parse(read_whole(folder, INDEX, MAX_INDEX), self.name)
            self._seen = mark, index
        return index

    def _layout(self) -> Layout:
        """The layout as it is now."""
        if self._folder is None:
            raise NotFoundError("SOURCE_IMAGE_NOT_FOUND", f"{self.name} is not there yet.")
        return Layout(self._folder, self._index(self._folder))
