"""What `acrbridge copy` brings from one registry to another, strangers find there as it was."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from interop.places import Place, crane_registry, docker_registry
from interop.pushed import COSIGN_SIGNATURE, SBOM, SIGNATURE, Person, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from interop.strangers import Emulator, Ended

NAMES = ("emulator", "docker-registry", "crane")
DIRECTIONS = [(source, target) for source in NAMES for target in NAMES if source != target]


@pytest.fixture(scope="module")
def person(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(emulator, tmp_path_factory.mktemp("person"))


@pytest.fixture(scope="module")
def places(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Place]]:
    """The registries by name, all running."""
    with ExitStack() as stack:
        yield {
            "emulator": Place("contoso.azurecr.io"),
            "docker-registry": stack.enter_context(
                docker_registry(emulator, tmp_path_factory.mktemp("docker-registry"))
            ),
            "crane": stack.enter_context(crane_registry()),
        }


class Way:
    """From one registry to another: what is pushed at the one is copied to the same name at the other."""

    def __init__(self, person: Person, source: Place, target: Place, folder: str) -> None:
        self.person, self.source, self.target = person, source, target
        self.shelf = Shelf(person, source, folder)

    def copy(self, name: str) -> str:
        """Copy; returns the digest that the copy told of."""
        ends = (self.source, self.target)
        plain = [word for place in ends for word in place.words("--plain-http", place.host)]
        references = [f"{place.host}/{name}" for place in ends]
        (digest,) = self.person.acrbridge("copy", *references, *plain).json()["digests"].values()
        return str(digest)

    def manifests(self, name: str) -> list[str]:
        """The manifest at both ends as skopeo reads it, and at the target as crane and oras do."""
        ends = (self.source, self.target)
        read = [self.skopeo(place, "inspect", "--raw", name) for place in ends]
        read += [self.crane("manifest", name), self.oras("manifest", "fetch", name)]
        return [ended.stdout for ended in read]

    def skopeo(self, place: Place, *words: str) -> Ended:
        """Run skopeo on the name at a place that its words end with."""
        plain = place.words("--tls-verify=false")
        return self.person.run("skopeo", *words[:-1], *plain, f"docker://{place.host}/{words[-1]}")

    def crane(self, *words: str) -> Ended:
        """Run crane on the name at the target that its words end with."""
        return self.person.run("crane", *words[:-1], f"{self.target.host}/{words[-1]}")

    def oras(self, *words: str) -> Ended:
        """Run oras on the name at the target that its words end with."""
        plain = self.target.words("--plain-http")
        return self.person.run("oras", *words[:-1], *plain, f"{self.target.host}/{words[-1]}")

    def cosign(self, *words: str) -> Ended:
        """Run cosign, which asks no log, on the name at the target that its words end with."""
        options = ("--key", "cosign.pub", "--insecure-ignore-tlog")
        plain = self.target.words("--allow-http-registry")
        return self.person.run("cosign", *words[:-1], *options, *plain, f"{self.target.host}/{words[-1]}")


@pytest.fixture(params=DIRECTIONS, ids="-to-".join)
def way(request: pytest.FixtureRequest, person: Person, places: Mapping[str, Place]) -> Way:
    source, target = request.param
    return Way(person, places[source], places[target], f"{source}-to-{target}")


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def assert_unchanged(way: Way, name: str) -> None:
    """Copy: skopeo, crane and oras then read the manifest whose digest the copy told of."""
    digest = way.copy(name)
    assert {sha256(manifest.encode()) for manifest in way.manifests(name)} == {digest}
    assert way.crane("digest", name).stdout.strip() == digest


@pytest.mark.parametrize("push", [Shelf.image, Shelf.docker_list, Shelf.nested])
def test_an_image_arrives_unchanged_and_crane_finds_all_its_blobs(
    way: Way, push: Callable[[Shelf], str]
) -> None:
    assert_unchanged(way, name := push(way.shelf))
    assert way.crane("validate", "--remote", name).stdout.startswith("PASS")


def test_an_artifact_arrives_unchanged_and_oras_pulls_its_files(way: Way, tmp_path: Path) -> None:
    assert_unchanged(way, name := way.shelf.artifact())
    way.oras("pull", "-o", str(tmp_path), name)
    for file in ("notes.txt", "more.txt"):
        assert (tmp_path / file).read_text() == f"{file} of a stranger"


def test_a_chart_arrives_unchanged_and_helm_pulls_its_bytes(way: Way, tmp_path: Path) -> None:
    assert_unchanged(way, name := way.shelf.chart())
    repository, _, version = name.partition(":")
    words = ("--version", version, "-d", str(tmp_path), *way.target.words("--plain-http"))
    way.person.run("helm", "pull", f"oci://{way.target.host}/{repository}", *words)
    packed = f"shop-{version}.tgz"
    assert (tmp_path / packed).read_bytes() == (way.person.home / packed).read_bytes()


def test_oras_discovers_what_refers_to_an_artifact(way: Way) -> None:
    way.copy(name := way.shelf.attached())
    (sbom,) = way.oras("discover", "--format", "json", name).json()["referrers"]
    (signature,) = sbom["referrers"]
    assert (sbom["artifactType"], signature["artifactType"]) == (SBOM, SIGNATURE)


def test_cosign_verifies_an_image_each_of_its_platforms_and_an_attestation(way: Way) -> None:
    way.copy(name := way.shelf.signed())
    platforms = json.loads(way.manifests(name)[-1])["manifests"]
    repository = name.partition(":")[0]
    for signed in (name, *(f"{repository}@{one['digest']}" for one in platforms)):
        way.cosign("verify", signed)
    way.cosign("verify-attestation", name)


def test_oras_discovers_a_signature_that_cosign_made_a_referrer_and_cosign_verifies_it(way: Way) -> None:
    way.copy(name := way.shelf.signed_by_referrer())
    (signature,) = way.oras("discover", "--format", "json", name).json()["referrers"]
    assert signature["artifactType"] == COSIGN_SIGNATURE
    way.cosign("verify", "--experimental-oci11", name)


# Layouts


@pytest.fixture(params=["oci", "oci-archive"])
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A layout that is to be written, as skopeo and copy name it."""
    return f"{request.param}:{tmp_path}/layout:1"


def test_skopeo_and_oras_read_the_layout_that_copy_writes(
    person: Person, places: Mapping[str, Place], layout: str
) -> None:
    place = places["docker-registry"]
    name = Shelf(person, place, "to-a-layout").nested()
    person.acrbridge("copy", f"{place.host}/{name}", layout)
    transport, _, path = layout.partition(":")
    copied = f"{place.host}/from-a-layout/{transport}:1"
    person.run("oras", "cp", "--from-oci-layout", path, copied)
    digest = person.digest(f"{place.host}/{name}")
    assert person.digest(copied) == digest
    assert sha256(person.run("skopeo", "inspect", "--raw", layout).stdout.encode()) == digest


def test_copy_reads_the_layout_that_skopeo_writes(
    person: Person, places: Mapping[str, Place], layout: str
) -> None:
    place = places["docker-registry"]
    name = Shelf(person, place, "to-skopeo").image()
    person.run("skopeo", "copy", "--all", f"docker://{place.host}/{name}", layout)
    copied = f"{place.host}/from-skopeo/{layout.partition(':')[0]}:1"
    person.acrbridge("copy", layout, copied)
    written = person.run("skopeo", "inspect", "--raw", layout).stdout
    assert person.digest(copied) == sha256(written.encode())
    person.run("crane", "validate", "--remote", copied)
