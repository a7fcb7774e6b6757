"""What a request tells comes in the streams of the command that asked; a stop of the pipeline cancels it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from powershell.conftest import FakeEngine, Script

    Fake = Callable[..., FakeEngine]


def use(engine: FakeEngine) -> str:
    return f"$env:ACRBRIDGE_PYTHON = '{engine.path}'\n"


def told(script: Script, engine: FakeEngine, call: str) -> list[Any]:
    """Streams of a call, as words: the record's type and its message."""
    found = script(f"""{use(engine)}
        foreach ($record in $({call}) 3>&1 4>&1 5>&1) {{
            if ($record -is [System.Collections.IDictionary]) {{ @{{ debug = $record['debug'] }} }}
            else {{ "$($record.GetType().Name): $($record.Message)" }}
        }}
    """)
    assert isinstance(found, list)
    return found


def test_warnings_are_seen_and_log_lines_are_not_unless_asked_for(script: Script, fake_engine: Fake) -> None:
    assert told(script, fake_engine(), "Request-Engine talk") == [
        "WarningRecord: a warning",
        {"debug": False},
    ]


def test_verbose_shows_log_lines_and_asks_the_engine_for_them(script: Script, fake_engine: Fake) -> None:
    assert told(script, fake_engine(), "Request-Engine talk -Verbose") == [
        "VerboseRecord: a verbose line",
        "WarningRecord: a warning",
        {"debug": True},
    ]


def test_the_preference_variables_of_the_caller_hold(script: Script, fake_engine: Fake) -> None:
    call = """
        function Test-Caller {
            $VerbosePreference = $DebugPreference = 'Continue'
            $WarningPreference = 'SilentlyContinue'
            Request-Engine talk
        }
        Test-Caller
    """
    assert told(script, fake_engine(), call) == [
        "VerboseRecord: a verbose line",
        "DebugRecord: a debug line",
        {"debug": True},
    ]


def test_what_was_given_as_a_parameter_goes_before_the_callers_preference(
    script: Script, fake_engine: Fake
) -> None:
    call = "$WarningPreference = 'Stop'; Request-Engine talk -WarningAction SilentlyContinue"
    assert told(script, fake_engine(), call) == [{"debug": False}]


def test_the_callers_error_preference_makes_an_error_terminating(script: Script, fake_engine: Fake) -> None:
    ended = script(f"""{use(fake_engine())}
        function Test-Caller {{
            $ErrorActionPreference = 'Stop'
            Request-Engine fail @{{ data = @{{ code = 'SOURCE_UNAUTHORIZED'; category = 'PermissionDenied' }} }}
            'went on'
        }}
        try {{ Test-Caller }} catch {{ $_.FullyQualifiedErrorId }}
    """)
    assert ended == ["SOURCE_UNAUTHORIZED,Request-Engine"]


def test_warnings_and_verbose_lines_are_kept_in_variables(script: Script, fake_engine: Fake) -> None:
    warnings = script(f"""{use(fake_engine())}
        $null = Request-Engine talk -WarningVariable heard 3>$null
        $heard.Message
    """)
    assert warnings == ["a warning"]


def test_progress_goes_to_the_host_and_is_completed(script: Script, fake_engine: Fake) -> None:
    records = script(f"""{use(fake_engine())}
        $shell = New-TestShell
        [void]$shell.AddScript('$null = Request-Engine talk; Remove-Module AcrBridge').Invoke()
        foreach ($record in $shell.Streams.Progress) {{
            @{{ type = "$($record.RecordType)"; activity = $record.Activity; status = $record.StatusDescription
                percent = $record.PercentComplete; seconds = $record.SecondsRemaining }}
        }}
        $shell.Runspace.Close()
    """)
    assert records == [
        {"type": "Processing", "activity": "Copying a:b", "status": "Copying", "percent": 50, "seconds": 3},
        {"type": "Processing", "activity": "Testing", "status": "Processing", "percent": -1, "seconds": -1},
        {"type": "Completed", "activity": "Testing", "status": "Processing", "percent": -1, "seconds": -1},
    ]


def test_an_error_record_tells_code_category_target_and_remedy(script: Script, fake_engine: Fake) -> None:
    (record,) = script(f"""{use(fake_engine())}
        $data = @{{ code = 'SOURCE_UNAUTHORIZED'; category = 'PermissionDenied'; remedy = 'Give a password.' }}
        $result = Request-Engine fail @{{ data = $data }} -Target 'docker.io/a:b' -ErrorVariable heard 2>$null
        $e = $heard[0]
        @{{ id = $e.FullyQualifiedErrorId; category = "$($e.CategoryInfo.Category)"; target = $e.TargetObject
            correlation = $e.Exception.Data["CorrelationId"]
            action = $e.ErrorDetails.RecommendedAction; message = "$e"; exception = $e.Exception.Message
            count = $heard.Count; kept = $global:Error.Count; result = $null -eq $result }}
    """)
    message = "It went wrong. Give a password."
    assert record == {
        "id": "SOURCE_UNAUTHORIZED,Request-Engine",
        "category": "PermissionDenied",
        "target": "docker.io/a:b",
        "correlation": "c-1",
        "action": "Give a password.",
        "message": message,
        "exception": message,
        "count": 1,
        "kept": 1,
        "result": True,
    }


