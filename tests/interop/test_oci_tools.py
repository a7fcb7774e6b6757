"""crane, oras, regctl and skopeo sign in, push, list, copy, pull and delete as with any registry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from interop.conftest import Command

REGISTRY = "contoso.azurecr.io"
OTHER_REGISTRY = "fabrikam.azurecr.io"


def test_crane_pushes_lists_copies_validates_and_deletes(crane: Command, layer: Path, tmp_path: Path) -> None:
    image = f"{REGISTRY}/tools/crane"
    crane("append", "-f", str(layer), "-t", f"{image}:1")
    crane("tag", f"{image}:1", "2")
    crane("copy", f"{image}:1", f"{OTHER_REGISTRY}/tools/crane:1")
    digest = crane("digest", f"{image}:1").stdout.strip()
    assert crane("digest", f"{OTHER_REGISTRY}/tools/crane:1").stdout.strip() == digest
    assert crane("ls", image).stdout.split() == ["1", "2"]
    assert "tools/crane" in crane("catalog", REGISTRY).stdout.split()
    crane("validate", "--remote", f"{image}@{digest}")
    crane("pull", f"{image}:2", str(tmp_path / "image.tar"))
    crane("delete", f"{image}@{digest}")
    assert crane("ls", image).stdout.split() == []


def test_crane_pushes_an_index_and_reads_each_platform(crane: Command, layer: Path) -> None:
    image = f"{REGISTRY}/tools/index"
    for architecture in ("amd64", "arm64"):
        crane("append", "-f", str(layer), "-t", f"{image}:{architecture}")
        crane("mutate", f"{image}:{architecture}", "--set-platform", f"linux/{architecture}")
    children = [word for name in ("amd64", "arm64") for word in ("-m", f"{image}:{name}")]
    crane("index", "append", "-t", f"{image}:all", *children)
    manifests = json.loads(crane("manifest", f"{image}:all").stdout)["manifests"]
    assert {child["platform"]["architecture"] for child in manifests} == {"amd64", "arm64"}
    arm = json.loads(crane("config", "--platform", "linux/arm64", f"{image}:all").stdout)
    assert arm["architecture"] == "arm64"
    crane("validate", "--remote", f"{image}:all")


def test_oras_pushes_an_artifact_and_finds_what_refers_to_it(oras: Command, tmp_path: Path) -> None:
    artifact = f"{REGISTRY}/tools/oras:1"
    (tmp_path / "notes.txt").write_text("made by a stranger")
    (tmp_path / "sbom.json").write_text("{}")
    oras("push", artifact, "notes.txt:text/plain")
    oras("attach", artifact, "--artifact-type", "application/vnd.example.sbom", "sbom.json")
    found = json.loads(oras("discover", artifact, "--format", "json").stdout)
    assert [one["artifactType"] for one in found["referrers"]] == ["application/vnd.example.sbom"]
    oras("pull", artifact, "-o", "pulled")
    assert (tmp_path / "pulled" / "notes.txt").read_text() == "made by a stranger"
    assert oras("repo", "tags", f"{REGISTRY}/tools/oras").stdout.split() == ["1"]


def test_oras_copies_an_artifact_with_its_referrers(oras: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("one")
    (tmp_path / "two.txt").write_text("two")
    oras("push", f"{REGISTRY}/tools/oras-from:1", "one.txt")
    oras(
        "attach", f"{REGISTRY}/tools/oras-from:1", "--artifact-type", "application/vnd.example.two", "two.txt"
    )
    oras("cp", "-r", f"{REGISTRY}/tools/oras-from:1", f"{REGISTRY}/tools/oras-to:1")
    found = json.loads(oras("discover", f"{REGISTRY}/tools/oras-to:1", "--format", "json").stdout)
    assert len(found["referrers"]) == 1


def test_regctl_copies_reads_and_deletes(crane: Command, regctl: Command, layer: Path) -> None:
    image, copy = f"{REGISTRY}/tools/regctl:1", f"{OTHER_REGISTRY}/tools/regctl:1"
    crane("append", "-f", str(layer), "-t", image)
    regctl("image", "copy", image, copy)
    digest = regctl("image", "digest", copy).stdout.strip()
    assert digest == crane("digest", image).stdout.strip()
    assert regctl("tag", "ls", f"{OTHER_REGISTRY}/tools/regctl").stdout.split() == ["1"]
    assert "tools/regctl" in regctl("repo", "ls", OTHER_REGISTRY).stdout.split()
    regctl("manifest", "delete", f"{OTHER_REGISTRY}/tools/regctl@{digest}")
    assert regctl("tag", "ls", f"{OTHER_REGISTRY}/tools/regctl").stdout.split() == []


def test_skopeo_copies_inspects_and_deletes(crane: Command, skopeo: Command, layer: Path) -> None:
    image, copy = f"{REGISTRY}/tools/skopeo:1", f"{OTHER_REGISTRY}/tools/skopeo:1"
    crane("append", "-f", str(layer), "-t", image)
    skopeo("copy", "--preserve-digests", f"docker://{image}", f"docker://{copy}")
    inspected = json.loads(skopeo("inspect", f"docker://{copy}").stdout)
    assert inspected["Digest"] == crane("digest", image).stdout.strip()
    assert json.loads(skopeo("list-tags", f"docker://{OTHER_REGISTRY}/tools/skopeo").stdout)["Tags"] == ["1"]
    skopeo("delete", f"docker://{copy}")
    assert crane("ls", f"{OTHER_REGISTRY}/tools/skopeo").stdout.split() == []
