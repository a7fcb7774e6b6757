# Runs a program to its end; gives its exit code, and all that it wrote. It is ended when its time is over, or when
# the pipeline is stopped. A program that cannot be started has the exit code -1.
function Invoke-Program {
    param([string] $Path, [string[]] $Argument, [double] $Seconds)

    $said = [System.IO.MemoryStream]::new()
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $process = $null
    try {
        $process = [System.Diagnostics.Process]::Start((New-EngineStartInfo $Path $Argument))
        $process.StandardInput.Close()
        $errors = [System.IO.MemoryStream]::new()
        $reading = $process.StandardOutput.BaseStream.CopyToAsync($said), $process.StandardError.BaseStream.CopyToAsync($errors)
        while (-not $process.WaitForExit($script:SliceMilliseconds)) {
            if ($clock.Elapsed.TotalSeconds -gt $Seconds) {
                return [pscustomobject]@{ ExitCode = -1; Said = "It did not end within $Seconds seconds." }
            }
        }
        [void][System.Threading.Tasks.Task]::WaitAll($reading, 2000)
        $errors.WriteTo($said)
        $text = [System.Text.Encoding]::UTF8.GetString($said.ToArray()).Trim()
        [pscustomobject]@{ ExitCode = $process.ExitCode; Said = $text }
    }
    catch [System.Management.Automation.MethodInvocationException] {
        [pscustomobject]@{ ExitCode = -1; Said = $_.Exception.GetBaseException().Message }
    }
    finally {
        if ($null -ne $process) {
            if (-not $process.HasExited) { $process.Kill() }
            $process.Dispose()
        }
    }
}
