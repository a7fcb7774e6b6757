<#
.SYNOPSIS
    The project's chores as tasks: each one calls a tool and contains nothing.
.DESCRIPTION
    Runs on Windows PowerShell 5.1 and on PowerShell 7. Stops at the first task that fails, with exit code 1.
    .ci/run is what a change has to pass; this is for the hands.
.PARAMETER Task
    What to do, in the given order: Build, Test or Package.
.PARAMETER Python
    The Python to use, 3.11 or later; by default the one on PATH.
.EXAMPLE
    ./build.ps1 -Task Build, Test
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Package')]
    [string[]] $Task = 'Build',

    [string] $Python = 'python'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Invoke-Python {
    & $Python $args
    if ($LASTEXITCODE -ne 0) {
        throw "'$Python $args' ended with exit code $LASTEXITCODE"
    }
}

# Synopsis: Install the package, editable, with all that its tests and checks need.
function Invoke-Build {
    Invoke-Python -m pip install --editable '.[dev]'
}

# Synopsis: Run the tests.
function Invoke-Test {
    Invoke-Python -m pytest
}

# Synopsis: Make the source archive and the wheel in dist.
function Invoke-Package {
    Invoke-Python -m build --outdir dist
}

Push-Location -LiteralPath $PSScriptRoot
try {
    foreach ($name in $Task) {
        & "Invoke-$name"
    }
}
finally {
    Pop-Location
}
