function Stop-AzContainerRegistryEmulator {
    <#
    .SYNOPSIS
        Stops the local Azure, and gives this session its variables back.
    .DESCRIPTION
        Stops the emulator; its state stays, for the next start. The variables of $env: become what they were before
        Start-AzContainerRegistryEmulator.
    .PARAMETER State
        Folder of the emulator; by default that of this session.
    .EXAMPLE
        Stop-AzContainerRegistryEmulator

        Stops the emulator that this session uses.
    .LINK
        Start-AzContainerRegistryEmulator
    #>
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [string] $State
    )

    begin { . $script:UseCallerPreference }
    end {
        if (-not $PSCmdlet.ShouldProcess('the emulator', 'Stop')) { return }
        $stopped = Invoke-EngineRequest -Cmdlet $PSCmdlet -Method 'stopEmulator' -Params (Get-EmulatorState $PSCmdlet)
        if ($null -ne $stopped) { Exit-EmulatorEnvironment }
    }
}
