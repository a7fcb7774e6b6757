# Objects of a type of this module out of the engine's answers: the named properties, and null where one is missing.
function ConvertTo-AcrObject {
    param([string] $TypeName, [System.Collections.IDictionary] $Value, [string[]] $Property)

    $members = [ordered]@{ PSTypeName = "AcrBridge.$TypeName" }
    foreach ($name in $Property) {
        $members[$name] = ConvertTo-AcrValue $Value[(ConvertTo-CamelCase $name)]
    }
    [pscustomobject]$members
}

# An object's members get PowerShell's names, too; a list stays one, however short.
function ConvertTo-AcrValue {
    param([AllowNull()] [object] $Value)

    if ($Value -is [System.Collections.IDictionary]) {
        $members = [ordered]@{}
        foreach ($name in $Value.Keys) { $members[(ConvertTo-PascalCase $name)] = ConvertTo-AcrValue $Value[$name] }
        return [pscustomobject]$members
    }
    if ($Value -is [System.Collections.IList]) {
        return , @(foreach ($item in $Value) { ConvertTo-AcrValue $item })
    }
    $Value
}

function ConvertTo-CamelCase {
    param([string] $Name)

    $Name.Substring(0, 1).ToLowerInvariant() + $Name.Substring(1)
}

function ConvertTo-PascalCase {
    param([string] $Name)

    $Name.Substring(0, 1).ToUpperInvariant() + $Name.Substring(1)
}
