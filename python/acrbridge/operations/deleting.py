"""Take repositories, manifests and tags away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acrbridge.errors import AcrBridgeError, UsageError
from acrbridge.operations.listing import digest_of
from acrbridge.references import Image, check_repository
from acrbridge.registry.acr import AcrMetadata
from acrbridge.registry.client import RegistryClient


@dataclass(frozen=True)
class TaggedManifest:
    """A manifest, and all tags that point to it."""

    repository: str
    digest: str
    tags: tuple[str, ...]


def find_manifest(client: RegistryClient, image: str) -> TaggedManifest:
    """What deleting an image would take.

    Args:
        client: the registry.
        image: `repository:tag` or `repository@digest`.
    """
    parsed = Image.parse(image)
    digest = digest_of(client, parsed)
    pointing = AcrMetadata(client).tags(parsed.repository, digest=digest)
    names = [tag.get("name") for tag in pointing if tag.get("digest") == digest]
    tags = tuple(name for name in names if isinstance(name, str))
    if len(tags) != len(names):
        raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"{client.host} lists tags without names.")
    return TaggedManifest(parsed.repository, digest, tags)


def delete_repository(client: RegistryClient, repository: str) -> dict[str, Any]:
    """Delete a repository with all its tags and manifests."""
    return AcrMetadata(client).delete_repository(check_repository(repository))


def delete_manifest(client: RegistryClient, manifest: TaggedManifest) -> None:
    """Delete a manifest with all its tags."""
    client.delete_manifest(manifest.repository, manifest.digest)


def untag(client: RegistryClient, image: str) -> None:
    """Delete a tag; its manifest stays.

    Raises:
        UsageError: REFERENCE_INVALID, the image names a digest.
    """
    parsed = Image.parse(image)
    if parsed.digest:
        raise UsageError("REFERENCE_INVALID", f"{image!r} names a digest: untag takes REPOSITORY:TAG.")
    AcrMetadata(client).untag(parsed)
