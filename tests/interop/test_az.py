"""The unmodified az works through the proxy: it signs in, imports, lists and deletes as against Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.strangers import find_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from interop.conftest import Command
    from interop.strangers import Emulator, Ended

HELLO = "docker.io/library/hello-world:latest"


@pytest.fixture
def start_az(emulator: Emulator, tmp_path: Path) -> Callable[..., Ended]:
    """The real az with an empty profile; it may fail."""
    path, profile = find_tool("az"), str(tmp_path / "empty-profile")
    return lambda *words, **variables: emulator.start(
        path, *words, home=tmp_path, AZURE_CONFIG_DIR=profile, **variables
    )


# Signing in


def test_login_by_service_principal_shows_the_subscription(az: Command, emulator: Emulator) -> None:
    account = az("account", "show").json()
    assert account["id"] == emulator["AZURE_SUBSCRIPTION_ID"]
    assert account["tenantId"] == emulator["AZURE_TENANT_ID"]
    assert account["user"] == {"name": emulator["AZURE_CLIENT_ID"], "type": "servicePrincipal"}


def test_login_with_a_wrong_secret_is_refused_with_the_code_of_entra(
    start_az: Callable[..., Ended], emulator: Emulator
) -> None:
    words = ("--service-principal", "-u", emulator["AZURE_CLIENT_ID"], "-p", "wrong")
    refused = start_az("login", *words, "--tenant", emulator["AZURE_TENANT_ID"])
    assert refused.status == 1
    assert "AADSTS7000215" in refused.stderr


def test_login_by_managed_identity_of_a_virtual_machine(
    start_az: Callable[..., Ended], emulator: Emulator
) -> None:
    signed_in = start_az("login", "--identity", "--client-id", emulator["ACR_EMULATOR_IDENTITY_CLIENT_ID"])
    assert signed_in.status == 0, signed_in.stderr
    assert start_az("acr", "list").json()


def test_login_by_managed_identity_of_an_app_service(
    start_az: Callable[..., Ended], emulator: Emulator
) -> None:
    app_service = {
        "IDENTITY_ENDPOINT": emulator["ACR_EMULATOR_IDENTITY_ENDPOINT"],
        "IDENTITY_HEADER": emulator["ACR_EMULATOR_IDENTITY_HEADER"],
    }
    words = ("--identity", "--client-id", emulator["ACR_EMULATOR_IDENTITY_CLIENT_ID"])
    signed_in = start_az("login", *words, **app_service)
    assert signed_in.status == 0, signed_in.stderr
    assert start_az("acr", "list", **app_service).json()


def test_get_access_token_gives_a_token_of_the_tenant(az: Command, emulator: Emulator) -> None:
    token = az("account", "get-access-token").json()
    assert token["tenant"] == emulator["AZURE_TENANT_ID"]
    assert token["accessToken"].count(".") == 2


# Repositories and manifests


@pytest.fixture
def repository(az: Command, request: pytest.FixtureRequest) -> str:
    """A repository of this test's own in contoso, with hello-world as 1 and 2."""
    name = f"az/{request.node.name.replace('_', '-')}"
    az("acr", "import", "-n", "contoso", "--source", HELLO, "-t", f"{name}:1", "-t", f"{name}:2")
    return name


def test_repository_commands_list_show_untag_and_delete(az: Command, repository: str) -> None:
    in_contoso = ("-n", "contoso")
    assert repository in az("acr", "repository", "list", *in_contoso).json()
    shown = az("acr", "repository", "show", *in_contoso, "--repository", repository).json()
    assert (shown["imageName"], shown["tagCount"]) == (repository, 2)
    az("acr", "repository", "untag", *in_contoso, "--image", f"{repository}:2")
    tags = az("acr", "repository", "show-tags", *in_contoso, "--repository", repository).json()
    assert tags == ["1"]
    az("acr", "repository", "delete", *in_contoso, "--repository", repository, "--yes")
    assert repository not in az("acr", "repository", "list", *in_contoso).json()


def test_show_manifests_lists_every_platform_of_an_import(az: Command, repository: str) -> None:
    words = ("-n", "contoso", "--repository", repository)
    manifests = az("acr", "repository", "show-manifests", *words).json()
    assert len(manifests) > 2
    assert [one["tags"] for one in manifests if one["tags"]] == [["1", "2"]]


def test_manifest_commands_show_metadata_the_manifest_and_referrers(az: Command, repository: str) -> None:
    metadata = az("acr", "manifest", "list-metadata", "-r", "contoso", "-n", repository).json()
    digest = next(one["digest"] for one in metadata if one.get("tags"))
    manifest = az("acr", "manifest", "show", "-r", "contoso", "-n", f"{repository}:1").json()
    assert {child["digest"] for child in manifest["manifests"]} < {one["digest"] for one in metadata}
    referrers = az(
        "acr", "manifest", "list-referrers", "-r", "contoso", "-n", f"{repository}@{digest}"
    ).json()
    assert referrers["manifests"] == []


def test_an_exposed_token_opens_the_registry_for_crane(
    az: Command, repository: str, tool: Callable[[str], Command]
) -> None:
    login = az("acr", "login", "-n", "contoso", "--expose-token").json()
    crane = tool("crane")
    crane("auth", "login", login["loginServer"], "-u", login["username"], "-p", login["accessToken"])
    crane("validate", "--remote", f"{login['loginServer']}/{repository}:1")
