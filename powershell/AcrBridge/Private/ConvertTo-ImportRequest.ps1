# Parameters of the method import, out of what Import-AzContainerRegistryImage was given; nothing after an error.
function ConvertTo-ImportRequest {
    param([System.Management.Automation.PSCmdlet] $Cmdlet)

    $bound = $Cmdlet.MyInvocation.BoundParameters
    $request = [ordered]@{}
    foreach ($name in 'RegistryName', 'ResourceGroupName', 'Via') {
        if ($bound.ContainsKey($name)) { $request[(ConvertTo-CamelCase $name)] = $bound[$name] }
    }
    $request['wait'] = -not ($bound.ContainsKey('NoWait') -and $bound['NoWait'])
    if ($bound.ContainsKey('JsonString')) {
        $request['parameters'] = $bound['JsonString']
    }
    elseif ($bound.ContainsKey('JsonFilePath')) {
        $request['parameters'] = Read-ParameterFile $bound['JsonFilePath'] $Cmdlet
        if ($null -eq $request['parameters']) { return }
    }
    else {
        $image = if ($bound.ContainsKey('Parameter')) { ConvertTo-MemberTable $bound['Parameter'] } else { $bound }
        Add-ImportedImage $request $image
    }
    $request
}

# A file's text, from PowerShell's location; an error and nothing where it cannot be read.
function Read-ParameterFile {
    param([string] $Path, [System.Management.Automation.PSCmdlet] $Cmdlet)

    $whole = $Cmdlet.GetUnresolvedProviderPathFromPSPath($Path)
    $reason = "There is no file $whole."
    if ([System.IO.File]::Exists($whole)) {
        try { return [System.IO.File]::ReadAllText($whole) }
        catch { $reason = $_.Exception.GetBaseException().Message }
    }
    $data = @{ code = 'FILE_UNREADABLE'; category = 'OpenError'; remedy = '' }
    $Cmdlet.WriteError((New-EngineErrorRecord @{ message = $reason; data = $data } $whole))
}

# What Az has called the members of an import: those of its parameters, and of the object that -Parameter took.
$script:ImportMembers = @{
    SourceImage              = 'sourceImage'
    SourceRegistryUri        = 'sourceRegistryUri'
    SourceResourceId         = 'sourceResourceId'
    SourceRegistryResourceId = 'sourceResourceId'
    Username                 = 'username'
    CredentialsUsername      = 'username'
    TargetTag                = 'targetTags'
    UntaggedTargetRepository = 'untaggedTargetRepositories'
    Mode                     = 'mode'
    Via                      = 'via'
}

function Add-ImportedImage {
    param([System.Collections.IDictionary] $Request, [System.Collections.IDictionary] $Image)

    foreach ($name in $script:ImportMembers.Keys) {
        # Import-Csv and Az's objects have members that nobody filled in.
        $value = $Image[$name]
        if ($null -eq $value -or '' -eq "$value") { continue }
        $member = $script:ImportMembers[$name]
        $isList = $member -in 'targetTags', 'untaggedTargetRepositories'
        $Request[$member] = if ($isList) { , @($value | ForEach-Object { "$_" }) } else { "$value" }
    }
    foreach ($name in 'Password', 'CredentialsPassword') {
        if ($null -ne $Image[$name] -and '' -ne $Image[$name]) {
            $Request['password'] = ConvertTo-RequestSecret $Image[$name]
        }
    }
    if ($null -ne $Image['Credential']) {
        $Request['username'] = $Image['Credential'].UserName
        $Request['password'] = ConvertTo-RequestSecret $Image['Credential'].Password
    }
}

# A hashtable, a PSCustomObject or an object out of a job or a file, as a hashtable without regard to case.
function ConvertTo-MemberTable {
    param([object] $InputObject)

    $members = @{}
    if ($InputObject -is [System.Collections.IDictionary]) {
        foreach ($name in $InputObject.Keys) { $members["$name"] = $InputObject[$name] }
    }
    else {
        foreach ($property in $InputObject.PSObject.Properties) { $members[$property.Name] = $property.Value }
    }
    $members
}
