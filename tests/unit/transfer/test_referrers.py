from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from acrbridge.errors import AcrBridgeError, VerificationError
from acrbridge.registry.contents import OCI_INDEX, Descriptor
from acrbridge.registry.manifests import Manifest
from acrbridge.transfer.copy import Copy, Options
from acrbridge.transfer.fallback import FallbackTags, fallback_tag
from acrbridge.transfer.tally import Tally
from unit.fakes import FakeClock
from unit.transfer.places import Place, as_json

SBOM = "application/spdx+json"
SIGNATURE = "application/vnd.example.signature"
COSIGN = "application/vnd.dev.cosign.simplesigning.v1+json"


def copied(source: Place, target: Place, *types: str) -> Copy:
    copy = Copy(source, target, FakeClock(), Options(artifact_types=types), concurrency=4)
    try:
        copy.image("v1", ["v1"])
    finally:
        copy.close()
    return copy


def attach(place: Place, subject: Descriptor, artifact_type: str, *, listed: bool = True) -> Descriptor:
    """Add a referrer; the place lists it with or without its type."""
    annotations = {"made": artifact_type}
    made = place.image(
        artifact_type.encode(),
        artifactType=artifact_type,
        subject=as_json(subject),
        annotations=annotations,
    )
    assert place.referring is not None
    shown = Descriptor(
        made.media_type, made.digest, made.size, artifact_type=artifact_type if listed else None
    )
    place.referring.setdefault(subject.digest, []).append(shown)
    return made


def listed_at(place: Place, subject: str) -> list[dict[str, Any]]:
    index = place.manifests[place.tagged[fallback_tag(subject)]]
    assert index.media_type == OCI_INDEX
    entries: list[dict[str, Any]] = json.loads(index.body)["manifests"]
    return entries


# When


class Asked(Place):
    """A source that says when it is asked what refers to a manifest."""

    when = threading.Event()

    def referrers(self, digest: str) -> list[Descriptor] | None:
        self.when.set()
        return super().referrers(digest)


class Patient(Place):
    """A target that stores no manifest before the source was asked."""

    when = Asked.when

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        assert self.when.wait(10), "the source is asked only when the image is stored"
        return super().put_manifest(version, manifest)


def test_the_source_is_asked_while_the_image_is_on_its_way() -> None:
    source, target = Asked("source", referring={}), Patient("target")
    image = source.image(b"layer", tag="v1")
    copied(source, target)
    assert target.tagged == {"v1": image.digest}


# Types


@pytest.mark.parametrize("listed", [True, False])
def test_only_referrers_of_the_types_asked_for_come_along(*, listed: bool) -> None:
    source, target = Place("source", referring={}), Place("target", referring={})
    image = source.image(b"layer", tag="v1")
    sbom = attach(source, image, SBOM, listed=listed)
    signature = attach(source, image, SIGNATURE, listed=listed)
    copied(source, target, SBOM)
    assert sbom.digest in target.manifests
    assert signature.digest not in target.manifests


def test_a_referrer_whose_list_tells_its_type_is_not_read_in_vain() -> None:
    source, target = Place("source", referring={}), Place("target", referring={})
    signature = attach(source, source.image(b"layer", tag="v1"), SIGNATURE)
    copied(source, target, SBOM)
    assert f"get {signature.digest}" not in source.log


@pytest.mark.parametrize(("wanted", "arrives"), [(COSIGN, True), (SBOM, False)])
def test_what_names_no_type_goes_by_what_it_is_made_of(wanted: str, *, arrives: bool) -> None:
    source, target = Place("source"), Place("target")
    tag = f"{fallback_tag(source.image(b'layer', tag='v1').digest)}.sig"
    layers = [source.blob(b"signature", COSIGN)]
    source.add(
        {"config": source.blob(b"{}"), "layers": layers}, "application/vnd.oci.image.manifest.v1+json", tag
    )
    copied(source, target, wanted)
    assert (tag in target.tagged) is arrives


def test_a_type_that_no_referrer_has_is_told_with_those_that_there_are() -> None:
    source, target = Place("source", referring={}), Place("target", referring={})
    image = source.image(b"layer", tag="v1")
    attach(source, image, SBOM)
    attach(source, image, SIGNATURE, listed=False)
    assert copied(source, target, SBOM).missed is None
    told = copied(source, target, SBOM, "application/spdx").missed
    assert told == f"No referrer has the artifact type application/spdx; there are {SBOM}, {SIGNATURE}."


def test_where_there_is_no_referrer_at_all_a_wanted_type_is_missed() -> None:
    source = Place("source", referring={})
    source.image(b"layer", tag="v1")
    missed = copied(source, Place("target"), SBOM).missed
    assert missed == f"No referrer has the artifact type {SBOM}; there are none at all."


# Fallback tags


