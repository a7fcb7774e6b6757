# What the session had in its environment before an emulator's variables came; $null for a name that was not there.
$script:EnvironmentBefore = $null

function Enter-EmulatorEnvironment {
    param([System.Collections.IDictionary] $Variables)

    if ($null -eq $script:EnvironmentBefore) { $script:EnvironmentBefore = @{} }
    foreach ($name in $Variables.Keys) {
        if (-not $script:EnvironmentBefore.ContainsKey($name)) {
            $script:EnvironmentBefore[$name] = [System.Environment]::GetEnvironmentVariable($name)
        }
        [System.Environment]::SetEnvironmentVariable($name, $Variables[$name])
    }
}

function Exit-EmulatorEnvironment {
    if ($null -eq $script:EnvironmentBefore) { return }
    foreach ($name in $script:EnvironmentBefore.Keys) {
        $before = $script:EnvironmentBefore[$name]
        # PowerShell would make '' of $null, which .NET 9 and later keep as a value.
        if ($null -eq $before) { $before = [System.Management.Automation.Language.NullString]::Value }
        [System.Environment]::SetEnvironmentVariable($name, $before)
    }
    $script:EnvironmentBefore = $null
}

# The parameter `state`: the folder that was given, else that of the emulator which the session uses.
function Get-EmulatorState {
    param([System.Management.Automation.PSCmdlet] $Cmdlet)

    $params = [ordered]@{}
    $state = $Cmdlet.MyInvocation.BoundParameters['State']
    if ($state) { $params['state'] = $Cmdlet.GetUnresolvedProviderPathFromPSPath($state) }
    elseif ($env:ACR_EMULATOR_STATE) { $params['state'] = $env:ACR_EMULATOR_STATE }
    $params
}

# A seed's file as from PowerShell's location; other seeds are names.
function Resolve-SeedPath {
    param([string] $Seed, [System.Management.Automation.PSCmdlet] $Cmdlet)

    $path = $Cmdlet.GetUnresolvedProviderPathFromPSPath($Seed)
    if ([System.IO.File]::Exists($path)) { $path } else { $Seed }
}
