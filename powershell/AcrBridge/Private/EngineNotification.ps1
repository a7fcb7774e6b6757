# What the engine tells while a request is under way, in the streams of the command that asked.
# Write-Warning and the like, not $PSCmdlet.WriteWarning: those prompt under -Debug.
function Write-EngineNotification {
    param([System.Collections.IDictionary] $Message, [int] $Id, [string] $Activity)

    $params = $Message['params']
    switch ($Message['method']) {
        'progress' { Write-EngineProgress $params $Id $Activity }
        'warning' { Write-Warning $params['message'] }
        'log' {
            if ($params['level'] -eq 'debug') { Write-Debug $params['message'] } else { Write-Verbose $params['message'] }
        }
    }
}

function Write-EngineProgress {
    param([System.Collections.IDictionary] $Params, [int] $Id, [string] $Activity)

    if ($Params['activity']) { $Activity = $Params['activity'] }
    $known = @{}
    if ($Params['status']) { $known['Status'] = $Params['status'] }
    if ($null -ne $Params['percent']) { $known['PercentComplete'] = [int]$Params['percent'] }
    # A transfer that stands still has no end in sight.
    if ($null -ne $Params['remaining'] -and $Params['remaining'] -lt [int]::MaxValue) {
        $known['SecondsRemaining'] = [int]$Params['remaining']
    }
    Write-Progress -Id $Id -Activity $Activity @known
}
