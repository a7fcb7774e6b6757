function Get-AcrBridgeEngine {
    <#
    .SYNOPSIS
        Shows the engine that this session's commands work with, and what is wrong where there is none.
    .DESCRIPTION
        The commands of AcrBridge let a Python program, the engine, do the work. It is looked for in this order: the
        Python that $env:ACRBRIDGE_PYTHON names; the environment that Install-AcrBridgeEngine made; py -3, python3 and
        python on PATH. The first of them that has acrbridge serves the session until its end.
        This command starts the engine where it does not run yet. It does not fail when there is none: Problem says
        why, and Mend what to do.
    .EXAMPLE
        Get-AcrBridgeEngine

        Shows the engine's Python, its version and that of its protocol.
    .EXAMPLE
        (Get-AcrBridgeEngine).Problem

        Nothing when all is well.
    .OUTPUTS
        AcrBridge.Engine, with the properties Path, Origin, Version, PythonVersion, ProtocolVersion, ProcessId, Code,
        Problem and Mend.
    .LINK
        Install-AcrBridgeEngine
    #>
    [CmdletBinding()]
    [OutputType('AcrBridge.Engine')]
    param()

    begin { . $script:UseCallerPreference }
    end {
        $properties = [ordered]@{
            PSTypeName      = 'AcrBridge.Engine'
            Path            = $null
            Origin          = $null
            Version         = $null
            PythonVersion   = $null
            ProtocolVersion = $null
            ProcessId       = $null
            Code            = $null
            Problem         = $null
            Mend            = $null
        }
        $failure = Connect-Engine
        if ($null -eq $failure) {
            $welcome = $script:Engine.Welcome
            $properties['Path'] = $welcome['engine']['executable']
            $properties['Origin'] = $script:Engine.Candidate.Origin
            $properties['Version'] = $welcome['engine']['version']
            $properties['PythonVersion'] = $welcome['engine']['python']
            $properties['ProtocolVersion'] = $welcome['protocolVersion']
            $properties['ProcessId'] = $script:Engine.Process.Id
        }
        else {
            $properties['Code'] = $failure['error']['data']['code']
            $properties['Problem'] = $failure['error']['message']
            $properties['Mend'] = $failure['error']['data']['remedy']
        }
        [pscustomobject]$properties
    }
}
