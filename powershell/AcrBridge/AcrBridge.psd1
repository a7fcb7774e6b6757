@{
    RootModule           = 'AcrBridge.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = 'b1ddf0a4-6c0e-4d6f-9e5b-3f6a2a4e8c57'
    Author               = 'The acrbridge authors'
    CompanyName          = 'acrbridge'
    Copyright            = '(c) The acrbridge authors. MIT License.'
    Description          = 'Import container images into Azure Container Registry, and say why when an import fails.'
    CompatiblePSEditions = @('Desktop', 'Core')
    PowerShellVersion    = '5.1'
    FormatsToProcess     = @('AcrBridge.format.ps1xml')
    FunctionsToExport    = @(
        'Connect-AzAccount'
        'Copy-AzContainerRegistryImage'
        'Disconnect-AzAccount'
        'Get-AcrBridgeEngine'
        'Get-AzAccessToken'
        'Get-AzContainerRegistryManifest'
        'Get-AzContainerRegistryReferrer'
        'Get-AzContainerRegistryRepository'
        'Get-AzContainerRegistryTag'
        'Get-AzContext'
        'Import-AzContainerRegistryImage'
        'Install-AcrBridgeEngine'
        'Start-AzContainerRegistryEmulator'
        'Stop-AzContainerRegistryEmulator'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags = @('Azure', 'ContainerRegistry', 'ACR', 'OCI', 'Docker', 'Windows', 'Linux', 'MacOS', 'PSEdition_Desktop', 'PSEdition_Core')
        }
    }
}
