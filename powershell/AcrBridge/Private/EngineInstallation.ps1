# The module's own environment: made whole, or not at all.

function Test-EngineInstallation {
    param([string] $Environment)

    $python = Get-PrivatePython $Environment
    [System.IO.File]::Exists($python) -and (Invoke-Program $python '-I', '-c', 'import acrbridge' 60).ExitCode -eq 0
}

# Makes the environment, in place of one that is there. Nothing when that worked, else the failure.
function Install-Engine {
    param([string] $Environment, [string] $Python, [uri] $IndexUrl)

    $base = Find-BasePython $Python
    if ($base -is [System.Collections.IDictionary]) {
        return $base
    }
    # Windows does not move a program that runs.
    Stop-Engine
    $old = "$Environment.old"
    $isMade = $false
    try {
        Remove-Folder $old
        if ([System.IO.Directory]::Exists($Environment)) { [System.IO.Directory]::Move($Environment, $old) }
        $failure = New-EngineEnvironment $Environment $base $IndexUrl
        $isMade = $null -eq $failure
        $failure
    }
    catch [System.Management.Automation.MethodInvocationException] {
        # A folder that is in use, or not to be written.
        New-EngineFailure 'ENGINE_NOT_INSTALLED' $_.Exception.GetBaseException().Message
    }
    finally {
        Write-Progress -Activity 'Install-AcrBridgeEngine' -Completed
        Complete-Installation $Environment $old $isMade
    }
}

# Removes the old environment after success; else the half-made one, and brings the old one back.
function Complete-Installation {
    param([string] $Environment, [string] $Old, [bool] $IsMade)

    try {
        if ($IsMade) {
            Remove-Folder $Old
        }
        elseif ([System.IO.Directory]::Exists($Old)) {
            Remove-Folder $Environment
            [System.IO.Directory]::Move($Old, $Environment)
        }
        else {
            Remove-Folder $Environment
        }
    }
    catch {
        # In use still: an environment without acrbridge is passed over, and the next installation removes it.
        $null = $_
    }
}

function Remove-Folder {
    param([string] $Path)

    if ([System.IO.Directory]::Exists($Path)) { [System.IO.Directory]::Delete($Path, $true) }
}

# Runs the steps of an installation. Nothing when all worked, else the failure of one.
function New-EngineEnvironment {
    param([string] $Environment, [object] $Base, [uri] $IndexUrl)

    $python = Get-PrivatePython $Environment
    $steps = @(, @('Making the environment', $Base.Path, (@($Base.Argument) + '-I', '-m', 'venv', $Environment)))
    foreach ($words in Get-PipInstallation $IndexUrl) {
        $steps += , @('Installing acrbridge', $python, $words)
    }
    foreach ($step in $steps) {
        Write-Progress -Activity 'Install-AcrBridgeEngine' -Status $step[0]
        $ended = Invoke-Program $step[1] $step[2] 3600
        Write-Verbose $ended.Said
        if ($ended.ExitCode -ne 0) {
            return New-EngineFailure 'ENGINE_NOT_INSTALLED' "$($step[0]) failed: $(Get-EssentialWords $ended.Said)"
        }
    }
}

# The arguments of each call of pip. What came with the module is installed as pinned there, each file by its hash.
function Get-PipInstallation {
    param([uri] $IndexUrl)

    # Wheels only: a source would be built, by a compiler that is not there.
    $install = '-I', '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--only-binary', ':all:'
    if ($null -ne $IndexUrl) { $install += '--index-url', $IndexUrl.AbsoluteUri }
    $folder = [System.IO.Path]::Combine($ExecutionContext.SessionState.Module.ModuleBase, 'engine')
    $wheel = if ([System.IO.Directory]::Exists($folder)) { [System.IO.Directory]::GetFiles($folder, 'acrbridge-*.whl') }
    if (-not $wheel) {
        return , ($install + "acrbridge[emulator]==$(Get-ModuleVersion)")
    }
    , ($install + '--require-hashes', '-r', [System.IO.Path]::Combine($folder, 'requirements.txt'))
    , ($install + '--no-deps', '--no-index', @($wheel)[0])
}

# A Python to make the environment with, as a candidate; else the failure.
function Find-BasePython {
    param([string] $Python)

    $candidates = @(if ($Python) { New-EngineCandidate $Python '-Python' } else { Get-PathPython })
    $question = 'import sys, venv; print(sys.version_info >= (3, 11))'
    foreach ($candidate in $candidates) {
        $ended = Invoke-Program $candidate.Path (@($candidate.Argument) + '-I', '-c', $question) $script:StartSeconds
        if ($ended.ExitCode -eq 0 -and $ended.Said -eq 'True') {
            return $candidate
        }
    }
    $asked = ($candidates | ForEach-Object { $_.Path }) -join ', '
    New-EngineFailure 'PYTHON_MISSING' $(if ($asked) { "This is not Python 3.11 or later: $asked." } else { 'There is no Python on PATH.' })
}

# The lines that a program calls errors, else all that it said, on one line.
function Get-EssentialWords {
    param([string] $Said)

    $lines = @($Said -split '\r?\n')
    $errors = @($lines -match '^ERROR')
    $words = ($(if ($errors) { $errors } else { $lines }) -join ' ') -replace '[\s\p{C}]+', ' '
    $words.Substring(0, [System.Math]::Min(600, $words.Length))
}
