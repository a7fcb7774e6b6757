"""A copy without a copy: the same walk, between a source that opens no blob and a target that stores nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

from acrbridge.registry.contents import Descriptor, read_contents
from acrbridge.registry.manifests import Manifest
from acrbridge.transfer.blobs import CheckedBody, Reader
from acrbridge.transfer.content import Source, Target


class RehearsedSource:
    """A source whose manifests are read, and whose blobs are not.

    Args:
        source: the real one.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.counts_pulls = source.counts_pulls

    def manifest(self, version: str) -> Manifest:
        """The real one's."""
        return self._source.manifest(version)

    def digest_of(self, version: str) -> str | None:
        """The real one's."""
        return self._source.digest_of(version)

    def tags(self) -> Iterator[str]:
        """The real one's."""
        return self._source.tags()

    def referrers(self, digest: str) -> list[Descriptor] | None:
        """The real one's."""
        return self._source.referrers(digest)

    def open_blob(self, digest: str, offset: int = 0) -> AbstractContextManager[Reader]:
        """Nothing."""
        del digest, offset
        return nullcontext(io.BytesIO())


class RehearsedTarget:
    """A target that is asked what it has, and remembers what it is given instead of storing it.

    Args:
        target: the real one.
        source: the real one, from which the target might mount.
    """

    def __init__(self, target: Target, source: Source) -> None:
        self._target = target
        self._source = source
        self._given: dict[str, Manifest] = {}
        self.name = target.name

    def is_empty(self) -> bool:
        """The real one's."""
        return self._target.is_empty()

    def manifest(self, version: str) -> Manifest:
        """What was given, else the real one's."""
        return self._given.get(version) or self._target.manifest(version)

    def digest_of(self, version: str) -> str | None:
        """The digest of what was given, else the real one's."""
        given = self._given.get(version)
        return given.digest if given else self._target.digest_of(version)

    def referrers(self, digest: str) -> list[Descriptor] | None:
        """The real one's."""
        return self._target.referrers(digest)

    def has_blob(self, digest: str) -> bool:
        """The real one's."""
        return self._target.has_blob(digest)

    def put_blob(self, blob: Descriptor, body: CheckedBody) -> None:
        """Leave it."""

    def can_mount(self, digest: str, source: Source) -> bool:
        """The real one's, of the real source."""
        del source
        return self._target.can_mount(digest, self._source)

    def mount(self, digest: str, source: Source) -> bool:
        """Whether the real one could, if the registry agrees."""
        return self.can_mount(digest, source)

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        """Remember it; whether the real one says of itself that it handles subjects."""
        self._given[version] = self._given[manifest.digest] = manifest
        subject = read_contents(manifest.body, manifest.media_type).subject
        return subject is not None and self._target.referrers(subject.digest) is not None
