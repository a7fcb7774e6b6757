function Get-AzContainerRegistryRepository {
    <#
    .SYNOPSIS
        Lists the repositories of a registry, or shows one.
    .DESCRIPTION
        Gives the names of the repositories, as strings. With -Name it gives the attributes of one repository.
    .PARAMETER RegistryName
        Name of the registry.
    .PARAMETER Name
        Name of the one repository to show.
    .PARAMETER First
        How many names to give at the most.
    .PARAMETER Credential
        User and password of the registry, in place of the signed-in account.
    .PARAMETER DefaultProfile
        A context of Az.Accounts, whose sign-in is used.
    .OUTPUTS
        System.String; with -Name AcrBridge.Repository.
    .EXAMPLE
        Get-AzContainerRegistryRepository -RegistryName myregistry

        Lists the repositories.
    .EXAMPLE
        Get-AzContainerRegistryRepository -RegistryName myregistry -Name library/hello-world

        Shows how many tags and manifests a repository has.
    .LINK
        Get-AzContainerRegistryTag
    #>
    [CmdletBinding(DefaultParameterSetName = 'ListParameterSet')]
    [OutputType([string])]
    [OutputType('AcrBridge.Repository')]
    param(
        [Parameter(ParameterSetName = 'ListParameterSet')]
        [System.Nullable[int]] $First,

        [Parameter(Mandatory, ParameterSetName = 'GetParameterSet', ValueFromPipelineByPropertyName)]
        [string] $Name,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string] $RegistryName,

        [pscredential] $Credential,

        [Alias('AzContext', 'AzureRmContext', 'AzureCredential')]
        [psobject] $DefaultProfile
    )

    begin { . $script:UseCallerPreference }
    process {
        $params = Add-RegistryCredential ([ordered]@{ registryName = $RegistryName }) $Credential
        if ($PSCmdlet.ParameterSetName -eq 'GetParameterSet') {
            $params['repositoryName'] = $Name
            $found = Invoke-AcrRequest -Cmdlet $PSCmdlet -Method 'showRepository' -Params $params -Target $Name
            if ($null -ne $found) { ConvertTo-AcrObject 'Repository' $found $script:RepositoryProperties }
            return
        }
        if ($null -ne $First) { $params['first'] = $First }
        $found = Invoke-AcrRequest -Cmdlet $PSCmdlet -Method 'listRepositories' -Params $params -Target $RegistryName
        if ($null -ne $found) { $found['repositories'] }
    }
}
