function Get-AzContainerRegistryManifest {
    <#
    .SYNOPSIS
        Shows the manifests of a repository.
    .DESCRIPTION
        Gives one object for the repository, as the cmdlet of the same name in Az.ContainerRegistry does; its property
        ManifestsAttributes holds the manifests. With -Expand each manifest comes by itself, for a pipeline.
    .PARAMETER RegistryName
        Name of the registry.
    .PARAMETER RepositoryName
        Name of the repository.
    .PARAMETER Name
        Digest of the one manifest to show.
    .PARAMETER Expand
        Gives the manifests themselves, one object each.
    .PARAMETER Credential
        User and password of the registry, in place of the signed-in account.
    .PARAMETER DefaultProfile
        A context of Az.Accounts, whose sign-in is used.
    .OUTPUTS
        AcrBridge.ManifestList; with -Name AcrBridge.ManifestAttributes; with -Expand AcrBridge.Manifest.
    .EXAMPLE
        Get-AzContainerRegistryManifest -RepositoryName library/hello-world -RegistryName myregistry

        Shows the manifests of a repository.
    .EXAMPLE
        Get-AzContainerRegistryManifest -RegistryName myregistry -RepositoryName app -Expand | Where-Object Architecture -eq arm64

        Shows those for one architecture.
    .LINK
        Get-AzContainerRegistryTag
    #>
    [CmdletBinding(DefaultParameterSetName = 'ListParameterSet')]
    [OutputType('AcrBridge.ManifestList', 'AcrBridge.ManifestAttributes', 'AcrBridge.Manifest')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string] $RepositoryName,

        [Parameter(Mandatory, ParameterSetName = 'GetParameterSet', ValueFromPipelineByPropertyName)]
        [string] $Name,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string] $RegistryName,

        [Parameter(ParameterSetName = 'ListParameterSet')]
        [switch] $Expand,

        [pscredential] $Credential,

        [Alias('AzContext', 'AzureRmContext', 'AzureCredential')]
        [psobject] $DefaultProfile
    )

    begin { . $script:UseCallerPreference }
    process {
        $asked = @{ Cmdlet = $PSCmdlet; Kind = 'Manifest' }
        if ($PSCmdlet.ParameterSetName -eq 'GetParameterSet') { Get-RepositoryMember @asked }
        else { Get-RepositoryMemberList @asked -Expand:$Expand }
    }
}
