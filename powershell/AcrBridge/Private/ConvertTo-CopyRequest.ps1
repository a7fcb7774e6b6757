# Parameters of the method copy, out of what Copy-AzContainerRegistryImage was given.
$script:CopyMembers = @{
    Tag = 'tags'; Untagged = 'untagged'; AllTags = 'allTags'; Only = 'only'; Regex = 'regex'; Semver = 'semver'
    Newest = 'newest'; Exclude = 'exclude'; Platform = 'platforms'; ArtifactType = 'artifactTypes'
    ForeignLayers = 'foreignLayers'; Concurrency = 'concurrency'
}

function ConvertTo-CopyRequest {
    param([System.Management.Automation.PSCmdlet] $Cmdlet)

    $bound = $Cmdlet.MyInvocation.BoundParameters
    $request = [ordered]@{
        source    = Resolve-LayoutPath $bound['Source'] $Cmdlet
        target    = Resolve-LayoutPath $bound['Target'] $Cmdlet
        referrers = -not $bound['NoReferrers']
        clobber   = -not $bound['NoClobber']
    }
    foreach ($name in $script:CopyMembers.Keys) {
        # A column of a CSV file can be empty.
        if ($bound.ContainsKey($name) -and "$($bound[$name])") { $request[$script:CopyMembers[$name]] = $bound[$name] }
    }
    foreach ($side in 'source', 'target') {
        $login = Add-RegistryCredential ([ordered]@{}) $bound["${side}Credential"]
        if ($login.Count) { $request["${side}Login"] = $login }
    }
    $request
}

# A layout's path as from PowerShell's location: the engine has stayed where it was started.
function Resolve-LayoutPath {
    param([string] $Reference, [System.Management.Automation.PSCmdlet] $Cmdlet)

    $prefix, $path = $Reference -split ':', 2
    if ($prefix -notin 'oci', 'oci-archive' -or [System.IO.Path]::IsPathRooted($path)) { return $Reference }
    '{0}:{1}' -f $prefix, [System.IO.Path]::Combine($Cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath, $path)
}

function Format-CopyPlan {
    param([System.Collections.IDictionary] $Plan)

    'Copy {0} to {1}: send {2} blobs with {3:N0} bytes and {4} manifests; {5} blobs are there.' -f @(
        $Plan['source'], $Plan['target'], $Plan['blobsSent'], $Plan['bytesSent'], $Plan['manifestsSent'], $Plan['blobsThere']
    )
}
