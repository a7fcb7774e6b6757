<#
.SYNOPSIS
    The project's chores as tasks: each one calls tools, and contains little more.
.DESCRIPTION
    Runs on Windows PowerShell 5.1 and on PowerShell 7. Stops at the first task that fails, with exit code 1.
    .ci/run is what a change has to pass; this is for the hands.
.PARAMETER Task
    What to do, in the given order: Develop, Build, Test, Package, Docs or Lock.
.PARAMETER Python
    The Python to use, 3.11 or later; by default the one on PATH.
.PARAMETER Certificate
    Signs the scripts of the module in Package: a code signing certificate, such as Get-PfxCertificate gives.
.EXAMPLE
    ./build.ps1 -Task Develop, Test
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Develop', 'Build', 'Test', 'Package', 'Docs', 'Lock')]
    [string[]] $Task = 'Build',

    [string] $Python = 'python',

    [System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$staged = [System.IO.Path]::Combine($PSScriptRoot, 'dist', 'AcrBridge')

function Invoke-Python {
    & $Python $args
    if ($LASTEXITCODE -ne 0) {
        throw "'$Python $args' ended with exit code $LASTEXITCODE"
    }
}

# Synopsis: Install the package, editable, with all that its tests and checks need.
function Invoke-Develop {
    Invoke-Python -m pip install --editable '.[dev]'
}

# Synopsis: Stage the PowerShell module in dist/AcrBridge, with the engine's wheel and its pinned dependencies inside.
function Invoke-Build {
    if (Test-Path -LiteralPath $staged) { Remove-Item -LiteralPath $staged -Recurse -Force }
    [void](New-Item -ItemType Directory -Force -Path (Split-Path -Path $staged))
    Copy-Item -LiteralPath powershell/AcrBridge -Destination $staged -Recurse
    Invoke-Python -m build --wheel --outdir "$staged/engine"
    Copy-Item -LiteralPath powershell/engine-requirements.txt -Destination "$staged/engine/requirements.txt"
    Copy-Item -LiteralPath LICENSE -Destination $staged
}

# Synopsis: Run the tests.
function Invoke-Test {
    Invoke-Python -m pytest
}

# Synopsis: Make all that ships in dist: source archive, wheel, the module's folder for Publish-PSResource, and its zip.
function Invoke-Package {
    Invoke-Python -m build --outdir dist
    Invoke-Build
    if ($null -ne $Certificate) {
        $scripts = Get-ChildItem -LiteralPath $staged -Recurse -Include '*.ps1', '*.psm1', '*.psd1', '*.ps1xml'
        Set-AuthenticodeSignature -FilePath $scripts.FullName -Certificate $Certificate -HashAlgorithm SHA256
    }
    $version = (Test-ModuleManifest -Path "$staged/AcrBridge.psd1").Version
    $zip = "$staged-$version.zip"
    if (Test-Path -LiteralPath $zip) { Remove-Item -LiteralPath $zip }
    [void][System.Reflection.Assembly]::Load('System.IO.Compression.FileSystem, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089')
    $archive = [System.IO.Compression.ZipFile]::Open($zip, 'Create')
    try {
        # One by one: Compress-Archive and CreateFromDirectory write backslashes on Windows PowerShell.
        foreach ($file in [System.IO.Directory]::GetFiles($staged, '*', 'AllDirectories')) {
            $name = $file.Substring((Split-Path -Path $staged).Length + 1).Replace('\', '/')
            [void][System.IO.Compression.ZipFileExtensions]::CreateEntryFromFile($archive, $file, $name)
        }
    }
    finally {
        $archive.Dispose()
    }
}

# Synopsis: Make the references of docs from the code.
function Invoke-Docs {
    Invoke-Python docs/make_references.py
}

# Synopsis: Pin the engine's dependencies anew, for all systems, with the hashes of all their files (needs uv).
function Invoke-Lock {
    $first = '# What Install-AcrBridgeEngine installs beside the engine''s wheel, each file by its hash. ./build.ps1 Lock makes it anew.'
    $pinned = Invoke-Python -m uv pip compile pyproject.toml --extra emulator --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
    [System.IO.File]::WriteAllLines("$PSScriptRoot/powershell/engine-requirements.txt", @($first) + $pinned)
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
