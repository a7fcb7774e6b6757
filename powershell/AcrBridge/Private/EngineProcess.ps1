# One engine: a process `python -m acrbridge serve`, and the lines that go to it and come from it.
# A pipeline is stopped between two statements, never inside a .NET call: whatever can take long is waited for in
# slices. Process, its streams and Task are in .NET Framework 4.5 with the members used here (learn.microsoft.com);
# what it lacks is ProcessStartInfo.ArgumentList and StandardInputEncoding, and Kill and ReadLineAsync with arguments.

$script:Engine = $null
$script:SliceMilliseconds = 100

# How a Python is started without being led astray: -I leaves out the PYTHON variables, the user's packages and the
# current folder, where a json.py could lie.
function New-EngineStartInfo {
    param([string] $FileName, [string[]] $Argument)

    $info = [System.Diagnostics.ProcessStartInfo]::new($FileName, (ConvertTo-NativeArgument $Argument))
    $info.UseShellExecute = $false
    $info.CreateNoWindow = $true
    $info.RedirectStandardInput = $true
    $info.RedirectStandardOutput = $true
    $info.RedirectStandardError = $true
    $info.StandardOutputEncoding = [System.Text.UTF8Encoding]::new($false)
    $info.StandardErrorEncoding = [System.Text.UTF8Encoding]::new($false)
    foreach ($name in 'PYTHONHOME', 'PYTHONPATH', 'PYTHONSTARTUP') {
        $info.EnvironmentVariables.Remove($name)
    }
    $info
}

# Makes $script:Engine of a candidate. Throws where its program cannot be started.
function Start-EngineProcess {
    param([object] $Candidate)

    $words = @($Candidate.Argument) + '-I', '-X', 'utf8', '-u', '-m', 'acrbridge', 'serve'
    $info = New-EngineStartInfo $Candidate.Path $words
    $script:Engine = [pscustomobject]@{
        Candidate = $Candidate
        Process   = $null
        Reading   = $null
        Writing   = $null
        LastWords = [System.IO.MemoryStream]::new()
        Draining  = $null
        LastId    = 0
        Inboxes   = @{}
        Welcome   = $null
    }
    # Started and kept in one statement: a stop between the two would leave an orphan.
    $script:Engine.Process = [System.Diagnostics.Process]::Start($info)
    # By the thread pool alone: a script block on one of its threads would end the host.
    $script:Engine.Draining = $script:Engine.Process.StandardError.BaseStream.CopyToAsync($script:Engine.LastWords)
    $script:Engine.Reading = $script:Engine.Process.StandardOutput.ReadLineAsync()
}

# Ends the engine, if there is one. Runs when the module goes, and in finally: .NET calls only.
function Stop-Engine {
    $engine = $script:Engine
    $script:Engine = $null
    if ($null -eq $engine -or $null -eq $engine.Process) {
        return
    }
    # The end of its input ends it. An engine that ended already refuses each of these.
    try { $engine.Process.StandardInput.BaseStream.Close() } catch { $null = $_ }
    try {
        if (-not $engine.Process.WaitForExit(2000)) { $engine.Process.Kill() }
    }
    catch { $null = $_ }
    $engine.Process.Dispose()
}

# Whether the engine can be asked something. The end of its output is seen before the process is.
function Test-Engine {
    $engine = $script:Engine
    if ($null -eq $engine -or $null -eq $engine.Welcome -or $engine.Process.HasExited) {
        return $false
    }
    -not $engine.Reading.IsCompleted -or $null -ne (Get-EngineLine)
}

# The line that was read, or $null where there is none any more.
function Get-EngineLine {
    if ($script:Engine.Reading.Status -eq [System.Threading.Tasks.TaskStatus]::RanToCompletion) {
        $script:Engine.Reading.Result
    }
}

# Sends a message. False where the engine is gone: it did not get a whole line, and so nothing.
# Bytes to BaseStream, not text to StandardInput, which begins with a byte order mark under some system locales.
function Send-EngineMessage {
    param([System.Collections.IDictionary] $Message)

    $bytes = [System.Text.Encoding]::UTF8.GetBytes((ConvertTo-EngineJson $Message) + "`n")
    $engine = $script:Engine
    # What a stop of the pipeline has left half sent comes first.
    if ($null -ne $engine.Writing -and [System.Threading.Tasks.Task]::WaitAny(@($engine.Writing), 2000) -lt 0) {
        return $false
    }
    try {
        $stream = $engine.Process.StandardInput.BaseStream
        $engine.Writing = $stream.WriteAsync($bytes, 0, $bytes.Length)
        while (-not $engine.Writing.Wait($script:SliceMilliseconds)) { }
        $stream.Flush()
        $true
    }
    catch { $false }
}

# The next message for a request; where the engine ends, says nonsense or nothing, an answer that says so.
function Receive-EngineMessage {
    param([int] $Id, [System.Diagnostics.Stopwatch] $Clock, [double] $Seconds)

    $engine = $script:Engine
    while ($engine.Inboxes["$Id"].Count -eq 0) {
        # WaitAny, unlike Wait, does not throw for a task that failed.
        if ([System.Threading.Tasks.Task]::WaitAny(@($engine.Reading), $script:SliceMilliseconds) -lt 0) {
            if ($Clock.Elapsed.TotalSeconds -gt $Seconds) { return New-EngineFailure 'ENGINE_SILENT' }
            continue
        }
        $line = Get-EngineLine
        if ($null -eq $line) { return New-EngineFailure 'ENGINE_ENDED' }
        $engine.Reading = $engine.Process.StandardOutput.ReadLineAsync()
        $message = Read-EngineMessage $line
        if ($null -eq $message) { return New-BrokenLineFailure }
        Add-EngineMessage $message $Id
    }
    $engine.Inboxes["$Id"].Dequeue()
}

# A line as a message, or nothing where it is none. The engine sends jsonrpc last: what lacks it was cut off.
function Read-EngineMessage {
    param([string] $Line)

    try { $message = ConvertFrom-EngineJson $Line } catch { return }
    if ($message -isnot [System.Collections.IDictionary] -or -not $message.Contains('jsonrpc')) {
        return
    }
    $isNotification = $message['method'] -is [string] -and $message['params'] -is [System.Collections.IDictionary]
    $isAnswer = $message.Contains('result') -or $message['error'] -is [System.Collections.IDictionary]
    if ($isNotification -or $isAnswer) { $message }
}

# Puts a message into the inbox of the request that it is for: another one can be under way, when a command was
# suspended and the prompt used. An error without an id is for what was sent last.
function Add-EngineMessage {
    param([System.Collections.IDictionary] $Message, [int] $Id)

    $for = $Message['id']
    if ($Message.Contains('method')) { $for = $Message['params']['id'] }
    elseif ($null -eq $for) { $for = $Id }
    $inbox = $script:Engine.Inboxes["$for"]
    if ($null -ne $inbox) { $inbox.Enqueue($Message) }
}
