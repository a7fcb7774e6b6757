"""build.ps1 runs its tasks, stops when one fails, and speaks what Windows PowerShell 5.1 understands."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from powershell.conftest import PowerShell

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "build.ps1"
COMPATIBILITY = Path(__file__).with_name("Test-DesktopCompatibility.ps1")


@pytest.mark.parametrize(("claim", "status"), [("True", 0), ("False", 1)])
def test_the_task_test_runs_pytest_and_ends_as_it_ends(
    pwsh: PowerShell, tmp_path: Path, claim: str, status: int
) -> None:
    script = shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "test_claim.py").write_text(f"def test_claim() -> None:\n    assert {claim}\n")
    ended = pwsh("-File", script, "-Task", "Test", "-Python", sys.executable)
    assert ended.returncode == status, ended.stderr
    assert f"1 {'passed' if status == 0 else 'failed'}" in ended.stdout


def test_a_failing_task_keeps_the_next_from_starting(pwsh: PowerShell, tmp_path: Path) -> None:
    script = shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "test_claim.py").write_text("def test_claim() -> None:\n    assert False\n")
    ended = pwsh("-Command", f"& '{script}' -Task Test, Test -Python '{sys.executable}'")
    assert ended.returncode == 1
    assert ended.stdout.count("test session starts") == 1


def test_every_task_has_its_function_with_a_synopsis() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    names = re.search(r"ValidateSet\(([^)]*)\)", text)
    assert names is not None
    tasks = re.findall(r"'(\w+)'", names[1])
    assert tasks == re.findall(r"^# Synopsis: .+\.\nfunction Invoke-(\w+) \{$", text, re.MULTILINE)


def test_windows_powershell_5_1_understands_it(pwsh: PowerShell) -> None:
    checked = pwsh("-File", COMPATIBILITY, SCRIPT)
    assert (checked.returncode, checked.stdout.strip()) == (0, "no findings in 1 file(s)")


def test_the_compatibility_check_finds_what_5_1_lacks(pwsh: PowerShell, tmp_path: Path) -> None:
    (tmp_path / "new.ps1").write_text("$value = $true ? 1 : 2\n")
    checked = pwsh("-File", COMPATIBILITY, tmp_path)
    assert checked.returncode == 1
    assert "ternary operator" in checked.stdout
