"""What refers to an image: found by the referrers API, by its fallback tag, and by cosign's tags.

Distribution-spec v1.1, "Listing Referrers" and "Referrers Tag Schema"; cosign, "Signature Specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from acrbridge.transfer.content import Source
from acrbridge.transfer.pool import Pool

_SIGNATURES = (".sig", ".att", ".sbom")
"""Ends of the tags that cosign gives what it makes of an image, `sha256-HEX.sig` and so on."""
_TAG = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")


def is_referrer_tag(tag: str) -> bool:
    """Whether a tag stands for what refers to an image."""
    return _TAG.fullmatch(tag) is not None


class Referrers:
    """Finds what refers to manifests, each once.

    Args:
        source: where; its tags are asked for at once.
        pool: for requests.
    """

    def __init__(self, source: Source, pool: Pool) -> None:
        self._source = source
        self._pool = pool
        self._tags = pool.submit(lambda: frozenset(source.tags()))
        self._followed: set[str] = set()
        self._can_list = True

    def tags(self) -> frozenset[str]:
        """All tags of the source."""
        return self._tags.result()

    def of(self, digests: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Versions of what refers to manifests, and the tags that each has at the source by the same right."""
        new = [digest for digest in digests if digest not in self._followed]
        self._followed.update(new)
        for digest in self._listed(new):
            yield digest, ()
        tags = self.tags()
        for digest in new:
            name = digest.replace(":", "-")
            for tag in [name, *(f"{name}{end}" for end in _SIGNATURES)]:
                if tag in tags and tag not in self._followed:
                    self._followed.add(tag)
                    yield tag, (tag,)

    def _listed(self, digests: Sequence[str]) -> Iterator[str]:
        if not self._can_list:
            return
        for future in [self._pool.submit(self._source.referrers, digest) for digest in digests]:
            descriptors = future.result()
            self._can_list = self._can_list and descriptors is not None
            yield from (descriptor.digest for descriptor in descriptors or ())
