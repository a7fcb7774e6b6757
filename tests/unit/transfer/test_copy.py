from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from acrbridge.errors import (
    AcrBridgeError,
    NetworkError,
    NotFoundError,
    PartFailedError,
    RefusedError,
    TargetExistsError,
    VerificationError,
)
from acrbridge.http.retry import DEFAULT
from acrbridge.registry.contents import OCI_MANIFEST, Descriptor
from acrbridge.registry.manifests import Manifest
from acrbridge.registry.platforms import Platform
from acrbridge.transfer.blobs import CheckedBody
from acrbridge.transfer.copy import Copy, Options
from unit.fakes import FakeClock
from unit.transfer.places import Place, as_json, digest_of

ALL = Options()


@contextmanager
def copying(source: Place, target: Place, options: Options = ALL) -> Iterator[Copy]:
    copy = Copy(source, target, FakeClock(), options, concurrency=4)
    try:
        yield copy
    finally:
        copy.close()


def copied(source: Place, target: Place, version: str, *tags: str, options: Options = ALL) -> Copy:
    with copying(source, target, options) as copy:
        copy.image(version, tags)
    return copy


def two_platforms(source: Place, tag: str = "v1") -> Descriptor:
    linux = source.image(b"linux" * 1000, b"shared", tag=None)
    windows = source.image(b"windows" * 1000, b"shared", tag=None)
    return source.index((linux, "linux/amd64"), (windows, "windows/amd64"), tag=tag)


def test_an_index_arrives_whole_and_its_tag_last() -> None:
    source, target = Place("source"), Place("target")
    root = two_platforms(source)
    copy = copied(source, target, "v1", "v1")
    assert target.tagged == {"v1": root.digest}
    assert target.blobs == source.blobs
    assert target.log[-1] == "manifest v1"
    assert (copy.tally.count("blob", "sent"), copy.tally.count("manifest", "sent")) == (4, 3)
    assert copy.tally.as_json()["bytesSent"] == sum(map(len, source.blobs.values()))


def test_what_the_target_is_known_to_have_is_not_asked_for() -> None:
    source, target, known = Place("source"), Place("target"), set[str]()
    source.image(b"one", b"two", tag="v1")
    for outcome in ("sent", "there"):
        target.manifests.clear()
        copy = Copy(source, target, FakeClock(), known=known)
        copy.image("v1", ["v1"])
        copy.close()
        assert copy.tally.count("blob", outcome) == 3
    assert [line for line in target.log if line.startswith("head")] == []


class Asked(Place):
    """A target that remembers for which versions it was asked."""

    def digest_of(self, version: str) -> str | None:
        self.log.append(f"asked {version}")
        return super().digest_of(version)


def test_a_target_that_was_empty_is_asked_for_a_tag_only_to_read_it_back() -> None:
    source, target = Place("source"), Asked("target")
    source.image(b"one", tag="v1")
    with copying(source, target) as copy:
        assert copy._inventory.is_empty()
        copy.image("v1", ["v1"])
    assert [line for line in target.log if line in ("asked v1", "manifest v1")] == ["manifest v1", "asked v1"]


def test_a_blob_that_images_share_is_moved_once() -> None:
    source, target = Place("source"), Place("target")
    source.image(b"one", b"shared", tag="a")
    source.image(b"two", b"shared", tag="b")
    with copying(source, target) as copy:
        copy.image("a", ["a"])
        copy.image("b", ["b"])
    assert sum(line == f"put {digest_of(b'shared')}" for line in target.log) == 1
    assert set(target.tagged) == {"a", "b"}


def test_what_the_target_has_is_not_sent_again() -> None:
    source, target = Place("source"), Place("target")
    two_platforms(source)
    copied(source, target, "v1", "v1")
    source.log.clear()
    again = copied(source, target, "v1", "v1")
    assert {item.outcome for item in again.tally.items()} == {"there"}
    assert source.log == ["get v1"]


def test_a_further_tag_moves_no_blob() -> None:
    source, target = Place("source"), Place("target")
    two_platforms(source)
    copied(source, target, "v1", "v1")
    again = copied(source, target, "v1", "v1", "v2")
    assert target.tagged["v2"] == target.tagged["v1"]
    assert again.tally.count("blob", "sent") == 0


