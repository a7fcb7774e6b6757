"""The walk: children before parents, blobs before their manifest, the tag last.

One Copy serves any number of images between two places: what several share is moved once. All requests run on
one pool of threads, and no task of the pool waits for another, so that the pool cannot lock itself up; only the
thread that asked for an image waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from acrbridge.errors import AcrBridgeError, TargetExistsError
from acrbridge.http.deadlines import Clock
from acrbridge.registry.manifests import Manifest
from acrbridge.registry.platforms import Platform
from acrbridge.transfer.bandwidth import Bandwidth
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.fallback import FallbackTags
from acrbridge.transfer.inventory import Inventory
from acrbridge.transfer.moving import Elsewhere, Moving
from acrbridge.transfer.pool import Pool, finish
from acrbridge.transfer.progress import Progress
from acrbridge.transfer.referrers import Referrers, is_referrer_tag
from acrbridge.transfer.storing import Storing
from acrbridge.transfer.tags import Selection
from acrbridge.transfer.tally import Tally
from acrbridge.transfer.tree import MAX_DEPTH, Node, Reading


@dataclass(frozen=True)
class Options:
    """What is copied of an image.

    Args:
        platforms: only these of an index; its digest changes with them. None: all.
        referrers: signatures, SBOMs and the like come along.
        artifact_types: only these of them. None: all.
        foreign_layers: layers that registries do not hold by their licence are copied, too.
        clobber: tags that the target has may move.
    """

    platforms: tuple[Platform, ...] = ()
    referrers: bool = True
    artifact_types: tuple[str, ...] = ()
    foreign_layers: bool = False
    clobber: bool = True


class Copy:
    """Copies images from one place to another.

    Args:
        source: where from.
        target: where to.
        clock: for waits.
        options: what of each image.
        concurrency: requests at once, at most.
        bandwidth: bytes a second of all blobs together.
        is_far: whether requests take so long to be answered that many at once help.
        known: digests of blobs that the target is known to have; added to.
        elsewhere: opens layers that registries do not hold, where the source does not hold them either.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        clock: Clock,
        options: Options = Options(),
        *,
        concurrency: int = 32,
        bandwidth: int | None = None,
        is_far: Callable[[], bool] = lambda: True,
        known: set[str] | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        limit = Bandwidth(bandwidth, clock) if bandwidth else None
        concurrency = min(concurrency, limit.blobs) if limit else concurrency
        self.tally = Tally()
        self.progress = Progress(clock)
        self._source = source
        self._target = target
        self._options = options
        self._pool = Pool(concurrency, clock, is_far)
        self._inventory = Inventory(target, self._pool, set() if known is None else known)
        self._moving = Moving(
            source,
            target,
            self._inventory,
            self._pool,
            concurrency,
            clock,
            self.tally,
            self.progress,
            limit,
            elsewhere,
        )
        self._reading = Reading(source, target, self._inventory, self._pool, self.tally)
        self._fallback = FallbackTags(target, self.tally)
        self._storing = Storing(
            target,
            self._moving,
            self._fallback,
            self._pool,
            self.tally,
            foreign_layers=options.foreign_layers,
        )
        self._referrers = (
            Referrers(source, self._reading, self._pool, options.artifact_types)
            if options.referrers
            else None
        )

    @property
    def has_narrowed(self) -> bool:
        """Whether an index arrives without some of its platforms, and so with another digest."""
        return self._reading.has_narrowed

    @property
    def missed(self) -> str | None:
        """A sentence about artifact types that are wanted, and that no referrer has."""
        return self._referrers.missed() if self._referrers else None

    def tags(self, selection: Selection) -> list[str]:
        """The source's tags, but for those that stand for what refers to an image.

        Raises:
            NotFoundError: TAGS_NOT_FOUND, none is selected.
        """
        tags = self._referrers.tags() if self._referrers else self._source.tags()
        return selection.of((tag for tag in tags if not is_referrer_tag(tag)), self._source.name)

    def trouble(self, host: str) -> None:
        """Go slower: a host throttles, fails, or breaks connections off."""
        self._pool.trouble(host)

    def stop(self, grace: float) -> None:
        """What has not begun never does, and what is under way ends at its next piece: wait so many seconds for it."""
        self._pool.stop()
        self._moving.settle(grace)

    def close(self) -> None:
        """Stop, and wait for the end of what is under way."""
        self._pool.close()
        self._moving.close()

    def image(self, version: str, tags: Sequence[str]) -> str:
        """Copy one image.

        Args:
            version: its tag or digest at the source.
            tags: that it gets at the target; without, it stays untagged.

        Returns:
            Its digest at the target.

        Raises:
            NotFoundError: the source has no such image.
            TargetExistsError: TARGET_TAG_EXISTS, a tag would have to move and must not.
            PartFailedError: PART_FAILED, some of the tags could not be written.
            VerificationError: what arrived is not what was sent.
            AcrBridgeError: by cause, naming the side.
        """
        found = self._found(tags)
        root = self._pool.submit(self._reading.root, version, self._options.platforms).result()
        self._bring(root, tags, found)
        self._bring_referrers(root, 1)
        return root.digest

    def _found(self, tags: Sequence[str]) -> dict[str, Future[str | None]]:
        return {tag: self._pool.submit(self._inventory.digest_of, tag) for tag in tags}

    def _bring(self, root: Node, tags: Sequence[str], found: Mapping[str, Future[str | None]]) -> None:
        if self._referrers:
            self._referrers.ask(_subjects(root))
        before = {tag: found[tag].result() for tag in tags}
        missing = {tag: digest for tag, digest in before.items() if digest != root.digest}
        self._refuse_to_move(missing)
        if missing or (not tags and not self._inventory.has_manifest(root.digest)):
            self._storing.store(self._reading.tree(root), missing)
        for tag in tags or (None,):
            if tag not in missing:
                self.tally.manifest(root.manifest, "there", tag)

    def _refuse_to_move(self, tags: Mapping[str, str | None]) -> None:
        taken = [f"{tag} is {digest}" for tag, digest in tags.items() if digest]
        if taken and not self._options.clobber:
            raise TargetExistsError(
                "TARGET_TAG_EXISTS",
                f"{self._target.name} has another image by that tag: {', '.join(taken)}.",
                remedy="Leave out --no-clobber to move the tag, or choose another one.",
            )

    def _bring_referrers(self, root: Node, depth: int) -> None:
        if self._referrers is None:
            return
        listed: dict[str, list[Manifest]] = {}
        for referrer in self._referrers.of(_subjects(root)):
            if depth > MAX_DEPTH:
                raise AcrBridgeError(
                    "MANIFEST_INVALID",
                    f"{self._source.name} has referrers of referrers over {MAX_DEPTH} deep.",
                )
            found = self._found(referrer.tags)
            node = self._pool.submit(self._reading.root, referrer.version).result()
            if self._referrers.is_wanted(node):
                self._bring(node, referrer.tags, found)
                self._bring_referrers(node, depth + 1)
                if not referrer.tags:
                    listed.setdefault(referrer.subject, []).append(node.manifest)
        finish([self._pool.submit(self._fallback.add, *one) for one in listed.items()])


def _subjects(root: Node) -> list[str]:
    """Digests of what signatures and the like can refer to: an image, and its platforms."""
    return [root.digest, *(child.digest for child in root.contents.children)]
