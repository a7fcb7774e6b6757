"""Layouts and archives that `acrbridge copy` writes are read by crane, oras, regctl and skopeo, and the reverse."""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from interop.conftest import Command

SOURCE = "fabrikam.azurecr.io/layouts"
TARGET = "contoso.azurecr.io/layouts"
SBOM = "application/vnd.example.sbom"
LAYOUTS = ("oci:site", "oci-archive:site.tar")


@pytest.fixture
def image(
    request: pytest.FixtureRequest,
    crane: Command,
    oras: Command,
    regctl: Command,
    layer: Path,
    tmp_path: Path,
) -> str:
    """The name of an index of two platforms with an SBOM, in a repository of this test's own."""
    name = f"{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}:v1"
    repository = f"{SOURCE}/{name.partition(':')[0]}"
    for architecture in ("amd64", "arm64"):
        crane("append", "--oci-empty-base", "-f", str(layer), "-t", f"{repository}:{architecture}")
        crane("mutate", f"{repository}:{architecture}", "--set-platform", f"linux/{architecture}")
    children = [word for name in ("amd64", "arm64") for word in ("--ref", f"{repository}:{name}")]
    regctl("index", "create", f"{SOURCE}/{name}", *children)
    (tmp_path / "sbom.json").write_text("{}")
    oras("attach", f"{SOURCE}/{name}", "--artifact-type", SBOM, "sbom.json")
    return name


@pytest.fixture
def digest(crane: Command, image: str) -> str:
    return crane("digest", f"{SOURCE}/{image}").stdout.strip()


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def artifact_types(found: str) -> list[str]:
    return [one["artifactType"] for one in json.loads(found)["referrers"]]


# Written by us


@pytest.mark.parametrize("layout", LAYOUTS)
def test_skopeo_reads_and_copies(
    acrbridge: Command, skopeo: Command, crane: Command, image: str, digest: str, layout: str
) -> None:
    acrbridge("copy", f"{SOURCE}/{image}", layout)
    assert digest_of(skopeo("inspect", "--raw", f"{layout}:v1").stdout) == digest
    skopeo("copy", "--all", "--preserve-digests", f"{layout}:v1", f"docker://{TARGET}/{image}")
    assert crane("digest", f"{TARGET}/{image}").stdout.strip() == digest
    crane("validate", "--remote", f"{TARGET}/{image}")


@pytest.mark.parametrize("path", ["site", "site.tar"])
def test_oras_copies_with_what_refers_to_it(
    acrbridge: Command, oras: Command, image: str, digest: str, path: str
) -> None:
    acrbridge("copy", f"{SOURCE}/{image}", f"{'oci-archive' if '.' in path else 'oci'}:{path}")
    oras("copy", "--recursive", "--from-oci-layout", f"{path}:v1", f"{TARGET}/{image}")
    fetched = oras("manifest", "fetch", f"{TARGET}/{image}", "--descriptor").stdout
    assert json.loads(fetched)["digest"] == digest
    assert artifact_types(oras("discover", f"{TARGET}/{image}", "--format", "json").stdout) == [SBOM]


def test_oras_finds_what_refers_to_an_image_in_a_layout(
    acrbridge: Command, oras: Command, image: str
) -> None:
    acrbridge("copy", f"{SOURCE}/{image}", "oci:site")
    assert artifact_types(oras("discover", "--oci-layout", "site:v1", "--format", "json").stdout) == [SBOM]


def test_regctl_reads_and_copies(
    acrbridge: Command, regctl: Command, crane: Command, image: str, digest: str
) -> None:
    acrbridge("copy", f"{SOURCE}/{image}", "oci:site")
    assert regctl("image", "digest", "ocidir://site:v1").stdout.strip() == digest
    regctl("image", "copy", "ocidir://site:v1", f"{TARGET}/{image}")
    crane("validate", "--remote", f"{TARGET}/{image}")


def test_crane_pushes(acrbridge: Command, crane: Command, image: str, digest: str) -> None:
    acrbridge("copy", "--no-referrers", f"{SOURCE}/{image}", "oci:site")
    crane("push", "site", f"{TARGET}/{image}")
    assert crane("digest", f"{TARGET}/{image}").stdout.strip() == digest
    crane("validate", "--remote", f"{TARGET}/{image}")


