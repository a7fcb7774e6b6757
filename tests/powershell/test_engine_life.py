"""The engine's life in a session: found, started once, started anew, refused with a reason, ended, never orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from powershell.conftest import BEGINNING

if TYPE_CHECKING:
    from powershell.conftest import FakeEngine, Script

    Fake = Callable[..., FakeEngine]


def use(engine: FakeEngine) -> str:
    return f"$env:ACRBRIDGE_PYTHON = '{engine.path}'\n"


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def ends(process: int, within: float = 6.0) -> bool:
    deadline = time.monotonic() + within
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(process)


def test_the_engine_that_the_variable_names_is_started_once_and_says_who_it_is(script: Script) -> None:
    first, second, plan = script("""
        foreach ($i in 1, 2) {
            $engine = Get-AcrBridgeEngine
            @{ type = $engine.PSObject.TypeNames[0]; version = $engine.Version; pid = $engine.ProcessId
               protocol = $engine.ProtocolVersion; problem = $engine.Problem }
        }
        Request-Engine planImport @{ registryName = 'target'; sourceImage = 'mcr.microsoft.com/hello-world:latest' }
    """)
    assert first == second
    assert (first["type"], first["protocol"], first["problem"]) == ("AcrBridge.Engine", 1, None)
    assert plan["targets"] == ["hello-world:latest"]
    assert ends(first["pid"])


def test_it_is_started_isolated_and_without_variables_of_python(script: Script, tmp_path: Path) -> None:
    record = tmp_path / "record"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" "${{PYTHONPATH-unset}}" > "{record}"\n')
    program.chmod(0o755)
    script(f"$env:PYTHONPATH = '/tmp'; $env:ACRBRIDGE_PYTHON = '{program}'; $null = Get-AcrBridgeEngine")
    assert record.read_text().splitlines() == ["-I -X utf8 -u -m acrbridge serve", "unset"]


@pytest.mark.parametrize(
    ("start", "code", "reason"),
    [
        ("chatty", "ENGINE_GARBLED", "no message of the protocol"),
        ("later", "PROTOCOL_MISMATCH", "The engine speaks protocol 2, AcrBridge 0.1.0 speaks 1."),
        ("odd", "ENGINE_GARBLED", "no message of the protocol"),
        ("python2", "ENGINE_MISSING", "It is Python 2."),
        ("refusing", "PROTOCOL_MISMATCH", "AcrBridge speaks protocol 1, fake speaks 2."),
        ("silent", "ENGINE_SILENT", "did not answer in time"),
        ("store", "ENGINE_MISSING", "Microsoft Store"),
        ("without", "ENGINE_MISSING", "acrbridge is not installed in it."),
    ],
)
def test_what_is_no_engine_is_refused_with_the_reason(
    script: Script, fake_engine: Fake, start: str, code: str, reason: str
) -> None:
    engine, record, is_there = script(f"""{use(fake_engine(start))}
        & $module {{ $script:StartSeconds = 1.0 }}
        $engine = Get-AcrBridgeEngine
        @{{ code = $engine.Code; problem = $engine.Problem; mend = $engine.Mend }}
        Get-ErrorOf {{ Request-Engine who }}
        & $module {{ $null -ne $script:Engine }}
    """)
    assert engine["code"] == code
    assert reason in engine["problem"]
    assert "fake engine" in engine["problem"]
    assert engine["mend"]
    assert record["id"] == f"{code},Request-Engine"
    assert engine["mend"] in record["message"]
    assert not is_there


def test_a_program_that_is_not_there_is_no_engine(script: Script) -> None:
    engine = script(
        "$env:ACRBRIDGE_PYTHON = '/nowhere/python'; $e = Get-AcrBridgeEngine; $e.Code, $e.Problem"
    )
    assert engine[0] == "ENGINE_MISSING"
    assert "/nowhere/python" in engine[1]


def test_the_private_environment_comes_before_path_and_a_refused_python_before_the_next(
    script: Script, fake_engine: Fake, tmp_path: Path
) -> None:
    bad, good, private = fake_engine("without"), fake_engine("well"), tmp_path / "data/AcrBridge/engine/bin"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to(bad.path)
    (tmp_path / "bin/python").symlink_to(good.path)
    private.mkdir(parents=True)
    (private / "python").symlink_to(bad.path)
    origins = script(f"""
        $env:ACRBRIDGE_PYTHON = ''
        $env:PATH = '{tmp_path / "bin"}' + [System.IO.Path]::PathSeparator + $env:PATH
        $env:XDG_DATA_HOME = '{tmp_path / "data"}'
        foreach ($candidate in & $module {{ Get-EngineCandidate }}) {{
            "$($candidate.Origin) $([System.IO.Path]::GetFileName($candidate.Path))"
        }}
        (Get-AcrBridgeEngine).Origin
    """)
    names = [name for name in origins if not name.endswith(" py")]
    assert names == ["Install-AcrBridgeEngine python", "PATH python3", "PATH python", "PATH"]


def test_where_none_is_found_the_error_names_each_and_says_what_to_run(
    script: Script, fake_engine: Fake, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for name, start in (("py", "silent"), ("python3", "without"), ("python", "store")):
        (tmp_path / "bin" / name).symlink_to(fake_engine(start).path)
    (record,) = script(f"""
        $env:ACRBRIDGE_PYTHON = ''
        $env:XDG_DATA_HOME = '{tmp_path / "data"}'
        $env:PATH = '{tmp_path / "bin"}' + [System.IO.Path]::PathSeparator + $env:PATH
        & $module {{ $script:StartSeconds = 0.5 }}
        Get-ErrorOf {{ Request-Engine who }}
    """)
    assert record["id"] == "ENGINE_MISSING,Request-Engine"
    for part in (
        "bin/py (PATH): The engine did not",
        "bin/python3 (PATH): acrbridge is not",
        "Store",
        "Run Install-",
    ):
        assert part in record["message"]


def test_an_engine_that_dies_at_work_is_reported_with_its_last_words_and_replaced(
    script: Script, fake_engine: Fake
) -> None:
    engine = fake_engine()
    first, died, killed, half, second = script(f"""{use(engine)}
        (Request-Engine who)['pid']
        Get-ErrorOf {{ Request-Engine die @{{ words = "first`n`tOSError: disk full" }} -ErrorAction Stop }}
        Get-ErrorOf {{ Request-Engine kill -ErrorAction Stop }}
        Get-ErrorOf {{ Request-Engine half -ErrorAction Stop }}
        (Request-Engine who)['pid']
    """)
    assert first != second
    assert {died["id"], killed["id"], half["id"]} == {"ENGINE_ENDED,Request-Engine"}
    assert "Exit code 3. OSError: disk full" in died["message"]
    assert "Exit code 137" in killed["message"]
    methods = [message["method"] for message in engine.received()]
    assert [methods.count(method) for method in ("die", "kill", "half")] == [1, 1, 1]


def test_an_engine_that_died_idle_is_replaced_without_a_word(script: Script, fake_engine: Fake) -> None:
    pids = script(f"""{use(fake_engine())}
        foreach ($i in 1..3) {{
            (Request-Engine who)['pid']
            $null = Request-Engine leave
            Start-Sleep -Milliseconds 50
        }}
    """)
    assert len(set(pids)) == 3


def test_a_request_that_could_not_be_sent_goes_to_a_new_engine_once(
    script: Script, fake_engine: Fake
) -> None:
    """The engine has closed its input, and is there: only the write sees it."""
    engine = fake_engine()
    (result,) = script(f"""{use(engine)}
        $null = Request-Engine who
        & $module {{ $script:Engine.Process.StandardInput.BaseStream.Close() }}
        Request-Engine echo @{{ n = 1 }}
    """)
    assert result["n"] == 1
    assert [message["method"] for message in engine.received()].count("echo") == 1


def test_an_engine_that_prints_garbage_is_reported_and_replaced(script: Script, fake_engine: Fake) -> None:
    first, garbled, second = script(f"""{use(fake_engine())}
        (Request-Engine who)['pid']
        Get-ErrorOf {{ Request-Engine garbage -ErrorAction Stop }}
        (Request-Engine who)['pid']
    """)
    assert garbled["id"] == "ENGINE_GARBLED,Request-Engine"
    assert "Traceback" not in garbled["message"]
    assert first != second
    assert ends(first)


def test_a_request_that_takes_too_long_does_not_end_the_engine_for_others(
    script: Script, fake_engine: Fake
) -> None:
    before, code, after = script(f"""{use(fake_engine())}
        (Request-Engine who)['pid']
        & $module {{ (Get-EngineAnswer hang @{{}} '' 0.2)['error']['data']['code'] }}
        (Request-Engine who)['pid']
    """)
    assert (before, code) == (after, "ENGINE_SILENT")


def test_megabytes_on_standard_error_hold_nothing_up(script: Script, fake_engine: Fake) -> None:
    assert script(f"{use(fake_engine())}(Request-Engine flood).Count") == [0]


def test_an_error_without_an_id_ends_the_request_that_was_sent_last(
    script: Script, fake_engine: Fake
) -> None:
    (record,) = script(f"{use(fake_engine())}Get-ErrorOf {{ Request-Engine misplaced -ErrorAction Stop }}")
    assert record["message"] == "Not for you."


def test_a_request_that_is_too_long_is_an_error_and_the_real_engine_lives_on(script: Script) -> None:
    record, same = script("""
        $process = (Get-AcrBridgeEngine).ProcessId
        $image = 'x' * 9MB
        Get-ErrorOf { Request-Engine planImport @{ registryName = 'r'; sourceImage = $image } -ErrorAction Stop }
        $process -eq (Get-AcrBridgeEngine).ProcessId
    """)
    assert record["id"] == "MESSAGE_INVALID,Request-Engine"
    assert same


@pytest.mark.parametrize("is_busy", [False, True])
def test_the_end_of_the_host_ends_the_engine_even_when_it_is_killed(
    pwsh_path: str, tmp_path: Path, fake_engine: Fake, is_busy: bool
) -> None:
    pid_file = tmp_path / "pid"
    body = f"""{BEGINNING}{use(fake_engine())}
        [System.IO.File]::WriteAllText('{pid_file}.part', (Get-AcrBridgeEngine).ProcessId)
        [System.IO.File]::Move('{pid_file}.part', '{pid_file}')
        {"Request-Engine hang" if is_busy else "Start-Sleep -Seconds 60"}
    """
    (tmp_path / "host.ps1").write_text(body, encoding="utf-8-sig")
    command = [pwsh_path, "-NoProfile", "-NonInteractive", "-File", str(tmp_path / "host.ps1")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as host:
        deadline = time.monotonic() + 60
        while not pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        engine = int(pid_file.read_text())
        assert is_running(engine)
        os.kill(host.pid, signal.SIGKILL)
    assert ends(engine)


def test_removing_the_module_ends_the_engine(script: Script) -> None:
    process, is_there = script("""
        $process = (Get-AcrBridgeEngine).ProcessId
        $process
        Remove-Module AcrBridge
        [System.IO.Directory]::Exists("/proc/$process")
    """)
    assert process > 0
    assert not is_there


def test_an_engine_that_stays_when_its_input_ends_is_killed(script: Script, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(
        "#!/bin/sh\n"
        'echo \'{"id":1,"result":{"protocolVersion":1,"engine":{"executable":"","version":"","python":""},'
        '"environmentNames":[]},"jsonrpc":"2.0"}\'\n'
        "exec sleep 60\n"
    )
    program.chmod(0o755)
    process, seconds = script(f"""
        $env:ACRBRIDGE_PYTHON = '{program}'
        (Get-AcrBridgeEngine).ProcessId
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        Remove-Module AcrBridge
        $clock.Elapsed.TotalSeconds
    """)
    assert ends(process, 1.0)
    assert 1.5 < seconds < 8


def test_many_requests_leave_no_handles_behind(script: Script, fake_engine: Fake) -> None:
    (growth,) = script(f"""{use(fake_engine())}
        function Get-Handle {{ [System.IO.Directory]::GetFileSystemEntries('/proc/self/fd').Length }}
        $null = Request-Engine who
        $before = Get-Handle
        foreach ($i in 1..200) {{ $null = Request-Engine who }}
        (Get-Handle) - $before
    """)
    assert growth <= 2
