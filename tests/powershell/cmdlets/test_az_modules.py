"""Beside Az: its sign-in is used, and it is defined whose command runs."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from powershell.cmdlets.conftest import MODULE, SIGN_IN

if TYPE_CHECKING:
    from pathlib import Path

    from powershell.cmdlets.conftest import Shell

ACCOUNTS = """
function Connect-AzAccount { $global:AzSignedIn = $true }
function Disconnect-AzAccount { $global:AzSignedIn = $false }
function Get-AzContext {
    [CmdletBinding()] param([object] $DefaultProfile)
    if ($global:AzSignedIn) {
        [pscustomobject]@{
            Account = [pscustomobject]@{ Id = 'az-user' }
            Environment = [pscustomobject]@{ Name = 'AzureCloud' }
            Subscription = [pscustomobject]@{ Id = $env:AZURE_SUBSCRIPTION_ID; Name = 'Target' }
            Tenant = [pscustomobject]@{ Id = $env:AZURE_TENANT_ID }
        }
    }
}
function Get-AzAccessToken {
    [CmdletBinding()] param([object] $DefaultProfile)
    $token = $env:AZ_TOKEN
    if ($token -eq 'expired') { throw 'Sign in again.' }
    if (-not $env:AZ_OLD) { $token = [System.Net.NetworkCredential]::new('', $token).SecurePassword }
    [pscustomobject]@{ Token = $token }
}
"""
REGISTRY = "function Import-AzContainerRegistryImage { [CmdletBinding()] param($RegistryName) 'Az' }\n"
NAMES = {
    "Az.Accounts": (
        ACCOUNTS,
        "Connect-AzAccount",
        "Disconnect-AzAccount",
        "Get-AzAccessToken",
        "Get-AzContext",
    ),
    "Az.ContainerRegistry": (REGISTRY, "Import-AzContainerRegistryImage"),
}
WHO = "(Get-Command Import-AzContainerRegistryImage).Source"
IMPORT = (
    "Import-AzContainerRegistryImage -RegistryName myregistry -ResourceGroupName myResourceGroup"
    " -SourceRegistryUri docker.io -SourceImage library/hello-world:latest -Mode Force -PassThru"
)


def install(folder: Path, name: str) -> None:
    """Put a stand-in of one of Az's modules into a folder of modules."""
    text, *commands = NAMES[name]
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.psm1").write_text(text)
    exported = ", ".join(f"'{command}'" for command in commands)
    (folder / name / f"{name}.psd1").write_text(
        f"@{{ RootModule = '{name}.psm1'; ModuleVersion = '5.0.0'; FunctionsToExport = @({exported})\n"
        "CmdletsToExport = @(); AliasesToExport = @() }\n"
    )


def with_modules(
    shell: Shell, *names: str, order: tuple[str, ...] = ("own", "az"), **variables: str
) -> Shell:
    """A user who has ours and modules of Az where PowerShell finds them by itself, in folders in that order."""
    own, az = shell.folder / "own", shell.folder / "az"
    own.mkdir()
    (own / "AcrBridge").symlink_to(MODULE.parent, target_is_directory=True)
    for name in names:
        install(az, name)
    path = os.pathsep.join(str(shell.folder / folder) for folder in order)
    return replace(shell, variables={**shell.variables, "PSModulePath": path, **variables})


@pytest.fixture
def token(shell: Shell) -> str:
    """What Az would have: a token of the importer."""
    unveil = "[System.Net.NetworkCredential]::new('', (Get-AzAccessToken).Token).Password"
    return str(shell.value(unveil, secret=True))


def test_without_az_the_commands_for_signing_in_load_by_themselves(stranger: Shell) -> None:
    ended = (
        with_modules(stranger).run(f"{SIGN_IN}\n(Get-AzContext).Subscription.Name", module=None).succeeded()
    )
    assert "Target" in ended.stdout


@pytest.mark.parametrize("order", [("own", "az"), ("az", "own")])
def test_beside_az_accounts_its_commands_sign_in_wherever_it_is_found(
    stranger: Shell, order: tuple[str, str]
) -> None:
    user = with_modules(stranger, "Az.Accounts", order=order)
    found = user.values(
        "Connect-AzAccount\n(Get-Command Connect-AzAccount).Source\nImport-Module AcrBridge\n"
        "(Get-Command Connect-AzAccount).Source\n"
        "@(Get-Command -Module AcrBridge -Name '*-AzAccount', '*-AzContext', '*-AzAccessToken').Count",
        module=None,
    )
    assert found == ["Az.Accounts", "Az.Accounts", 0]


