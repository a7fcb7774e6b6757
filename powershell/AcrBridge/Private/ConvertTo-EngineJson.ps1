# JSON, the same from Windows PowerShell 5.1 and PowerShell 7. ConvertTo-Json is of no use here: it cuts off below a
# depth, and writes members that PowerShell has added to strings.

$script:MaxJsonDepth = 64

function ConvertTo-EngineJson {
    param([AllowNull()] [object] $Value)

    $text = [System.Text.StringBuilder]::new()
    Add-JsonValue $text $Value 0
    $text.ToString()
}

function Add-JsonValue {
    param([System.Text.StringBuilder] $Text, [AllowNull()] [object] $Value, [int] $Depth)

    if ($Depth -gt $script:MaxJsonDepth) {
        throw [System.ArgumentException]::new("A value nests more than $($script:MaxJsonDepth) levels.")
    }
    $scalar = ConvertTo-JsonScalar $Value
    if ($null -ne $scalar) {
        [void]$Text.Append($scalar)
    }
    elseif ($Value -is [System.Collections.IDictionary]) {
        Add-JsonObject $Text $Value $Depth
    }
    elseif ($Value -is [System.Collections.IEnumerable]) {
        Add-JsonArray $Text $Value $Depth
    }
    elseif ($Value -is [System.Management.Automation.PSCustomObject]) {
        $members = [ordered]@{}
        foreach ($property in $Value.PSObject.Properties) {
            $members[$property.Name] = $property.Value
        }
        Add-JsonObject $Text $members $Depth
    }
    else {
        # SecureString is among them: it would come out as its length.
        throw [System.ArgumentException]::new("A $($Value.GetType().Name) cannot be sent to the engine.")
    }
}

# JSON of a value without members; nothing for others.
function ConvertTo-JsonScalar {
    param([AllowNull()] [object] $Value)

    if ($null -eq $Value) { return 'null' }
    if ($Value -is [string]) { return ConvertTo-JsonString $Value }
    if ($Value -is [bool] -or $Value -is [switch]) { return ([string][bool]$Value).ToLowerInvariant() }
    if ($Value -is [double] -or $Value -is [single]) { return ConvertTo-JsonNumber $Value }
    if ($Value -is [enum] -or $Value -is [char] -or $Value -is [guid] -or $Value -is [uri] -or $Value -is [version]) {
        return ConvertTo-JsonString $Value.ToString()
    }
    if ($Value -is [datetime] -or $Value -is [datetimeoffset]) { return ConvertTo-JsonString $Value.ToString('o') }
    if ($Value -is [decimal] -or $Value.GetType().IsPrimitive) {
        return $Value.ToString([System.Globalization.CultureInfo]::InvariantCulture)
    }
}

function ConvertTo-JsonNumber {
    param([double] $Value)

    if ([double]::IsNaN($Value) -or [double]::IsInfinity($Value)) {
        throw [System.ArgumentException]::new("JSON has no number $Value.")
    }
    # R, because .NET Framework rounds without it.
    $Value.ToString('R', [System.Globalization.CultureInfo]::InvariantCulture)
}

function ConvertTo-JsonString {
    param([AllowEmptyString()] [string] $Value)

    $escaped = $Value.Replace('\', '\\').Replace('"', '\"').Replace("`r", '\r').Replace("`n", '\n').Replace("`t", '\t')
    if ($escaped -match '[\x00-\x1f\x7f]') {
        $escaped = [regex]::Replace($escaped, '[\x00-\x1f\x7f]', { '\u{0:x4}' -f [int][char]$args[0].Value })
    }
    '"' + $escaped + '"'
}

function Add-JsonObject {
    param([System.Text.StringBuilder] $Text, [System.Collections.IDictionary] $Members, [int] $Depth)

    $before = '{'
    # Not by $Members.Keys, which is the value of a member of that name where there is one.
    foreach ($member in $Members.GetEnumerator()) {
        [void]$Text.Append($before).Append((ConvertTo-JsonString $member.Key)).Append(':')
        Add-JsonValue $Text $member.Value ($Depth + 1)
        $before = ','
    }
    [void]$Text.Append($(if ($before -eq '{') { '{}' } else { '}' }))
}

function Add-JsonArray {
    param([System.Text.StringBuilder] $Text, [System.Collections.IEnumerable] $Items, [int] $Depth)

    $before = '['
    foreach ($item in $Items) {
        [void]$Text.Append($before)
        Add-JsonValue $Text $item ($Depth + 1)
        $before = ','
    }
    [void]$Text.Append($(if ($before -eq '[') { '[]' } else { ']' }))
}
