# What can go wrong with an engine before it can say so itself. In the catalogue of the engine, too:
# `acrbridge explain CODE`.
$script:EngineFailures = @{
    ENGINE_MISSING       = @{
        Category = 'NotInstalled'
        Message  = 'No Python with acrbridge was found.'
        Remedy   = 'Run Install-AcrBridgeEngine, or let $env:ACRBRIDGE_PYTHON name a Python that has acrbridge.'
    }
    ENGINE_ENDED         = @{
        Category = 'ConnectionError'
        Message  = 'The engine ended.'
        Remedy   = 'Run the command again: it starts a new engine. See first whether an import went on in Azure.'
    }
    ENGINE_GARBLED       = @{
        Category = 'ProtocolError'
        Message  = 'The engine sent what is no message of the protocol.'
        Remedy   = 'Run Install-AcrBridgeEngine -Force, or let $env:ACRBRIDGE_PYTHON name a Python that prints nothing.'
    }
    ENGINE_SILENT        = @{
        Category = 'OperationTimeout'
        Message  = 'The engine did not answer in time.'
        Remedy   = 'Run the command again, or Install-AcrBridgeEngine -Force.'
    }
    ENGINE_NOT_INSTALLED = @{
        Category = 'NotInstalled'
        Message  = 'The engine was not installed.'
        Remedy   = 'Mend what the message says, or give another Python with -Python, another package index with -IndexUrl.'
    }
    PYTHON_MISSING       = @{
        Category = 'NotInstalled'
        Message  = 'There is no Python 3.11 or later.'
        Remedy   = 'Install Python from https://www.python.org/downloads/ and name it with -Python where it is not on PATH.'
    }
    PROTOCOL_MISMATCH    = @{
        Category = 'ProtocolError'
        Message  = 'The engine speaks another protocol.'
        Remedy   = 'Have the module install the engine that it brings, with Install-AcrBridgeEngine -Force.'
    }
}

# An answer as the engine would give it.
function New-EngineFailure {
    param([string] $Code, [string] $Message = $script:EngineFailures[$Code].Message)

    $failure = $script:EngineFailures[$Code]
    if ($Code -eq 'ENGINE_ENDED') { $Message = "$Message $(Get-EngineEnd)".TrimEnd() }
    [ordered]@{
        error = [ordered]@{
            message = $Message
            data    = [ordered]@{ code = $Code; category = $failure.Category; remedy = $failure.Remedy }
        }
    }
}

# A last line that was cut off is an engine's that ended.
function New-BrokenLineFailure {
    if ($script:Engine.Process.WaitForExit(500)) { New-EngineFailure 'ENGINE_ENDED' }
    else { New-EngineFailure 'ENGINE_GARBLED' }
}

# How the engine ended: its exit code, and the last line that it said.
function Get-EngineEnd {
    $engine = $script:Engine
    if (-not $engine.Process.WaitForExit(2000)) {
        return 'Its output ended.'
    }
    $last = ((Get-EngineWords $engine) -split '\n')[-1].Trim() -replace '\p{C}', ' '
    if ($last.Length -gt 300) { $last = $last.Substring(0, 300) }
    "Exit code $($engine.Process.ExitCode). $last".TrimEnd()
}

# What an engine that ended has written to standard error.
function Get-EngineWords {
    param([object] $Engine)

    # A child of its own can hold the stream open.
    [void][System.Threading.Tasks.Task]::WaitAny(@($Engine.Draining), 1000)
    [System.Text.Encoding]::UTF8.GetString($Engine.LastWords.ToArray()).Trim()
}

# PowerShell's form of an error answer. The remedy is in the message, too: not every view shows RecommendedAction.
function New-EngineErrorRecord {
    param([System.Collections.IDictionary] $Failure, [AllowNull()] [object] $Target)

    $data = $Failure['data']
    $category = [System.Management.Automation.ErrorCategory]::NotSpecified
    [void][System.Enum]::TryParse([string]$data['category'], [ref]$category)
    $remedy = Get-Remedy $data
    $message = "$($Failure['message']) $remedy".TrimEnd()
    $exception = [System.InvalidOperationException]::new($message)
    # For a support request at Azure.
    if ($data['correlationId']) { $exception.Data['CorrelationId'] = $data['correlationId'] }
    $record = [System.Management.Automation.ErrorRecord]::new($exception, [string]$data['code'], $category, $Target)
    $record.ErrorDetails = [System.Management.Automation.ErrorDetails]::new($message)
    $record.ErrorDetails.RecommendedAction = $remedy
    $record
}