def test_tar_unpacks_an_archive_into_a_layout(
    acrbridge: Command, crane: Command, image: str, tmp_path: Path
) -> None:
    acrbridge("copy", "--no-referrers", f"{SOURCE}/{image}", "oci-archive:site.tar")
    with tarfile.open(tmp_path / "site.tar") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    crane("push", "unpacked", f"{TARGET}/{image}")
    crane("validate", "--remote", f"{TARGET}/{image}")


def test_skopeo_goes_on_with_a_layout_of_ours_and_we_with_its(
    acrbridge: Command, skopeo: Command, image: str, digest: str
) -> None:
    acrbridge("copy", f"{SOURCE}/{image}", "oci:site")
    skopeo("copy", "--all", "--preserve-digests", f"docker://{SOURCE}/{image}", "oci:site:v2")
    acrbridge("copy", f"{SOURCE}/{image}", "oci:site:v3")
    assert acrbridge("copy", "--all-tags", "oci:site", f"{TARGET}/{image.partition(':')[0]}").json()["digests"] == {
        "v1": digest, "v2": digest, "v3": digest,
    }  # fmt: skip


# Written by strangers


def assert_arrives(acrbridge: Command, crane: Command, layout: str, image: str, digest: str) -> None:
    """Copy the one image of a layout that a stranger wrote; crane has to read it as it was."""
    result = acrbridge("copy", layout, f"{TARGET}/{image}").json()
    assert result["digests"] == {"v1": digest}
    assert crane("digest", f"{TARGET}/{image}").stdout.strip() == digest
    crane("validate", "--remote", f"{TARGET}/{image}")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["v1", "docker.io/library/app:v1"])
def test_a_layout_of_skopeo(
    acrbridge: Command, skopeo: Command, crane: Command, image: str, digest: str, layout: str, name: str
) -> None:
    skopeo("copy", "--all", "--preserve-digests", f"docker://{SOURCE}/{image}", f"{layout}:{name}")
    assert_arrives(acrbridge, crane, layout, image, digest)
    assert_arrives(acrbridge, crane, f"{layout}:v1", image, digest)


def test_a_layout_of_oras_with_what_refers_to_its_image(
    acrbridge: Command, oras: Command, crane: Command, image: str, digest: str
) -> None:
    oras("copy", "--recursive", f"{SOURCE}/{image}", "--to-oci-layout", "theirs:v1")
    assert_arrives(acrbridge, crane, "oci:theirs", image, digest)
    assert artifact_types(oras("discover", f"{TARGET}/{image}", "--format", "json").stdout) == [SBOM]


def test_a_layout_of_regctl_with_what_refers_to_its_image(
    acrbridge: Command, regctl: Command, oras: Command, crane: Command, image: str, digest: str
) -> None:
    regctl("image", "copy", "--referrers", f"{SOURCE}/{image}", "ocidir://theirs:v1")
    assert_arrives(acrbridge, crane, "oci:theirs:v1", image, digest)
    assert artifact_types(oras("discover", f"{TARGET}/{image}", "--format", "json").stdout) == [SBOM]


def test_an_archive_of_regctl_that_docker_can_load_too(
    acrbridge: Command, regctl: Command, crane: Command, image: str, digest: str
) -> None:
    regctl("image", "export", f"{SOURCE}/{image}", "theirs.tar")
    assert_arrives(acrbridge, crane, "oci-archive:theirs.tar", image, digest)


def test_a_layout_of_crane(acrbridge: Command, crane: Command, image: str, digest: str) -> None:
    crane("pull", "--format=oci", f"{SOURCE}/{image}", "theirs")
    assert_arrives(acrbridge, crane, "oci:theirs", image, digest)


def test_a_layout_of_crane_with_names(acrbridge: Command, crane: Command, image: str, digest: str) -> None:
    crane("pull", "--format=oci", "--annotate-ref", f"{SOURCE}/{image}", "theirs")
    assert_arrives(acrbridge, crane, "oci:theirs:v1", image, digest)
