function Install-AcrBridgeEngine {
    <#
    .SYNOPSIS
        Installs the engine that the commands of AcrBridge work with, for the current user.
    .DESCRIPTION
        Makes a virtual environment of Python in the user's data folder (%LOCALAPPDATA%\AcrBridge\engine, on Linux
        ~/.local/share/AcrBridge/engine) and installs acrbridge there: the wheel that came with the module, or the
        release of the module's version from a package index. It needs Python 3.11 or later, no administrator rights,
        and for what acrbridge depends on a package index. The settings of pip on this computer hold.
        Where an engine is installed already, nothing is done without -Force. What was there comes back when an
        installation fails.
    .PARAMETER Python
        The Python to make the environment with; by default the first one of py -3, python3 and python on PATH that
        is 3.11 or later.
    .PARAMETER IndexUrl
        The package index, in place of pip's own. User and password do not belong here, for every program on this
        computer can read them: keep them in pip's configuration or a keyring.
    .PARAMETER Force
        Install anew where an engine is installed already.
    .EXAMPLE
        Install-AcrBridgeEngine

        Installs the engine, or says where it is.
    .EXAMPLE
        Install-AcrBridgeEngine -Force -IndexUrl https://packages.contoso.com/simple

        Installs the engine anew, from the company's package index.
    .OUTPUTS
        AcrBridge.Engine, as Get-AcrBridgeEngine gives it.
    .LINK
        Get-AcrBridgeEngine
    #>
    [CmdletBinding(SupportsShouldProcess)]
    [OutputType('AcrBridge.Engine')]
    param(
        [ValidateNotNullOrEmpty()]
        [string] $Python,

        [ValidateScript({
            if ($_.IsAbsoluteUri -and -not $_.UserInfo) { return $true }
            throw 'An index is a whole URL without a user: those belong into the configuration of pip.'
        })]
        [uri] $IndexUrl,

        [switch] $Force
    )

    begin { . $script:UseCallerPreference }
    end {
        $environment = Get-PrivateEnvironment
        if (-not $Force -and (Test-EngineInstallation $environment)) {
            Write-Verbose "The engine is installed in $environment already; -Force installs it anew."
        }
        elseif ($PSCmdlet.ShouldProcess($environment, 'Install the engine of AcrBridge')) {
            $failure = Install-Engine $environment $Python $IndexUrl
            if ($null -ne $failure) {
                $PSCmdlet.ThrowTerminatingError((New-EngineErrorRecord $failure['error'] $environment))
            }
        }
        else {
            return
        }
        if ($env:ACRBRIDGE_PYTHON) {
            Write-Warning 'This session uses the Python that $env:ACRBRIDGE_PYTHON names, as long as it names one.'
        }
        Get-AcrBridgeEngine
    }
}
