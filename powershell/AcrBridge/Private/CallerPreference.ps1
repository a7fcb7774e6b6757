# A function of a script module does not see the preference variables of its caller, only those of the global scope.
# Each public function takes them over with its first line: begin { . $script:UseCallerPreference }
$script:UseCallerPreference = {
    $preferences = @{
        ErrorAction       = 'ErrorActionPreference'
        WarningAction     = 'WarningPreference'
        InformationAction = 'InformationPreference'
        ProgressAction    = 'ProgressPreference'
        Verbose           = 'VerbosePreference'
        Debug             = 'DebugPreference'
        Confirm           = 'ConfirmPreference'
        WhatIf            = 'WhatIfPreference'
    }
    foreach ($parameter in $preferences.Keys) {
        # $PSCmdlet.SessionState is the caller's, and what was given as a parameter stands.
        $variable = $PSCmdlet.SessionState.PSVariable.Get($preferences[$parameter])
        if ($null -ne $variable -and -not $PSCmdlet.MyInvocation.BoundParameters.ContainsKey($parameter)) {
            $ExecutionContext.SessionState.PSVariable.Set($variable.Name, $variable.Value)
        }
    }
}
