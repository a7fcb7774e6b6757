# A password or token as a request carries it. String and SecureString are what Get-AzAccessToken has returned.
function ConvertTo-RequestSecret {
    param([AllowNull()] [object] $Secret)

    if ($null -eq $Secret) {
        return $null
    }
    if ($Secret -is [System.Security.SecureString]) {
        return [System.Net.NetworkCredential]::new('', $Secret).Password
    }
    if ($Secret -is [string]) {
        return $Secret
    }
    throw [System.ArgumentException]::new("A secret is a String or a SecureString, not $($Secret.GetType().Name).")
}
