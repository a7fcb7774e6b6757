"""Opens the layouts that a copy reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from acrbridge.errors import NotFoundError
from acrbridge.http import redact
from acrbridge.references import LayoutPath, is_digest
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
    folder = Folder(path, name)
    try:
        yield Layout.read(folder)
    finally:
        folder.close()


def open_target(place: LayoutPath) -> LayoutTarget:
    """Open a layout to write, in a `with`: an error that leaves it gives up what cannot be left half done.

    Raises:
        AcrBridgeError: LAYOUT_INVALID; FILE_UNREADABLE.
    """
    return LayoutTarget(Path(place.path), _name(place))


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
