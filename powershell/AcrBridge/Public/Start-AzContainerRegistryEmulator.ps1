function Start-AzContainerRegistryEmulator {
    <#
    .SYNOPSIS
        Starts a local Azure to try things on, and points this session at it.
    .DESCRIPTION
        Starts the emulator in the background, or finds the one that runs, and sets the variables of $env: with which
        acrbridge, az, Azure PowerShell, docker and others reach it. It has no connection to the real Azure: its names,
        users and secrets are made up. Needs acrbridge with the extra emulator.
    .PARAMETER Seed
        What is there: default, article, none, or a YAML file.
    .PARAMETER State
        Folder that holds everything; by default one beside acrbridge's settings.
    .PARAMETER LroPolls
        How often an import is asked for until it has ended.
    .OUTPUTS
        AcrBridge.Emulator
    .EXAMPLE
        Start-AzContainerRegistryEmulator -Seed article
        $secret = ConvertTo-SecureString $env:AZURE_CLIENT_SECRET -AsPlainText -Force
        Connect-AzAccount -ServicePrincipal -Credential ([pscredential]::new($env:AZURE_CLIENT_ID, $secret)) -Tenant $env:AZURE_TENANT_ID

        Starts an Azure with the names of Microsoft's article, and signs in there.
    .LINK
        Stop-AzContainerRegistryEmulator
    #>
    [CmdletBinding(SupportsShouldProcess)]
    [OutputType('AcrBridge.Emulator')]
    param(
        [ArgumentCompleter({ 'default', 'article', 'none' -like "$($args[2])*" })]
        [string] $Seed,

        [string] $State,

        [ValidateRange(1, [int]::MaxValue)]
        [int] $LroPolls
    )

    begin { . $script:UseCallerPreference }
    end {
        $params = Get-EmulatorState $PSCmdlet
        if ($Seed) { $params['seed'] = Resolve-SeedPath $Seed $PSCmdlet }
        if ($LroPolls) { $params['lroPolls'] = $LroPolls }
        if (-not $PSCmdlet.ShouldProcess('the emulator', 'Start')) { return }
        $found = Invoke-EngineRequest -Cmdlet $PSCmdlet -Method 'startEmulator' -Params $params
        if ($null -eq $found) { return }
        Enter-EmulatorEnvironment $found['environment']
        ConvertTo-AcrObject 'Emulator' $found 'Url', 'Port', 'Pid', 'State'
    }
}
