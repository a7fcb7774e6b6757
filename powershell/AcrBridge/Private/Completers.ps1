# What the Tab key offers: names from the engine where it answers in a moment, else nothing; never an error.
$script:CompletionSeconds = 2.0

function Get-NameCompletion {
    param([string] $Method, [System.Collections.IDictionary] $Params, [string] $Answer, [string] $Word)

    # Nothing may be shown while somebody types.
    $ProgressPreference = $WarningPreference = $VerbosePreference = $DebugPreference = 'SilentlyContinue'
    try {
        if ($null -ne (Connect-Engine)) { return }
        $tokens = Get-AzAccountsToken
        if ($null -ne $tokens) { $Params['tokens'] = $tokens }
        $reply = Get-EngineAnswer $Method (Add-RequestContext $Params) -Activity '' -Seconds $script:CompletionSeconds
        if (-not $reply.Contains('result')) { return }
        foreach ($found in $reply['result'][$Answer]) {
            $name = if ($found -is [string]) { $found } elseif ($found.Contains('name')) { $found['name'] } else { $found['digest'] }
            if ($name -like "$Word*") { $name }
        }
    }
    catch { $null = $_ }
}

# Parameters of a request, out of those that were typed already.
function Get-TypedParams {
    param([System.Collections.IDictionary] $Typed, [string[]] $Wanted)

    $params = [ordered]@{}
    foreach ($name in $Wanted) {
        if ($Typed[$name]) { $params[(ConvertTo-CamelCase $name)] = $Typed[$name] }
    }
    $params
}

Register-ArgumentCompleter -ParameterName 'RegistryName' -CommandName @(
    'Import-AzContainerRegistryImage', 'Get-AzContainerRegistryRepository', 'Get-AzContainerRegistryTag',
    'Get-AzContainerRegistryManifest', 'Get-AzContainerRegistryReferrer'
) -ScriptBlock {
    Get-NameCompletion 'listRegistries' ([ordered]@{}) 'registries' $args[2]
}

Register-ArgumentCompleter -ParameterName 'RepositoryName' -CommandName @(
    'Get-AzContainerRegistryTag', 'Get-AzContainerRegistryManifest', 'Get-AzContainerRegistryReferrer'
) -ScriptBlock {
    Get-NameCompletion 'listRepositories' (Get-TypedParams $args[4] 'RegistryName') 'repositories' $args[2]
}

Register-ArgumentCompleter -ParameterName 'Name' -CommandName 'Get-AzContainerRegistryRepository' -ScriptBlock {
    Get-NameCompletion 'listRepositories' (Get-TypedParams $args[4] 'RegistryName') 'repositories' $args[2]
}

Register-ArgumentCompleter -ParameterName 'Name' -CommandName @(
    'Get-AzContainerRegistryTag', 'Get-AzContainerRegistryReferrer'
) -ScriptBlock {
    Get-NameCompletion 'listTags' (Get-TypedParams $args[4] 'RegistryName', 'RepositoryName') 'tags' $args[2]
}

Register-ArgumentCompleter -ParameterName 'Name' -CommandName 'Get-AzContainerRegistryManifest' -ScriptBlock {
    Get-NameCompletion 'listManifests' (Get-TypedParams $args[4] 'RegistryName', 'RepositoryName') 'manifests' $args[2]
}
