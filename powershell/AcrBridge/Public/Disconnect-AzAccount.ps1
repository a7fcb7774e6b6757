function Disconnect-AzAccount {
    <#
    .SYNOPSIS
        Signs out, and forgets the account's tokens and secret.
    .DESCRIPTION
        For computers without Az.Accounts: beside that module this command is not there.
    .PARAMETER Username
        Name of the account, as Get-AzContext shows it. Without any, the account in use is signed out.
    .PARAMETER ApplicationId
        Application ID of a service principal.
    .PARAMETER TenantId
        Its tenant. Has no effect: an application is signed out in every tenant.
    .OUTPUTS
        AcrBridge.Account, the account that was signed out.
    .EXAMPLE
        Disconnect-AzAccount

        Signs out the account in use.
    .LINK
        Connect-AzAccount
    #>
    [CmdletBinding(DefaultParameterSetName = 'ContextName', SupportsShouldProcess)]
    [OutputType('AcrBridge.Account')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'UserId', ValueFromPipelineByPropertyName)]
        [Alias('Id', 'UserId')]
        [string] $Username,

        [Parameter(Mandatory, ParameterSetName = 'ServicePrincipal')]
        [Alias('SPN', 'ServicePrincipal')]
        [string] $ApplicationId,

        [Parameter(Mandatory, ParameterSetName = 'ServicePrincipal')]
        [string] $TenantId
    )

    begin { . $script:UseCallerPreference }
    process {
        $null = $TenantId
        $params = [ordered]@{}
        if ($Username) { $params['username'] = $Username }
        if ($ApplicationId) { $params['username'] = $ApplicationId }
        if (-not $PSCmdlet.ShouldProcess("$($params['username'])", 'Sign out')) { return }
        $done = Invoke-EngineRequest -Cmdlet $PSCmdlet -Method 'signOut' -Params $params -Target $params['username']
        if ($null -ne $done) { [pscustomobject]@{ PSTypeName = 'AcrBridge.Account'; Id = $done['username'] } }
    }
}
