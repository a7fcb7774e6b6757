"""Failures as PowerShell has them, and secrets, which show in no stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acr_emulator.seed.load import load

if TYPE_CHECKING:
    from emulated.local_azure import LocalAzure
    from powershell.cmdlets.conftest import Shell

TARGET = "-RegistryName myregistry -ResourceGroupName myResourceGroup"
HELLO = "-SourceRegistryUri docker.io -SourceImage library/hello-world:latest"
PRIVATE = "-SourceRegistryUri docker.io/sourcerepo -SourceImage sourcerrepo:tag"
HOSTILE = "ñ漢字😀 \"q\" 'p' `$x $(y) %Z% \\"
"""A password that survives no careless quoting."""


def test_a_failure_carries_its_code_category_target_and_remedy(shell: Shell) -> None:
    code, category, target, remedy, message = shell.values(
        "Get-AzContainerRegistryTag -RegistryName myregistry -RepositoryName no/such "
        "-ErrorAction SilentlyContinue -ErrorVariable failed\n"
        "$it = $failed[0]\n"
        "$it.FullyQualifiedErrorId; [string]$it.CategoryInfo.Category; $it.TargetObject\n"
        "$it.ErrorDetails.RecommendedAction; $it.ErrorDetails.Message"
    )
    assert code == "REPOSITORY_NOT_FOUND,Get-AzContainerRegistryTag"
    assert (category, target) == ("ObjectNotFound", "no/such")
    assert message.endswith(remedy)


def test_it_can_be_caught(shell: Shell) -> None:
    line = f"Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag caught:1"
    caught = shell.value(
        f"{line}\ntry {{ {line} -ErrorAction Stop; 'went on' }} catch {{ $_.FullyQualifiedErrorId }}"
    )
    assert caught.split(",")[0] == "TARGET_TAG_EXISTS"


def test_one_of_many_does_not_stop_the_others(shell: Shell) -> None:
    found = shell.values(
        "'no/such:1', 'library/hello-world:latest' | ForEach-Object {"
        " [pscustomobject]@{ SourceImage = $_; TargetTag = 'many:1' } } | Import-AzContainerRegistryImage"
        f" {TARGET} -SourceRegistryUri docker.io -PassThru -ErrorAction SilentlyContinue"
    )
    assert found == [True]


def test_who_is_not_signed_in_is_told(stranger: Shell) -> None:
    code, remedy = stranger.values(
        f"try {{ Import-AzContainerRegistryImage {TARGET} {HELLO} -ErrorAction Stop }}"
        " catch { $_.FullyQualifiedErrorId; $_.ErrorDetails.RecommendedAction }"
    )
    assert code == "NOT_SIGNED_IN,Import-AzContainerRegistryImage"
    assert remedy == "Sign in with Connect-AzAccount."


def test_a_file_that_is_not_there_is_named(stranger: Shell) -> None:
    code, target = stranger.values(
        f"Import-AzContainerRegistryImage {TARGET} -JsonFilePath nowhere.json -WhatIf"
        " -ErrorAction SilentlyContinue -ErrorVariable failed\n"
        "$failed.FullyQualifiedErrorId; $failed.TargetObject"
    )
    assert code == "FILE_UNREADABLE,Import-AzContainerRegistryImage"
    assert target == str(stranger.folder / "nowhere.json")


@pytest.fixture
def hostile_user(azure: LocalAzure, shell: Shell) -> str:
    """A user of Docker Hub with a hostile name and password."""
    seed = shell.folder / "hostile.yaml"
    quoted = HOSTILE.replace("'", "''")
    seed.write_text(
        "hosts: {docker.io: {private_repositories: [sourcerepo/*]}}\n"
        f"logins: [{{registry: docker.io, username: 'u {quoted}', password: '{quoted}'}}]\n",
        encoding="utf-8",
    )
    load(azure.state, str(seed))
    return f"$user = 'u {quoted}'; $password = '{quoted}'\n"


SECURE = "[System.Net.NetworkCredential]::new('', $password).SecurePassword"


@pytest.mark.parametrize(
    "spelling",
    [
        "-Username $user -Password $password",
        f"-Username $user -Password ({SECURE})",
        f"-Credential ([System.Management.Automation.PSCredential]::new($user, {SECURE}))",
    ],
    ids=["string", "secure-string", "credential"],
)
def test_hostile_passwords_arrive_whole(shell: Shell, hostile_user: str, spelling: str) -> None:
    line = f"Import-AzContainerRegistryImage {TARGET} {PRIVATE} -TargetTag hostile:1 -Mode Force -PassThru {spelling}"
    assert shell.values(f"{hostile_user}{line}") == [True]


@pytest.mark.parametrize("name", ["ñandú/漢字:1", "emoji/😀:1", "quote/'\"x:1", "back/slash\\"])
def test_hostile_names_arrive_and_come_back_whole(stranger: Shell, name: str) -> None:
    quoted = name.replace("'", "''")
    line = f"Import-AzContainerRegistryImage {TARGET} -SourceRegistryUri docker.io -SourceImage '{quoted}' -WhatIf"
    assert f"What if: Import docker.io/{name} into" in stranger.run(line).succeeded().stdout


def test_a_token_goes_straight_into_a_password(shell: Shell) -> None:
    line = (
        "Import-AzContainerRegistryImage -SourceRegistryUri myregistry.azurecr.io -SourceImage token:1 "
        f"{TARGET} -TargetTag token:2 -Mode Force -PassThru -Password (Get-AzAccessToken).Token"
    )
    first = f"Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag token:1 -Mode Force"
    assert shell.values(f"{first}\n{line}") == [True]


@pytest.mark.parametrize("password", ["wrong-", "hub-token"])
def test_no_stream_shows_a_secret(shell: Shell, password: str) -> None:
    """Shell.run looks for it in all that was written."""
    before, after = password[:3], password[3:]
    ended = shell.run(
        "$DebugPreference = $VerbosePreference = $InformationPreference = 'Continue'\n"
        f"$password = '{before}' + '{after}'\n"
        f"Import-AzContainerRegistryImage {TARGET} {PRIVATE} -Username hub-user -Password $password"
        " -TargetTag secret:1 -Mode Force\n"
        "Get-AzAccessToken | Format-List\n"
        "$Error | ForEach-Object { $_ | Format-List -Property *; $_.Exception | Format-List -Property * }"
    )
    assert "DEBUG" in ended.stdout
    assert password not in ended.stdout + ended.stderr
