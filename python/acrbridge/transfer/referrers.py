"""What refers to an image: found by the referrers API, by its fallback tag, and by cosign's tags.

Distribution-spec v1.1, "Listing Referrers" and "Referrers Tag Schema"; cosign, "Signature Specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from acrbridge.errors import NotFoundError, RefusedError
from acrbridge.registry.contents import Descriptor
from acrbridge.transfer.content import Source
from acrbridge.transfer.fallback import fallback_tag
from acrbridge.transfer.pool import Pool
from acrbridge.transfer.tree import Node, Reading

_SIGNATURES = (".sig", ".att", ".sbom")
"""Ends of the tags that cosign gives what it makes of an image, `sha256-HEX.sig` and so on."""
_TAG = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")


def is_referrer_tag(tag: str) -> bool:
    """Whether a tag stands for what refers to an image."""
    return _TAG.fullmatch(tag) is not None


@dataclass(frozen=True)
class Referrer:
    """What refers to a manifest."""

    subject: str
    """The manifest's digest."""
    version: str
    """Its own digest, or cosign's tag."""
    tags: tuple[str, ...] = ()
    """Cosign's tag, which makes it a referrer; none where its list names it."""


class Referrers:
    """Finds what refers to manifests, each once.

    Args:
        source: where; its tags are asked for at once.
        reading: reads fallback tags.
        pool: for requests.
        types: artifact types that are wanted; all, where there is none.
    """

    def __init__(self, source: Source, reading: Reading, pool: Pool, types: Sequence[str] = ()) -> None:
        self._source = source
        self._reading = reading
        self._pool = pool
        self._types = frozenset(types)
        self._tags = pool.submit(lambda: frozenset(source.tags()))
        self._seen: set[str] = set()
        """Types of what refers to the manifests so far."""
        self._followed: set[str] = set()
        self._asked: dict[str, Future[list[Descriptor] | None]] = {}
        self._can_list = True

    def tags(self) -> frozenset[str]:
        """All tags of the source."""
        return self._tags.result()

    def missed(self) -> str | None:
        """A sentence about types that are wanted, and that nothing has which was found; None where there is none."""
        missed = ", ".join(sorted(self._types - self._seen))
        there = ", ".join(sorted(self._seen)) or "none at all"
        return f"No referrer has the artifact type {missed}; there are {there}." if missed else None

    def is_wanted(self, node: Node) -> bool:
        """Whether what was read is of a type that is wanted; what names none goes by what it is made of."""
        contents = node.contents
        types = [contents.artifact_type] if contents.artifact_type else [b.media_type for b in contents.blobs]
        self._seen.update(types)
        return not self._types or not self._types.isdisjoint(types)

    def ask(self, digests: Sequence[str]) -> None:
        """Have the source asked what refers to manifests: the answer comes while their image is on its way."""
        for digest in digests:
            if self._can_list and digest not in self._asked and digest not in self._followed:
                self._asked[digest] = self._pool.submit(self._source.referrers, digest)

    def of(self, digests: Sequence[str]) -> Iterator[Referrer]:
        """What refers to manifests, as far as can be told before it is read."""
        new = [digest for digest in digests if digest not in self._followed]
        self.ask(new)
        self._followed.update(new)
        listed = list(self._listed(new))
        self._seen.update(descriptor.artifact_type for _, descriptor in listed if descriptor.artifact_type)
        found = dict.fromkeys(
            Referrer(subject, descriptor.digest)
            for subject, descriptor in listed
            if not self._types or descriptor.artifact_type in {None, *self._types}
        )
        yield from found
        signatures = {f"{fallback_tag(digest)}{end}": digest for digest in new for end in _SIGNATURES}
        for tag in self._there(signatures):
            yield Referrer(signatures[tag], tag, (tag,))

    def _listed(self, digests: Sequence[str]) -> Iterator[tuple[str, Descriptor]]:
        """By the API and by the fallback tag, each once."""
        by_api = {digest: asked for digest in digests if (asked := self._asked.pop(digest, None))}
        for digest, asked in by_api.items():
            listed = asked.result()
            self._can_list = self._can_list and listed is not None
            yield from ((digest, descriptor) for descriptor in listed or ())
        tagged = {fallback_tag(digest): digest for digest in digests}
        by_tag = {tag: self._pool.submit(self._reading.root, tag) for tag in self._there(tagged)}
        for tag, index in by_tag.items():
            yield from ((tagged[tag], descriptor) for descriptor in index.result().contents.children)

    def _there(self, tags: Iterable[str]) -> list[str]:
        """Those of the tags that the source has; it is asked for each where it gives no list of all."""
        try:
            listed = self.tags()
        except (NotFoundError, RefusedError):
            found = {tag: self._pool.submit(self._source.digest_of, tag) for tag in tags}
            return [tag for tag, digest in found.items() if digest.result()]
        return [tag for tag in tags if tag in listed]
