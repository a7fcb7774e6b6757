# -AsJob: a PowerShell of its own, which runs the same command. Start-Job hands its arguments over a pipe, as XML in
# which a SecureString stays one; so passwords become such before.
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
    $manifest = [System.IO.Path]::Combine($PSScriptRoot, '..', 'AcrBridge.psd1')
    Start-Job -Name $command.Name -ArgumentList $manifest, $command.Name, $bound -ScriptBlock {
        param($Manifest, $Name, $Bound)
        Import-Module $Manifest
        & "AcrBridge\$Name" @Bound
    }
}

# What is for the command that starts the job, not for the job.
$script:NotForJobs = @(
    'AsJob', 'WhatIf', 'Confirm', 'OutVariable', 'OutBuffer', 'PipelineVariable',
    'ErrorVariable', 'WarningVariable', 'InformationVariable'
)
