"""The manifests of an image: read level by level, and put in the order in which a target takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from acrbridge.errors import AcrBridgeError, NotFoundError, VerificationError
from acrbridge.references import is_digest
from acrbridge.registry.contents import Contents, Descriptor, read_contents, with_platforms
from acrbridge.registry.manifests import Manifest
from acrbridge.registry.platforms import Platform
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.inventory import Inventory
from acrbridge.transfer.pool import Pool
from acrbridge.transfer.tags import nearest
from acrbridge.transfer.tally import Tally

MAX_DEPTH = 8
"""Indexes within indexes."""
MAX_MANIFESTS = 10_000
"""Manifests of one image."""
_TAGS_COMPARED = 1000
"""Tags among which one is looked for that is spelled like one that is not there."""


@dataclass(frozen=True)
class Node:
    """A manifest that was read, and what it refers to."""

    manifest: Manifest
    contents: Contents

    @classmethod
    def of(cls, manifest: Manifest) -> Node:
        """Read what a manifest refers to.

        Raises:
            AcrBridgeError: MANIFEST_INVALID.
        """
        return cls(manifest, read_contents(manifest.body, manifest.media_type))

    @property
    def digest(self) -> str:
        """The manifest's."""
        return self.manifest.digest


def narrowed(node: Node, platforms: Sequence[Platform], where: str) -> Node:
    """An index without the platforms that nobody asked for: another manifest; all else as it is.

    Args:
        node: what was read.
        platforms: those to keep; all, where there is none.
        where: it was read, for messages.

    Raises:
        NotFoundError: PLATFORM_NOT_FOUND, one of them is not there.
    """
    children = node.contents.children
    if not platforms or not children:
        return node
    keep = [
        child for child in children if child.platform and any(child.platform.matches(p) for p in platforms)
    ]
    absent = [str(p) for p in platforms if not any(c.platform and c.platform.matches(p) for c in keep)]
    if absent:
        have = ", ".join(dict.fromkeys(str(child.platform) for child in children if child.platform))
        raise NotFoundError("PLATFORM_NOT_FOUND", f"{where} has no {', '.join(absent)}, but {have}.")
    if len(keep) == len(children):
        return node
    manifest = node.manifest.with_body(with_platforms(node.manifest.body, keep))
    return Node(manifest, replace(node.contents, children=tuple(keep)))


def levels(nodes: Mapping[str, Node]) -> Iterator[list[Node]]:
    """Manifests in the order in which they can be stored: each after those that it refers to."""
    left = dict(nodes)
    while left:
        ready = [node for node in left.values() if not any(c.digest in left for c in node.contents.children)]
        yield ready
        for node in ready:
            del left[node.digest]


class Reading:
    """Reads what an image is made of.

    Args:
        source: where from.
        target: where what is there is read instead, if reading costs pulls.
        inventory: of the target: what is there is not read.
        pool: for requests.
        tally: counts what is there.
    """

    def __init__(
        self, source: Source, target: Target, inventory: Inventory, pool: Pool, tally: Tally
    ) -> None:
        self.has_narrowed = False
        """Whether an index was left without some of its platforms, so that its digest is another."""
        self._source = source
        self._target = target
        self._inventory = inventory
        self._pool = pool
        self._tally = tally

    def root(self, version: str, platforms: Sequence[Platform] = ()) -> Node:
        """The manifest that a tag or digest of the source stands for.

        Args:
            version: the tag or digest.
            platforms: those of an index to keep; all, where there is none.

        Raises:
            NotFoundError: REPOSITORY_NOT_FOUND, PLATFORM_NOT_FOUND.
        """
        known = self._known(version) if self._source.counts_pulls and not platforms else None
        whole = Node.of(known or self._named(version))
        root = narrowed(whole, platforms, self._source.name)
        self.has_narrowed = self.has_narrowed or root is not whole
        return root

    def _named(self, version: str) -> Manifest:
        try:
            return self._pull(version)
        except NotFoundError as error:
            near = [] if error.code != "REPOSITORY_NOT_FOUND" or is_digest(version) else self._near(version)
            raise (error.advised(f"Nearest: {', '.join(near)}") if near else error) from None

    def _near(self, tag: str) -> list[str]:
        with suppress(AcrBridgeError):
            return nearest(tag, islice(self._source.tags(), _TAGS_COMPARED))
        return []

    def tree(self, root: Node) -> dict[str, Node]:
        """The manifest with all beneath it that the target lacks, by digest.

        Raises:
            AcrBridgeError: MANIFEST_INVALID, nested too deep, or too many.
        """
        read, level = {root.digest: root}, [root]
        for _ in range(MAX_DEPTH):
            wanted = {d.digest: d for node in level for d in node.contents.children if d.digest not in read}
            if not wanted:
                return read
            if len(read) + len(wanted) > MAX_MANIFESTS:
                raise AcrBridgeError(
                    "MANIFEST_INVALID", f"{self._source.name} has over {MAX_MANIFESTS} manifests."
                )
            futures = [self._pool.submit(self._child, descriptor) for descriptor in wanted.values()]
            level = [node for future in futures if (node := future.result()) is not None]
            read.update({node.digest: node for node in level})
        raise AcrBridgeError(
            "MANIFEST_INVALID", f"{self._source.name} has indexes nested over {MAX_DEPTH} deep."
        )

    def _child(self, descriptor: Descriptor) -> Node | None:
        """A child of an index; None where the target has it, and so all that it refers to."""
        if self._inventory.has_manifest(descriptor.digest):
            self._tally.child(descriptor)
            return None
        manifest = self._pull(descriptor.digest)
        if len(manifest.body) != descriptor.size:
            raise VerificationError(
                "DIGEST_MISMATCH",
                f"{self._source.name}: {descriptor.digest} has {len(manifest.body)} bytes, not {descriptor.size}.",
            )
        return Node.of(manifest)

    def _known(self, version: str) -> Manifest | None:
        """The target's own, where it has what the source names: to ask for that costs no pull."""
        if self._inventory.is_empty():
            return None
        digest = version if is_digest(version) else self._source.digest_of(version)
        return self._target.manifest(digest) if digest and self._inventory.has_manifest(digest) else None

    def _pull(self, version: str) -> Manifest:
        if self._source.counts_pulls:
            self._tally.pull()
        return self._source.manifest(version)
