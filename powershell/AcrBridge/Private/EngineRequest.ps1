<#
.SYNOPSIS
    Asks the session's engine for something; gives the result, or writes an error and gives nothing.
.DESCRIPTION
    Progress, warnings and log lines go into the streams of the calling command, whose preferences hold when it began
    with `. $script:UseCallerPreference`. When the pipeline is stopped, the engine is told to cancel.
    A failed request is a non-terminating error of the calling command; that there is no engine ends it.
.OUTPUTS
    Ordered dictionaries and lists, as ConvertFrom-EngineJson makes them.
#>
function Invoke-EngineRequest {
    param(
        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Cmdlet,

        [Parameter(Mandatory)]
        [string] $Method,

        [System.Collections.IDictionary] $Params = @{},

        # What the progress bar is headed with, where the engine gives it no name.
        [string] $Activity = $Cmdlet.MyInvocation.MyCommand.Name,

        # What the error is about.
        [AllowNull()]
        [object] $Target
    )

    foreach ($attempt in 1, 2) {
        $failure = Connect-Engine
        if ($null -ne $failure) {
            $Cmdlet.ThrowTerminatingError((New-EngineErrorRecord $failure['error'] $Target))
        }
        $answer = Get-EngineAnswer $Method (Add-RequestContext $Params) -Activity $Activity
        # Once more where nothing was sent; what was sent is not sent again, for an import is not idempotent.
        if (-not $answer.Contains('isUnsent')) { break }
    }
    if (-not $answer.Contains('error')) {
        return , $answer['result']
    }
    $Cmdlet.WriteError((New-EngineErrorRecord $answer['error'] $Target))
}

# Parameters with what every request carries: the environment as it is now, because the engine has that of its start.
function Add-RequestContext {
    param([System.Collections.IDictionary] $Params)

    $whole = [ordered]@{}
    foreach ($name in $Params.Keys) {
        $whole[$name] = $Params[$name]
    }
    $whole['environment'] = [ordered]@{}
    foreach ($name in $script:Engine.Welcome['environmentNames']) {
        $value = [System.Environment]::GetEnvironmentVariable($name)
        if ($null -ne $value) { $whole['environment'][$name] = $value }
    }
    $whole['debug'] = $VerbosePreference -ne 'SilentlyContinue' -or $DebugPreference -ne 'SilentlyContinue'
    $whole
}

# Sends a request to $script:Engine and waits for its answer.
function Get-EngineAnswer {
    param(
        [string] $Method,
        [System.Collections.IDictionary] $Params,
        [string] $Activity,
        [double] $Seconds = [double]::PositiveInfinity
    )

    $engine = $script:Engine
    $id = ++$engine.LastId
    $engine.Inboxes["$id"] = [System.Collections.Generic.Queue[object]]::new()
    $answer = $null
    try {
        $request = [ordered]@{ jsonrpc = '2.0'; id = $id; method = $Method; params = $Params }
        if (Send-EngineMessage $request) {
            $answer = Wait-EngineAnswer $id $Activity $Seconds
        }
        else {
            $answer = New-EngineFailure 'ENGINE_ENDED'
            $answer['isUnsent'] = $true
        }
    }
    finally {
        # While the pipeline stops, a write to a stream throws here.
        $engine.Inboxes.Remove("$id")
        $cancel = [ordered]@{ jsonrpc = '2.0'; method = 'cancel'; params = @{ id = $id } }
        if ($null -eq $answer -and -not (Send-EngineMessage $cancel)) { Stop-Engine }
    }
    if (-not $answer.Contains('jsonrpc')) {
        # It is ours: the engine is of no use any more, unless it is at work still and only this request is late.
        $isLate = $null -ne $engine.Welcome -and $answer['error']['data']['code'] -eq 'ENGINE_SILENT'
        if (-not $isLate -or -not (Send-EngineMessage $cancel)) { Stop-Engine }
        $answer['error']['message'] = Hide-RequestSecret $answer['error']['message'] $Params
    }
    $answer
}

# The answer to a request; what is told before goes into the streams.
function Wait-EngineAnswer {
    param([int] $Id, [string] $Activity, [double] $Seconds)

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $hasProgress = $false
    while ($true) {
        $message = Receive-EngineMessage $Id $clock $Seconds
        if (-not $message.Contains('method')) { break }
        $hasProgress = $hasProgress -or $message['method'] -eq 'progress'
        Write-EngineNotification $message $Id $Activity
    }
    if ($hasProgress) { Write-Progress -Id $Id -Activity $Activity -Completed }
    $message
}

# Members of a request that are secrets; a proxy's address can hold a password.
$script:SecretNames = @(
    'password', 'secret', 'arm', 'parameters', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'IDENTITY_HEADER', 'MSI_SECRET'
)

# A text without the secrets of a request: the last words of an engine can hold anything.
function Hide-RequestSecret {
    param([string] $Text, [System.Collections.IDictionary] $Params)

    foreach ($name in $Params.Keys) {
        $value = $Params[$name]
        if ($value -is [System.Collections.IDictionary]) {
            $Text = Hide-RequestSecret $Text $value
        }
        elseif ($name -in $script:SecretNames -and $value) {
            $Text = $Text.Replace($value, '***')
        }
    }
    $Text
}
