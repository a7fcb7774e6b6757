function Get-AzContext {
    <#
    .SYNOPSIS
        Shows who is signed in, and the subscription in use.
    .DESCRIPTION
        For computers without Az.Accounts: beside that module this command is not there. Gives nothing when nobody is
        signed in.
    .OUTPUTS
        AcrBridge.Context
    .EXAMPLE
        (Get-AzContext).Subscription.Id

        Shows the ID of the subscription in use.
    .LINK
        Connect-AzAccount
    #>
    [CmdletBinding()]
    [OutputType('AcrBridge.Context')]
    param()

    begin { . $script:UseCallerPreference }
    end {
        $found = Invoke-EngineRequest -Cmdlet $PSCmdlet -Method 'listSubscriptions'
        if ($null -eq $found) { return }
        foreach ($subscription in $found['subscriptions']) {
            if ($subscription['isDefault']) { ConvertTo-AzContext $subscription }
        }
    }
}
