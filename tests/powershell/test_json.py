"""JSON both ways: what goes through the module's writer and reader is what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from powershell.conftest import FakeEngine, Script

VECTORS = Path(__file__).parents[1] / "protocol"


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return found


def files(folder: Path, lines: list[str]) -> str:
    """The lines, as an array of PowerShell: its source must not be what changes them."""
    path = folder / "lines.txt"
    path.write_bytes("\n".join(lines).encode())
    return f"[System.IO.File]::ReadAllText('{path}').Split([char]10)"


def test_every_value_of_the_vectors_is_read_and_written_as_it_was(script: Script, tmp_path: Path) -> None:
    values = vectors("values.json")
    written = script(f"""
        foreach ($line in {files(tmp_path, [value["line"] for value in values])}) {{
            ConvertTo-TestJson (ConvertFrom-TestJson $line)
        }}
    """)
    assert [json.loads(text) for text in written] == [value["meaning"] for value in values]


def test_every_message_of_the_engine_is_read_as_it_was(script: Script, tmp_path: Path) -> None:
    messages = vectors("engine.json")
    read = script(f"""
        foreach ($line in {files(tmp_path, [message["line"] for message in messages])}) {{
            ConvertTo-TestJson (& $module {{ Read-EngineMessage $args[0] }} $line)
        }}
    """)
    assert [json.loads(text) for text in read] == [{**m["meaning"], "jsonrpc": "2.0"} for m in messages]


def test_every_message_of_the_client_is_written_as_the_vectors_have_it(
    script: Script, tmp_path: Path
) -> None:
    messages = vectors("client.json")
    meanings = [json.dumps(message["meaning"], ensure_ascii=False) for message in messages]
    written = script(f"""
        foreach ($line in {files(tmp_path, meanings)}) {{ ConvertTo-TestJson (ConvertFrom-TestJson $line) }}
    """)
    assert written == [message["line"] for message in messages]


def test_no_broken_line_passes_for_a_message(script: Script, tmp_path: Path) -> None:
    lines = [message["line"] for message in vectors("broken.json")]
    read = script(f"""
        foreach ($line in {files(tmp_path, lines)}) {{ $null -eq (& $module {{ Read-EngineMessage $args[0] }} $line) }}
    """)
    assert read == [True] * len(lines)


@pytest.mark.parametrize("size", [1 << 20, 4 << 20])
def test_long_texts_go_through_the_engine_and_back(
    script: Script, fake_engine: Callable[..., FakeEngine], size: int
) -> None:
    (same,) = script(f"""
        $env:ACRBRIDGE_PYTHON = '{fake_engine().path}'
        $unit = ConvertFrom-TestJson '"ñ漢\\ud83d\\ude00\\"\\\\ \\u0001\\u007f\\u2028\\ufeff"'
        $text = $unit * ({size} / 24)
        (Request-Engine echo @{{ text = $text }})['text'] -ceq $text
    """)
    assert same is True


def test_values_of_powershell_are_written_as_what_they_mean(script: Script) -> None:
    written = script("""
        [System.Threading.Thread]::CurrentThread.CurrentCulture = 'de-DE'
        ConvertTo-TestJson ([ordered]@{
            one = @('one'); none = @(); null = $null; yes = [switch]$true; no = $false
            day = [System.DayOfWeek]::Friday; real = 1.5; tenth = [decimal]1.10; most = [ulong]::MaxValue
            letter = [char]'x'; list = [System.Collections.Generic.List[object]]@(1); piped = ('abc' | Write-Output)
            object = [pscustomobject]@{ x = 1; y = @(2) }; guid = [guid]::Empty; url = [uri]'https://a.example/'
            date = [datetime]::SpecifyKind([datetime]'2026-01-02T03:04:05', 'Utc')
        })
    """)
    assert json.loads(written[0]) == {
        "one": ["one"],
        "none": [],
        "null": None,
        "yes": True,
        "no": False,
        "day": "Friday",
        "real": 1.5,
        "tenth": 1.1,
        "most": 2**64 - 1,
        "letter": "x",
        "list": [1],
        "piped": "abc",
        "object": {"x": 1, "y": [2]},
        "guid": "00000000-0000-0000-0000-000000000000",
        "url": "https://a.example/",
        "date": "2026-01-02T03:04:05.0000000Z",
    }


def test_what_has_no_meaning_in_json_is_refused(script: Script) -> None:
    messages = script("""
        $deep = @()
        foreach ($i in 1..70) { $deep = , $deep }
        $secrets = [System.Security.SecureString]::new(), [System.Management.Automation.PSCredential]::Empty
        foreach ($value in $secrets[0], @{ a = $secrets[1] }, [double]::NaN, $deep) {
            try { ConvertTo-TestJson $value } catch { "$_" }
        }
    """)
    assert messages == [
        "A SecureString cannot be sent to the engine.",
        "A PSCredential cannot be sent to the engine.",
        "JSON has no number NaN.",
        "A value nests more than 64 levels.",
    ]


def test_what_is_read_has_types_that_powershell_works_with(script: Script) -> None:
    types = script("""
        $read = ConvertFrom-TestJson '{"date":"2026-11-24T07:00:00Z","one":["a"],"whole":4294967296,"real":1.5}'
        $read.GetType().Name
        foreach ($value in $read.Values) { $value.GetType().Name }
    """)
    assert types == ["OrderedDictionary", "String", "List`1", "Int64", "Double"]


def test_secrets_are_taken_as_text_and_as_secure_string_only(script: Script) -> None:
    results = script("""
        $secure = [System.Security.SecureString]::new()
        $text = ConvertFrom-TestJson '"n\\u00f1\\ud83d\\ude00\\\\"'
        foreach ($letter in $text.ToCharArray()) { $secure.AppendChar($letter) }
        & $module { ConvertTo-RequestSecret $args[0] } $secure
        & $module { ConvertTo-RequestSecret $args[0] } 'plain'
        $null -eq (& $module { ConvertTo-RequestSecret $null })
        try { & $module { ConvertTo-RequestSecret 5 } } catch { "$_" }
    """)
    assert results == ["nñ😀\\", "plain", True, "A secret is a String or a SecureString, not Int32."]


HOSTILE = [
    *("", " ", "a b", 'say "hi"', '"', 'a\\"b', "tab\there", "it's"),
    *("C:\\folder\\", "C:\\my folder\\", "\\\\\\", "ñ 漢字 😀"),
]


def test_words_of_a_command_line_arrive_as_they_were(script: Script, tmp_path: Path) -> None:
    echo = "import sys, json; print(json.dumps(sys.argv[1:]))"
    (told,) = script(f"""
        $lines = {files(tmp_path, [json.dumps(word) for word in HOSTILE])}
        $words = foreach ($line in $lines) {{ ConvertFrom-TestJson $line }}
        $info = & $module {{ New-EngineStartInfo $args[0] $args[1] }} $env:ACRBRIDGE_PYTHON (@('-c', '{echo}') + $words)
        $process = [System.Diagnostics.Process]::Start($info)
        $process.StandardOutput.ReadToEnd()
    """)
    assert json.loads(told) == HOSTILE
