"""Images that no one here made, pushed by the tools that made them, arrive by `acrbridge acr import` unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from interop.conftest import Command

SOURCE = "fabrikam.azurecr.io/strangers"
TARGET = "contoso.azurecr.io/strangers"


def assert_arrives_unchanged(acrbridge: Command, crane: Command, image: str) -> None:
    """Import an image of SOURCE; crane has to read the same bytes from both registries, and sound ones."""
    result = acrbridge("acr", "import", "-n", "contoso", "--source", f"{SOURCE}/{image}", "-o", "json").json()
    digest = crane("digest", f"{SOURCE}/{image}").stdout.strip()
    assert [(one["digest"], one["verified"]) for one in result["images"]] == [(digest, True)]
    assert crane("digest", f"{TARGET}/{image}").stdout.strip() == digest
    assert crane("manifest", f"{TARGET}/{image}").stdout == crane("manifest", f"{SOURCE}/{image}").stdout


def test_an_image_that_crane_made(acrbridge: Command, crane: Command, layer: Path) -> None:
    crane("append", "-f", str(layer), "-t", f"{SOURCE}/crane:1")
    assert_arrives_unchanged(acrbridge, crane, "crane:1")
    crane("validate", "--remote", f"{TARGET}/crane:1")


def test_an_index_that_crane_made_arrives_with_every_platform(
    acrbridge: Command, crane: Command, layer: Path
) -> None:
    index = f"{SOURCE}/index"
    for architecture in ("amd64", "arm64"):
        crane("append", "-f", str(layer), "-t", f"{index}:{architecture}")
        crane("mutate", f"{index}:{architecture}", "--set-platform", f"linux/{architecture}")
    crane("index", "append", "-t", f"{index}:1", "-m", f"{index}:amd64", "-m", f"{index}:arm64")
    assert_arrives_unchanged(acrbridge, crane, "index:1")
    crane("validate", "--remote", f"{TARGET}/index:1")


def test_an_artifact_that_oras_made(
    acrbridge: Command, crane: Command, oras: Command, tmp_path: Path
) -> None:
    (tmp_path / "one.txt").write_text("one")
    (tmp_path / "two.json").write_text("{}")
    kind = ("--artifact-type", "application/vnd.example.notes")
    oras("push", f"{SOURCE}/oras:1", *kind, "one.txt:text/plain", "two.json:application/json")
    assert_arrives_unchanged(acrbridge, crane, "oras:1")
    oras("pull", f"{TARGET}/oras:1", "-o", "pulled")
    assert (tmp_path / "pulled" / "one.txt").read_text() == "one"


def test_a_chart_that_helm_made(acrbridge: Command, crane: Command, helm: Command, tmp_path: Path) -> None:
    helm("create", "shop")
    helm("package", "shop")
    helm("push", "shop-0.1.0.tgz", f"oci://{SOURCE}")
    assert_arrives_unchanged(acrbridge, crane, "shop:0.1.0")
    (tmp_path / "pulled").mkdir()
    helm("pull", f"oci://{TARGET}/shop", "--version", "0.1.0", "-d", "pulled")
    pulled, made = tmp_path / "pulled" / "shop-0.1.0.tgz", tmp_path / "shop-0.1.0.tgz"
    assert pulled.read_bytes() == made.read_bytes()


def test_an_image_that_skopeo_converted(
    acrbridge: Command, crane: Command, skopeo: Command, layer: Path
) -> None:
    """skopeo writes Docker's older manifest format (v2, schema 2) and compresses the layer anew."""
    crane("append", "-f", str(layer), "-t", f"{SOURCE}/crane-for-skopeo:1", "--oci-empty-base")
    made = (f"docker://{SOURCE}/crane-for-skopeo:1", f"docker://{SOURCE}/skopeo:1")
    skopeo("copy", "--format", "v2s2", "--dest-compress-format", "gzip", *made)
    assert (
        "application/vnd.docker.distribution.manifest.v2+json"
        in crane("manifest", f"{SOURCE}/skopeo:1").stdout
    )
    assert_arrives_unchanged(acrbridge, crane, "skopeo:1")
    crane("validate", "--remote", f"{TARGET}/skopeo:1")
