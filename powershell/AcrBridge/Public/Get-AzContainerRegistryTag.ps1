function Get-AzContainerRegistryTag {
    <#
    .SYNOPSIS
        Shows the tags of a repository.
    .DESCRIPTION
        Gives one object for the repository, as the cmdlet of the same name in Az.ContainerRegistry does; its property
        Tags holds the tags. With -Expand each tag comes by itself, for a pipeline.
    .PARAMETER RegistryName
        Name of the registry.
    .PARAMETER RepositoryName
        Name of the repository.
    .PARAMETER Name
        Name of the one tag to show.
    .PARAMETER Expand
        Gives the tags themselves, one object each.
    .PARAMETER Credential
        User and password of the registry, in place of the signed-in account.
    .PARAMETER DefaultProfile
        A context of Az.Accounts, whose sign-in is used.
    .OUTPUTS
        AcrBridge.TagList; with -Name AcrBridge.TagAttributes; with -Expand AcrBridge.Tag.
    .EXAMPLE
        Get-AzContainerRegistryTag -RepositoryName library/hello-world -RegistryName myregistry

        Shows the tags of a repository.
    .EXAMPLE
        Get-AzContainerRegistryTag -RegistryName myregistry -RepositoryName app -Expand | Where-Object LastUpdateTime -lt 2026-01-01

        Shows those that nobody has moved since. Times are strings as the service gives them, which sort by time.
    .LINK
        Get-AzContainerRegistryManifest
    #>
    [CmdletBinding(DefaultParameterSetName = 'ListParameterSet')]
    [OutputType('AcrBridge.TagList', 'AcrBridge.TagAttributes', 'AcrBridge.Tag')]
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
        $asked = @{ Cmdlet = $PSCmdlet; Kind = 'Tag' }
        if ($PSCmdlet.ParameterSetName -eq 'GetParameterSet') { Get-RepositoryMember @asked }
        else { Get-RepositoryMemberList @asked -Expand:$Expand }
    }
}