def test_without_a_tag_the_image_is_stored_by_its_digest() -> None:
    source, target = Place("source"), Place("target")
    root = two_platforms(source)
    copied(source, target, "v1")
    assert target.tagged == {}
    assert root.digest in target.manifests


def test_platforms_that_nobody_asked_for_are_left_out() -> None:
    source, target = Place("source"), Place("target")
    root = two_platforms(source)
    copied(source, target, "v1", "v1", options=Options(platforms=(Platform.parse("linux/amd64"),)))
    assert len(target.manifests) == 2
    assert digest_of(b"windows" * 1000) not in target.blobs
    assert target.tagged["v1"] != root.digest


def test_an_index_of_which_all_platforms_are_wanted_keeps_its_digest() -> None:
    source, target = Place("source"), Place("target")
    root = two_platforms(source)
    both = Options(platforms=(Platform.parse("linux/amd64"), Platform.parse("windows/amd64")))
    copy = copied(source, target, "v1", "v1", options=both)
    assert (target.tagged["v1"], copy.has_narrowed) == (root.digest, False)


def test_a_platform_that_is_not_there_is_said() -> None:
    source, target = Place("source"), Place("target")
    two_platforms(source)
    with pytest.raises(NotFoundError) as caught:
        copied(source, target, "v1", "v1", options=Options(platforms=(Platform.parse("linux/s390x"),)))
    assert caught.value.code == "PLATFORM_NOT_FOUND"
    assert "windows/amd64" in caught.value.message


@pytest.mark.parametrize(
    ("typed", "remedy"), [("lates", "Nearest: latest"), ("nightly", "List what is there")]
)
def test_a_tag_that_is_not_there_is_answered_with_the_nearest(typed: str, remedy: str) -> None:
    source = Place("source")
    source.image(b"layer", tag="latest")
    with pytest.raises(NotFoundError) as caught:
        copied(source, Place("target"), typed, "v1")
    assert caught.value.remedy.startswith(remedy)


def test_of_several_platforms_none_may_be_missing() -> None:
    source, target = Place("source"), Place("target")
    two_platforms(source)
    asked = tuple(map(Platform.parse, ("linux/amd64", "linux/nope")))
    with pytest.raises(NotFoundError, match="source has no linux/nope, but linux/amd64, windows/amd64"):
        copied(source, target, "v1", "v1", options=Options(platforms=asked))
    assert target.manifests == {}


def test_a_tag_that_moves_is_told_with_what_it_stood_for() -> None:
    source, target = Place("source"), Place("target")
    old, new = target.image(b"old", tag="v1"), source.image(b"new", tag="v1")
    items = copied(source, target, "v1", "v1", "v2").tally.items()
    moved = {i.tag: (i.replaced, i.digest) for i in items if i.kind == "manifest"}
    assert moved == {"v1": (old.digest, new.digest), "v2": (None, new.digest)}


def test_a_tag_that_must_not_move_is_refused_before_anything_is_written() -> None:
    source, target = Place("source"), Place("target")
    old = target.image(b"old", tag="v1")
    source.image(b"new", tag="v1")
    with pytest.raises(TargetExistsError) as caught:
        copied(source, target, "v1", "new", "v1", options=Options(clobber=False))
    assert caught.value.code == "TARGET_TAG_EXISTS"
    assert f"v1 is {old.digest}" in caught.value.message
    assert (target.tagged, [line for line in target.log if line.startswith("put")]) == (
        {"v1": old.digest},
        [],
    )


def test_a_tag_that_need_not_move_is_no_reason_to_refuse() -> None:
    source, target = Place("source"), Place("target")
    two_platforms(source)
    for _ in ("new", "there"):
        copied(source, target, "v1", "v1", options=Options(clobber=False))
    assert target.tagged == source.tagged


class Locked(Place):
    """A target some of whose tags are locked."""

    locked: tuple[str, ...] = ()

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        if version in self.locked:
            raise RefusedError("TARGET_LOCKED", f"{version} is locked.")
        return super().put_manifest(version, manifest)


