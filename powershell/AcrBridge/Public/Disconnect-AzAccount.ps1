function Disconnect-AzAccount {
    <#
    .SYNOPSIS
        Signs out, and forgets the account's tokens and secret.
    .DESCRIPTION
        For computers without Az.Accounts: beside that module this command is not there.
    .PARAMETER Username
        The account: a service principal's application ID, or the name that Get-AzContext shows. Without it, the
        account in use.
    .OUTPUTS
        AcrBridge.Account, the account that was signed out.
    .EXAMPLE
        Disconnect-AzAccount

        Signs out the account in use.
    .LINK
        Connect-AzAccount
    #>
    [CmdletBinding(SupportsShouldProcess)]
    [OutputType('AcrBridge.Account')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [Alias('Id', 'UserId', 'ApplicationId')]
        [string] $Username
    )

    begin { . $script:UseCallerPreference }
    process {
        $params = [ordered]@{}
        if ($Username) { $params['username'] = $Username }
        $account = if ($Username) { $Username } else { 'the account in use' }
        if (-not $PSCmdlet.ShouldProcess($account, 'Sign out')) { return }
        $done = Invoke-EngineRequest -Cmdlet $PSCmdlet -Method 'signOut' -Params $params -Target $Username
        if ($null -ne $done) { [pscustomobject]@{ PSTypeName = 'AcrBridge.Account'; Id = $done['username'] } }
    }
}
