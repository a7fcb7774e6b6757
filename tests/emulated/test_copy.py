from __future__ import annotations

from pathlib import Path

import pytest

from emulated.conftest import SignedIn
from emulated.local_azure import Acrbridge, LocalAzure

HELLO = "docker.io/library/hello-world:latest"
TARGET = "contoso.azurecr.io"


def test_copies_an_image_with_all_its_platforms_and_its_digest(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    result = acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded().json()
    assert result["digests"] == {"v1": azure.tag(image)}
    assert result["digests"]["v1"] == azure.tag("library/hello-world:latest", "docker.io")
    listed = acrbridge("acr", "manifest", "list-metadata", "-r", "contoso", "-n", image.partition(":")[0])
    assert len(listed.succeeded().json()) == result["manifestsSent"]


def test_a_second_copy_sends_nothing(acrbridge: Acrbridge, image: str) -> None:
    acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded()
    again = acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded().json()
    assert (again["blobsSent"], again["manifestsSent"], again["bytesSent"]) == (0, 0, 0)


def test_blobs_of_the_same_registry_are_mounted(acrbridge: Acrbridge, image: str) -> None:
    acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded()
    result = acrbridge("copy", f"{TARGET}/{image}", f"{TARGET}/moved/{image}").succeeded().json()
    assert result["blobsSent"] == 0
    assert result["blobsMounted"] > 0


def test_blobs_that_were_copied_elsewhere_in_the_registry_are_mounted(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded()
    result = acrbridge("copy", HELLO, f"{TARGET}/again/{image}").succeeded().json()
    assert (result["blobsSent"], result["blobsMounted"] > 0) == (0, True)
    assert azure.tag(f"again/{image}") == azure.tag(image)


def test_signatures_come_along(acrbridge: Acrbridge, image: str) -> None:
    acrbridge("copy", "fabrikam.azurecr.io/signed:v1", f"{TARGET}/{image}").succeeded()
    found = acrbridge("acr", "manifest", "list-referrers", "-r", "contoso", "-n", image).succeeded().json()
    assert len(found["manifests"]) == 2


def test_signatures_stay_with_no_referrers(acrbridge: Acrbridge, image: str) -> None:
    acrbridge("copy", "fabrikam.azurecr.io/signed:v1", f"{TARGET}/{image}", "--no-referrers").succeeded()
    found = acrbridge("acr", "manifest", "list-referrers", "-r", "contoso", "-n", image).succeeded().json()
    assert found["manifests"] == []


def test_one_platform_of_an_index(acrbridge: Acrbridge, image: str) -> None:
    words = ("copy", HELLO, f"{TARGET}/{image}", "--platform", "linux/amd64")
    ended = acrbridge(*words).succeeded()
    assert ended.json()["manifestsSent"] == 2
    assert ["another digest" in warning for warning in ended.warnings] == [True]


def test_a_platform_that_is_not_there(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    words = ("copy", HELLO, f"{TARGET}/{image}", "--platform", "plan9/amd64")
    acrbridge(*words).refused(3, "PLATFORM_NOT_FOUND", "linux/amd64")
    assert azure.tag(image) is None


def test_a_tag_that_moves_is_said(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded()
    old, new = azure.tag(image), azure.tag("signed:v1", "fabrikam.azurecr.io")
    words = ("copy", SIGNED, f"{TARGET}/{image}")
    acrbridge(*words, "--no-clobber").refused(5, "TARGET_TAG_EXISTS", "--no-clobber")
    for more, verb in ((("--dry-run",), "A copy would move"), ((), "Moved")):
        warnings = acrbridge(*words, *more).succeeded().warnings
        assert warnings == [f"WARNING: {verb} the tag v1 from {old} to {new}."]
    assert azure.tag(image) == new


def test_an_artifact_type_that_no_referrer_has_is_said(acrbridge: Acrbridge, image: str) -> None:
    words = ("copy", SIGNED, f"{TARGET}/{image}", "--artifact-type", "application/spdx")
    (warning,) = acrbridge(*words).succeeded().warnings
    assert "No referrer has the artifact type application/spdx; there are application/spdx+json" in warning


def test_an_image_that_is_not_there(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    acrbridge("copy", "fabrikam.azurecr.io/nosuch:v1", f"{TARGET}/{image}").refused(3, "REPOSITORY_NOT_FOUND")
    assert azure.tag(image) is None


def test_a_private_source_with_user_and_password(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    source = "registry.example.com/team/app:v1"
    run = acrbridge.where(ACRBRIDGE_SOURCE_PASSWORD="example-password")
    run("copy", source, f"{TARGET}/{image}", "--source-username", "example-user").succeeded()
    assert azure.tag(image) == azure.tag("team/app:v1", "registry.example.com")


def test_a_private_source_without_a_user(acrbridge: Acrbridge, image: str) -> None:
    acrbridge("copy", "registry.example.com/team/app:v1", f"{TARGET}/{image}").refused(
        4, "REGISTRY_UNAUTHORIZED"
    )


def test_who_may_only_read_cannot_copy_there(signed_in: SignedIn, azure: LocalAzure, image: str) -> None:
    signed_in("reader")("copy", HELLO, f"{TARGET}/{image}").refused(4, "REGISTRY_UNAUTHORIZED", TARGET)
    assert azure.tag(image) is None


def test_who_may_push_needs_no_right_to_import(signed_in: SignedIn, azure: LocalAzure, image: str) -> None:
    signed_in("pusher")("copy", HELLO, f"{TARGET}/{image}").succeeded()
    assert azure.tag(image) is not None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("hello-world", f"{TARGET}/x:1"), "REFERENCE_INVALID"),
        (("docker.io/library/Hello", f"{TARGET}/x:1"), "REFERENCE_INVALID"),
        ((HELLO, f"{TARGET}/x@sha256:{'0' * 64}"), "REFERENCE_INVALID"),
        ((HELLO, f"{TARGET}/x:1", "--all-tags"), "OPTIONS_CONFLICT"),
        ((HELLO, f"{TARGET}/x:1", "--source-username", "u"), "CREDENTIALS_INCOMPLETE"),
        ((HELLO, f"{TARGET}/x:1", "--untagged"), "OPTIONS_CONFLICT"),
        ((HELLO, f"{TARGET}/x:1", "--no-referrers", "--artifact-type", "a/b"), "OPTIONS_CONFLICT"),
        ((HELLO, f"{TARGET}/x:1", "--artifact-type", ""), "OPTIONS_CONFLICT"),
        ((HELLO, f"{TARGET}/x", "--untagged", "--tag", "1"), "OPTIONS_CONFLICT"),
        ((HELLO, f"{TARGET}/x:1", "--tag", "a b"), "REFERENCE_INVALID"),
        ((HELLO, f"{TARGET}/x:1", "--platform", "linux/amd64,linux/arm64"), "PLATFORM_INVALID"),
        ((f"{TARGET}/y", f"{TARGET}/x", "--all-tags", "--tag", "1"), "OPTIONS_CONFLICT"),
        ((f"{TARGET}/y", f"{TARGET}/x", "--only", "1*", "--untagged"), "OPTIONS_CONFLICT"),
        ((f"{TARGET}/y:1", f"{TARGET}/x", "--newest", "2"), "OPTIONS_CONFLICT"),
        ((HELLO, f"{TARGET}/x:1", "--requests-per-second", "nan"), "RATE_INVALID"),
        ((HELLO, f"{TARGET}/x:1", "--requests-per-second", "inf"), "RATE_INVALID"),
        ((f"{TARGET}/y", f"{TARGET}/x", "--only-regex", "("), "PATTERN_INVALID"),
        ((f"{TARGET}/y", f"{TARGET}/x", "--only-semver", "latest"), "PATTERN_INVALID"),
        ((f"{TARGET}/y", f"{TARGET}/x", "--only-semver", "2.10, 2.11"), "PATTERN_INVALID"),
    ],
)
def test_a_mistyped_command_line_says_what_is_wrong(
    acrbridge: Acrbridge, words: tuple[str, ...], code: str
) -> None:
    acrbridge("copy", *words).refused(2, code)


def test_all_tags_of_a_repository(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    name = image.partition(":")[0]
    for tag in ("a", "b"):
        acrbridge("copy", HELLO, f"{TARGET}/{name}:{tag}").succeeded()
    result = acrbridge("copy", "--all-tags", f"{TARGET}/{name}", f"{TARGET}/all/{name}").succeeded().json()
    assert sorted(result["digests"]) == ["a", "b"]
    assert azure.tag(f"all/{name}:b") == azure.tag(f"{name}:a")


SIGNED = "fabrikam.azurecr.io/signed:v1"


@pytest.mark.parametrize("source", [HELLO, SIGNED])
def test_a_dry_run_tells_what_the_run_then_does(acrbridge: Acrbridge, image: str, source: str) -> None:
    for _ in ("cold", "warm"):
        told = acrbridge("copy", source, f"{TARGET}/{image}", "--dry-run").succeeded().json()
        done = acrbridge("copy", source, f"{TARGET}/{image}").succeeded().json()
        assert told.keys() == done.keys()
        assert (told.pop("dryRun"), done.pop("dryRun")) == (True, False)
        assert told.pop("elapsedSeconds")
        assert done.pop("elapsedSeconds")
        assert told.pop("requests") <= done.pop("requests")
        assert told == done


def test_a_dry_run_of_all_tags_with_blobs_to_mount(acrbridge: Acrbridge, image: str) -> None:
    name = image.partition(":")[0]
    for tag in ("a", "b"):
        acrbridge("copy", SIGNED if tag == "b" else HELLO, f"{TARGET}/{name}:{tag}").succeeded()
    words = ("copy", "--all-tags", f"{TARGET}/{name}", f"{TARGET}/all/{name}")
    told = acrbridge(*words, "--dry-run").succeeded().json()
    assert told["items"] == acrbridge(*words).succeeded().json()["items"]
    assert {item["outcome"] for item in told["items"]} == {"mounted", "sent"}


def test_a_dry_run_writes_nothing(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    began = azure.log_size()
    acrbridge("copy", HELLO, f"{TARGET}/{image}", "--dry-run").succeeded()
    requests = azure.requests(began)
    writes = [r for r in requests if r["method"] not in ("GET", "HEAD") and "/v2/" in r["path"]]
    assert requests
    assert writes == []
    assert azure.tag(image) is None


def test_a_second_copy_from_docker_hub_costs_no_pull(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    first = acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded().json()
    assert first["pulls"] == first["manifestsSent"]
    began = azure.log_size()
    assert acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded().json()["pulls"] == 0
    hub = [r for r in azure.requests(began) if r["host"] == "registry-1.docker.io"]
    assert {r["method"] for r in hub if "/manifests/" in r["path"]} == {"HEAD"}


def test_several_tags_of_one_image(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    words = ("copy", HELLO, f"{TARGET}/{image}", "--tag", "latest", "--tag", "stable")
    digests = acrbridge(*words).succeeded().json()["digests"]
    name = image.partition(":")[0]
    assert {tag: azure.tag(f"{name}:{tag}") for tag in ("latest", "stable", "v1")} == digests


def test_an_untagged_copy_is_there_by_its_digest(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    name = image.partition(":")[0]
    digests = acrbridge("copy", HELLO, f"{TARGET}/{name}", "--untagged").succeeded().json()["digests"]
    assert azure.tag(f"{name}:latest") is None
    listed = acrbridge("acr", "manifest", "list-metadata", "-r", "contoso", "-n", name).succeeded().json()
    assert digests[""] in [manifest["digest"] for manifest in listed]


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        (("--only", "1.*", "--exclude", "*-rc"), ["1.0", "1.1"]),
        (("--only-regex", r"\d\.\d(-rc)?"), ["1.0", "1.1", "1.2-rc", "2.0"]),
        (("--only-semver", "^1"), ["1.0", "1.1"]),
        (("--newest", "2"), ["1.2-rc", "2.0"]),
    ],
)
def test_a_selection_of_tags(
    acrbridge: Acrbridge, image: str, words: tuple[str, ...], tags: list[str]
) -> None:
    name = image.partition(":")[0]
    further = [word for tag in ("1.1", "1.2-rc", "2.0", "latest") for word in ("--tag", tag)]
    acrbridge("copy", SIGNED, f"{TARGET}/{name}:1.0", *further).succeeded()
    result = acrbridge("copy", f"{TARGET}/{name}", f"{TARGET}/some/{name}", *words).succeeded().json()
    assert sorted(result["digests"]) == tags


def test_an_empty_selection_names_near_tags(acrbridge: Acrbridge, image: str) -> None:
    acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded()
    name = image.partition(":")[0]
    words = ("copy", f"{TARGET}/{name}", f"{TARGET}/some/{name}", "--only", "v2*")
    acrbridge(*words).refused(3, "TAGS_NOT_FOUND", "None of the 1 tags", "v1")


def test_only_referrers_of_one_artifact_type(acrbridge: Acrbridge, image: str) -> None:
    listing = ("acr", "manifest", "list-referrers", "-r")
    there = acrbridge(*listing, "fabrikam", "-n", "signed:v1").succeeded().json()["manifests"]
    wanted = there[0]["artifactType"]
    acrbridge("copy", SIGNED, f"{TARGET}/{image}", "--artifact-type", wanted).succeeded()
    found = acrbridge(*listing, "contoso", "-n", image).succeeded().json()["manifests"]
    assert [one["artifactType"] for one in found] == [wanted]
    assert len(there) == 2


@pytest.mark.parametrize("kind", ["oci", "oci-archive"])
def test_a_dry_run_into_a_layout_leaves_no_file(acrbridge: Acrbridge, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    words = ("copy", SIGNED, f"{kind}:{path}:v1")
    told = acrbridge(*words, "--dry-run").succeeded().json()
    assert list(tmp_path.glob("out*")) == []
    assert told["items"] == acrbridge(*words).succeeded().json()["items"]


def test_a_table_has_a_line_for_each_tag(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    table = acrbridge("copy", HELLO, f"{TARGET}/{image}", "--tag", "v2", "-o", "table").succeeded().stdout
    head, _, *lines = table.splitlines()
    assert head.split() == ["TARGET", "TAG", "DIGEST"]
    assert [line.split()[1:] for line in lines] == [[tag, azure.tag(image)] for tag in ("v1", "v2")]


def test_the_table_of_a_dry_run_has_a_line_for_each_blob_and_manifest(
    acrbridge: Acrbridge, image: str
) -> None:
    words = ("copy", SIGNED, f"{TARGET}/{image}", "--dry-run")
    items = acrbridge(*words).succeeded().json()["items"]
    head, _, *lines = acrbridge(*words, "-o", "table").succeeded().stdout.splitlines()
    assert head.split() == ["KIND", "DIGEST", "TAG", "SIZE", "OUTCOME"]
    assert [line.split()[1] for line in lines] == [item["digest"] for item in items]
