"""What a command of the PowerShell module costs beyond the engine's own work, and whether a thousand leave anything.

Usage: python benchmarks/cmdlet.py [--calls 1000]

PowerShell is the one that ACRBRIDGE_PWSH names, else pwsh on PATH. The command asks for a plan, for which the engine
asks nobody: its own work is timed by the same request over a pipe, without PowerShell. Handles are open files, memory
is what is resident; both of Linux. The first call starts Python, which a busy machine
delays: the best of some sessions counts. Exit status 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

CALL_LIMIT = 0.030
FIRST_LIMIT = 1.0
HANDLES_LIMIT = 5
MEMORY_LIMIT = 20e6
WARM_UP = 200
SESSIONS = 4
MODULE = Path(__file__).parents[1] / "powershell" / "AcrBridge" / "AcrBridge.psd1"
PARAMS = {
    "registryName": "myregistry",
    "resourceGroupName": "rg",
    "sourceRegistryUri": "docker.io",
    "sourceImage": "library/hello-world:latest",
}
SCRIPT = """
param($Module, $Calls, $WarmUp, $Out)
Import-Module $Module
$image = @{
    RegistryName = 'myregistry'; ResourceGroupName = 'rg'
    SourceRegistryUri = 'docker.io'; SourceImage = 'library/hello-world:latest'
}
$clock = [System.Diagnostics.Stopwatch]::StartNew()
function Measure-Call {
    $began = $clock.Elapsed.TotalSeconds
    Import-AzContainerRegistryImage @image -WhatIf
    $clock.Elapsed.TotalSeconds - $began
}
$engine = { (Get-AcrBridgeEngine).ProcessId }
function Measure-Left {
    [System.GC]::Collect(); [System.GC]::WaitForPendingFinalizers(); [System.GC]::Collect()
    foreach ($id in $PID, (& $engine)) {
        $memory = [System.IO.File]::ReadAllText("/proc/$id/statm").Split([char[]]' ')[1]
        @{ handles = @([System.IO.Directory]::GetFiles("/proc/$id/fd")).Count; memory = [long]$memory * 4096 }
    }
}
$first = Measure-Call
foreach ($i in 1..$WarmUp) { $null = Measure-Call }
$before = @(Measure-Left)
$calls = @(foreach ($i in 1..$Calls) { Measure-Call })
$figures = @{ first = $first; calls = $calls; before = $before; after = @(Measure-Left) }
[System.IO.File]::WriteAllText($Out, (ConvertTo-Json -Depth 4 -Compress -InputObject $figures))
"""


def measured(calls: int) -> dict[str, Any]:
    """Return what a PowerShell session found."""
    pwsh = os.environ.get("ACRBRIDGE_PWSH") or shutil.which("pwsh")
    if pwsh is None:
        sys.exit("there is no pwsh on PATH and none in ACRBRIDGE_PWSH")
    with tempfile.TemporaryDirectory() as folder:
        script, out = Path(folder, "calls.ps1"), Path(folder, "figures.json")
        script.write_text(SCRIPT, encoding="utf-8")
        subprocess.run(
            [pwsh, "-NoProfile", "-NonInteractive", "-File", script, MODULE, str(calls), str(WARM_UP), out],
            check=True,
            env={**os.environ, "ACRBRIDGE_PYTHON": sys.executable, "ACRBRIDGE_CONFIG_DIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return figures


def own_work(calls: int) -> float:
    """Return the engine's own median for the same request, in seconds."""
    serve = [sys.executable, "-I", "-X", "utf8", "-u", "-m", "acrbridge", "serve"]
    greeting = {"protocolVersion": 1, "client": {"name": "benchmark", "version": "1"}}
    with subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:
        asked(engine, 0, "initialize", greeting)
        return statistics.median(asked(engine, number, "planImport", PARAMS) for number in range(1, calls))


def asked(engine: subprocess.Popen[bytes], number: int, method: str, params: dict[str, Any]) -> float:
    """Return the seconds until the answer to a request came."""
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    began = time.perf_counter()
    os.write(pipe(engine.stdin), json.dumps(request).encode() + b"\n")
    os.read(pipe(engine.stdout), 65536)
    return time.perf_counter() - began


def pipe(stream: IO[bytes] | None) -> int:
    """Return the descriptor of a process's pipe."""
    if stream is None:
        raise ValueError("the process has no such pipe")
    return stream.fileno()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000)
    calls: int = parser.parse_args().calls
    found, own = measured(calls), own_work(min(calls, 300))
    call = statistics.median(found["calls"])
    first = min(found["first"], *(measured(1)["first"] for _ in range(SESSIONS)))
    rows = [
        (f"first call, the best of {SESSIONS + 1} sessions", first, FIRST_LIMIT, "s"),
        ("a later call, beyond the engine's own work", call - own, CALL_LIMIT, "s"),
    ]
    for name, before, after in zip(("PowerShell", "engine"), found["before"], found["after"], strict=True):
        rows.append(
            (f"{name}: handles after {calls} calls", after["handles"] - before["handles"], HANDLES_LIMIT, "")
        )
        rows.append((f"{name}: memory", (after["memory"] - before["memory"]) / 1e6, MEMORY_LIMIT / 1e6, "MB"))
    for text, value, limit, unit in rows:
        verdict = "ok" if value <= limit else "MISSED"
        print(f"{text:45} {value:10.3f} {unit:2}  limit {limit:g}  {verdict}")
    print(f"(the engine's own work: {own:.4f} s; a call: {call:.4f} s)")
    return int(any(value > limit for _, value, limit, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
