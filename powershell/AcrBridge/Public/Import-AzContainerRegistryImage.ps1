function Import-AzContainerRegistryImage {
    <#
    .SYNOPSIS
        Imports an image into an Azure container registry.
    .DESCRIPTION
        Azure copies the image, with all its platforms, from Docker Hub, Microsoft Container Registry, another Azure
        container registry or any other registry; with -Via client this computer does. Then the target is read back.

        It takes what the cmdlet of the same name in Az.ContainerRegistry takes, and more. Where both modules are
        there, write AcrBridge\Import-AzContainerRegistryImage to be sure of this one: see about_AcrBridge.
    .PARAMETER RegistryName
        Name of the target registry.
    .PARAMETER ResourceGroupName
        Resource group of the target registry.
    .PARAMETER SourceImage
        The image: REPOSITORY:TAG or REPOSITORY@DIGEST.
    .PARAMETER SourceRegistryUri
        Address of the source registry, such as docker.io or source.azurecr.io.
    .PARAMETER SourceResourceId
        Resource ID of the source registry, which is read with the rights of the signed-in account.
    .PARAMETER TargetTag
        Names of the image in the target, REPOSITORY:TAG; without any, that of the source image.
    .PARAMETER UntaggedTargetRepository
        Repositories that get the image without a tag.
    .PARAMETER Mode
        Force replaces tags that exist; NoForce, the default, refuses then.
    .PARAMETER Username
        User of the source registry.
    .PARAMETER Password
        Password or access token for the source registry, a String or SecureString. What is typed as text stays in the
        history and in transcripts: (Get-AzAccessToken).Token and -Credential do not show.
    .PARAMETER Credential
        User and password of the source registry.
    .PARAMETER Parameter
        All of the source and target in one object, as older versions of Az had it: a hashtable or an object with
        members SourceImage, SourceRegistryUri, TargetTag and so on. Lines of Import-Csv are such objects.
    .PARAMETER JsonFilePath
        File that holds Azure's ImportImageParameters as JSON.
    .PARAMETER JsonString
        Azure's ImportImageParameters as JSON.
    .PARAMETER Via
        Who copies: service, the default, is Azure; client is this computer.
    .PARAMETER SubscriptionId
        Subscription of the target registry, if it is not the one in use.
    .PARAMETER DefaultProfile
        A context of Az.Accounts, whose sign-in is used.
    .PARAMETER AsJob
        Gives a job, which imports in the background.
    .PARAMETER NoWait
        Does not wait until Azure has imported the image: a failure does not show.
    .PARAMETER PassThru
        Gives $true when the image was imported.
    .PARAMETER Detailed
        Gives an object that says what was imported, and whether it was verified.
    .INPUTS
        Objects with properties of the parameters' names.
    .OUTPUTS
        System.Boolean with -PassThru, AcrBridge.ImportResult with -Detailed, a job with -AsJob; else nothing.
    .EXAMPLE
        Import-AzContainerRegistryImage -RegistryName myregistry -ResourceGroupName myResourceGroup -SourceRegistryUri docker.io -SourceImage library/hello-world:latest

        Imports a public image; it is library/hello-world:latest there, too.
    .EXAMPLE
        Import-AzContainerRegistryImage -RegistryName myregistry -ResourceGroupName myResourceGroup -SourceRegistryUri source.azurecr.io -SourceImage app:1 -Password (Get-AzAccessToken).Token

        Imports from a registry of another tenant with an access token.
    .EXAMPLE
        Import-Csv images.csv | Import-AzContainerRegistryImage -RegistryName myregistry -ResourceGroupName myResourceGroup -WhatIf

        Shows what would be imported for each line of a file with columns such as SourceRegistryUri and SourceImage.
    .EXAMPLE
        $job = Import-AzContainerRegistryImage -RegistryName myregistry -ResourceGroupName myResourceGroup -SourceRegistryUri docker.io -SourceImage library/hello-world -Detailed -AsJob
        $job | Wait-Job | Receive-Job

        Imports in the background.
    .LINK
        about_AcrBridge
    #>
    [CmdletBinding(DefaultParameterSetName = 'ImportExpanded', SupportsShouldProcess)]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string] $RegistryName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string] $ResourceGroupName,

        [Parameter(ValueFromPipelineByPropertyName)]
        [string] $SubscriptionId,

        [Parameter(Mandatory, ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [string] $SourceImage,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ 'NoForce', 'Force' -like "$($args[2])*" })]
        [string] $Mode,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [object] $Password,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [string] $SourceRegistryUri,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [Alias('SourceRegistryResourceId')]
        [string] $SourceResourceId,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [string[]] $TargetTag,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [string[]] $UntaggedTargetRepository,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [string] $Username,

        [Parameter(ParameterSetName = 'ImportExpanded', ValueFromPipelineByPropertyName)]
        [pscredential] $Credential,

        [Parameter(Mandatory, ParameterSetName = 'Import', ValueFromPipeline)]
        [object] $Parameter,

        [Parameter(Mandatory, ParameterSetName = 'ImportViaJsonFilePath', ValueFromPipelineByPropertyName)]
        [string] $JsonFilePath,

        [Parameter(Mandatory, ParameterSetName = 'ImportViaJsonString', ValueFromPipelineByPropertyName)]
        [string] $JsonString,

        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateSet('service', 'client')]
        [string] $Via = 'service',

        [Alias('AzureRMContext', 'AzureCredential')]
        [psobject] $DefaultProfile,

        [switch] $AsJob,
        [switch] $NoWait,
        [switch] $PassThru,
        [switch] $Detailed
    )

    begin { . $script:UseCallerPreference }
    process {
        $request = ConvertTo-ImportRequest $PSCmdlet
        if ($null -eq $request) { return }
        $plan = Invoke-AcrRequest -Cmdlet $PSCmdlet -Method 'planImport' -Params $request
        if ($null -eq $plan -or -not $PSCmdlet.ShouldProcess($plan['text'], $plan['text'], 'Import an image')) { return }
        if ($AsJob) { return Start-CmdletJob -Cmdlet $PSCmdlet }
        $result = Invoke-AcrRequest -Cmdlet $PSCmdlet -Method 'import' -Params $request -Activity $plan['text']
        if ($null -eq $result) { return }
        if ($Detailed) { ConvertTo-ImportResult $result }
        if ($PassThru) { $true }
    }
}
