"""A tar archive of an OCI image layout as a target.

A blob's size is known before it comes, so that each gets its place in the archive at once, and all are written side by
side. The archive has another name until it is whole; a copy that fails leaves nothing.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType

from acrbridge.errors import NotFoundError, TargetExistsError
from acrbridge.http.streams import Body
from acrbridge.private_files import despite_windows
from acrbridge.references import is_digest
from acrbridge.registry import manifests
from acrbridge.registry.contents import Descriptor, read_contents
from acrbridge.registry.files import ABANDONED, NothingMounts, blob_path, disk_errors, write_all
from acrbridge.registry.layout import INDEX, MARKER, MARKER_CONTENT
from acrbridge.registry.layout_index import Index
from acrbridge.registry.manifests import Manifest
from acrbridge.registry.tar import END, header_of, padded


class ArchiveTarget(NothingMounts):
    """An archive that is written. Use it in a `with`: it appears when that is left without an error.

    Args:
        path: of the archive.
        name: for messages.

    Raises:
        TargetExistsError: TARGET_FILE_EXISTS.
    """

    counts_pulls = False

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._path = path
        self._draft = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}")
        self._file: FileIO | None = None
        self._lock = threading.RLock()
        self._end = 0
        self._places: dict[tuple[str, int], int] = {}
        """By file and size, where it begins in the archive; a file that failed has the same place again."""
        self._faults: dict[tuple[str, int], BaseException] = {}
        self._blobs: set[str] = set()
        self._manifests: dict[str, Manifest] = {}
        self._beneath: set[str] = set()
        """What the indexes refer to."""
        self._index = Index(where=name)
        self._refuse_existing()

    def __enter__(self) -> ArchiveTarget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._file:
                self._finish(self._file)
        finally:
            if self._file:
                self._file.close()
                with suppress(OSError):
                    self._draft.unlink(missing_ok=True)

    def is_empty(self) -> bool:
        """It is, until something was put."""
        return not self._places

    def manifest(self, version: str) -> Manifest:
        """A manifest by tag or digest, read back from the archive. Raises NotFoundError."""
        found = self._index.find(version)
        kept = self._manifests.get(found.digest if found else version)
        if kept is None or self._file is None:
            raise NotFoundError("SOURCE_IMAGE_NOT_FOUND", f"{self.name} has no {version} yet.")
        path, size = blob_path(kept.digest), len(kept.body)
        with self._lock, disk_errors(self.name):
            self._file.seek(self._places[path, size] + len(header_of(path, size)))
            body = self._file.read(size)
        return manifests.checked(body, kept.media_type, self.name, kept.digest)

    def digest_of(self, version: str) -> str | None:
        """The digest that a tag or digest stands for; None where there is none."""
        try:
            return self.manifest(version).digest
        except NotFoundError:
            return None

    def referrers(self, digest: str) -> list[Descriptor]:
        """None that was there before this copy."""
        del digest
        return []

    def has_blob(self, digest: str) -> bool:
        """Whether a blob was put."""
        return digest in self._blobs

    def put_blob(self, blob: Descriptor, body: Body) -> None:
        """Store a blob.

        Raises:
            AcrBridgeError: DISK_FULL; FILE_UNREADABLE.
        """
        self._write(blob_path(blob.digest), blob.size, body)
        self._blobs.add(blob.digest)

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        """Store a manifest under a tag or its digest.

        Returns:
            True: what refers to an image is found by its subject.
        """
        contents = read_contents(manifest.body, manifest.media_type)
        with self._lock:
            if manifest.digest not in self._manifests:
                self._write(blob_path(manifest.digest), len(manifest.body), [memoryview(manifest.body)])
            self._manifests[manifest.digest] = manifest
            self._beneath.update(child.digest for child in contents.children)
            if contents.subject or not is_digest(version):
                self._list(manifest, None if is_digest(version) else version)
        return True

    def _list(self, manifest: Manifest, tag: str | None) -> None:
        descriptor = Descriptor(manifest.media_type, manifest.digest, len(manifest.body))
        self._index = self._index.with_image(descriptor, tag)

    def _refuse_existing(self) -> None:
        if os.path.lexists(self._path):
            raise TargetExistsError("TARGET_FILE_EXISTS", f"{self.name} is there already.")

    # Writing

    def _write(self, path: str, size: int, pieces: Body | list[memoryview]) -> None:
        place = self._place(path, size)
        try:
            header = header_of(path, size)
            self._write_at(place, memoryview(header))
            place += len(header)
            for piece in pieces:
                self._write_at(place, piece)
                place += len(piece)
        except BaseException as fault:
            self._faults[path, size] = fault
            raise
        self._faults.pop((path, size), None)

    def _place(self, path: str, size: int) -> int:
        with self._lock:
            if (path, size) not in self._places:
                self._places[path, size] = self._end
                self._end += len(header_of(path, size)) + padded(size)
            return self._places[path, size]

    def _write_at(self, place: int, piece: memoryview) -> None:
        with self._lock, disk_errors(self.name, self._path.parent, self._end):
            file = self._opened()
            file.seek(place)
            write_all(file, piece)

    def _opened(self) -> FileIO:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._clear_drafts()
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._file = FileIO(os.open(self._draft, flags, 0o666), "r+b")
        return self._file

    def _clear_drafts(self) -> None:
        """Delete what processes that were killed left of an archive of this name."""
        drafts = re.compile(rf"{re.escape(self._draft.stem)}\.[0-9a-f]{{16}}")
        for path in self._path.parent.iterdir():
            if drafts.fullmatch(path.name):
                with suppress(OSError):
                    if time.time() - path.lstat().st_mtime > ABANDONED:
                        path.unlink()

    def _finish(self, file: FileIO) -> None:
        """List what has no tag, end the archive, and give it its name.

        Raises:
            AcrBridgeError: a blob that was begun never came.
        """
        for fault in self._faults.values():
            raise fault
        listed = {entry.descriptor.digest for entry in self._index.entries}
        for digest, manifest in self._manifests.items():
            if digest not in self._beneath | listed:
                self._list(manifest, None)
        for path, content in ((MARKER, MARKER_CONTENT), (INDEX, self._index.as_json())):
            self._write(path, len(content), [memoryview(content)])
        self._write_at(self._end, memoryview(END))
        with disk_errors(self.name, self._path.parent):
            os.fsync(file.fileno())
            file.close()
            self._refuse_existing()
            despite_windows(lambda: self._draft.replace(self._path))
