Set-StrictMode -Version Latest

foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'Private'), '*.ps1')) {
    . $file
}

# Where somebody else brings a command for signing in, this module has none of that name.
$foreign = @(Get-ForeignSignInCommand)
foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'Public'), '*.ps1')) {
    if ([System.IO.Path]::GetFileNameWithoutExtension($file) -notin $foreign) { . $file }
}

$ExecutionContext.SessionState.Module.OnRemove = { Stop-Engine }
