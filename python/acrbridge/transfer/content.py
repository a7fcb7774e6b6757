"""The small interfaces of what can be copied from and to: a registry's repository, an OCI layout, an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from acrbridge.registry.contents import Descriptor
from acrbridge.registry.manifests import Manifest
from acrbridge.transfer.blobs import CheckedBody, Reader


class Source(Protocol):
    """Where content comes from."""

    name: str
    """For messages: host and repository, or a path."""
    counts_pulls: bool
    """Whether reading a manifest counts against a limit, as at Docker Hub, and asking for its digest does not."""

    def manifest(self, version: str) -> Manifest:
        """A manifest by tag or digest, its digest checked. Raises NotFoundError."""

    def digest_of(self, version: str) -> str | None:
        """The digest that a tag or digest stands for; None where there is none."""

    def tags(self) -> Iterator[str]:
        """All tags."""

    def referrers(self, digest: str) -> list[Descriptor] | None:
        """What refers to a manifest; None where the place cannot tell."""

    def open_blob(self, digest: str, offset: int = 0) -> AbstractContextManager[Reader]:
        """Open a blob, from an offset where a broken download goes on."""


class Target(Protocol):
    """Where content goes."""

    name: str

    def is_empty(self) -> bool:
        """Whether it surely holds nothing, so that nobody need ask for each blob."""

    def manifest(self, version: str) -> Manifest:
        """A manifest by tag or digest, its digest checked. Raises NotFoundError."""

    def digest_of(self, version: str) -> str | None:
        """The digest that a tag or digest stands for; None where there is none."""

    def referrers(self, digest: str) -> list[Descriptor] | None:
        """What refers to a manifest; None where the place cannot tell."""

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there."""

    def put_blob(self, blob: Descriptor, body: CheckedBody) -> None:
        """Store a blob; it is there when this returns, and not before."""

    def can_mount(self, digest: str, source: Source) -> bool:
        """Whether it is worth asking to mount a blob, from the source or elsewhere."""

    def mount(self, digest: str, source: Source) -> bool:
        """Take a blob over from the source without moving it, where that is possible; whether it was."""

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        """Store a manifest under a tag or its digest.

        Returns:
            Whether the target said that it lists the manifest among its subject's referrers (distribution-spec
            v1.1, "Pushing Manifests with Subject").
        """
