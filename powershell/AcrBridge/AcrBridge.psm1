Set-StrictMode -Version Latest

foreach ($folder in 'Private', 'Public') {
    $path = [System.IO.Path]::Combine($PSScriptRoot, $folder)
    foreach ($file in [System.IO.Directory]::GetFiles($path, '*.ps1')) {
        . $file
    }
}

$ExecutionContext.SessionState.Module.OnRemove = { Stop-Engine }
