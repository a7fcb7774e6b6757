"""Opens the layouts that a copy reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from acrbridge.errors import NotFoundError
from acrbridge.http import redact
from acrbridge.references import LayoutPath, is_digest
from acrbridge.registry.archive import Archive
from acrbridge.registry.archive_target import ArchiveTarget
from acrbridge.registry.folder import Folder
from acrbridge.registry.layout import Layout
from acrbridge.registry.layout_target import LayoutTarget


@contextmanager
def open_source(place: LayoutPath) -> Iterator[Layout]:
    """Open a layout to read.

    Raises:
        NotFoundError: SOURCE_IMAGE_NOT_FOUND, there is no such path.
        AcrBridgeError: LAYOUT_INVALID; FILE_UNREADABLE.
    """
    path, name = Path(place.path), _name(place)
    if not path.exists():
        raise NotFoundError("SOURCE_IMAGE_NOT_FOUND", f"{name} is not there.", remedy="Check the path.")
    if place.is_archive:
        yield Layout.read(Archive(path, name))
        return
    with closing(Folder(path, name)) as folder:
        yield Layout.read(folder)


@contextmanager
def open_target(place: LayoutPath) -> Iterator[LayoutTarget | ArchiveTarget]:
    """Open a layout to write: an error that leaves it gives up what cannot be left half done.

    Raises:
        TargetExistsError: TARGET_FILE_EXISTS, of an archive.
        AcrBridgeError: LAYOUT_INVALID; FILE_UNREADABLE.
    """
    path, name = Path(place.path), _name(place)
    with ArchiveTarget(path, name) if place.is_archive else LayoutTarget(path, name) as target:
        yield target


def with_version(place: LayoutPath) -> LayoutPath:
    """The place with the tag or digest of the one image in it, where it names none.

    Raises:
        UsageError: REFERENCE_INVALID, there are several.
        NotFoundError: SOURCE_IMAGE_NOT_FOUND.
    """
    if place.version:
        return place
    with open_source(place) as layout:
        version = layout.sole_version()
    return replace(place, digest=version) if is_digest(version) else replace(place, tag=version)


def _name(place: LayoutPath) -> str:
    return redact.printable(str(replace(place, tag=None, digest=None)))
