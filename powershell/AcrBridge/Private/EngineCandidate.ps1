# Where an engine can be, in order: each is a program with words to put before Python's own.
function Get-EngineCandidate {
    if ($env:ACRBRIDGE_PYTHON) {
        # Alone: who names one wants that, and wants to hear why it does not work.
        return New-EngineCandidate $env:ACRBRIDGE_PYTHON '$env:ACRBRIDGE_PYTHON'
    }
    $private = Get-PrivatePython
    if ([System.IO.File]::Exists($private)) {
        New-EngineCandidate $private 'Install-AcrBridgeEngine'
    }
    Get-PathPython
}

# The Pythons on PATH, the current folder left out: Windows would look there first.
function Get-PathPython {
    foreach ($name in 'py', 'python3', 'python') {
        $found = Get-Command -Name $name -CommandType Application -TotalCount 1 -ErrorAction Ignore
        if ($null -ne $found) {
            New-EngineCandidate $found.Path 'PATH' -Argument $(if ($name -eq 'py') { '-3' })
        }
    }
}

function New-EngineCandidate {
    param([string] $Path, [string] $Origin, [string[]] $Argument)

    [pscustomobject]@{ Path = $Path; Origin = $Origin; Argument = @($Argument | Where-Object { $_ }) }
}

# The folder of the module's own environment. GetFolderPath with an option is in .NET Framework 4.0.
function Get-PrivateEnvironment {
    $kind = [System.Environment+SpecialFolder]::LocalApplicationData
    # Without the option, a folder that is not there yet has no name on Linux.
    $data = [System.Environment]::GetFolderPath($kind, [System.Environment+SpecialFolderOption]::DoNotVerify)
    [System.IO.Path]::Combine($data, 'AcrBridge', 'engine')
}

function Get-PrivatePython {
    param([string] $Environment = (Get-PrivateEnvironment))

    if (Test-Windows) { return [System.IO.Path]::Combine($Environment, 'Scripts', 'python.exe') }
    [System.IO.Path]::Combine($Environment, 'bin', 'python')
}

# $IsWindows is not in Windows PowerShell.
function Test-Windows {
    [System.IO.Path]::DirectorySeparatorChar -eq '\'
}
