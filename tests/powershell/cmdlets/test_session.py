"""Signing in and out, the local Azure, and what the Tab key offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from powershell.cmdlets.conftest import SIGN_IN

if TYPE_CHECKING:
    from powershell.cmdlets.conftest import Shell

COMPLETE = """
function Get-Offer([string] $Line) {
    $found = [System.Management.Automation.CommandCompletion]::CompleteInput($Line, $Line.Length, $null)
    @($found.CompletionMatches | Where-Object ResultType -ne ProviderItem | ForEach-Object CompletionText) -join ' '
}
"""


def test_who_signs_in_is_shown_until_they_sign_out(stranger: Shell) -> None:
    profile, context, token, out, after = stranger.values(
        f"{SIGN_IN}\nGet-AzContext\nGet-AzAccessToken | Select-Object Type, UserId, TenantId, "
        "@{ n = 'IsSecure'; e = { $_.Token -is [securestring] } },"
        "@{ n = 'Left'; e = { $_.ExpiresOn -gt [datetime]::Now } }\n"
        "Disconnect-AzAccount\n@(Get-AzContext).Count"
    )
    client = stranger.variables["AZURE_CLIENT_ID"]
    assert profile["Context"] == context
    assert context["Subscription"]["Id"] == "00000000-0000-0000-0000-000000000000"
    assert token == {
        "Type": "Bearer",
        "UserId": client,
        "TenantId": stranger.variables["AZURE_TENANT_ID"],
        "IsSecure": True,
        "Left": True,
    }
    assert (out["Id"], after) == (client, 0)


def test_a_subscription_can_be_chosen_at_sign_in(stranger: Shell) -> None:
    code = stranger.value(
        f"try {{ {SIGN_IN.strip()} -Subscription nowhere -ErrorAction Stop }} catch {{ $_.FullyQualifiedErrorId }}"
    )
    assert code == "SUBSCRIPTION_NOT_FOUND,Connect-AzAccount"
    chosen = stranger.value(f"{SIGN_IN.strip()} -Subscription Target")
    assert chosen["Context"]["Subscription"]["Name"] == "Target"


def test_an_emulator_lends_the_session_its_environment(stranger: Shell) -> None:
    before, during, after, config, there = stranger.values(
        "[Environment]::SetEnvironmentVariable('ACR_EMULATOR_STATE', [NullString]::Value)\n"
        "$env:HTTPS_PROXY\n"
        "$started = Start-AzContainerRegistryEmulator -Seed none -State own\n"
        "try { $env:HTTPS_PROXY } finally { Stop-AzContainerRegistryEmulator }\n"
        "$env:HTTPS_PROXY; $env:ACRBRIDGE_CONFIG_DIR; Test-Path Env:ACR_EMULATOR_STATE"
    )
    assert before == after != during
    assert config == stranger.variables["ACRBRIDGE_CONFIG_DIR"]
    assert there is False


def test_the_tab_key_offers_registries_repositories_tags_and_digests(shell: Shell) -> None:
    shell.acrbridge(
        *("acr", "import", "--name", "myregistry", "--source", "docker.io/library/hello-world:latest"),
        *("--image", "tab/key:1", "--force"),
    )
    registry = "Get-AzContainerRegistryTag -RegistryName myregistry"
    manifest = "Get-AzContainerRegistryManifest -RegistryName myregistry -RepositoryName tab/key -Name"
    found = shell.values(
        f"{COMPLETE}\n& (Get-Module AcrBridge) {{ $script:CompletionSeconds = 60.0 }}\n"
        "Get-Offer 'Get-AzContainerRegistryTag -RegistryName mys'\n"
        f"Get-Offer '{registry} -RepositoryName tab'\n"
        f"Get-Offer '{registry} -RepositoryName tab/key -Name '\n"
        f"Get-Offer '{manifest} sha256:'\n"
        "Get-Offer 'Import-AzContainerRegistryImage -Via c'"
    )
    assert found[:3] == ["mysourceregistry", "tab/key", "1"]
    assert len(found[3].split()) == 10
    assert found[4] == "client"


def test_the_tab_key_is_silent_where_nobody_answers(stranger: Shell) -> None:
    found = stranger.values(
        f"{COMPLETE}\nGet-Offer 'Get-AzContainerRegistryTag -RegistryName x'\n"
        "$env:ACRBRIDGE_PYTHON = '/nowhere'; Get-AcrBridgeEngine | Out-Null\n"
        "Get-Offer 'Get-AzContainerRegistryTag -RegistryName x'\n$Error.Count"
    )
    assert found == ["", "", 0]
