"""Changes to a repository: its manifests and tags, and what ACR's locks forbid.

Locks: https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from acr_emulator.records import Attributes, Manifest, Repository, Tag
from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acr_emulator.registry.contents import Document
    from acr_emulator.state import State


def put_manifest(
    state: State,
    host: str,
    repository: str,
    document: Document,
    body: bytes,
    *,
    tags: Iterable[str],
    digest: str,
) -> None:
    """Store a manifest and point tags at it. What it references has been checked by the caller.

    Args:
        state: where to.
        host: the registry's.
        repository: made when it does not exist.
        document: what the body says.
        body: as it was pushed.
        tags: names, none for a manifest that only its digest names.
        digest: of the body.

    Raises:
        RegistryError: the repository or one of the tags is locked; nothing has been stored then.
    """
    now = time.time()
    with state.transaction():
        known = state.get(Repository, host=host, name=repository)
        if known is not None:
            _check(known.attributes, "write")
        state.put(replace(known, updated=now) if known else Repository(host, repository, now, now))
        earlier = state.get(Manifest, host=host, repository=repository, digest=digest)
        new = Manifest(
            host, repository, digest, document.media_type, body, now, now, subject=document.subject
        )
        state.put(replace(earlier, updated=now) if earlier else new)
        for name in tags:
            _put_tag(state, Tag(host, repository, name, digest, now, now))


def delete_manifest(state: State, host: str, repository: str, digest: str) -> None:
    """Delete a manifest, its tags, and what refers to it (as ACR does).

    Raises:
        RegistryError: it does not exist, or it or a tag of it or its repository is locked.
    """
    with state.transaction():
        manifest = state.get(Manifest, host=host, repository=repository, digest=digest)
        if manifest is None:
            raise RegistryError("MANIFEST_UNKNOWN", f"manifest {digest} is not found")
        _check_repository(state, host, repository)
        _check(manifest.attributes, "delete")
        for tag in state.find(Tag, host=host, repository=repository, digest=digest):
            _check(tag.attributes, "delete")
        state.remove(Tag, host=host, repository=repository, digest=digest)
        state.remove(Manifest, host=host, repository=repository, digest=digest)
        for referrer in state.find(Manifest, host=host, repository=repository, subject=digest):
            delete_manifest(state, host, repository, referrer.digest)


def delete_tag(state: State, host: str, repository: str, name: str) -> None:
    """Delete a tag; its manifest stays.

    Raises:
        RegistryError: it does not exist, or it or its repository is locked.
    """
    with state.transaction():
        tag = state.get(Tag, host=host, repository=repository, name=name)
        if tag is None:
            raise RegistryError("TAG_UNKNOWN")
        _check_repository(state, host, repository)
        _check(tag.attributes, "delete")
        state.remove(Tag, host=host, repository=repository, name=name)


def delete_repository(state: State, host: str, repository: str) -> tuple[list[str], list[str]]:
    """Delete a repository and say which manifests (by digest) and tags went with it.

    Raises:
        RegistryError: it does not exist, or anything in it is locked.
    """
    with state.transaction():
        _check_repository(state, host, repository)
        manifests = state.find(Manifest, host=host, repository=repository)
        tags = state.find(Tag, host=host, repository=repository)
        for attributes in [m.attributes for m in manifests] + [t.attributes for t in tags]:
            _check(attributes, "delete")
        state.remove(Tag, host=host, repository=repository)
        state.remove(Manifest, host=host, repository=repository)
        state.remove(Repository, host=host, name=repository)
        state.unlink_blobs(host, repository)
    return [m.digest for m in manifests], [t.name for t in tags]


def find_repository(state: State, host: str, name: str) -> Repository:
    """A repository.

    Raises:
        RegistryError: NAME_UNKNOWN.
    """
    repository = state.get(Repository, host=host, name=name)
    if repository is None:
        raise RegistryError("NAME_UNKNOWN", f'repository "{name}" is not found', detail={"name": name})
    return repository


def find_manifest(state: State, host: str, repository: str, reference: str) -> Manifest:
    """The manifest that a tag or a digest names and that no lock hides.

    Raises:
        RegistryError: MANIFEST_UNKNOWN, or REGISTRY_DISALLOWED_OPERATION where reading is not enabled.
    """
    digest, said = reference, f"manifest {reference}"
    tag = None
    if ":" not in reference:
        said = f'manifest tagged by "{reference}"'
        tag = state.get(Tag, host=host, repository=repository, name=reference)
        digest = tag.digest if tag else ""
    manifest = state.get(Manifest, host=host, repository=repository, digest=digest)
    if manifest is None:
        raise RegistryError("MANIFEST_UNKNOWN", f"{said} is not found", detail={"reference": reference})
    _check(manifest.attributes, "read")
    if tag is not None:
        _check(tag.attributes, "read")
    _check(find_repository(state, host, repository).attributes, "read")
    return manifest


def digest_of(body: bytes, algorithm: str = "sha256") -> str:
    """The digest of some bytes.

    Args:
        body: the bytes.
        algorithm: sha256 or sha512.
    """
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def _put_tag(state: State, tag: Tag) -> None:
    earlier = state.get(Tag, host=tag.host, repository=tag.repository, name=tag.name)
    if earlier is not None:
        _check(earlier.attributes, "write")
        tag = replace(tag, created=earlier.created, attributes=earlier.attributes)
    state.put(tag)


def _check_repository(state: State, host: str, repository: str) -> None:
    _check(find_repository(state, host, repository).attributes, "delete")


def _check(attributes: Attributes, action: str) -> None:
    """Raise where a lock forbids to read, write or delete; a lock on writing forbids to delete too."""
    enabled = {
        "read": attributes.read_enabled,
        "write": attributes.write_enabled,
        "delete": attributes.delete_enabled and attributes.write_enabled,
    }
    if not enabled[action]:
        raise RegistryError("REGISTRY_DISALLOWED_OPERATION")
