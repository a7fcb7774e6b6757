function Get-AzAccessToken {
    <#
    .SYNOPSIS
        Gets an access token of the signed-in account.
    .DESCRIPTION
        For computers without Az.Accounts: beside that module this command is not there. As since Az 14, the token is
        a SecureString, which Import-AzContainerRegistryImage -Password takes as it is.
    .PARAMETER ResourceUrl
        What the token is for; by default Azure Resource Manager, which container registries take, too.
    .PARAMETER TenantId
        Tenant to get the token from, if it is not the account's own.
    .PARAMETER AsSecureString
        Has no effect: the token is one.
    .OUTPUTS
        AcrBridge.SecureAccessToken, with Token, ExpiresOn, TenantId, UserId and Type.
    .EXAMPLE
        Get-AzAccessToken

        Gets a token for Azure Resource Manager.
    .EXAMPLE
        $token = (Get-AzAccessToken -ResourceUrl https://containerregistry.azure.net).Token
        Import-AzContainerRegistryImage -RegistryName myregistry -ResourceGroupName myResourceGroup -SourceRegistryUri source.azurecr.io -SourceImage app:1 -Password $token

        Imports from a registry of another tenant.
    .LINK
        Connect-AzAccount
    #>
    [CmdletBinding()]
    [OutputType('AcrBridge.SecureAccessToken')]
    param(
        [Alias('Resource', 'ResourceUri')]
        [string] $ResourceUrl,

        [string] $TenantId,

        [switch] $AsSecureString
    )

    begin { . $script:UseCallerPreference }
    end {
        $null = $AsSecureString
        $params = [ordered]@{}
        if ($ResourceUrl) { $params['resource'] = $ResourceUrl }
        if ($TenantId) { $params['tenant'] = $TenantId }
        $found = Invoke-EngineRequest -Cmdlet $PSCmdlet -Method 'accessToken' -Params $params
        if ($null -eq $found) { return }
        [pscustomobject]@{
            PSTypeName = 'AcrBridge.SecureAccessToken'
            Token      = [System.Net.NetworkCredential]::new('', $found['accessToken']).SecurePassword
            ExpiresOn  = [System.DateTimeOffset]::FromUnixTimeSeconds($found['expires_on'])
            TenantId   = $found['tenant']
            UserId     = $found['userId']
            Type       = $found['tokenType']
        }
    }
}
