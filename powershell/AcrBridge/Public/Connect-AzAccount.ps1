function Connect-AzAccount {
    <#
    .SYNOPSIS
        Signs in to Azure, with a managed identity of this host or as a service principal.
    .DESCRIPTION
        For computers without Az.Accounts: beside that module this command is not there, and its Connect-AzAccount
        serves this module, too. The sign-in is kept for the next session, the secret encrypted where the system
        can do that, and is the one of `acrbridge login`.
    .PARAMETER Identity
        Signs in with a managed identity.
    .PARAMETER AccountId
        Client ID, object ID or resource ID of a user-assigned identity; without it the system-assigned one is used.
    .PARAMETER ServicePrincipal
        Signs in as a service principal.
    .PARAMETER Credential
        The service principal's application ID and secret.
    .PARAMETER Tenant
        ID or domain of the tenant. A managed identity has one only, whatever is given.
    .PARAMETER Subscription
        ID or name of the subscription to work in.
    .OUTPUTS
        AcrBridge.Profile, whose Context says who is signed in.
    .EXAMPLE
        Connect-AzAccount -Identity -AccountId 11111111-2222-3333-4444-555555555555

        Signs in with a user-assigned managed identity.
    .EXAMPLE
        Connect-AzAccount -ServicePrincipal -Credential (Get-Credential) -Tenant contoso.onmicrosoft.com

        Signs in as a service principal, whose application ID is the user name.
    .LINK
        Disconnect-AzAccount
    #>
    [CmdletBinding(DefaultParameterSetName = 'ManagedServiceLogin', SupportsShouldProcess)]
    [OutputType('AcrBridge.Profile')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'ManagedServiceLogin')]
        [Alias('MSI', 'ManagedService')]
        [switch] $Identity,

        [Parameter(ParameterSetName = 'ManagedServiceLogin')]
        [string] $AccountId,

        [Parameter(Mandatory, ParameterSetName = 'ServicePrincipalWithSubscriptionId')]
        [switch] $ServicePrincipal,

        [Parameter(Mandatory, ParameterSetName = 'ServicePrincipalWithSubscriptionId')]
        [pscredential] $Credential,

        [Parameter(ParameterSetName = 'ManagedServiceLogin')]
        [Parameter(Mandatory, ParameterSetName = 'ServicePrincipalWithSubscriptionId')]
        [Alias('Domain', 'TenantId')]
        [string] $Tenant,

        [Parameter(ValueFromPipeline)]
        [Alias('SubscriptionName', 'SubscriptionId')]
        [string] $Subscription
    )

    begin { . $script:UseCallerPreference }
    process {
        $params = [ordered]@{ kind = 'managedIdentity' }
        if ($AccountId) { $params['accountId'] = $AccountId }
        if ($ServicePrincipal) {
            $params = [ordered]@{
                kind = 'servicePrincipal'; accountId = $Credential.UserName; tenant = $Tenant
                secret = ConvertTo-RequestSecret $Credential.Password
            }
        }
        if ($Subscription) { $params['subscription'] = $Subscription }
        if (-not $PSCmdlet.ShouldProcess($params['kind'], 'Sign in')) { return }
        $found = Invoke-EngineRequest -Cmdlet $PSCmdlet -Method 'signIn' -Params $params
        if ($null -eq $found) { return }
        $context = ConvertTo-AzContext @($found['subscriptions'] | Where-Object { $_['isDefault'] })[0]
        [pscustomobject]@{ PSTypeName = 'AcrBridge.Profile'; Context = $context }
    }
}
