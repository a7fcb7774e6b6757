"""build.ps1 runs its tasks, stops when one fails, and speaks what Windows PowerShell 5.1 understands."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

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


FAKE_PYTHON = """#!/bin/sh
while [ $# -gt 1 ]; do [ "$1" = --outdir ] && mkdir -p "$2" && : > "$2/acrbridge-0.1.0-py3-none-any.whl"; shift; done
"""
"""A Python that takes building a wheel for making its file."""


def test_the_module_is_packed_with_the_engine_and_its_pins_inside(pwsh: PowerShell, tmp_path: Path) -> None:
    script = shutil.copy(SCRIPT, tmp_path)
    shutil.copy(PROJECT / "LICENSE", tmp_path)
    shutil.copytree(PROJECT / "powershell", tmp_path / "powershell")
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    for _ in range(2):  # the second finds what the first has left
        ended = pwsh("-File", script, "-Task", "Package", "-Python", python)
        assert ended.returncode == 0, ended.stderr
    with zipfile.ZipFile(tmp_path / "dist" / "AcrBridge-0.1.0.zip") as packed:
        names = packed.namelist()
    staged = tmp_path / "dist"
    assert sorted(names) == sorted(
        path.relative_to(staged).as_posix() for path in (staged / "AcrBridge").rglob("*") if path.is_file()
    )
    engine = {name for name in names if name.startswith("AcrBridge/engine/")}
    assert engine == {
        "AcrBridge/engine/acrbridge-0.1.0-py3-none-any.whl",
        "AcrBridge/engine/requirements.txt",
    }
    assert {"AcrBridge/AcrBridge.psd1", "AcrBridge/Public/Import-AzContainerRegistryImage.ps1"} < set(names)


def test_every_dependency_of_the_engine_is_pinned_with_hashes() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["emulator"]]
    lines = (PROJECT / "powershell" / "engine-requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(re.findall(r"^([\w-]+)==([^ ]+)", "\n".join(lines), re.MULTILINE))
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[requirement.name])
    assert len([line for line in lines if "==" in line and line.endswith("\\")]) == len(pinned)


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
