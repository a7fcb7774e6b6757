# What mends an error, in the words of this module, where the engine's words are those of its command line.
$script:Remedies = @{
    CREDENTIALS_INCOMPLETE    = 'Give both -Username and -Password, or -Credential, or none of them.'
    EMULATOR_NOT_RUNNING      = 'Start one with Start-AzContainerRegistryEmulator.'
    NOT_SIGNED_IN             = 'Sign in with Connect-AzAccount.'
    OPTIONS_CONFLICT          = 'Leave one of them out; Get-Help says what goes together.'
    PATTERN_INVALID           = 'Put it right: -Regex takes Python''s regular expressions, -Semver ranges such as ''>=1.2 <2''.'
    PLATFORM_NOT_FOUND        = 'Choose from those in the message with -Platform OS[(VERSION)]/ARCHITECTURE[/VARIANT].'
    REPOSITORY_NOT_FOUND      = 'List what is there with Get-AzContainerRegistryRepository.'
    SIGN_IN_EXPIRED           = 'Sign in again with Connect-AzAccount.'
    SOURCE_READ_FORBIDDEN     = 'Ask for ''Container Registry Data Importer and Data Reader'' on the source, or give -Credential.'
    SOURCE_REGISTRY_MISSING   = 'Give the source''s address with -SourceRegistryUri, or its resource ID with -SourceResourceId.'
    SOURCE_REGISTRY_NOT_FOUND = 'Give its resource ID with -SourceResourceId, or its address with -SourceRegistryUri and -Credential.'
    SOURCE_THROTTLED          = 'Give -Credential of an account there, or wait.'
    SOURCE_UNAUTHORIZED       = 'Give a -Credential that may pull from it.'
    SUBSCRIPTION_NOT_FOUND    = 'Check -SubscriptionId; Get-AzContext shows the one in use.'
    TAGS_NOT_FOUND            = 'Compare -Only, -Regex, -Semver, -Newest and -Exclude with the tags in the message.'
    TARGET_REGISTRY_NOT_FOUND = 'Check -RegistryName and -ResourceGroupName, or name another subscription with -SubscriptionId.'
    TARGET_TAG_EXISTS         = 'Overwrite it with -Mode Force, or without -NoClobber; or choose another tag.'
    TENANT_MISMATCH           = 'Sign in with -Tenant of the subscription''s tenant.'
    TENANT_UNKNOWN            = 'Check -Tenant: a GUID, or a domain such as contoso.onmicrosoft.com.'
}

function Get-Remedy {
    param([System.Collections.IDictionary] $Data)

    $remedy = [string]$Data['remedy']
    $own = $script:Remedies[[string]$Data['code']]
    if ($own -and $remedy -match '--\w|acrbridge ') { $own } else { $remedy }
}
