# The typed results, one function a type. Property names are Az's where Az has such an object; the type names are
# those of AcrBridge, because Az's would claim classes that these objects are not, and take Az's views for them.

$script:RepositoryProperties = @(
    'Registry', 'ImageName', 'CreatedTime', 'LastUpdateTime', 'ManifestCount', 'TagCount', 'ChangeableAttributes'
)
$script:ReferrerProperties = 'ArtifactType', 'Digest', 'MediaType', 'Size', 'Annotations'

function ConvertTo-ImportResult {
    param([System.Collections.IDictionary] $Result)

    $names = 'Registry', 'LoginServer', 'Status', 'Verified', 'Images', 'OperationId', 'ElapsedSeconds', 'Copied'
    $object = ConvertTo-AcrObject 'ImportResult' $Result $names
    $object.Images = @(foreach ($image in $Result['images']) {
            ConvertTo-AcrObject 'ImportedImage' $image 'Reference', 'Digest', 'MediaType', 'Verified'
        })
    $object
}

# A manifest or tag of a list, with what the next command of a pipeline needs to find it.
function ConvertTo-ListedObject {
    param([string] $TypeName, [System.Collections.IDictionary] $Value, [string[]] $Property, [object] $Asked)

    $object = ConvertTo-AcrObject $TypeName $Value $Property
    foreach ($name in 'RegistryName', 'RepositoryName') {
        $object.PSObject.Properties.Add([System.Management.Automation.PSNoteProperty]::new($name, $Asked[$name]))
    }
    $object
}

function ConvertTo-CopyResult {
    param([System.Collections.IDictionary] $Result)

    $object = ConvertTo-AcrObject 'CopyResult' $Result @(
        'Source', 'Target', 'Images', 'BlobsSent', 'BlobsMounted', 'BlobsThere', 'BlobsSkipped', 'BytesSent', 'BytesThere',
        'ManifestsSent', 'ManifestsThere', 'Pulls', 'DockerHubPullsLeft', 'Requests', 'Retries', 'ElapsedSeconds'
    )
    # By tag: an image without one has the tag ''.
    $object.Images = @(foreach ($tag in $Result['digests'].Keys) {
            [pscustomobject]@{ PSTypeName = 'AcrBridge.CopiedImage'; Tag = $tag; Digest = $Result['digests'][$tag] }
        })
    $object
}

# A subscription and who sees it, with the names of Az's context that scripts use.
function ConvertTo-AzContext {
    param([System.Collections.IDictionary] $Subscription)

    $user = $Subscription['user']
    [pscustomobject]@{
        PSTypeName   = 'AcrBridge.Context'
        Name         = "$($Subscription['name']) ($($Subscription['id'])) - $($Subscription['tenantId']) - $($user['name'])"
        Account      = [pscustomobject]@{ PSTypeName = 'AcrBridge.Account'; Id = $user['name']; Type = $user['type'] }
        Environment  = [pscustomobject]@{ Name = $Subscription['environmentName'] }
        Subscription = [pscustomobject]@{ Id = $Subscription['id']; Name = $Subscription['name']; State = $Subscription['state'] }
        Tenant       = [pscustomobject]@{ Id = $Subscription['tenantId'] }
    }
}
