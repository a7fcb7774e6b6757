"""Images leave registries for layouts and come back with their digests, as an air-gapped site has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emulated.local_azure import Acrbridge, LocalAzure

HELLO = "docker.io/library/hello-world:latest"
TARGET = "contoso.azurecr.io"
SIGNED = "fabrikam.azurecr.io/signed:v1"


@pytest.fixture(params=["oci", "oci-archive"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a layout can be written."""
    return f"{request.param}:{tmp_path / 'layout'}"


def test_an_image_goes_to_a_layout_and_back_with_its_digest(
    acrbridge: Acrbridge, azure: LocalAzure, image: str, place: str
) -> None:
    there = acrbridge("copy", HELLO, f"{place}:v1").succeeded().json()
    back = acrbridge("copy", f"{place}:v1", f"{TARGET}/{image}").succeeded().json()
    assert there["digests"] == back["digests"] == {"v1": azure.tag(image)}
    assert azure.tag(image) == azure.tag("library/hello-world:latest", "docker.io")
    assert back["blobsSent"] == there["blobsSent"]


@pytest.mark.parametrize(
    ("name", "advice"), [("file", "write oci-archive:PATH"), ("a" * 256, "a shorter name")]
)
def test_a_source_that_cannot_be_a_folder_is_refused_with_what_to_do(
    acrbridge: Acrbridge, tmp_path: Path, image: str, name: str, advice: str
) -> None:
    (tmp_path / "file").touch()
    acrbridge("copy", f"oci:{tmp_path / name}:1", f"{TARGET}/{image}").refused(1, "FILE_UNREADABLE", advice)


def test_a_full_disk_is_told_with_what_the_copy_still_needs(acrbridge: Acrbridge, tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="a system without limits of files")
    from unit.registry.test_layout_target import at_most

    with at_most(1000):
        ended = acrbridge("copy", HELLO, f"oci:{tmp_path / 'layout'}")
    assert re.search(r"The copy still needs [0-9,]+ bytes\. Make room", ended.refused(1, "DISK_FULL"))


def test_signatures_go_along_both_ways(acrbridge: Acrbridge, image: str, place: str) -> None:
    acrbridge("copy", SIGNED, place).succeeded()
    acrbridge("copy", place, f"{TARGET}/{image}").succeeded()
    found = acrbridge("acr", "manifest", "list-referrers", "-r", "contoso", "-n", image).succeeded().json()
    assert len(found["manifests"]) == 2


def test_signatures_stay_with_no_referrers(acrbridge: Acrbridge, image: str, place: str) -> None:
    acrbridge("copy", SIGNED, place).succeeded()
    acrbridge("copy", place, f"{TARGET}/{image}", "--no-referrers").succeeded()
    found = acrbridge("acr", "manifest", "list-referrers", "-r", "contoso", "-n", image).succeeded().json()
    assert found["manifests"] == []


def test_all_tags_both_ways(acrbridge: Acrbridge, azure: LocalAzure, image: str, place: str) -> None:
    name = image.partition(":")[0]
    for tag in ("a", "b"):
        acrbridge("copy", HELLO, f"{TARGET}/{name}:{tag}").succeeded()
    acrbridge("copy", "--all-tags", f"{TARGET}/{name}", place).succeeded()
    result = acrbridge("copy", "--all-tags", place, f"{TARGET}/back/{name}").succeeded().json()
    assert sorted(result["digests"]) == ["a", "b"]
    assert azure.tag(f"back/{name}:b") == azure.tag(f"{name}:a")


def test_one_platform_of_an_index(acrbridge: Acrbridge, image: str, place: str) -> None:
    acrbridge("copy", HELLO, place, "--platform", "linux/amd64").succeeded()
    assert acrbridge("copy", place, f"{TARGET}/{image}").succeeded().json()["manifestsSent"] == 2


def test_from_layout_to_layout_needs_no_account_and_asks_nobody(
    acrbridge: Acrbridge, stranger: Acrbridge, azure: LocalAzure, place: str, tmp_path: Path
) -> None:
    acrbridge("copy", SIGNED, place).succeeded()
    before = azure.log_size()
    first = stranger("copy", place, f"oci:{tmp_path / 'other'}").succeeded().json()
    second = stranger("copy", place, f"oci:{tmp_path / 'other'}").succeeded().json()
    assert azure.requests(before) == []
    assert first["blobsSent"] > 0
    assert (second["blobsSent"], second["manifestsSent"]) == (0, 0)


def test_a_layout_without_a_tag_has_none_to_copy(acrbridge: Acrbridge, tmp_path: Path) -> None:
    acrbridge("copy", HELLO, f"oci:{tmp_path / 'site'}", "--untagged").succeeded()
    words = ("copy", "--all-tags", f"oci:{tmp_path / 'site'}", f"oci:{tmp_path / 'other'}")
    acrbridge(*words).refused(3, "TAGS_NOT_FOUND", "has no tags", "@sha256:")


def test_a_tilde_is_the_home_folder(acrbridge: Acrbridge, tmp_path: Path) -> None:
    at_home = acrbridge.where(HOME=str(tmp_path), USERPROFILE=str(tmp_path))
    at_home("copy", HELLO, "oci:~/site:v1").succeeded()
    at_home("copy", "oci:~/site", "oci-archive:~/site.tar").succeeded()
    assert {path.name for path in tmp_path.iterdir()} >= {"site", "site.tar"}


def test_a_rehearsal_leaves_no_file(acrbridge: Acrbridge, place: str, tmp_path: Path) -> None:
    result = acrbridge("copy", HELLO, place, "--dry-run").succeeded().json()
    assert result["blobsSent"] > 0
    assert not (tmp_path / "layout").exists()


def test_a_copy_that_fails_leaves_no_file(acrbridge: Acrbridge, place: str, tmp_path: Path) -> None:
    acrbridge("copy", "fabrikam.azurecr.io/nosuch:v1", place).refused(3, "REPOSITORY_NOT_FOUND")
    assert not (tmp_path / "layout").exists()


def test_an_archive_that_is_there_is_left_alone(acrbridge: Acrbridge, tmp_path: Path) -> None:
    place = f"oci-archive:{tmp_path / 'app.tar'}"
    acrbridge("copy", SIGNED, place).succeeded()
    before = (tmp_path / "app.tar").read_bytes()
    acrbridge("copy", HELLO, place).refused(5, "TARGET_FILE_EXISTS", "app.tar")
    assert (tmp_path / "app.tar").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ((f"oci:{Path(__file__).parent / 'nowhere'}", "oci:x"), 3, "SOURCE_IMAGE_NOT_FOUND"),
        (("oci:", "oci:x"), 2, "REFERENCE_INVALID"),
        ((HELLO, f"oci:x@sha256:{'0' * 64}"), 2, "REFERENCE_INVALID"),
        (("oci:x:v1", "oci:y", "--all-tags"), 2, "OPTIONS_CONFLICT"),
        ((HELLO, "oci-archive:new.tar.gz"), 2, "REFERENCE_INVALID"),
        ((HELLO, "oci-archive:new.TGZ:v1"), 2, "REFERENCE_INVALID"),
        ((HELLO, f"oci:{Path(__file__).parent}"), 1, "LAYOUT_INVALID"),
    ],
)
def test_a_wrong_path_says_what_is_wrong(
    acrbridge: Acrbridge, words: tuple[str, ...], status: int, code: str
) -> None:
    acrbridge("copy", *words).refused(status, code)
