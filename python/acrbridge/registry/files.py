"""Files of an OCI image layout, wherever they lie: what reading one needs, and the errors of the disk."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import FileIO
from pathlib import Path
from typing import Protocol

from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_REMEDIES = {
    errno.EROFS: "Choose a folder on a file system that can be written to.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOTDIR: "For an archive write oci-archive:PATH; what stands before a slash has to be a folder.",
}
"""By the system's number of an error, where it says more than that something went wrong."""
ABANDONED = 3600.0
"""Seconds after its last change when a half-written file is surely one of a process that died."""


class Files(Protocol):
    """The files of a layout, by their paths in it, which never leave it."""

    name: str
    """For messages."""

    def open(self, path: str, offset: int = 0) -> AbstractContextManager[Section]:
        """A file's bytes from an offset. Raises NotFoundError; AcrBridgeError, it is no plain file."""

    def size(self, path: str) -> int | None:
        """A file's bytes, counted; None where there is no such plain file."""


class NothingMounts:
    """The part of a target on disk that says so: no blob of a registry can be mounted there."""

    def can_mount(self, digest: str, source: object) -> bool:
        """Never."""
        del digest, source
        return False

    def mount(self, digest: str, source: object) -> bool:
        """Never."""
        del digest, source
        return False


class Section:
    """A part of an open file, read once from its beginning to its end.

    Args:
        file: open, unbuffered.
        offset: where the part begins.
        size: its bytes.
        name: for messages.
    """

    def __init__(self, file: FileIO, offset: int, size: int, name: str) -> None:
        file.seek(offset)
        self._file = file
        self._name = name
        self.left = max(size, 0)
        """Bytes to come."""

    def readinto(self, view: memoryview) -> int:
        """Fill a buffer; less than its length comes only at the end."""
        wanted, filled = min(len(view), self.left), 0
        with disk_errors(self._name):
            while filled < wanted and (got := self._file.readinto(view[filled:wanted])):
                filled += got
        self.left -= filled
        return filled


def read_whole(files: Files, path: str, limit: int) -> bytes:
    """A small file's bytes.

    Raises:
        NotFoundError: it is not there.
        AcrBridgeError: LAYOUT_INVALID, it has more than `limit` bytes; FILE_UNREADABLE.
    """
    with files.open(path) as section:
        if section.left > limit:
            reason = f"{path} has {section.left:,} bytes, more than {limit:,}"
            raise AcrBridgeError("LAYOUT_INVALID", f"{files.name}: {reason}.")
        content = bytearray(section.left)
        return bytes(content[: section.readinto(memoryview(content))])


def blob_path(digest: str) -> str:
    """Where a layout has a blob (image-spec v1.1, "Image Layout"); the digest has been checked to be one."""
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"


def write_all(file: FileIO, view: memoryview) -> None:
    """Write all bytes, which one call of the system need not do."""
    while len(view):
        view = view[file.write(view) :]


@contextmanager
def disk_errors(name: str, folder: Path | None = None, needed: int = 0) -> Iterator[None]:
    """Tell of what the operating system refuses in our own words.

    Args:
        name: of what is read or written.
        folder: where it is written.
        needed: bytes that it takes there.

    Raises:
        AcrBridgeError: DISK_FULL; FILE_UNREADABLE.
    """
    try:
        yield
    except OSError as error:
        reason = redact.printable(error.strerror or str(error))
        if folder and error.errno in _FULL:
            free = shutil.disk_usage(folder).free
            room = f"{needed:,} bytes are needed, {free:,} are free"
            raise AcrBridgeError("DISK_FULL", f"{name} cannot be written: {reason}; {room}.") from error
        raise AcrBridgeError(
            "FILE_UNREADABLE",
            f"{name} cannot be read or written: {reason}.",
            remedy=_REMEDIES.get(error.errno or 0),
        ) from error
