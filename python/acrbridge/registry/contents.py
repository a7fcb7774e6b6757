"""What a manifest refers to: its children, its blobs, its subject; each descriptor checked.

OCI image-spec v1.1 (manifest, index, descriptor), Docker's image manifest v2 schema 2 and manifest list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact, strict_json
from acrbridge.references import is_digest
from acrbridge.registry.platforms import Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json"
ORAS_MANIFEST = "application/vnd.cncf.oras.artifact.manifest.v1+json"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
IMAGE_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
ARTIFACT_TYPES = frozenset({ARTIFACT_MANIFEST, ORAS_MANIFEST})
MAX_MANIFEST = 4 << 20
"""Bytes (distribution-spec v1.1, "Pushing Manifests")."""


@dataclass(frozen=True)
class Descriptor:
    """Names content by media type, digest and size in bytes (image-spec, "OCI Content Descriptors")."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    artifact_type: str | None = None
    urls: tuple[str, ...] = ()

    @property
    def is_foreign(self) -> bool:
        """Whether it is a layer that registries do not hold (non-distributable), by its media type."""
        return "nondistributable" in self.media_type or self.media_type.endswith(".foreign.diff.tar.gzip")

    @classmethod
    def read(cls, document: Any) -> Descriptor:
        """Check a descriptor.

        Raises:
            AcrBridgeError: MANIFEST_INVALID.
        """
        if not isinstance(document, dict):
            raise _invalid("a descriptor is no object")
        digest, size, media_type = (document.get(key) for key in ("digest", "size", "mediaType"))
        if not isinstance(digest, str) or not is_digest(digest):
            raise _invalid(f"{redact.foreign(repr(digest), 100)} is no digest")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 1 << 53:
            raise _invalid(f"{redact.foreign(repr(size), 100)} is no size")
        if not isinstance(media_type, str) or not media_type:
            raise _invalid(f"{digest} has no media type")
        urls = document.get("urls") or []
        return cls(
            media_type,
            digest,
            size,
            _platform(document.get("platform")),
            _artifact_type(document),
            tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        )


@dataclass(frozen=True)
class Contents:
    """What a manifest refers to."""

    media_type: str
    children: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str | None = None


def read_contents(body: bytes, media_type: str) -> Contents:
    """Check a manifest's body against its media type, and read what it refers to.

    Args:
        body: the manifest.
        media_type: as the registry gave it, or its descriptor.

    Raises:
        AcrBridgeError: MANIFEST_INVALID.
    """
    document = _object(body)
    subject = Descriptor.read(document["subject"]) if document.get("subject") else None
    children: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    if media_type in INDEX_TYPES:
        children = _descriptors(document, "manifests")
    elif media_type in IMAGE_TYPES:
        blobs = (Descriptor.read(document.get("config")), *_descriptors(document, "layers"))
    elif media_type in ARTIFACT_TYPES:
        blobs = _descriptors(document, "blobs")
    else:
        raise _invalid(f"media type {media_type!r} is none that can be copied")
    return Contents(media_type, children, blobs, subject, _artifact_type(document))


def with_platforms(body: bytes, keep: Iterable[Descriptor]) -> bytes:
    """An index with only the children given; its digest is another one."""
    document = _object(body)
    digests = {descriptor.digest for descriptor in keep}
    document["manifests"] = [child for child in document["manifests"] if child["digest"] in digests]
    return json.dumps(document, indent=2).encode()


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_MANIFEST:
        raise _invalid(f"it has {len(body):,} bytes, more than {MAX_MANIFEST:,}")
    try:
        return strict_json.load_object(body)
    except (ValueError, RecursionError):
        raise _invalid("it is no JSON object, or one that is not well formed") from None


def _descriptors(document: dict[str, Any], key: str) -> tuple[Descriptor, ...]:
    items = document.get(key) or []
    if not isinstance(items, list):
        raise _invalid(f"{key!r} is no list")
    return tuple(Descriptor.read(item) for item in items)


def _artifact_type(document: dict[str, Any]) -> str | None:
    found = document.get("artifactType")
    return found if isinstance(found, str) and found else None


def _platform(document: Any) -> Platform | None:
    if not isinstance(document, dict):
        return None
    keys = ("os", "architecture", "variant", "os.version")
    return Platform(*(str(document.get(key) or "") for key in keys))


def _invalid(reason: str) -> AcrBridgeError:
    return AcrBridgeError("MANIFEST_INVALID", f"A manifest cannot be used: {redact.foreign(reason, 300)}.")