def test_where_some_tags_cannot_be_written_it_is_said_which_are_there() -> None:
    source, target = Place("source"), Locked("target")
    source.image(b"layer", tag="v1")
    target.locked = ("b",)
    with pytest.raises(PartFailedError) as caught:
        copied(source, target, "v1", "a", "b", "c")
    assert "only a, c could be written, b could not: b is locked. (TARGET_LOCKED)" in caught.value.message
    assert set(target.tagged) == {"a", "c"}


def test_where_no_tag_can_be_written_its_cause_is_the_error() -> None:
    source, target = Place("source"), Locked("target")
    source.image(b"layer", tag="v1")
    target.locked = ("a", "b")
    with pytest.raises(RefusedError):
        copied(source, target, "v1", "a", "b")


def test_referrers_come_along_by_the_api() -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    signature = source.image(b"signature", subject=as_json(image))
    sbom = source.image(b"sbom of the signature", subject=as_json(signature))
    source.referring = {image.digest: [signature], signature.digest: [sbom]}
    copied(source, target, "v1", "v1")
    assert {signature.digest, sbom.digest} <= set(target.manifests)


def test_referrers_that_refer_to_each_other_end() -> None:
    source, target = Place("source", referring={}), Place("target")
    image, other = source.image(b"a", tag="v1"), source.image(b"b")
    source.referring = {image.digest: [other], other.digest: [image, other]}
    copied(source, target, "v1", "v1")
    assert other.digest in target.manifests


def test_cosign_tags_come_along() -> None:
    source, target = Place("source"), Place("target")
    image = source.image(b"layer", tag="v1")
    name = image.digest.replace(":", "-")
    for tag in (f"{name}.sig", f"{name}.att", f"{name}.sbom", "other"):
        source.image(tag.encode(), tag=tag)
    copied(source, target, "v1", "v1")
    assert set(target.tagged) == {"v1", f"{name}.sig", f"{name}.att", f"{name}.sbom"}


def test_referrers_stay_where_nobody_wants_them() -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    signature = source.image(b"signature", subject=as_json(image))
    source.referring = {image.digest: [signature]}
    copied(source, target, "v1", "v1", options=Options(referrers=False))
    assert signature.digest not in target.manifests


