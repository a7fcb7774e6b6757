"""The module as a whole: what it says of itself, and what it may use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import acrbridge

if TYPE_CHECKING:
    from powershell.conftest import PowerShell, Script

MODULE = Path(__file__).parents[2] / "powershell" / "AcrBridge"
COMPATIBILITY = Path(__file__).with_name("Test-DesktopCompatibility.ps1")


def test_windows_powershell_5_1_understands_every_file(pwsh: PowerShell) -> None:
    checked = pwsh("-File", COMPATIBILITY, MODULE)
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.startswith("no findings in ")
    assert len(list(MODULE.rglob("*.ps1"))) > 10


def test_its_version_is_the_engines_which_it_installs(script: Script) -> None:
    (version,) = script(f"(Test-ModuleManifest '{MODULE / 'AcrBridge.psd1'}').Version.ToString()")
    assert version == acrbridge.__version__


def test_it_needs_no_other_module(script: Script) -> None:
    assert script(f"(Test-ModuleManifest '{MODULE / 'AcrBridge.psd1'}').RequiredModules.Count") == [0]


def test_it_exports_the_public_functions_and_nothing_else(script: Script) -> None:
    exported = script("$module.ExportedCommands.Keys")
    assert sorted(exported) == sorted(path.stem for path in (MODULE / "Public").glob("*.ps1"))
