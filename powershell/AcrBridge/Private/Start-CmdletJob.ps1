# -AsJob: a PowerShell of its own, which runs the same command. Start-Job hands its arguments over a pipe, as XML in
# which a SecureString stays one; so passwords and tokens become such before. A sign-in of Az.Accounts can be that of
# this process alone, and a context of it does not survive the pipe: the job gets its token.
function Start-CmdletJob {
    param([System.Management.Automation.PSCmdlet] $Cmdlet)

    $command = $Cmdlet.MyInvocation.MyCommand
    $bound = @{ Confirm = $false }
    foreach ($name in $Cmdlet.MyInvocation.BoundParameters.Keys) {
        if ($name -notin $script:NotForJobs) { $bound[$name] = $Cmdlet.MyInvocation.BoundParameters[$name] }
    }
    if ($bound['Password'] -is [string] -and $bound['Password']) {
        $bound['Password'] = [System.Net.NetworkCredential]::new('', $bound['Password']).SecurePassword
    }
    $tokens = Get-AzAccountsToken -DefaultProfile $bound['DefaultProfile'] -SubscriptionId $bound['SubscriptionId']
    if ($null -ne $tokens) { $tokens['arm'] = [System.Net.NetworkCredential]::new('', $tokens['arm']).SecurePassword }
    $bound.Remove('DefaultProfile')
    # A job of Windows PowerShell begins in the user's documents: relative paths would be looked for there.
    $location = $Cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath
    $manifest = [System.IO.Path]::Combine($PSScriptRoot, '..', 'AcrBridge.psd1')
    Start-Job -Name $command.Name -ArgumentList $location, $manifest, $command.Name, $bound, $tokens -ScriptBlock {
        param($Location, $Manifest, $Name, $Bound, $Tokens)
        Set-Location -LiteralPath $Location
        $module = Import-Module $Manifest -PassThru
        & $module { $script:GivenTokens = $args[0] } $Tokens
        & "AcrBridge\$Name" @Bound
    }
}

# What is for the command that starts the job, not for the job.
$script:NotForJobs = @(
    'AsJob', 'WhatIf', 'Confirm', 'OutVariable', 'OutBuffer', 'PipelineVariable',
    'ErrorVariable', 'WarningVariable', 'InformationVariable'
)
