"""The files of a layout in a tar archive, read where they lie: nothing is unpacked."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from acrbridge.errors import AcrBridgeError, NotFoundError
from acrbridge.http import redact
from acrbridge.registry.files import Section, disk_errors
from acrbridge.registry.tar import Member, damaged, members

_OURS = re.compile(r"oci-layout|index\.json|blobs/(?:sha256/[0-9a-f]{64}|sha512/[0-9a-f]{128})")
"""The files of a layout; an archive may have others, as `docker save` writes them."""
_COMPRESSED = {b"\x1f\x8b": "gunzip", b"BZh": "bunzip2", b"\xfd7zXZ": "unxz", b"\x28\xb5\x2f\xfd": "unzstd"}
"""How compressed files begin, and what unpacks them."""


class Archive:
    """A tar archive.

    Args:
        path: of the archive.
        name: for messages.

    Raises:
        AcrBridgeError: LAYOUT_INVALID, it is none, is compressed, or has its layout in a folder;
            FILE_UNREADABLE.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._path = path
        self._members: dict[str, Member] = {}
        self._below = ""
        """Where a layout lies that is not at the top."""
        with disk_errors(name):
            size = self._check()
            with FileIO(path) as file:
                for member in members(file, size, name):
                    self._add(member)
        if self._below and not self._members:
            raise AcrBridgeError(
                "LAYOUT_INVALID",
                f"{name} has a layout in its folder {redact.foreign(self._below)}, and none at its top.",
                remedy="Pack what is in the folder: tar -C FOLDER -cf ARCHIVE .",
            )

    def size(self, path: str) -> int | None:
        """A plain file's bytes, counted; None where there is none."""
        member = self._members.get(path)
        return member.size if member and member.kind == "file" else None

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Section]:
        """A file's bytes from an offset.

        Raises:
            NotFoundError: SOURCE_IMAGE_NOT_FOUND.
            AcrBridgeError: LAYOUT_INVALID, it is no plain file; FILE_UNREADABLE.
        """
        member = self._members.get(path)
        if member is None:
            raise NotFoundError("SOURCE_IMAGE_NOT_FOUND", f"{self.name} has no {path}.")
        if member.kind != "file":
            raise damaged(self.name, f"{path} in it is a link, or no plain file")
        with disk_errors(self.name):
            file = FileIO(self._path)
        with file:
            yield Section(file, member.offset + offset, member.size - offset, f"{self.name}: {path}")

    def _check(self) -> int:
        """Look at the archive before it is opened, which could wait for a pipe's other end; gives its size."""
        status = self._path.stat()
        if not stat.S_ISREG(status.st_mode):
            remedy = "For a layout in a folder write oci:PATH" if stat.S_ISDIR(status.st_mode) else None
            raise AcrBridgeError("FILE_UNREADABLE", f"{self.name} is no plain file.", remedy=remedy)
        with FileIO(self._path) as file:
            begins = file.read(8)
        for magic, unpack in _COMPRESSED.items():
            if begins.startswith(magic):
                raise AcrBridgeError(
                    "LAYOUT_INVALID",
                    f"{self.name} is compressed, so that its parts cannot be found.",
                    remedy=f"Unpack it with {unpack}, and name what comes out.",
                )
        return status.st_size

    def _add(self, member: Member) -> None:
        if not _OURS.fullmatch(member.name):
            above, slash, name = member.name.rpartition("/")
            self._below = above if slash and name == "oci-layout" else self._below
            return
        if member.name in self._members:
            raise damaged(self.name, f"{member.name} is in it twice")
        self._members[member.name] = member
