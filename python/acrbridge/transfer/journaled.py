"""A target whose journal tells what can be mounted within its registry, and what a copy that was killed left there."""

from __future__ import annotations

import threading
from collections.abc import Callable

from acrbridge.errors import AcrBridgeError
from acrbridge.references import is_digest
from acrbridge.registry.contents import Descriptor
from acrbridge.registry.manifests import Manifest
from acrbridge.transfer.blobs import CheckedBody
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.journal import Journal


class JournaledTarget:
    """A target with its journal.

    Args:
        target: the real one.
        journal: the target's.
        sibling: gives another repository of the target's registry, by name.
    """

    def __init__(self, target: Target, journal: Journal, sibling: Callable[[str], Source]) -> None:
        self._target = target
        self._journal = journal
        self._sibling = sibling
        self._begun = False
        self._held: set[str] = set()
        """Blobs that are there, and not in the journal yet."""
        self._unmountable: set[str] = set()
        """Repositories that nothing can be mounted from."""
        self._lock = threading.Lock()
        self.name = target.name

    def is_empty(self) -> bool:
        """The real one's, but for what a copy left that did not come to its tag."""
        return self._target.is_empty() and not self._journal.begun()

    def manifest(self, version: str) -> Manifest:
        """The real one's."""
        return self._target.manifest(version)

    def digest_of(self, version: str) -> str | None:
        """The real one's."""
        return self._target.digest_of(version)

    def referrers(self, digest: str) -> list[Descriptor] | None:
        """The real one's."""
        return self._target.referrers(digest)

    def has_blob(self, digest: str) -> bool:
        """The real one's."""
        return self._target.has_blob(digest) and self._holds(digest)

    def put_blob(self, blob: Descriptor, body: CheckedBody) -> None:
        """Store a blob, once the journal knows that there can be some."""
        with self._lock:
            if not self._begun:
                self._journal.begin()
                self._begun = True
        self._target.put_blob(blob, body)
        self._holds(blob.digest)

    def can_mount(self, digest: str, source: Source) -> bool:
        """Whether the real one can, or the journal knows from where."""
        return self._target.can_mount(digest, source) or self._holder(digest) is not None

    def mount(self, digest: str, source: Source) -> bool:
        """Take a blob over from the source, or from where the journal has it."""
        if self._target.mount(digest, source):
            return self._holds(digest)
        holder = self._holder(digest)
        return holder is not None and self._mount_from(holder, digest) and self._holds(digest)

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        """Store a manifest; what it refers to is there for later copies to mount."""
        lists = self._target.put_manifest(version, manifest)
        with self._lock:
            held, self._held = self._held, set()
        if held or not is_digest(version):
            self._journal.hold(held, tagged=not is_digest(version))
        return lists

    def _holds(self, digest: str) -> bool:
        with self._lock:
            self._held.add(digest)
        return True

    def _mount_from(self, holder: str, digest: str) -> bool:
        try:
            return self._target.mount(digest, self._sibling(holder))
        except AcrBridgeError:  # no right to read there; what else is wrong will show when it is sent
            self._unmountable.add(holder)
            return False

    def _holder(self, digest: str) -> str | None:
        holder = self._journal.holder(digest)
        return None if holder in self._unmountable else holder