def test_a_category_that_powershell_does_not_know_is_not_specified(script: Script, fake_engine: Fake) -> None:
    (category,) = script(f"""{use(fake_engine())}
        Request-Engine fail @{{ data = @{{ code = 'X'; category = 'Bad' }} }} -ErrorVariable heard 2>$null
        "$($heard[0].CategoryInfo.Category)"
    """)
    assert category == "NotSpecified"


def test_a_failed_request_leaves_the_pipeline_going(script: Script, fake_engine: Fake) -> None:
    results = script(f"""{use(fake_engine())}
        foreach ($method in 'fail', 'echo') {{
            Request-Engine $method @{{ n = 1; data = @{{ code = 'X' }} }} 2>$null | ForEach-Object {{ $_['n'] }}
        }}
    """)
    assert results == [1]


def test_a_stop_of_the_pipeline_cancels_the_request_and_keeps_the_engine(
    script: Script, fake_engine: Fake
) -> None:
    engine = fake_engine()
    first, milliseconds, second = script(f"""{use(engine)}
        $shell = New-TestShell
        $shell.AddScript('(Request-Engine who)["pid"]').Invoke()
        $shell.Commands.Clear()
        $running = $shell.AddScript('Request-Engine hang').BeginInvoke()
        Start-Sleep -Milliseconds 500
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $shell.Stop()
        $clock.ElapsedMilliseconds
        $shell.Commands.Clear()
        $shell.AddScript('(Request-Engine who)["pid"]; Remove-Module AcrBridge').Invoke()
        $shell.Runspace.Close()
    """)
    assert first == second
    assert milliseconds < 1000
    hang, cancel = (m for m in engine.received() if m["method"] in {"hang", "cancel"})
    assert cancel["params"] == {"id": hang["id"]}


def test_a_throw_downstream_leaves_nothing_at_work_and_the_engine_as_it_was(
    script: Script, fake_engine: Fake
) -> None:
    first, inboxes, second = script(f"""{use(fake_engine())}
        try {{ Request-Engine who | ForEach-Object {{ $_['pid']; throw 'downstream' }} }} catch {{ $null = $_ }}
        & $module {{ $script:Engine.Inboxes.Count }}
        (Request-Engine who)['pid']
    """)
    assert first == second
    assert inboxes == 0


def test_a_warning_that_stops_the_command_cancels_the_request(script: Script, fake_engine: Fake) -> None:
    engine = fake_engine()
    (record,) = script(f"""{use(engine)}
        try {{ Request-Engine talk -WarningAction Stop }} catch {{ $_.FullyQualifiedErrorId }}
    """)
    assert record.startswith("ActionPreferenceStop")
    assert engine.received()[-1]["method"] == "cancel"


@pytest.mark.parametrize("method", ["die", "fail", "garbage", "half", "misplaced", "nothing"])
def test_no_secret_comes_into_any_stream_or_record(script: Script, fake_engine: Fake, method: str) -> None:
    secret = 'pa"ss\\ñ漢 word'
    engine = fake_engine()
    told, *kept = script(f"""{use(engine)}
        $secret = ConvertFrom-TestJson '{{"a":"pa\\"ss\\\\ñ漢 word"}}'
        $params = @{{ password = $secret['a']; words = 'refused: ' + $secret['a']; data = @{{ code = 'X' }}
            sourceLogin = @{{ password = 'nested' }} }}
        $told = Request-Engine {method} $params -Verbose -Debug 2>&1 3>&1 4>&1 5>&1 | Out-String
        $told
        foreach ($record in $global:Error) {{
            "$record", $record.Exception, $record.InvocationInfo.Line, $record.ScriptStackTrace -join ' '
        }}
    """)
    assert [m["params"]["password"] for m in engine.received() if m["method"] == method] == [secret]
    assert kept
    for text in (told, *kept):
        assert secret not in text
        assert 'pa"ss' not in text


def test_last_words_are_shown_with_the_secret_struck_out(script: Script, fake_engine: Fake) -> None:
    (record,) = script(f"""{use(fake_engine())}
        $params = @{{ sourceLogin = @{{ password = 'open sesame' }}; words = 'KeyError: open sesame' }}
        try {{ Request-Engine die $params -ErrorAction Stop }} catch {{ "$_" }}
    """)
    assert "KeyError: ***" in record


def test_the_environment_as_it_is_now_goes_with_each_request(script: Script, fake_engine: Fake) -> None:
    first, second = script(f"""{use(fake_engine())}
        $env:HTTPS_PROXY = 'http://proxy:1'
        $env:OTHER = 'x'
        (Request-Engine echo)['environment']
        $env:HTTPS_PROXY = $null
        $env:NO_PROXY = 'localhost'
        (Request-Engine echo)['environment']
    """)
    assert first == {"HTTPS_PROXY": "http://proxy:1"}
    assert second == {"NO_PROXY": "localhost"}


def test_who_is_signed_in_is_one_error_where_the_engine_fails(script: Script, fake_engine: Fake) -> None:
    ended = script(f"""{use(fake_engine())}
        Get-AzContext -ErrorAction SilentlyContinue -ErrorVariable heard
        $heard.FullyQualifiedErrorId
        $global:Error.Count
    """)
    assert ended == ["ENGINE_ENDED,Get-AzContext", 1]
