"""An image is stored: its blobs, then its manifests from the leaves up, its tags last, and all is read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from acrbridge.errors import AcrBridgeError, VerificationError
from acrbridge.registry.contents import Descriptor
from acrbridge.transfer.content import Target
from acrbridge.transfer.fallback import FallbackTags
from acrbridge.transfer.moving import Moving
from acrbridge.transfer.pool import Pool, finish
from acrbridge.transfer.tally import Tally
from acrbridge.transfer.tree import Node, levels


class Storing:
    """Stores images.

    Args:
        target: where to.
        moving: moves their blobs.
        fallback: learns whether the target lists referrers.
        pool: for requests.
        tally: counts.
        foreign_layers: layers that registries do not hold by their licence are moved, too.
    """

    def __init__(
        self,
        target: Target,
        moving: Moving,
        fallback: FallbackTags,
        pool: Pool,
        tally: Tally,
        *,
        foreign_layers: bool,
    ) -> None:
        self._target = target
        self._moving = moving
        self._fallback = fallback
        self._pool = pool
        self._tally = tally
        self._foreign_layers = foreign_layers

    def store(self, tree: Mapping[str, Node], tags: Sequence[str]) -> None:
        """Store an image.

        Args:
            tree: its manifests by digest.
            tags: that it gets; without, it is stored by its digest.

        Raises:
            VerificationError: DIGEST_MISMATCH, the target shows another image afterwards.
        """
        finish(self._moving.move(self._blobs(tree.values())))
        *beneath, [root] = levels(tree)
        for level in beneath:
            finish([self._pool.submit(self._put, node, node.digest) for node in level])
        versions = tags or [root.digest]
        finish([self._pool.submit(self._put, root, version) for version in versions])
        finish([self._pool.submit(self._read_back, root, version) for version in versions])

    def _blobs(self, nodes: Iterable[Node]) -> list[Descriptor]:
        blobs = [blob for node in nodes for blob in node.contents.blobs]
        skipped = [blob for blob in blobs if blob.is_foreign and not self._foreign_layers]
        for blob in skipped:
            self._tally.blob(blob, "skipped")
        return [blob for blob in blobs if blob not in skipped]

    def _put(self, node: Node, version: str) -> None:
        try:
            lists = self._target.put_manifest(version, node.manifest)
        except AcrBridgeError as error:
            if error.code != "TARGET_BLOB_MISSING" or not self._moving.send_anyway(node.contents.blobs):
                raise
            lists = self._target.put_manifest(version, node.manifest)
        if node.contents.subject:
            self._fallback.learn(lists=lists)
        self._tally.manifest(node.manifest, "sent", None if version == node.digest else version)

    def _read_back(self, root: Node, version: str) -> None:
        found = self._target.digest_of(version)
        if found != root.digest:
            raise VerificationError(
                "DIGEST_MISMATCH",
                f"{self._target.name}:{version} has digest {found} after the copy, not {root.digest}.",
            )