@pytest.mark.parametrize("wanted", [False, True])
def test_foreign_layers_are_left_alone_unless_wanted(*, wanted: bool) -> None:
    source, target = Place("source"), Place("target")
    foreign = source.blob(b"windows base", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    config = source.blob(b"{}")
    document = {"config": config, "layers": [foreign]}
    source.add(document, "application/vnd.oci.image.manifest.v1+json", "v1")
    with copying(source, target, Options(foreign_layers=wanted)) as copy:
        if wanted:
            copy.image("v1", ["v1"])
        else:
            with pytest.raises(
                AssertionError, match="blob has to be there"
            ):  # the place is stricter than registries
                copy.image("v1", ["v1"])
    assert (foreign["digest"] in target.blobs) is wanted


def test_a_broken_download_goes_on_where_it_broke() -> None:
    source, target = Place("source", breaks=[400, 300]), Place("target")
    source.blobs.clear()
    layer = bytes(range(256)) * 8
    source.image(layer, tag="v1")
    source.breaks = [400, 2]
    copied(source, target, "v1", "v1")
    assert target.blobs[digest_of(layer)] == layer
    assert any(line.startswith("open") and not line.endswith(" 0") for line in source.log)


def test_a_download_that_never_makes_progress_is_given_up() -> None:
    source, target = Place("source"), Place("target")
    source.image(b"layer", tag="v1")
    source.breaks = [0] * 100
    with pytest.raises(NetworkError):
        copied(source, target, "v1", "v1")
    assert target.tagged == {}


def test_a_lost_upload_begins_anew() -> None:
    source, target = Place("source"), Place("target", lost_uploads=1)
    source.image(b"layer", tag="v1")
    copied(source, target, "v1", "v1")
    assert target.tagged["v1"] == source.tagged["v1"]


def test_a_wrong_byte_is_never_committed_and_leaves_no_tag() -> None:
    source, target = Place("source"), Place("target")
    source.image(b"layer", tag="v1")
    source.blobs[digest_of(b"layer")] = b"lAyer"
    with pytest.raises(VerificationError) as caught:
        copied(source, target, "v1", "v1")
    assert caught.value.code == "DIGEST_MISMATCH"
    assert target.tagged == {}
    assert digest_of(b"layer") not in target.blobs


def test_indexes_nested_beyond_the_limit_are_refused() -> None:
    source, target = Place("source"), Place("target")
    node = source.image(b"layer")
    for _ in range(12):
        node = source.index((node, ""))
    source.tagged["deep"] = node.digest
    with pytest.raises(AcrBridgeError) as caught:
        copied(source, target, "deep", "deep")
    assert caught.value.code == "MANIFEST_INVALID"


def test_an_image_that_is_not_there_is_said() -> None:
    with pytest.raises(NotFoundError):
        copied(Place("source"), Place("target"), "nosuch", "v1")


def test_indexes_that_share_all_their_children_are_walked_once() -> None:
    source, target = Place("source"), Place("target")
    level = [source.image(bytes([number])) for number in range(10)]
    for _ in range(6):
        level = [source.index(*((child, "") for child in level), (level[number], "")) for number in range(10)]
    root = source.index(*((child, "") for child in level), tag="v1")
    assert copied(source, target, "v1", "v1").tally.count("manifest", "sent") == 71
    assert target.tagged == {"v1": root.digest}


def test_referrers_without_end_are_refused() -> None:
    source, target = Place("source", referring={}), Place("target")
    root = last = source.image(b"layer", tag="v1")
    source.referring = {}
    for number in range(500):
        following = source.image(b"%d" % number)
        source.referring[last.digest] = [following]
        last = following
    with pytest.raises(AcrBridgeError) as caught:
        copied(source, target, "v1", "v1")
    assert caught.value.code == "MANIFEST_INVALID"
    assert root.digest in target.manifests


def test_where_pulls_are_counted_a_warm_copy_costs_none() -> None:
    source, target = Place("source", counts_pulls=True, referring={}), Place("target", referring={})
    root = two_platforms(source)
    source.referring = {root.digest: [source.image(b"signature", subject=as_json(root))]}
    cold = copied(source, target, "v1", "v1")
    assert cold.tally.pulls == 4
    source.log.clear()
    warm = copied(source, target, "v1", "v1", "v2")
    assert (warm.tally.pulls, source.log) == (0, [])
    assert target.tagged["v2"] == root.digest


def test_where_pulls_are_counted_only_what_is_new_costs_one() -> None:
    source, target = Place("source", counts_pulls=True), Place("target")
    linux = source.image(b"linux")
    source.index((linux, "linux/amd64"), tag="v1")
    copied(source, target, "v1", "v1")
    source.index((linux, "linux/amd64"), (source.image(b"windows"), "windows/amd64"), tag="v1")
    assert copied(source, target, "v1", "v1").tally.pulls == 2


def test_what_can_be_mounted_is_not_opened() -> None:
    source, target = Place("source"), Place("target", mounts=True)
    source.image(b"layer", tag="v1")
    copy = copied(source, target, "v1", "v1")
    assert {item.outcome for item in copy.tally.items() if item.kind == "blob"} == {"mounted"}
    assert source.log == ["get v1"]


def test_a_blob_that_was_only_said_to_be_mounted_is_sent_after_all() -> None:
    class Liar(Place):
        """Says that it mounted, and did not."""

        def mount(self, digest: str, source: object) -> bool:
            return True

        def put_manifest(self, version: str, manifest: Manifest) -> bool:
            if not self.blobs:
                raise AcrBridgeError("TARGET_BLOB_MISSING", "MANIFEST_BLOB_UNKNOWN")
            return super().put_manifest(version, manifest)

    source, target = Place("source"), Liar("target")
    source.image(b"layer", tag="v1")
    copy = copied(source, target, "v1", "v1")
    assert target.blobs == source.blobs
    assert {item.outcome for item in copy.tally.items()} == {"sent"}


def test_a_shared_blob_that_was_only_said_to_be_there_is_sent_once_for_all_who_need_it() -> None:
    refused, sending = threading.Barrier(2), threading.Event()

    class Liar(Place):
        """Says that it has the shared blob, until that is sent, which takes a while."""

        def is_empty(self) -> bool:
            return False

        def has_blob(self, digest: str) -> bool:
            return digest == shared

        def put_blob(self, blob: Descriptor, body: CheckedBody) -> None:
            if blob.digest == shared:
                sending.set()
                time.sleep(0.05)
            super().put_blob(blob, body)

        def put_manifest(self, version: str, manifest: Manifest) -> bool:
            if shared not in self.blobs:
                refused.wait(5)
                if version == "b":
                    sending.wait(5)
                raise AcrBridgeError("TARGET_BLOB_MISSING", "MANIFEST_BLOB_UNKNOWN")
            return super().put_manifest(version, manifest)

    source, target = Place("source"), Liar("target")
    shared = digest_of(b"shared")
    source.image(b"one", b"shared", tag="a")
    source.image(b"two", b"shared", tag="b")
    with copying(source, target) as copy, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda tag: copy.image(tag, [tag]), "ab"))
    assert set(target.tagged) == {"a", "b"}
    assert target.log.count(f"put {shared}") == 1


