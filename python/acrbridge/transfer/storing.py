"""An image is stored: its blobs, then its manifests from the leaves up, its tags last, and all is read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, wait

from acrbridge.errors import AcrBridgeError, PartFailedError, VerificationError
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

    def store(self, tree: Mapping[str, Node], tags: Mapping[str, str | None]) -> None:
        """Store an image.

        Args:
            tree: its manifests by digest.
            tags: that it gets, each with the digest that it stands for so far; without, it is stored by its digest.

        Raises:
            PartFailedError: PART_FAILED, some of the tags could not be written.
            VerificationError: DIGEST_MISMATCH, the target shows another image afterwards.
        """
        finish(self._moving.move(self._blobs(tree.values())))
        *beneath, [root] = levels(tree)
        for level in beneath:
            finish([self._pool.submit(self._put, node, node.digest) for node in level])
        versions = list(tags) or [root.digest]
        puts = {v: self._pool.submit(self._put, root, v, tags.get(v)) for v in versions}
        self._finish(puts)
        finish([self._pool.submit(self._read_back, root, version) for version in versions])

    def _blobs(self, nodes: Iterable[Node]) -> list[Descriptor]:
        wanted: list[Descriptor] = []
        for blob in (blob for node in nodes for blob in node.contents.blobs):
            if self._foreign_layers or not blob.is_foreign:
                wanted.append(blob)
            else:
                self._tally.blob(blob, "skipped")
        return wanted

    def _finish(self, puts: Mapping[str, Future[None]]) -> None:
        """Wait for tags to be written; where some are and some are not, say which."""
        wait(puts.values())
        failed = {tag: error for tag, put in puts.items() if (error := put.exception())}
        for error in failed.values():
            if len(failed) == len(puts) or not isinstance(error, AcrBridgeError):
                raise error
            written = ", ".join(tag for tag in puts if tag not in failed)
            raise PartFailedError(
                "PART_FAILED",
                f"Of the tags only {written} could be written, {', '.join(failed)} could not:"
                f" {error.message} ({error.code})",
                remedy=error.remedy,
            ) from error

    def _put(self, node: Node, version: str, replaced: str | None = None) -> None:
        try:
            lists = self._target.put_manifest(version, node.manifest)
        except AcrBridgeError as error:
            if error.code != "TARGET_BLOB_MISSING" or not self._moving.send_anyway(node.contents.blobs):
                raise
            lists = self._target.put_manifest(version, node.manifest)
        if node.contents.subject:
            self._fallback.learn(lists=lists)
        self._tally.manifest(node.manifest, "sent", None if version == node.digest else version, replaced)

    def _read_back(self, root: Node, version: str) -> None:
        found = self._target.digest_of(version)
        if found != root.digest:
            raise VerificationError(
                "DIGEST_MISMATCH",
                f"{self._target.name}:{version} has digest {found} after the copy, not {root.digest}.",
            )
