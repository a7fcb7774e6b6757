# Az.Accounts, Az PowerShell's module for signing in: who has it needs no second sign-in, and none of our commands.

$script:SignInCommands = 'Connect-AzAccount', 'Disconnect-AzAccount', 'Get-AzAccessToken', 'Get-AzContext'

# Whether Az.Accounts is loaded, or installed where it loads by itself. Folders are looked at, because asking for the
# module would read every manifest on the way.
function Test-AzAccounts {
    if ($null -ne (Get-Module -Name 'Az.Accounts')) { return $true }
    foreach ($folder in $env:PSModulePath -split [System.IO.Path]::PathSeparator) {
        if ($folder -and [System.IO.Directory]::Exists([System.IO.Path]::Combine($folder, 'Az.Accounts'))) {
            return $true
        }
    }
    $false
}

# The sign-in commands that the session has from elsewhere: all of them beside Az.Accounts, which is loaded for that.
# PowerShell loads this module when somebody types Connect-AzAccount and it is found before Az.Accounts; it looks no
# further then, so that the command has to be there afterwards.
function Get-ForeignSignInCommand {
    if (Test-AzAccounts) {
        Import-Module -Name 'Az.Accounts' -Global -Verbose:$false -ErrorAction SilentlyContinue
        if ($null -ne (Get-Module -Name 'Az.Accounts')) { return $script:SignInCommands }
    }
    foreach ($name in $script:SignInCommands) {
        $found = Get-Command -Name $name -ListImported -ErrorAction Ignore
        if (@($found | Where-Object { $_.Source -ne 'AcrBridge' }).Count) { $name }
    }
}

# In a job: what its parent got.
$script:GivenTokens = $null

# The request parameter `tokens` of who is signed in with Az.Accounts; nothing where nobody is.
function Get-AzAccountsToken {
    param([AllowNull()] [object] $DefaultProfile, [AllowEmptyString()] [string] $SubscriptionId)

    if ($null -ne $script:GivenTokens) {
        $tokens = [ordered]@{}
        foreach ($name in $script:GivenTokens.Keys) { $tokens[$name] = ConvertTo-RequestSecret $script:GivenTokens[$name] }
        return $tokens
    }
    if ($null -eq (Get-Module -Name 'Az.Accounts')) { return }
    $with = @{ ErrorAction = 'Stop'; WarningAction = 'SilentlyContinue' }
    if ($null -ne $DefaultProfile) { $with['DefaultProfile'] = $DefaultProfile }
    try {
        $context = Az.Accounts\Get-AzContext @with
        if ($null -eq $context -or $null -eq $context.Account) { return }
        $token = (Az.Accounts\Get-AzAccessToken @with).Token
    }
    catch {
        # Not in silence: the engine's own account can be another one.
        Write-Warning "Az.Accounts gives no token, so that acrbridge's own sign-in is used: $($_.Exception.Message)"
        return
    }
    $tenant = [string]$context.Tenant.Id
    $own = if ($null -ne $context.Subscription) { [string]$context.Subscription.Id }
    [ordered]@{
        arm            = ConvertTo-RequestSecret $token
        tenantId       = $tenant
        # An account without subscriptions works in its tenant alone.
        subscriptionId = @($SubscriptionId, $own, $tenant | Where-Object { $_ })[0]
        cloud          = [string]$context.Environment.Name
    }
}
