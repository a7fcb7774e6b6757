"""The unmodified az imports in every form of the article that it accepts, and hears why when it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.strangers import find_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from interop.conftest import Command
    from interop.strangers import Emulator, Ended

REGISTRIES = "providers/Microsoft.ContainerRegistry/registries"
FABRIKAM_ID = f"/subscriptions/20000000-0000-0000-0000-000000000001/resourceGroups/rg1/{REGISTRIES}/fabrikam"
ADATUM_ID = f"/subscriptions/20000000-0000-0000-0000-000000000002/resourceGroups/rg2/{REGISTRIES}/adatum"
WINGTIP_CLIENT = "30000000-0000-0000-0000-000000000008"
WINGTIP_IDENTITY_CLIENT = "30000000-0000-0000-0000-000000000009"

FORMS: dict[str, tuple[str, ...]] = {
    "docker hub": ("--source", "docker.io/library/hello-world:latest"),
    "docker hub, private": (
        *("--source", "docker.io/contoso/private-app:v1"),
        *("--username", "hub-user", "--password", "hub-token"),
    ),
    "microsoft": ("--source", "mcr.microsoft.com/windows/servercore:ltsc2022"),
    "private registry": (
        *("--source", "registry.example.com/team/app:v1"),
        *("--username", "example-user", "--password", "example-password"),
    ),
    "login server": ("--source", "fabrikam.azurecr.io/samples/hello:v1"),
    "name": ("--source", "samples/hello:v1", "--registry", "fabrikam"),
    "resource id": ("--source", "samples/hello:v1", "--registry", FABRIKAM_ID),
    "other subscription": ("--source", "app:v1", "--registry", ADATUM_ID),
    "helm chart": ("--source", "fabrikam.azurecr.io/charts/hello:0.1.0"),
    "admin user": (
        *("--source", "fabrikam.azurecr.io/single:v1"),
        *("--username", "fabrikam", "--password", "fabrikam-password"),
    ),
    "other tenant, service principal": (
        *("--source", "wingtip.azurecr.io/app:v1"),
        *("--username", WINGTIP_CLIENT, "--password", "wingtip-secret"),
    ),
    "other tenant, repository-scoped token": (
        *("--source", "wingtip.azurecr.io/app:v1"),
        *("--username", "app-token", "--password", "app-token-password"),
    ),
}


@pytest.fixture
def try_import(emulator: Emulator, az_profile: Path, tmp_path: Path) -> Callable[..., Ended]:
    """`az acr import`, signed in; it may fail."""
    command = (find_tool("az"), "acr", "import")
    return lambda *words: emulator.start(*command, *words, home=tmp_path, AZURE_CONFIG_DIR=str(az_profile))


def tags(az: Command, repository: str) -> object:
    return az("acr", "repository", "show-tags", "-n", "contoso", "--repository", repository).json()


@pytest.mark.parametrize("form", FORMS)
def test_import_brings_the_image(az: Command, form: str) -> None:
    repository = f"forms/{form.replace(',', '').replace(' ', '-')}"
    az("acr", "import", "-n", "contoso", *FORMS[form], "--image", f"{repository}:1")
    assert tags(az, repository) == ["1"]
    az("acr", "manifest", "show", "-r", "contoso", "-n", f"{repository}:1")


def test_import_by_digest_brings_the_manifest_without_a_tag(az: Command) -> None:
    listed = az("acr", "manifest", "list-metadata", "-r", "fabrikam", "-n", "single").json()
    digest = listed[0]["digest"]
    source = ("--source", f"fabrikam.azurecr.io/single@{digest}")
    az("acr", "import", "-n", "contoso", *source, "--repository", "forms/digest")
    arrived = az("acr", "manifest", "list-metadata", "-r", "contoso", "-n", "forms/digest").json()
    assert [(one["digest"], one.get("tags")) for one in arrived] == [(digest, None)]


def test_import_with_the_access_token_of_another_tenant_and_no_user(
    az: Command, emulator: Emulator, tmp_path: Path
) -> None:
    path, profile = find_tool("az"), str(tmp_path / "wingtip")

    def there(*words: str) -> Ended:
        return emulator.run(path, *words, home=tmp_path, AZURE_CONFIG_DIR=profile)

    there("login", "--identity", "--client-id", WINGTIP_IDENTITY_CLIENT)
    token = there("account", "get-access-token").json()["accessToken"]
    source = ("--source", "wingtip.azurecr.io/app:v1")
    az("acr", "import", "-n", "contoso", *source, "--password", token, "--image", "forms/access-token:1")
    assert tags(az, "forms/access-token") == ["1"]


def test_an_existing_tag_is_kept_unless_forced(az: Command, try_import: Callable[..., Ended]) -> None:
    image = ("--image", "forms/existing:1")
    az("acr", "import", "-n", "contoso", *FORMS["docker hub"], *image)
    refused = try_import("-n", "contoso", *FORMS["microsoft"], *image)
    assert refused.status == 1
    assert "(Conflict)" in refused.stderr
    az("acr", "import", "-n", "contoso", *FORMS["microsoft"], *image, "--force")


def test_no_wait_returns_at_once_and_the_image_arrives(az: Command) -> None:
    az("acr", "import", "-n", "contoso", *FORMS["docker hub"], "--image", "forms/no-wait:1", "--no-wait")
    assert tags(az, "forms/no-wait") == ["1"]


REFUSALS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "unknown tag": ("contoso", ("--source", "docker.io/library/hello-world:none"), "MANIFEST_UNKNOWN"),
    "no credentials": ("contoso", ("--source", "registry.example.com/team/app:v1"), "UNAUTHORIZED"),
    "wrong password": (
        "contoso",
        ("--source", "registry.example.com/team/app:v1", "-u", "example-user", "-p", "wrong"),
        "UNAUTHORIZED",
    ),
    "too many manifests": ("contoso", ("--source", "fabrikam.azurecr.io/too-many-platforms:v1"), "50"),
    "locked target": ("fabrikam", (*FORMS["docker hub"], "-t", "locked:v1", "--force"), "disallowed"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_azure_cannot_import_is_told(try_import: Callable[..., Ended], refusal: str) -> None:
    target, words, told = REFUSALS[refusal]
    refused = try_import("-n", target, *words)
    assert refused.status == 1
    assert told in refused.stderr