def test_an_az_accounts_that_cannot_be_loaded_is_as_none(stranger: Shell) -> None:
    user = with_modules(stranger, "Az.Accounts")
    (user.folder / "az" / "Az.Accounts" / "Az.Accounts.psm1").write_text("throw 'broken'")
    assert user.values("(Get-Command Connect-AzAccount).Source", module=None) == ["AcrBridge"]


def test_a_command_that_the_session_has_already_is_left_alone(stranger: Shell) -> None:
    found = stranger.values(
        f"function global:Get-AzContext {{ 'mine' }}\nImport-Module '{MODULE}'\nGet-AzContext\n"
        "(Get-Command Connect-AzAccount).Source\n"
        f"Import-Module '{MODULE}' -Force\n(Get-Command Connect-AzAccount).Source",
        module=None,
    )
    assert found == ["mine", "AcrBridge", "AcrBridge"]


@pytest.mark.parametrize("old", ["", "1"], ids=["secure-string", "string"])
def test_the_sign_in_of_az_is_used_without_another(stranger: Shell, token: str, old: str) -> None:
    user = with_modules(stranger, "Az.Accounts", AZ_TOKEN=token, AZ_OLD=old)
    assert user.values(f"Connect-AzAccount\n{IMPORT} -TargetTag az:1", module=None) == [True]


def test_a_job_works_with_the_sign_in_of_az_in_its_parents_process(stranger: Shell, token: str) -> None:
    user = with_modules(stranger, "Az.Accounts", AZ_TOKEN=token)
    line = f"{IMPORT} -TargetTag az:3 -DefaultProfile (Get-AzContext) -AsJob | Wait-Job | Receive-Job"
    assert user.values(f"Connect-AzAccount\n{line}", module=None) == [True]


def test_where_az_has_nobody_signed_in_the_engines_own_account_is_used(shell: Shell) -> None:
    user = with_modules(shell, "Az.Accounts")
    assert user.values(f"{IMPORT} -TargetTag az:2", module=None) == [True]


def test_where_az_gives_no_token_a_warning_says_that_another_account_is_used(shell: Shell) -> None:
    user = with_modules(shell, "Az.Accounts", AZ_TOKEN="expired")
    done, warned = user.values(
        f"Connect-AzAccount\n{IMPORT} -TargetTag az:4 -WarningVariable heard 3>$null\n"
        "$heard[0].Message -like '*own sign-in is used: Sign in again.'",
        module=None,
    )
    assert (done, warned) == (True, True)


def test_a_token_that_is_no_longer_taken_is_reported_as_such(stranger: Shell) -> None:
    user = with_modules(stranger, "Az.Accounts", AZ_TOKEN="eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln")
    code = user.value(
        f"Connect-AzAccount\ntry {{ {IMPORT} -ErrorAction Stop }} catch {{ $_.FullyQualifiedErrorId }}",
        module=None,
    )
    assert code == "SIGN_IN_EXPIRED,Import-AzContainerRegistryImage"


@pytest.mark.parametrize(
    ("imports", "who"),
    [
        ("Import-Module Az.ContainerRegistry", "Az.ContainerRegistry"),
        ("Import-Module AcrBridge", "AcrBridge"),
        ("Import-Module Az.ContainerRegistry; Import-Module AcrBridge", "AcrBridge"),
        ("Import-Module AcrBridge; Import-Module Az.ContainerRegistry", "Az.ContainerRegistry"),
    ],
)
def test_of_two_commands_of_a_name_the_one_that_was_imported_last_runs(
    stranger: Shell, imports: str, who: str
) -> None:
    user = with_modules(stranger, "Az.ContainerRegistry")
    assert user.values(f"{imports}\n{WHO}", module=None) == [who]


@pytest.mark.parametrize(
    ("order", "who"), [(("own", "az"), "AcrBridge"), (("az", "own"), "Az.ContainerRegistry")]
)
def test_where_none_was_imported_the_first_on_the_module_path_runs(
    stranger: Shell, order: tuple[str, str], who: str
) -> None:
    user = with_modules(stranger, "Az.ContainerRegistry", order=order)
    assert user.values(WHO, module=None) == [who]


def test_the_qualified_form_always_says_which(stranger: Shell) -> None:
    user = with_modules(stranger, "Az.ContainerRegistry")
    ended = user.run(
        "Import-Module Az.ContainerRegistry\nAz.ContainerRegistry\\Import-AzContainerRegistryImage\n"
        f"AcrBridge\\{IMPORT} -WhatIf",
        module=None,
    )
    assert [line.split(" ")[0] for line in ended.succeeded().stdout.splitlines()] == ["Az", "What"]
