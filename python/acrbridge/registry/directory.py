"""One directory that strangers may have filled: no link in it is followed, no pipe or device is opened.

Each step is taken beneath the descriptor of the directory, so that nobody who changes names meanwhile leads out of it.
Where the system has no such descriptors (Windows), each step is looked at before it is taken.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact
from acrbridge.private_files import despite_windows

HAS_DESCRIPTORS = os.open in os.supports_dir_fd
"""Whether this system opens beneath a directory's descriptor."""
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Not along a link; without waiting for the other end of a pipe."""
_JUNCTION = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
    stat.S_IFSOCK: "a socket",
}


class Directory:
    """An open directory. What the system refuses is an OSError.

    Args:
        path: of the directory.
        name: for messages.
        descriptor: of the directory; None where the system has none.
    """

    def __init__(self, path: Path, name: str, descriptor: int | None) -> None:
        self.path = path
        self._name = name
        self._descriptor = descriptor

    @classmethod
    def enter(cls, path: Path, name: str, *, has_descriptors: bool) -> Directory:
        """Open a directory by a path along which links are followed: whoever named it means what it leads to."""
        return cls(path, name, os.open(path, os.O_RDONLY | os.O_DIRECTORY) if has_descriptors else None)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)

    def names(self) -> list[str]:
        """What is in it."""
        return os.listdir(self.path if self._descriptor is None else self._descriptor)  # noqa: PTH208

    def status(self, name: str) -> os.stat_result | None:
        """What is known of a name in it, a link not followed; None where there is none."""
        try:
            return os.lstat(self._at(name), dir_fd=self._descriptor)
        except FileNotFoundError:
            return None

    def make(self, name: str) -> None:
        """Make a directory in it, where there is none."""
        with suppress(FileExistsError):
            os.mkdir(self._at(name), dir_fd=self._descriptor)

    def step(self, name: str) -> Directory | None:
        """Open a directory in it; None where there is none.

        Raises:
            AcrBridgeError: FILE_UNREADABLE, it is something else.
        """
        status = self.status(name)
        if status is None:
            return None
        if not stat.S_ISDIR(status.st_mode) or _is_junction(status):
            raise self._not_plain(name, "folder", status)
        descriptor = None
        if self._descriptor is not None:
            descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=self._descriptor)
        return Directory(self.path / name, f"{self._name}/{name}", descriptor)

    def open(self, name: str, flags: int) -> int:
        """Open a plain file in it; gives its descriptor.

        Raises:
            AcrBridgeError: FILE_UNREADABLE, it is something else.
        """
        status = self.status(name)
        if status and not is_plain(status):
            raise self._not_plain(name, "file", status)
        descriptor = os.open(self._at(name), flags | _SAFE, 0o666, dir_fd=self._descriptor)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):  # it was changed since it was looked at
            os.close(descriptor)
            raise self._not_plain(name, "file", status)
        return descriptor

    def replace(self, old: str, new: str) -> None:
        """Give a file another name, at once, in place of what has it."""
        here = self._descriptor
        despite_windows(lambda: os.replace(self._at(old), self._at(new), src_dir_fd=here, dst_dir_fd=here))

    def delete(self, name: str) -> None:
        """Delete a file, where that can be done."""
        with suppress(OSError):
            os.unlink(self._at(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Let its names outlive a power cut, where the system can see to that."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def _at(self, name: str) -> str:
        return str(self.path / name) if self._descriptor is None else name

    def _not_plain(self, name: str, wanted: str, status: os.stat_result) -> AcrBridgeError:
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a device")
        shown = redact.printable(f"{self._name}/{name}")
        return AcrBridgeError("FILE_UNREADABLE", f"{shown} is {kind}, not a plain {wanted} of its own.")


def is_plain(status: os.stat_result) -> bool:
    """Whether it is a file, and neither a link nor a device."""
    return stat.S_ISREG(status.st_mode)


def _is_junction(status: os.stat_result) -> bool:
    """Whether it is a directory of Windows that leads elsewhere without being a link."""
    return getattr(status, "st_reparse_tag", 0) == _JUNCTION
