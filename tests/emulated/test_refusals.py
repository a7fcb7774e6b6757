"""Imports that Azure, the target or the source refuses: which side it was, what mends it, and nothing half-done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulated.local_azure import OTHER_TENANT, SMALL, Acrbridge, LocalAzure, registry_id

if TYPE_CHECKING:
    from emulated.conftest import SignedIn

ADATUM = registry_id("adatum", "rg2", "20000000-0000-0000-0000-000000000002")
WINGTIP = registry_id("wingtip", "rg3", "20000000-0000-0000-0000-000000000003")

SOURCES = {
    "repository of an ACR": (
        "fabrikam.azurecr.io/nope:v1",
        "SOURCE_IMAGE_NOT_FOUND",
        "fabrikam has no nope:v1",
    ),
    "tag of an ACR": ("fabrikam.azurecr.io/single:nope", "SOURCE_IMAGE_NOT_FOUND", "has no single:nope"),
    "digest of an ACR": (
        f"fabrikam.azurecr.io/single@sha256:{'0' * 64}",
        "SOURCE_IMAGE_NOT_FOUND",
        f"has no single@sha256:{'0' * 64}",
    ),
    "tag of a public host": (
        "docker.io/library/nats:nope",
        "SOURCE_IMAGE_NOT_FOUND",
        "has no library/nats:nope",
    ),
    "image that Docker Hub does not have": (
        "docker.io/library/nope:v1",
        "SOURCE_UNAUTHORIZED",
        "an image that does not exist, too",
    ),
    "private image on Docker Hub": ("docker.io/contoso/private-app:v1", "SOURCE_UNAUTHORIZED", "--username"),
    "private registry": (
        "registry.example.com/team/app:v1",
        "SOURCE_UNAUTHORIZED",
        "--username and --password",
    ),
    "registry of another tenant": ("wingtip.azurecr.io/app:v1", "SOURCE_UNAUTHORIZED", "wingtip.azurecr.io"),
    "host that is not there": ("nowhere.example.com/app:v1", "SOURCE_UNREACHABLE", "nowhere.example.com"),
    "more than 50 manifests": ("fabrikam.azurecr.io/too-many-platforms:v1", "TOO_MANY_MANIFESTS", "50"),
    "source without ranges": ("norange.example.com/app:v1", "SOURCE_NO_RANGES", "norange.example.com"),
    "firewall of the source": ("fortress.azurecr.io/app:v1", "SOURCE_FIREWALL", "source registry fortress"),
    "source that exports nothing": ("keeper.azurecr.io/app:v1", "IMPORT_FAILED", "exports disabled"),
}


@pytest.mark.parametrize(("source", "code", "words"), SOURCES.values(), ids=SOURCES)
def test_source_refuses(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, source: str, code: str, words: str
) -> None:
    line = acrbridge.imports(source, image).refused(1, code, words)
    assert "Operation registries-" not in line
    assert azure.tag(image) is None


WRONG_CREDENTIALS = {
    "private registry": ("registry.example.com/team/app:v1", "example-user"),
    "Docker Hub": ("docker.io/contoso/private-app:v1", "hub-user"),
    "repository-scoped token": ("wingtip.azurecr.io/app:v1", "app-token"),
}


@pytest.mark.parametrize(("source", "user"), WRONG_CREDENTIALS.values(), ids=WRONG_CREDENTIALS)
def test_source_does_not_accept_the_password(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, source: str, user: str
) -> None:
    ended = acrbridge.imports(source, image, "-u", user, "-p", "c4n4ry/S3cret+pw=")
    ended.refused(1, "SOURCE_UNAUTHORIZED", source.partition("/")[0])
    assert azure.tag(image) is None


RIGHT_CREDENTIALS = {
    "private registry": ("registry.example.com/team/app:v1", "example-user", "example-password"),
    "Docker Hub": ("docker.io/contoso/private-app:v1", "hub-user", "hub-token"),
    "repository-scoped token": ("wingtip.azurecr.io/app:v1", "app-token", "app-token-password"),
    "admin user": ("fabrikam.azurecr.io/single:v1", "fabrikam", "fabrikam-password"),
    "service principal of another tenant": (
        "wingtip.azurecr.io/app:v1",
        "30000000-0000-0000-0000-000000000008",
        "wingtip-secret",
    ),
}


@pytest.mark.parametrize(("source", "user", "password"), RIGHT_CREDENTIALS.values(), ids=RIGHT_CREDENTIALS)
def test_source_accepts_the_password(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, source: str, user: str, password: str
) -> None:
    acrbridge.imports(source, image, "-u", user, "-p", password).succeeded()
    host, _, name = source.partition("/")
    assert azure.tag(image) == azure.tag(name, host) is not None


def test_source_accepts_an_access_token_without_a_user(
    azure: LocalAzure, acrbridge: Acrbridge, stranger: Acrbridge, image: str
) -> None:
    words = ("-u", "30000000-0000-0000-0000-000000000008", "-t", OTHER_TENANT, "-p", "wingtip-secret")
    stranger("login", "--service-principal", *words, "-o", "none").succeeded()
    query = ("--query", "accessToken", "-o", "tsv")
    token = stranger("account", "get-access-token", *query, secret=True).succeeded().stdout.strip()
    acrbridge.imports("wingtip.azurecr.io/app:v1", image, "-p", token).succeeded()
    assert azure.tag(image) == azure.tag("app:v1", "wingtip.azurecr.io")


def test_registry_of_another_subscription_is_imported_by_its_resource_id(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    acrbridge.imports("app:v1", image, "--registry", ADATUM).succeeded()
    assert azure.tag(image) == azure.tag("app:v1", "adatum.azurecr.io")


def test_resource_id_of_another_tenant(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports("app:v1", image, "--registry", WINGTIP)
    ended.refused(1, "SOURCE_READ_FORBIDDEN", "may not read the source registry wingtip", "--username")
    assert azure.tag(image) is None


def test_no_read_on_the_linked_source(azure: LocalAzure, signed_in: SignedIn, image: str) -> None:
    ended = signed_in("limited").imports("single:v1", image, "--registry", registry_id("fabrikam"))
    ended.refused(1, "SOURCE_READ_FORBIDDEN", "may not read the source registry fabrikam", "Data Importer")
    assert azure.tag(image) is None


def test_no_right_to_import(azure: LocalAzure, signed_in: SignedIn, image: str) -> None:
    ended = signed_in("reader").imports(SMALL, image)
    ended.refused(1, "TARGET_FORBIDDEN", "no right to import into contoso", "Data Importer and Data Reader")
    assert azure.tag(image) is None


def test_push_and_pull_are_no_right_to_import(azure: LocalAzure, signed_in: SignedIn, image: str) -> None:
    ended = signed_in("pusher").imports(SMALL, image, "-g", "rg1")
    ended.refused(1, "ARM_FORBIDDEN", "registries/read", "role")
    assert azure.tag(image) is None


def test_locked_target_is_kept(azure: LocalAzure, acrbridge: Acrbridge) -> None:
    before = azure.tag("sealed:v1")
    acrbridge.imports(SMALL, "sealed:v1", "--force").refused(1, "TARGET_LOCKED", "contoso", "--write-enabled")
    assert azure.tag("sealed:v1") == before is not None


@pytest.mark.parametrize("command", ["delete", "untag"])
def test_locked_image_is_not_deleted(azure: LocalAzure, acrbridge: Acrbridge, command: str) -> None:
    yes = ("--yes",) if command == "delete" else ()
    ended = acrbridge("acr", "repository", command, "-n", "contoso", "--image", "sealed:v1", *yes)
    ended.refused(1, "TARGET_LOCKED", "--write-enabled")
    assert azure.tag("sealed:v1")


def test_firewall_of_the_target_that_lets_azure_pass(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    ended = acrbridge.imports(SMALL, image, "-o", "json", name="secluded")
    (line,) = ended.lines
    assert line.startswith(f"WARNING: {image} was imported, but could not be read back from here: secluded")
    assert "{" not in line
    result = ended.json()
    assert (result["verified"], result["images"][0]["digest"]) == (False, None)
    assert azure.tag(image, "secluded.azurecr.io")


def test_firewall_of_the_target_and_no_leave_to_go_unverified(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, "-o", "json", "--require-verified", name="secluded")
    ended.refused(7, "UNVERIFIED", "secluded", "--require-verified", warnings=1)


def test_firewall_of_the_target_that_lets_nobody_pass(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    ended = acrbridge.imports(SMALL, image, name="fortress")
    ended.refused(1, "TARGET_FIREWALL", "firewall of fortress", "--allow-trusted-services true")
    assert azure.tag(image, "fortress.azurecr.io") is None


def test_firewall_of_a_registry_that_is_looked_at(acrbridge: Acrbridge) -> None:
    line = acrbridge("acr", "repository", "list", "-n", "secluded").refused(
        1, "REGISTRY_FIREWALL", "secluded"
    )
    assert "{" not in line


def test_target_of_sku_classic(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, name="antique")
    ended.refused(1, "IMPORT_NOT_SUPPORTED", "antique has SKU 'Classic'", "az acr update --name antique")


ABSENT = {
    "show an image": (3, ("repository", "show", "-n", "contoso", "--image", "nope:v1")),
    "show a repository": (3, ("repository", "show", "-n", "contoso", "--repository", "nope")),
    "show a manifest": (3, ("manifest", "show", "contoso.azurecr.io/sealed:nope")),
    "tags": (1, ("repository", "show-tags", "-n", "contoso", "--repository", "nope")),
    "manifests": (1, ("manifest", "list-metadata", "-r", "contoso", "-n", "nope")),
    "untag": (1, ("repository", "untag", "-n", "contoso", "--image", "nope:v1")),
    "delete": (1, ("repository", "delete", "-n", "contoso", "--image", "nope:v1", "--yes")),
}


@pytest.mark.parametrize(("status", "words"), ABSENT.values(), ids=ABSENT)
def test_image_that_is_not_there(acrbridge: Acrbridge, status: int, words: tuple[str, ...]) -> None:
    acrbridge("acr", *words).refused(status, "REPOSITORY_NOT_FOUND", "contoso.azurecr.io", "not found")


def test_registry_password_that_is_wrong(acrbridge: Acrbridge) -> None:
    words = ("-n", "fabrikam", "-u", "fabrikam", "--password-stdin")
    ended = acrbridge("acr", "repository", "list", *words, stdin="c4n4ry/S3cret+pw=")
    line = ended.refused(1, "REGISTRY_UNAUTHORIZED", "fabrikam.azurecr.io refused the credentials")
    assert "{" not in line
