# Manifests and tags of a repository: the two cmdlets differ in names only.
$script:MemberKinds = @{
    Manifest = @{
        List     = 'listManifests'
        Show     = 'showManifest'
        Answer   = 'manifests'
        Member   = 'ManifestsAttributes'
        Property = @(
            'Digest', 'ImageSize', 'CreatedTime', 'LastUpdateTime', 'Architecture', 'Os', 'MediaType', 'ConfigMediaType',
            'Tags', 'ChangeableAttributes'
        )
    }
    Tag      = @{
        List     = 'listTags'
        Show     = 'showTag'
        Answer   = 'tags'
        Member   = 'Tags'
        Property = 'Name', 'Digest', 'CreatedTime', 'LastUpdateTime', 'Signed', 'ChangeableAttributes'
    }
}

# One of them, as Az shows it.
function Get-RepositoryMember {
    param([System.Management.Automation.PSCmdlet] $Cmdlet, [string] $Kind)

    $names = $script:MemberKinds[$Kind]
    $bound = $Cmdlet.MyInvocation.BoundParameters
    $params = Get-RepositoryParams $bound
    $params['name'] = $bound['Name']
    $found = Invoke-AcrRequest -Cmdlet $Cmdlet -Method $names.Show -Params $params -Target $bound['Name']
    if ($null -eq $found) { return }
    $object = ConvertTo-AcrObject "${Kind}Attributes" $found 'Registry', 'ImageName', 'Attributes'
    $object.Attributes = ConvertTo-AcrObject $Kind $found['attributes'] $names.Property
    $object
}

# All of them: in one object, as Az has it, or each by itself.
function Get-RepositoryMemberList {
    param([System.Management.Automation.PSCmdlet] $Cmdlet, [string] $Kind, [switch] $Expand)

    $names = $script:MemberKinds[$Kind]
    $bound = $Cmdlet.MyInvocation.BoundParameters
    $repository = $bound['RepositoryName']
    $found = Invoke-AcrRequest -Cmdlet $Cmdlet -Method $names.List -Params (Get-RepositoryParams $bound) -Target $repository
    if ($null -eq $found) { return }
    $members = @(foreach ($member in $found[$names.Answer]) {
            ConvertTo-ListedObject $Kind $member $names.Property $bound
        })
    if ($Expand) { return $members }
    $object = ConvertTo-AcrObject "${Kind}List" $found 'Registry', 'ImageName', $names.Member
    $object.($names.Member) = $members
    $object
}

function Get-RepositoryParams {
    param([System.Collections.IDictionary] $Bound)

    $params = [ordered]@{ registryName = $Bound['RegistryName']; repositoryName = $Bound['RepositoryName'] }
    Add-RegistryCredential $params $Bound['Credential']
}
