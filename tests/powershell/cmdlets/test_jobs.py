"""-AsJob: the same command in a PowerShell of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulated.local_azure import LocalAzure
    from powershell.cmdlets.conftest import Shell

TARGET = "-RegistryName myregistry -ResourceGroupName myResourceGroup"
HELLO = "-SourceRegistryUri docker.io -SourceImage library/hello-world:latest"
PRIVATE = "-SourceRegistryUri docker.io/sourcerepo -SourceImage sourcerrepo:tag -Username hub-user"

COUNT_ENGINES = """
function Get-Engine {
    $count = 0
    foreach ($folder in [System.IO.Directory]::GetDirectories('/proc')) {
        try {
            $line = [System.IO.File]::ReadAllText("$folder/cmdline")
            $variables = [System.IO.File]::ReadAllText("$folder/environ")
        }
        catch { continue }
        if ($line -match 'acrbridge.serve' -and $variables.Contains($env:ACRBRIDGE_CONFIG_DIR)) { $count++ }
    }
    $count
}
"""


def test_a_job_gives_what_the_command_would(shell: Shell) -> None:
    result, state = shell.values(
        f"$job = Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag job:1 -Detailed -AsJob\n"
        "$job | Wait-Job | Receive-Job\n[string]$job.State"
    )
    assert (result["Status"], result["Images"][0]["Reference"]) == (
        "Succeeded",
        "myregistry.azurecr.io/job:1",
    )
    assert state == "Completed"


def test_a_jobs_failure_is_received_with_its_code(shell: Shell) -> None:
    (code,) = shell.values(
        f"$job = Import-AzContainerRegistryImage {TARGET} -SourceRegistryUri docker.io"
        " -SourceImage no/such:1 -AsJob\n"
        "$job | Wait-Job | Receive-Job -ErrorVariable failed -ErrorAction SilentlyContinue\n"
        "$failed[0].FullyQualifiedErrorId"
    )
    assert code.startswith("SOURCE_")


def test_a_password_reaches_the_job_and_nobody_sees_it(shell: Shell) -> None:
    ended = shell.run(
        "$password = 'hub-' + 'token'\n"
        f"$job = Import-AzContainerRegistryImage {TARGET} {PRIVATE}"
        " -Password $password -TargetTag job:2 -PassThru -AsJob\n"
        "$job | Wait-Job | Receive-Job\n"
        "$job | Select-Object Name, Command | ConvertTo-Json\n"
        "($job.ChildJobs[0] | ConvertTo-Json -Depth 3)"
    )
    assert ended.succeeded().stdout.startswith("True")


def test_a_stopped_job_takes_its_engine_along(azure: LocalAzure, shell: Shell) -> None:
    azure.play("operation-never-ends")
    gone, state = shell.values(
        f"{COUNT_ENGINES}\n"
        f"$job = Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag job:3 -AsJob\n"
        "for ($i = 0; $i -lt 100 -and (Get-Engine) -lt 2; $i++) { Start-Sleep -Milliseconds 100 }\n"
        "$before = Get-Engine\n"
        "Stop-Job $job\n"
        "for ($i = 0; $i -lt 100 -and (Get-Engine) -gt 1; $i++) { Start-Sleep -Milliseconds 100 }\n"
        "$before - (Get-Engine)\n[string]$job.State"
    )
    assert (gone, state) == (1, "Stopped")
