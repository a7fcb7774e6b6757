from __future__ import annotations

import copy as copies
from collections.abc import Callable, Sequence

import pytest

from acrbridge.jobs import CopyItem
from acrbridge.transfer.copy import Copy, Options
from acrbridge.transfer.fallback import fallback_tag
from acrbridge.transfer.rehearsal import RehearsedSource, RehearsedTarget
from unit.fakes import FakeClock
from unit.transfer.places import Place, as_json

Case = Callable[[Place, Place], None]
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"


def items(copy: Copy, tags: Sequence[str]) -> tuple[CopyItem, ...]:
    try:
        for tag in tags:
            copy.image(tag, [tag])
        return copy.tally.items()
    finally:
        copy.close()


def run(source: Place, target: Place) -> tuple[CopyItem, ...]:
    return items(Copy(source, target, FakeClock(), Options(), concurrency=4), sorted(source.tagged))


def rehearse(source: Place, target: Place) -> tuple[CopyItem, ...]:
    places = RehearsedSource(source), RehearsedTarget(target, source)
    return items(Copy(*places, FakeClock(), Options(), concurrency=4), sorted(source.tagged))


def full(source: Place) -> None:
    """Two tags that share a layer, one of them an index; a signature; a layer that stays where it is."""
    linux = source.image(b"linux" * 100, b"shared")
    windows = source.add(
        {
            "config": source.blob(b"{}"),
            "layers": [source.blob(b"base", NONDISTRIBUTABLE), source.blob(b"windows")],
        },
        linux.media_type,
    )
    source.index((linux, "linux/amd64"), (windows, "windows/amd64"), tag="v1")
    signed = source.image(b"other", b"shared", tag="v2")
    source.referring = {signed.digest: [source.image(b"signature", subject=as_json(signed))]}


def cold(source: Place, target: Place) -> None:
    del source, target


def warm(source: Place, target: Place) -> None:
    run(source, target)


def half(source: Place, target: Place) -> None:
    target.image(b"something else", tag="other")
    for digest in sorted(source.blobs)[::2]:
        target.blobs[digest] = source.blobs[digest]


def mounting(source: Place, target: Place) -> None:
    del source
    target.mounts = True


def other_tag(source: Place, target: Place) -> None:
    run(source, target)
    del target.tagged["v1"]


def counting(source: Place, target: Place) -> None:
    run(source, target)
    source.counts_pulls = True


def unlisting(source: Place, target: Place) -> None:
    """The target lists no referrers, and has a fallback tag of its own."""
    target.referring = None
    (subject,) = source.referring or {}
    target.index((target.image(b"older"), ""), tag=fallback_tag(subject))


class Lenient(Place):
    """Takes a manifest whose foreign layers it does not hold, as registries do."""

    def has(self, digest: str) -> bool:
        return True


@pytest.mark.parametrize("case", [cold, warm, half, mounting, other_tag, counting, unlisting])
def test_a_rehearsal_tells_item_for_item_what_the_run_then_does(case: Case) -> None:
    source, target = Place("source"), Lenient("target", referring={})
    full(source)
    case(source, target)
    before = copies.deepcopy(target)
    told = rehearse(source, target)
    assert (target.blobs, target.manifests, target.tagged) == (
        before.blobs,
        before.manifests,
        before.tagged,
    )
    assert told == run(source, target)


def test_a_rehearsal_opens_no_blob_and_puts_nothing() -> None:
    source, target = Place("source"), Lenient("target")
    full(source)
    told = rehearse(source, target)
    assert {item.outcome for item in told} == {"sent", "skipped"}
    assert not [line for line in source.log if line.startswith("open")]
    assert not [line for line in target.log if not line.startswith(("head", "get"))]
