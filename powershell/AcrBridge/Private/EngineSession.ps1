# One engine a session: found, started, greeted; started anew when it has ended.

$script:ProtocolVersion = 1
$script:StartSeconds = 15.0

# Nothing when $script:Engine can be asked, else the failure that says why there is none.
function Connect-Engine {
    if (Test-Engine) {
        return
    }
    Stop-Engine
    $refusals = [System.Collections.Generic.List[object]]::new()
    foreach ($candidate in Get-EngineCandidate) {
        $failure = Start-Engine $candidate
        if ($null -eq $failure) {
            return
        }
        Stop-Engine
        $refusals.Add([pscustomobject]@{ Candidate = $candidate; Failure = $failure })
    }
    New-RefusalFailure $refusals
}

# Starts a candidate and greets it. Nothing when that worked, else the failure.
function Start-Engine {
    param([object] $Candidate)

    try { Start-EngineProcess $Candidate }
    catch { return New-EngineFailure 'ENGINE_MISSING' "It cannot be started: $($_.Exception.GetBaseException().Message)" }
    $engine = $script:Engine
    $params = [ordered]@{
        protocolVersion = $script:ProtocolVersion
        client          = [ordered]@{ name = 'AcrBridge'; version = (Get-ModuleVersion) }
    }
    $answer = Get-EngineAnswer 'initialize' $params -Seconds $script:StartSeconds
    if ($answer.Contains('error')) {
        return Resolve-Refusal $answer $engine
    }
    $welcome = $answer['result']
    if ($welcome -isnot [System.Collections.IDictionary]) {
        return New-EngineFailure 'ENGINE_GARBLED'
    }
    if ($welcome['protocolVersion'] -ne $script:ProtocolVersion) {
        $versions = "protocol $($welcome['protocolVersion']), AcrBridge $(Get-ModuleVersion) speaks $script:ProtocolVersion"
        return New-EngineFailure 'PROTOCOL_MISMATCH' "The engine speaks $versions."
    }
    $engine.Welcome = $welcome
}

# Why a program that ended at its start is no engine, where that is known.
function Resolve-Refusal {
    param([System.Collections.IDictionary] $Answer, [object] $Engine)

    if ($Answer['error']['data']['code'] -ne 'ENGINE_ENDED') {
        return $Answer
    }
    $reasons = [ordered]@{
        'No module named ''?acrbridge'   = 'acrbridge is not installed in it.'
        'Exit code 9009|Microsoft Store' = 'It is the Microsoft Store''s stand-in, not a Python.'
        'Unknown option: -I'             = 'It is Python 2.'
    }
    $said = "$($Answer['error']['message'])`n$(Get-EngineWords $Engine)"
    foreach ($pattern in $reasons.Keys) {
        if ($said -match $pattern) {
            return New-EngineFailure 'ENGINE_MISSING' $reasons[$pattern]
        }
    }
    $Answer
}

# One failure of all candidates: the code is that of a candidate, where there was one only.
function New-RefusalFailure {
    param([System.Collections.Generic.List[object]] $Refusals)

    if ($Refusals.Count -eq 0) {
        return New-EngineFailure 'ENGINE_MISSING'
    }
    $reasons = foreach ($refusal in $Refusals) {
        "$($refusal.Candidate.Path) ($($refusal.Candidate.Origin)): $($refusal.Failure['error']['message'])"
    }
    if ($Refusals.Count -eq 1) {
        return New-EngineFailure $Refusals[0].Failure['error']['data']['code'] $reasons
    }
    New-EngineFailure 'ENGINE_MISSING' "$($script:EngineFailures['ENGINE_MISSING'].Message) $($reasons -join ' ')"
}

function Get-ModuleVersion {
    $ExecutionContext.SessionState.Module.Version.ToString()
}
