"""An OCI image layout as a source (image-spec v1.1, "Image Layout"), in a folder or in an archive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property

from acrbridge.errors import AcrBridgeError, NotFoundError, UsageError, VerificationError
from acrbridge.references import is_digest
from acrbridge.registry import manifests
from acrbridge.registry.contents import (
    IMAGE_TYPES,
    INDEX_TYPES,
    MAX_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Contents,
    Descriptor,
    read_contents,
)
from acrbridge.registry.files import Files, Section, blob_path, read_whole
from acrbridge.registry.layout_index import MAX_INDEX, Index, json_object
from acrbridge.registry.manifests import Manifest

MARKER = "oci-layout"
MARKER_CONTENT = b'{"imageLayoutVersion":"1.0.0"}'
INDEX = "index.json"
_MAX_MARKER = 1 << 10
_PIECE = 1 << 20


class Layout:
    """A layout as it was when it was opened.

    Args:
        files: of the layout.
        index: its list of images.
    """

    counts_pulls = False

    def __init__(self, files: Files, index: Index) -> None:
        self.name = files.name
        self._files = files
        self._index = index

    @classmethod
    def read(cls, files: Files) -> Layout:
        """Open a layout.

        Raises:
            AcrBridgeError: LAYOUT_INVALID, it is none; FILE_UNREADABLE.
        """
        try:
            check_marker(files)
            return cls(files, Index.parse(read_whole(files, INDEX, MAX_INDEX), files.name))
        except NotFoundError as error:
            raise AcrBridgeError("LAYOUT_INVALID", error.message) from None

    def manifest(self, version: str) -> Manifest:
        """A manifest by tag or digest, its size and digest checked.

        Raises:
            NotFoundError: SOURCE_IMAGE_NOT_FOUND.
            VerificationError: DIGEST_MISMATCH.
            AcrBridgeError: LAYOUT_INVALID, MANIFEST_AMBIGUOUS.
        """
        listed = self._index.find(version)
        if listed is None and not is_digest(version):
            raise NotFoundError(
                "SOURCE_IMAGE_NOT_FOUND", f"{self.name} has no tag {version}, but {self._tags_in_words()}."
            )
        digest = listed.digest if listed else version
        body = read_whole(self._files, blob_path(digest), MAX_MANIFEST)
        if listed and listed.size != len(body):
            raise VerificationError(
                "DIGEST_MISMATCH", f"{self.name}: {digest} has {len(body)} bytes, not {listed.size}."
            )
        media_type = listed.media_type if listed else self._media_type(body, digest)
        return manifests.checked(body, media_type, self.name, digest)

    def contents(self, version: str) -> Contents:
        """What a manifest refers to. Raises as `manifest` does; AcrBridgeError: MANIFEST_INVALID."""
        manifest = self.manifest(version)
        return read_contents(manifest.body, manifest.media_type)

    def digest_of(self, version: str) -> str | None:
        """The digest that a tag or digest stands for; None where there is none."""
        try:
            return self.manifest(version).digest
        except NotFoundError:
            return None

    def tags(self) -> Iterator[str]:
        """All tags."""
        return iter(self._index.tags())

    def sole_version(self) -> str:
        """The tag, or else the digest, of the one image that the layout holds.

        Raises:
            UsageError: REFERENCE_INVALID, it holds several.
            NotFoundError: SOURCE_IMAGE_NOT_FOUND, it holds none.
        """
        subjects = {d.digest for found in self._referring.values() for d in found}
        found = self._index.tags() or sorted(self.listed() - subjects)
        if not found:
            raise NotFoundError("SOURCE_IMAGE_NOT_FOUND", f"{self.name} holds no image.")
        if len(found) > 1:
            raise UsageError(
                "REFERENCE_INVALID",
                f"{self.name} holds {self._tags_in_words()}.",
                remedy="Put :TAG or @DIGEST after the path, or add --all-tags.",
            )
        return found[0]

    def listed(self) -> set[str]:
        """The digests of the images that are listed."""
        return {entry.descriptor.digest for entry in self._index.entries}

    def referrers(self, digest: str) -> list[Descriptor]:
        """What refers to a manifest, among what is listed."""
        return self._referring.get(digest, [])

    def open_blob(self, digest: str, offset: int = 0) -> AbstractContextManager[Section]:
        """Open a blob, from an offset. Raises NotFoundError."""
        return self._files.open(blob_path(digest), offset)

    @cached_property
    def _referring(self) -> dict[str, list[Descriptor]]:
        """By subject, what refers to it."""
        found: dict[str, list[Descriptor]] = {}
        for descriptor in {
            entry.descriptor.digest: entry.descriptor for entry in self._index.entries
        }.values():
            if descriptor.media_type not in IMAGE_TYPES | INDEX_TYPES:
                continue
            subject, referrer = self._referrer(descriptor)
            if subject:
                found.setdefault(subject.digest, []).append(referrer)
        return found

    def _referrer(self, descriptor: Descriptor) -> tuple[Descriptor | None, Descriptor]:
        """The subject of a manifest, and its descriptor with its artifact's type, which else its config has."""
        try:
            manifest = self.manifest(descriptor.digest)
        except NotFoundError:  # a layout may list what it does not hold
            return None, descriptor
        contents, document = read_contents(manifest.body, manifest.media_type), manifest.document()
        config = contents.blobs[0].media_type if contents.blobs and "config" in document else None
        return contents.subject, replace(descriptor, artifact_type=document.get("artifactType") or config)

    def _media_type(self, body: bytes, digest: str) -> str:
        """What a manifest that is not listed calls itself; OCI's need not say it."""
        document = json_object(body, f"{self.name}: {digest}")
        said = document.get("mediaType", OCI_INDEX if "manifests" in document else OCI_MANIFEST)
        return said if isinstance(said, str) else ""

    def _tags_in_words(self) -> str:
        tags = self._index.tags()
        if not tags:
            return f"{len(self.listed())} images without a tag"
        more = f" and {len(tags) - 10} more" if len(tags) > 10 else ""
        return f"{', '.join(tags[:10])}{more}"


def check_marker(files: Files) -> None:
    """Check the file that says that this is a layout, and of which version.

    Raises:
        NotFoundError: it is not there.
        AcrBridgeError: LAYOUT_INVALID.
    """
    said = json_object(read_whole(files, MARKER, _MAX_MARKER), f"{files.name}: {MARKER}")
    if not str(said.get("imageLayoutVersion")).startswith("1."):
        raise AcrBridgeError("LAYOUT_INVALID", f"{files.name}: {MARKER} is of no version that is known.")


def has_digest(files: Files, digest: str) -> bool:
    """Whether a blob is there, and is what its digest says."""
    hashed = hashlib.new(digest.partition(":")[0])
    buffer = memoryview(bytearray(_PIECE))
    try:
        with files.open(blob_path(digest)) as section:
            while got := section.readinto(buffer):
                hashed.update(buffer[:got])
    except NotFoundError:
        return False
    return hashed.hexdigest() == digest.partition(":")[2]
