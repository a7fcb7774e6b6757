"""PowerShell for the tests: the one that ACRBRIDGE_PWSH names, else pwsh on PATH; and scripts in the module."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PowerShell = Callable[..., "subprocess.CompletedProcess[str]"]
Script = Callable[[str], Any]
"""Runs a script in a session with the module; gives what the script put out, as JSON has it: a list."""

BEGINNING = f". '{Path(__file__).with_name('Use-AcrBridge.ps1')}'\n"
"""What a script begins with that uses the module."""


@pytest.fixture(scope="session")
def pwsh_path() -> str:
    """PowerShell's program; in CI its absence is a failure."""
    path = os.environ.get("ACRBRIDGE_PWSH") or shutil.which("pwsh")
    if path is None:
        missing = "there is no pwsh on PATH and none in ACRBRIDGE_PWSH"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest.fixture(scope="session")
def pwsh(pwsh_path: str) -> PowerShell:
    """Run pwsh with the given words after -NoProfile -NonInteractive."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [pwsh_path, "-NoProfile", "-NonInteractive", *map(str, words)]
        return subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100
        )

    return run


@pytest.fixture
def script(pwsh: PowerShell, tmp_path: Path) -> Script:
    """Run scripts in the module: the real engine is there, by this Python."""

    def run(body: str) -> Any:
        file, out = tmp_path / "script.ps1", tmp_path / "out.json"
        written = (
            f"$output = @(. {{\n{body}\n}})\n"
            f"[System.IO.File]::WriteAllText('{out}', (ConvertTo-Json -Depth 20 -Compress -InputObject $output))\n"
        )
        engine = f"$env:ACRBRIDGE_PYTHON = '{sys.executable}'\n"
        file.write_text(BEGINNING + engine + written, encoding="utf-8-sig")
        ended = pwsh("-File", file)
        assert ended.returncode == 0, ended.stderr
        assert out.exists(), ended.stderr
        return json.loads(out.read_text(encoding="utf-8"))

    return run


@dataclass(frozen=True)
class FakeEngine:
    """A program that takes the place of Python."""

    path: Path
    log: Path

    def received(self) -> list[dict[str, Any]]:
        """Messages that came, of all its processes."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def fake_engine(tmp_path: Path) -> Callable[[str], FakeEngine]:
    """A fake engine that starts `well`, or wrong in a way that fake_engine.py knows."""

    def make(start: str = "well") -> FakeEngine:
        path, log = tmp_path / f"fake engine {start}", tmp_path / f"{start}.log"
        program = Path(__file__).with_name("fake_engine.py")
        path.write_text(f"#!/bin/sh\nexec '{sys.executable}' -X utf8 '{program}' {start} '{log}' \"$@\"\n")
        path.chmod(0o755)
        return FakeEngine(path, log)

    return make
