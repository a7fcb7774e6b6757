"""Look at repositories, tags, manifests and referrers."""

from __future__ import annotations

from itertools import islice
from typing import Any

from acrbridge.errors import AcrBridgeError, UsageError
from acrbridge.references import Image, check_repository, is_digest
from acrbridge.registry.acr import AcrMetadata
from acrbridge.registry.client import RegistryClient
from acrbridge.registry.manifests import Manifest

_REFERRERS = 10_000
"""Referrers of one image, with those of its referrers, at the most: a chain that goes on has no end."""


def repositories(client: RegistryClient, top: int | None = None) -> list[str]:
    """Names of a registry's repositories."""
    return list(islice(client.repositories(100 if top is None else min(top, 100)), top))


def repository(client: RegistryClient, name: str) -> dict[str, Any]:
    """Attributes of a repository."""
    return AcrMetadata(client).repository(check_repository(name))


def image(client: RegistryClient, name: str) -> dict[str, Any]:
    """Attributes of an image's tag, or of its manifest where the name holds a digest."""
    return AcrMetadata(client).image(Image.parse(name))


def tags(
    client: RegistryClient,
    repository: str,
    *,
    top: int | None = None,
    order: str | None = None,
    detail: bool = False,
) -> list[Any]:
    """Tags of a repository: names, or with `detail` the service's objects."""
    found = AcrMetadata(client).tags(check_repository(repository), top=top, order=order)
    return list(found) if detail else [tag.get("name") for tag in found]


def manifests(
    client: RegistryClient, repository: str, *, top: int | None = None, order: str | None = None
) -> list[dict[str, Any]]:
    """Manifests of a repository, as the service describes them."""
    return list(AcrMetadata(client).manifests(check_repository(repository), top=top, order=order))


def summary(manifest: dict[str, Any]) -> dict[str, Any]:
    """What `show-manifests` shows of a manifest without `--detail`."""
    return {
        "digest": manifest.get("digest"),
        "tags": manifest.get("tags") or [],
        "timestamp": manifest.get("lastUpdateTime", ""),
    }


def manifest(client: RegistryClient, image: str) -> Manifest:
    """A manifest itself."""
    parsed = Image.parse(image)
    return client.manifest(parsed.repository, parsed.version)


def referrers(
    client: RegistryClient, image: str, artifact_type: str | None = None, *, recursive: bool = False
) -> list[dict[str, Any]]:
    """Descriptors of what refers to an image: signatures, SBOMs and the like.

    Args:
        client: the registry.
        image: `repository:tag` or `repository@digest`.
        artifact_type: only referrers of that type, and all that refers to them.
        recursive: referrers of referrers as well.
    """
    parsed = Image.parse(image)
    digest = digest_of(client, parsed)
    found = list(client.referrers(parsed.repository, digest, artifact_type))
    seen = {digest}
    for descriptor in found if recursive else ():  # grows while it is walked
        child = _checked(client, descriptor.get("digest"))
        if child not in seen:
            seen.add(child)
            found.extend(client.referrers(parsed.repository, child))
        if len(found) > _REFERRERS:
            raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"{client.host}: referrers of {image} do not end.")
    return found


def digest_of(client: RegistryClient, image: Image) -> str:
    """The digest in an image's name, or the one that its tag points to.

    Raises:
        UsageError: REFERENCE_INVALID, what the name holds is no complete digest.
    """
    if image.digest is None:
        return _checked(client, AcrMetadata(client).image(image).get("digest"))
    if not is_digest(image.digest):
        raise UsageError("REFERENCE_INVALID", f"{image.digest!r} is not a complete digest.")
    return image.digest


def _checked(client: RegistryClient, digest: object) -> str:
    """A digest out of an answer: it becomes part of a path."""
    if isinstance(digest, str) and is_digest(digest):
        return digest
    raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"{client.host} gives {str(digest)[:100]!a} as a digest.")
