"""The files of a layout in a folder, which other programs and strangers write to as well."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from acrbridge.errors import NotFoundError
from acrbridge.registry.directory import HAS_DESCRIPTORS, Directory, is_plain
from acrbridge.registry.files import ABANDONED, Section, disk_errors, write_all

_DRAFT = ".acrbridge-"
"""How the names of files begin that are being written."""


class Folder:
    """A folder, and the plain files in it and in its folders, by their paths.

    Args:
        path: of the folder.
        name: for messages.
        has_descriptors: whether the system opens beneath a directory's descriptor.
    """

    def __init__(self, path: Path, name: str, *, has_descriptors: bool = HAS_DESCRIPTORS) -> None:
        self.name = name
        self._path = path
        self._lock = threading.Lock()
        with disk_errors(name):
            root = Directory.enter(path, name, has_descriptors=has_descriptors)
        self._directories = {"": root}

    def close(self) -> None:
        """Let go of the folder."""
        for directory in self._directories.values():
            directory.close()

    def names(self) -> list[str]:
        """What is in it, but for drafts."""
        with disk_errors(self.name):
            return [name for name in self._directories[""].names() if not name.startswith(_DRAFT)]

    def size(self, path: str) -> int | None:
        """A plain file's bytes, counted; None where there is none."""
        status = self._status(path)
        return status.st_size if status and is_plain(status) else None

    def mark(self, path: str) -> tuple[int, ...] | None:
        """What changes when a file is replaced; None where there is none."""
        status = self._status(path)
        return (status.st_ino, status.st_mtime_ns, status.st_size) if status else None

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Section]:
        """A file's bytes from an offset.

        Raises:
            NotFoundError: SOURCE_IMAGE_NOT_FOUND.
            AcrBridgeError: FILE_UNREADABLE, it is no plain file.
        """
        with FileIO(self.descriptor(path, os.O_RDONLY)) as file:
            yield Section(file, offset, os.fstat(file.fileno()).st_size - offset, f"{self.name}/{path}")

    def descriptor(self, path: str, flags: int) -> int:
        """Open a plain file, which is made where the flags of the system's call say so. Raises as `open` does."""
        above, name = _split(path)
        with disk_errors(f"{self.name}/{path}", self._path):
            directory = self._directory(above)
            if directory is None or (directory.status(name) is None and not flags & os.O_CREAT):
                raise NotFoundError("SOURCE_IMAGE_NOT_FOUND", f"{self.name} has no {path}.")
            return directory.open(name, flags)

    @contextmanager
    def create(self, path: str, size: int) -> Iterator[Callable[[memoryview], None]]:
        """Write a file, which appears whole or not at all, in place of one that was there.

        Args:
            path: of the file; folders on its way are made.
            size: the bytes that it will have.

        Raises:
            AcrBridgeError: DISK_FULL; FILE_UNREADABLE.
        """
        above, name = _split(path)
        draft, shown = f"{_DRAFT}{secrets.token_hex(8)}", f"{self.name}/{path}"
        with disk_errors(shown, self._path, size):
            directory = self._made(above)
            try:
                with FileIO(directory.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
                    yield lambda view: write_all(file, view)
                    os.fsync(file.fileno())
                directory.replace(draft, name)
            except BaseException:
                directory.delete(draft)
                raise

    def sync(self, path: str) -> None:
        """Let the names in a folder outlive a power cut."""
        with disk_errors(f"{self.name}/{path}", self._path):
            if directory := self._directory(path):
                directory.sync()

    def clear_drafts(self, path: str) -> None:
        """Delete what processes that were killed left half written in a folder."""
        with disk_errors(f"{self.name}/{path}", self._path):
            directory = self._directory(path)
            for name in directory.names() if directory else ():
                status = directory.status(name) if directory and name.startswith(_DRAFT) else None
                if directory and status and time.time() - status.st_mtime > ABANDONED:
                    directory.delete(name)

    def _status(self, path: str) -> os.stat_result | None:
        above, name = _split(path)
        with disk_errors(f"{self.name}/{path}"):
            directory = self._directory(above)
            return directory.status(name) if directory else None

    def _directory(self, path: str) -> Directory | None:
        """A folder within; None where there is none. It stays open, so that it stays the same one."""
        if path in self._directories:
            return self._directories[path]
        above, name = _split(path)
        parent = self._directory(above)
        with self._lock:
            if path not in self._directories and parent and (found := parent.step(name)):
                self._directories[path] = found
            return self._directories.get(path)

    def _made(self, path: str) -> Directory:
        """A folder within, made where there is none."""
        if path not in self._directories:
            above, name = _split(path)
            self._made(above).make(name)
            self._directory(path)
        return self._directories[path]


def _split(path: str) -> tuple[str, str]:
    above, _, name = path.rpartition("/")
    return above, name
