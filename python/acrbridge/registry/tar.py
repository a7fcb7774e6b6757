"""Tar archives: where each file's bytes lie in one, and the headers of one that is written (POSIX.1-2001, pax).

What an archive says of itself is bounded before it is believed: sizes by the archive's own, names by their length.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO

from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact

BLOCK = 512
END = bytes(2 * BLOCK)
"""What ends an archive."""
_MAX_EXTENSION = 1 << 20
"""Bytes that a header may have which says more of the next one, or of all."""
_MAX_MEMBERS = 1_000_000
_SPARSE = "GNU.sparse."
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
_WITHOUT_BYTES = (*_LINKS, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
"""What has no content, whatever its size says."""
_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(frozen=True)
class Member:
    """Something in an archive."""

    name: str
    """Without a `./` before it."""
    offset: int
    """Of its first byte."""
    size: int
    kind: str
    """`file`, `link` or `other`."""


def members(file: FileIO, size: int, where: str) -> Iterator[Member]:
    """What is in an archive, in order.

    Args:
        file: the archive, unbuffered.
        size: its bytes.
        where: its name, for messages.

    Raises:
        AcrBridgeError: LAYOUT_INVALID, it is no tar archive, or a damaged one.
    """
    offset, more = 0, _Extension()
    for _ in range(_MAX_MEMBERS):
        header = _header(file, offset, where)
        if header is None:
            return
        begin, is_extension = offset + BLOCK, header.type in _EXTENSIONS
        length = header.size if is_extension or more.size is None else more.size
        length = 0 if header.type in _WITHOUT_BYTES else length
        if length < 0 or begin + length > size:
            raise damaged(where, f"it ends within {redact.foreign(header.name, 100)!r}")
        if is_extension:
            more = more.and_also(header.type, _text_of(file, begin, length, where), where)
        else:
            yield _member(header, more, begin, length)
            more = _Extension()
        offset = begin + padded(length)
    raise damaged(where, f"it has more than {_MAX_MEMBERS:,} files")


def header_of(name: str, size: int) -> bytes:
    """The header of a file that everyone may read."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(size: int) -> int:
    """Bytes that a file of that size takes in an archive."""
    return -(-size // BLOCK) * BLOCK


def damaged(where: str, reason: str) -> AcrBridgeError:
    """The error of an archive that cannot be read."""
    return AcrBridgeError("LAYOUT_INVALID", f"{where} is no sound tar archive: {reason}.")


@dataclass(frozen=True)
class _Extension:
    """What headers said of the file after them."""

    name: str | None = None
    size: int | None = None
    is_sparse: bool = False

    def and_also(self, kind: bytes, text: bytes, where: str) -> _Extension:
        if kind == tarfile.GNUTYPE_LONGNAME:
            return _Extension(_decoded(text.rstrip(b"\0")), self.size, self.is_sparse)
        if kind in (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK):
            return self
        records = _records(text, where)
        size = records.get("size")
        if size is not None and not (size.isascii() and size.isdecimal() and len(size) < 20):
            raise damaged(where, f"{redact.foreign(size, 40)!r} is no size")
        return _Extension(
            records.get("path", self.name),
            self.size if size is None else int(size),
            self.is_sparse or any(key.startswith(_SPARSE) for key in records),
        )


def _header(file: FileIO, offset: int, where: str) -> tarfile.TarInfo | None:
    """A header; None at the archive's end, which some programs leave out."""
    file.seek(offset)
    block = file.read(BLOCK)
    if not block or block == bytes(BLOCK):
        if offset == 0:
            raise damaged(where, "it is empty")
        return None
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise damaged(where, f"at byte {offset:,}: {error}") from None


def _text_of(file: FileIO, begin: int, length: int, where: str) -> bytes:
    if length > _MAX_EXTENSION:
        raise damaged(where, f"a header has {length:,} bytes, more than {_MAX_EXTENSION:,}")
    file.seek(begin)
    return file.read(length)


def _member(header: tarfile.TarInfo, more: _Extension, begin: int, length: int) -> Member:
    name = (header.name if more.name is None else more.name).removeprefix("./")
    kind = (
        "file"
        if header.type in _FILES and not more.is_sparse
        else "link"
        if header.type in _LINKS
        else "other"
    )
    return Member(name, begin, length, kind)


def _records(text: bytes, where: str) -> dict[str, str]:
    """The records of a pax header: `LENGTH KEY=VALUE` and a line's end, the length that of all of it."""
    found: dict[str, str] = {}
    begin = 0
    while begin < len(text):
        length, space, _ = text[begin : begin + 20].partition(b" ")
        end = begin + (int(length) if length.isdigit() else 0)
        record = text[begin + len(length) + 1 : max(end - 1, 0)]
        key, equals, value = record.partition(b"=")
        if not space or not equals or not begin < end <= len(text):
            raise damaged(where, "a header holds a record that is none")
        found[_decoded(key)] = _decoded(value)
        begin = end
    return found


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
