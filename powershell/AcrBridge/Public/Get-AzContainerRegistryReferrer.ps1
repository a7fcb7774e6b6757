function Get-AzContainerRegistryReferrer {
    <#
    .SYNOPSIS
        Lists what refers to an image: signatures, SBOMs and other artifacts.
    .DESCRIPTION
        Gives an object for each referrer (OCI distribution specification 1.1). Manifests and tags of
        Get-AzContainerRegistryManifest -Expand and Get-AzContainerRegistryTag -Expand can be piped in.
    .PARAMETER RegistryName
        Name of the registry.
    .PARAMETER RepositoryName
        Name of the repository.
    .PARAMETER Name
        Tag or digest of the image.
    .PARAMETER ArtifactType
        Only referrers of this type.
    .PARAMETER Recurse
        Referrers of referrers as well, such as the signature of an SBOM.
    .PARAMETER Credential
        User and password of the registry, in place of the signed-in account.
    .PARAMETER DefaultProfile
        A context of Az.Accounts, whose sign-in is used.
    .OUTPUTS
        AcrBridge.Referrer
    .EXAMPLE
        Get-AzContainerRegistryReferrer -RegistryName myregistry -RepositoryName app -Name 1.0

        Lists what refers to an image.
    .EXAMPLE
        Get-AzContainerRegistryTag -RegistryName myregistry -RepositoryName app -Expand | Get-AzContainerRegistryReferrer

        Lists what refers to any tag of a repository.
    .LINK
        Copy-AzContainerRegistryImage
    #>
    [CmdletBinding()]
    [OutputType('AcrBridge.Referrer')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string] $RegistryName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string] $RepositoryName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('Tag', 'Digest')]
        [string] $Name,

        [string] $ArtifactType,

        [switch] $Recurse,

        [pscredential] $Credential,

        [Alias('AzContext', 'AzureRmContext', 'AzureCredential')]
        [psobject] $DefaultProfile
    )

    begin { . $script:UseCallerPreference }
    process {
        $params = [ordered]@{ registryName = $RegistryName; repositoryName = $RepositoryName; name = $Name }
        if ($ArtifactType) { $params['artifactType'] = $ArtifactType }
        $params['recursive'] = [bool]$Recurse
        $params = Add-RegistryCredential $params $Credential
        $found = Invoke-AcrRequest -Cmdlet $PSCmdlet -Method 'listReferrers' -Params $params -Target $Name
        if ($null -eq $found) { return }
        foreach ($referrer in $found['referrers']) {
            $object = ConvertTo-ListedObject 'Referrer' $referrer $script:ReferrerProperties $PSBoundParameters
            # Their names are the publisher's, not the protocol's.
            $object.Annotations = $referrer['annotations']
            $object
        }
    }
}