def test_a_target_that_does_not_list_referrers_gets_the_fallback_tag() -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    sbom = attach(source, image, SBOM)
    copied(source, target)
    assert listed_at(target, image.digest) == [
        {**as_json(sbom), "artifactType": SBOM, "annotations": {"made": SBOM}}
    ]


def test_a_target_that_lists_referrers_gets_no_fallback_tag() -> None:
    source, target = Place("source", referring={}), Place("target", referring={})
    attach(source, source.image(b"layer", tag="v1"), SBOM)
    copied(source, target)
    assert set(target.tagged) == {"v1"}


def test_what_the_target_lists_already_stays() -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    attach(source, image, SBOM)
    older = target.image(b"older")
    target.index((older, ""), tag=fallback_tag(image.digest))
    copied(source, target)
    assert listed_at(target, image.digest)[0]["digest"] == older.digest
    assert len(listed_at(target, image.digest)) == 2


def test_a_fallback_tag_that_is_complete_is_not_written_again() -> None:
    source, target = Place("source", referring={}), Place("target")
    attach(source, source.image(b"layer", tag="v1"), SBOM)
    copied(source, target)
    target.log.clear()
    again = copied(source, target)
    assert not [line for line in target.log if line.startswith(("manifest", "put"))]
    assert {item.outcome for item in again.tally.items()} == {"there"}


def test_a_fallback_tag_that_a_killed_copy_did_not_write_is_written_by_the_next() -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    attach(source, image, SBOM)
    copied(source, target)
    del target.tagged[fallback_tag(image.digest)]
    copied(source, target)
    assert len(listed_at(target, image.digest)) == 1


def test_what_a_source_names_by_its_fallback_tag_comes_along() -> None:
    source, target = Place("source"), Place("target", referring={})
    image = source.image(b"layer", tag="v1")
    sbom = source.image(b"sbom", subject=as_json(image))
    source.index((sbom, ""), tag=fallback_tag(image.digest))
    copied(source, target)
    assert sbom.digest in target.manifests
    assert set(target.tagged) == {"v1"}


def test_an_image_that_has_the_fallback_tag_is_not_taken_for_a_list() -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    attach(source, image, SBOM)
    target.image(b"not a list", tag=fallback_tag(image.digest))
    with pytest.raises(AcrBridgeError) as caught:
        copied(source, target)
    assert caught.value.code == "MANIFEST_INVALID"


@pytest.mark.parametrize("named", [None, SBOM])
def test_a_referrer_is_listed_by_its_type_or_by_its_configs(named: str | None) -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    more = {"artifactType": named} if named else {}
    made = source.image(b"referrer", subject=as_json(image), **more)
    source.referring = {image.digest: [made]}
    copied(source, target)
    config = "application/vnd.oci.image.config.v1+json"
    assert listed_at(target, image.digest) == [{**as_json(made), "artifactType": named or config}]


def test_a_list_that_makes_no_sense_is_not_written_back() -> None:
    source, target = Place("source", referring={}), Place("target")
    image = source.image(b"layer", tag="v1")
    attach(source, image, SBOM)
    target.add({"manifests": ["nonsense"]}, OCI_INDEX, fallback_tag(image.digest))
    with pytest.raises(AcrBridgeError) as caught:
        copied(source, target)
    assert caught.value.code == "MANIFEST_INVALID"


def test_writers_of_one_fallback_tag_lose_nothing() -> None:
    target = Place("target")
    subject = target.image(b"subject")
    referrers = [target.image(b"%d" % number, subject=as_json(subject)) for number in range(20)]
    fallback = FallbackTags(target, Tally())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda r: fallback.add(subject.digest, [target.manifests[r.digest]]), referrers))
    assert {entry["digest"] for entry in listed_at(target, subject.digest)} == {r.digest for r in referrers}


class Contested(Place):
    """A place where somebody else writes the same tag, so many times."""

    others: int = 1

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        lists = super().put_manifest(version, manifest)
        if version.startswith("sha256-") and self.others:
            self.others -= 1
            self.index((self.image(b"other %d" % self.others), ""), tag=version)
        return lists


@pytest.mark.parametrize("others", [1, 2])
def test_what_another_writer_took_away_is_written_again(others: int) -> None:
    target = Contested("target")
    target.others = others
    subject = target.image(b"subject")
    referrer = target.image(b"referrer", subject=as_json(subject))
    FallbackTags(target, Tally()).add(subject.digest, [target.manifests[referrer.digest]])
    assert len(listed_at(target, subject.digest)) == 2


def test_a_writer_that_never_ends_is_told_of() -> None:
    target = Contested("target")
    target.others = 99
    subject = target.image(b"subject")
    with pytest.raises(VerificationError):
        FallbackTags(target, Tally()).add(subject.digest, [target.manifests[subject.digest]])
