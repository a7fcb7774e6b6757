function Copy-AzContainerRegistryImage {
    <#
    .SYNOPSIS
        Copies images between registries, and to and from files, through this computer.
    .DESCRIPTION
        Copies an image with all its platforms, or many tags of a repository, with signatures, SBOMs and what else
        refers to it. No right to import is needed, but one to push. What the target has already is not sent again.

        Azure container registries are read and written with the signed-in account; others anonymously, with what
        docker login and acrbridge registry login have kept, or with -SourceCredential and -TargetCredential.
    .PARAMETER Source
        HOST/REPOSITORY, oci:PATH or oci-archive:PATH, with :TAG or @DIGEST.
    .PARAMETER Target
        HOST/REPOSITORY, oci:PATH or oci-archive:PATH, with :TAG; without a tag it gets the source's.
    .PARAMETER Tag
        Further tags for the target.
    .PARAMETER Untagged
        The target gets the image by its digest only.
    .PARAMETER AllTags
        All tags of the source's repository.
    .PARAMETER Only
        Of all tags those that match a pattern such as 1.*.
    .PARAMETER Regex
        Of all tags those that match a regular expression as a whole (Python's syntax).
    .PARAMETER Semver
        Of all tags those that are versions of a range such as '>=1.2 <2'.
    .PARAMETER Newest
        Of all tags so many, the highest versions.
    .PARAMETER Exclude
        Of all tags not those that match a pattern.
    .PARAMETER Platform
        Only these platforms, OS/ARCHITECTURE; the image's digest changes by that.
    .PARAMETER NoReferrers
        Leaves signatures, SBOMs and the like behind.
    .PARAMETER ArtifactType
        Of referrers only those of these types.
    .PARAMETER ForeignLayers
        Copies layers that registries do not hold by their licence, from their URLs.
    .PARAMETER NoClobber
        Refuses to move a tag that the target has for another image.
    .PARAMETER SourceCredential
        User and password of the source registry.
    .PARAMETER TargetCredential
        User and password of the target registry.
    .PARAMETER Concurrency
        Requests at once, at the most: 1 to 64.
    .PARAMETER SubscriptionId
        Subscription whose account is used, if it is not the one in use.
    .PARAMETER DefaultProfile
        A context of Az.Accounts, whose sign-in is used.
    .PARAMETER AsJob
        Gives a job, which copies in the background.
    .INPUTS
        Objects with properties of the parameters' names, such as lines of Import-Csv with Source and Target.
    .OUTPUTS
        AcrBridge.CopyResult; a job with -AsJob.
    .EXAMPLE
        Copy-AzContainerRegistryImage docker.io/library/hello-world:latest myregistry.azurecr.io/library/hello-world

        Copies an image.
    .EXAMPLE
        Copy-AzContainerRegistryImage source.azurecr.io/app myregistry.azurecr.io/app -Semver '>=1.2 <2' -WhatIf

        Reads both sides, and says what would be sent.
    .EXAMPLE
        Import-Csv images.csv | Copy-AzContainerRegistryImage

        Copies each line of a file with the columns Source and Target.
    .LINK
        Import-AzContainerRegistryImage
    #>
    [CmdletBinding(SupportsShouldProcess)]
    [OutputType('AcrBridge.CopyResult')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
        [string] $Source,

        [Parameter(Mandatory, Position = 1, ValueFromPipelineByPropertyName)]
        [string] $Target,

        [Parameter(ValueFromPipelineByPropertyName)]
        [string[]] $Tag,

        [switch] $Untagged,
        [switch] $AllTags,
        [string[]] $Only,
        [string] $Regex,
        [string] $Semver,

        [ValidateRange(1, [int]::MaxValue)]
        [int] $Newest,

        [string[]] $Exclude,

        [Parameter(ValueFromPipelineByPropertyName)]
        [string[]] $Platform,

        [switch] $NoReferrers,
        [string[]] $ArtifactType,
        [switch] $ForeignLayers,
        [switch] $NoClobber,

        [Parameter(ValueFromPipelineByPropertyName)]
        [pscredential] $SourceCredential,

        [Parameter(ValueFromPipelineByPropertyName)]
        [pscredential] $TargetCredential,

        [ValidateRange(1, 64)]
        [int] $Concurrency,

        [string] $SubscriptionId,

        [Alias('AzContext', 'AzureRmContext', 'AzureCredential')]
        [psobject] $DefaultProfile,

        [switch] $AsJob
    )

    begin { . $script:UseCallerPreference }
    process {
        $ask = @{ Cmdlet = $PSCmdlet; Method = 'copy'; Params = ConvertTo-CopyRequest $PSCmdlet; Target = $Source }
        if ($WhatIfPreference) {
            $ask.Params['dryRun'] = $true
            $plan = Invoke-AcrRequest @ask
            if ($null -ne $plan) { [void]$PSCmdlet.ShouldProcess((Format-CopyPlan $plan), '', '') }
            return
        }
        if (-not $PSCmdlet.ShouldProcess($Target, "Copy $Source")) { return }
        if ($AsJob) { return Start-CmdletJob -Cmdlet $PSCmdlet }
        $result = Invoke-AcrRequest @ask -Activity "Copy $Source to $Target"
        if ($null -ne $result) { ConvertTo-CopyResult $result }
    }
}
