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

    $percent = -1
    if ($Params['total']) { $percent = [int][System.Math]::Min(100, 100 * $Params['sent'] / $Params['total']) }
    Write-Progress -Id $Id -Activity $Activity -Status $Params['status'] -PercentComplete $percent
}
