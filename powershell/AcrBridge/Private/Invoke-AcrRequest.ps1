# A request in the name of who is signed in: where Az.Accounts has somebody, that one; else the engine's own account.
function Invoke-AcrRequest {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Method,
        [System.Collections.IDictionary] $Params,
        [string] $Activity = $Cmdlet.MyInvocation.MyCommand.Name,
        [AllowNull()] [object] $Target
    )

    $bound = $Cmdlet.MyInvocation.BoundParameters
    $whole = [ordered]@{}
    foreach ($name in $Params.Keys) { $whole[$name] = $Params[$name] }
    if ($bound['SubscriptionId']) { $whole['subscription'] = $bound['SubscriptionId'] }
    if (-not $whole.Contains('tokens')) {
        $tokens = Get-AzAccountsToken -DefaultProfile $bound['DefaultProfile'] -SubscriptionId $bound['SubscriptionId']
        if ($null -ne $tokens) { $whole['tokens'] = $tokens }
    }
    Invoke-EngineRequest -Cmdlet $Cmdlet -Method $Method -Params $whole -Activity $Activity -Target $Target
}

# User and password of a registry, as requests about one carry them.
function Add-RegistryCredential {
    param([System.Collections.IDictionary] $Params, [AllowNull()] [pscredential] $Credential)

    if ($null -ne $Credential) {
        $Params['username'] = $Credential.UserName
        $Params['password'] = ConvertTo-RequestSecret $Credential.Password
    }
    $Params
}
