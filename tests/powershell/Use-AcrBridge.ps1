# The module for a test's script, which dot-sources this: $module, and functions that reach behind its exports.
Import-Module ([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'powershell', 'AcrBridge', 'AcrBridge.psd1'))
$module = Get-Module AcrBridge
& $module {
    # What a command of the module is: it asks, in its caller's streams.
    function global:Request-Engine {
        [CmdletBinding()]
        param([string] $Method, [System.Collections.IDictionary] $Params = @{}, [object] $Target)

        begin { . $script:UseCallerPreference }
        process {
            Invoke-EngineRequest -Cmdlet $PSCmdlet -Method $Method -Params $Params -Target $Target -Activity 'Testing'
        }
    }
    function global:ConvertTo-TestJson { param($Value) ConvertTo-EngineJson $Value }
    function global:ConvertFrom-TestJson { param($Json) , (ConvertFrom-EngineJson $Json) }
}

# The record of an error that ends a block, or that there was none.
function Get-ErrorOf {
    param([scriptblock] $Block)

    $id = 'none'
    $message = ''
    try { & $Block } catch { $id = $_.FullyQualifiedErrorId; $message = "$_" }
    @{ id = $id; message = $message }
}

# A shell of its own with the module in it.
function New-TestShell {
    $shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
    [void]$shell.AddScript(". '$PSScriptRoot/Use-AcrBridge.ps1'").Invoke()
    $shell.Commands.Clear()
    $shell
}