@pytest.mark.parametrize(
    ("code", "tries", "begun"),
    [
        ("UNREACHABLE", 1, DEFAULT.tries),
        ("UNREACHABLE", 3, DEFAULT.tries),  # what refuses connections may be restarting
        ("UNREACHABLE", DEFAULT.tries, 1),
        ("TIMED_OUT", 1, DEFAULT.tries),
        ("TIMED_OUT", 2, 1),
        ("UPLOAD_LOST", 0, DEFAULT.tries),
        ("UPLOAD_LOST", DEFAULT.tries, 1),
        ("THROTTLED", 1, DEFAULT.tries),
        ("THROTTLED", 2, 1),
        ("REGISTRY_REFUSED", 1, 1),
    ],
)
def test_a_blob_is_begun_anew_unless_what_failed_was_tried_enough(code: str, tries: int, begun: int) -> None:
    class Failing(Place):
        """Takes no blob."""

        def put_blob(self, blob: Descriptor, body: CheckedBody) -> None:
            self.log.append("begun")
            error = NetworkError(code, "no")
            raise error.after(tries) if tries else error

    source, target = Place("source"), Failing("target")
    source.add({"layers": [], "config": source.blob(b"{}")}, OCI_MANIFEST, "v1")
    with pytest.raises(NetworkError):
        copied(source, target, "v1", "v1")
    assert target.log.count("begun") == begun


def test_a_tag_that_moves_during_the_copy_brings_what_it_meant_at_its_beginning() -> None:
    class Moving(Place):
        """Has its tag moved as soon as it was read."""

        def manifest(self, version: str) -> Manifest:
            found = super().manifest(version)
            self.tagged["v1"] = self.image(b"another").digest
            return found

    source, target = Moving("source"), Place("target")
    first = two_platforms(source)
    copied(source, target, "v1", "v1")
    assert target.tagged == {"v1": first.digest}


def test_each_of_several_tags_is_put_after_what_is_beneath_it() -> None:
    source, target = Place("source"), Place("target")
    two_platforms(source)
    copied(source, target, "v1", "a", "b", "c")
    assert sorted(target.log[-3:]) == ["manifest a", "manifest b", "manifest c"]


@pytest.mark.parametrize("size", [1 << 52, 10 << 30])
def test_a_layer_that_claims_to_be_huge_takes_no_memory_and_is_not_stored(size: int) -> None:
    source, target = Place("source"), Place("target")
    layer = {**source.blob(b"layer"), "size": size}
    source.add({"config": source.blob(b"{}"), "layers": [layer]}, OCI_MANIFEST, "v1")
    tracemalloc.start()
    with pytest.raises(NetworkError):
        copied(source, target, "v1", "v1")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert (target.tagged, layer["digest"] in target.blobs) == ({}, False)


@pytest.mark.parametrize("error", [RefusedError, NotFoundError])
def test_where_tags_cannot_be_listed_each_of_cosigns_is_asked_for(error: type[AcrBridgeError]) -> None:
    class Discreet(Place):
        """Gives manifests by tag, and no list of tags."""

        def tags(self) -> Iterator[str]:
            raise error("REGISTRY_REFUSED", "no list")

    source, target = Discreet("source"), Place("target")
    image = source.image(b"layer", tag="v1")
    signature = f"{image.digest.replace(':', '-')}.sig"
    source.image(b"signature", tag=signature)
    copied(source, target, "v1", "v1")
    assert set(target.tagged) == {"v1", signature}
