"""Install-AcrBridgeEngine makes the module's environment whole, or leaves what was there."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from powershell.conftest import Script

MODULE = Path(__file__).parents[2] / "powershell" / "AcrBridge"
SERVER = Path(__file__).with_name("fake_engine.py")


def wheel(folder: Path, name: str, files: dict[str, str], needs: str = "") -> Path:
    """A wheel (packaging.python.org/specifications/binary-distribution-format) of the given files."""
    about = f"{name}-0.1.0.dist-info"
    needed = f"Requires-Dist: {needs}\n" if needs else ""
    whole = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n{needed}Provides-Extra: emulator\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={digest(text)},{len(text.encode())}\n" for path, text in whole.items()]
    whole[f"{about}/RECORD"] = "".join([*lines, f"{about}/RECORD,,\n"])
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{name}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in whole.items():
            archive.writestr(path, text)
    return made


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def engine_wheel(folder: Path, log: Path) -> Path:
    """acrbridge, as far as the module can see, but for its log and what it depends on."""
    main = f"import dependency, sys\nsys.argv = ['', 'well', {str(log)!r}]\n"
    files = {
        "acrbridge/__init__.py": "",
        "acrbridge/__main__.py": main
        + SERVER.read_text().replace("from __future__ import annotations\n", ""),
    }
    return wheel(folder, "acrbridge", files, needs="dependency")


@pytest.fixture
def at(tmp_path: Path) -> str:
    """Begins a script: the user's data folder is below ñ, and pip asks nobody but the packages of the test."""
    return f"""
        $env:ACRBRIDGE_PYTHON = ''
        $env:XDG_DATA_HOME = '{tmp_path / "ñ data"}'
        $env:PIP_CONFIG_FILE = '/dev/null'
        $env:PIP_NO_INDEX = '1'
        $env:PIP_FIND_LINKS = '{(tmp_path / "packages").as_uri()}'
        $target = & $module {{ Get-PrivateEnvironment }}
    """


def test_it_installs_from_an_index_and_again_only_by_force(script: Script, tmp_path: Path, at: str) -> None:
    engine_wheel(tmp_path / "packages", tmp_path / "log")
    wheel(tmp_path / "packages", "dependency", {"dependency.py": ""})
    planned, first, told, second, third = script(f"""{at}
        $null = Install-AcrBridgeEngine -Python '{sys.executable}' -WhatIf
        [System.IO.Directory]::Exists($target)
        (Install-AcrBridgeEngine -Python '{sys.executable}').Path
        $mark = [System.IO.Path]::Combine($target, 'mark')
        [System.IO.File]::WriteAllText($mark, '')
        $told = Install-AcrBridgeEngine -Verbose 4>&1
        "$($told[0].Message)"
        [System.IO.File]::Exists($mark)
        $null = Install-AcrBridgeEngine -Python '{sys.executable}' -Force
        [System.IO.File]::Exists($mark)
    """)
    environment = tmp_path / "ñ data/AcrBridge/engine"
    assert planned is False
    assert first == str(environment / "bin/python")
    assert "-Force installs it anew" in told
    assert (second, third) == (True, False)
    assert [path.name for path in environment.parent.iterdir()] == ["engine"]


def test_it_installs_the_wheel_that_came_with_the_module_and_what_is_pinned(
    script: Script, tmp_path: Path, at: str
) -> None:
    packaged = tmp_path / "module" / "AcrBridge"
    shutil.copytree(MODULE, packaged)
    engine_wheel(packaged / "engine", tmp_path / "log")
    needed = wheel(tmp_path / "packages", "dependency", {"dependency.py": ""})
    pinned = f"dependency==0.1.0 --hash=sha256:{hashlib.sha256(needed.read_bytes()).hexdigest()}\n"
    (packaged / "engine/requirements.txt").write_text(pinned)
    path, problem = script(f"""{at}
        Remove-Module AcrBridge
        Import-Module '{packaged / "AcrBridge.psd1"}'
        $engine = Install-AcrBridgeEngine -Python '{sys.executable}'
        "$($engine.Path)"
        "$($engine.Problem)"
        Remove-Module AcrBridge
    """)
    assert (path, problem) == (str(tmp_path / "ñ data/AcrBridge/engine/bin/python"), "")


@pytest.mark.parametrize("is_there", [False, True])
def test_a_failed_installation_leaves_what_was_there(
    script: Script, tmp_path: Path, at: str, is_there: bool
) -> None:
    environment = tmp_path / "ñ data/AcrBridge/engine"
    if is_there:
        environment.mkdir(parents=True)
        (environment / "mark").touch()
    (record,) = script(f"""{at}
        Get-ErrorOf {{ Install-AcrBridgeEngine -Python '{sys.executable}' }}
    """)
    assert record["id"] == "ENGINE_NOT_INSTALLED,Install-AcrBridgeEngine"
    assert "No matching distribution found for acrbridge" in record["message"]
    assert (environment / "mark").exists() is is_there
    assert environment.exists() is is_there
    assert not environment.with_name("engine.old").exists()


def test_what_is_no_python_of_today_is_named(script: Script, at: str, tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho False\n")
    old.chmod(0o755)
    records = script(f"""{at}
        Get-ErrorOf {{ Install-AcrBridgeEngine -Python '{old}' }}
        Get-ErrorOf {{ Install-AcrBridgeEngine -Python /nowhere/python }}
    """)
    assert [record["id"] for record in records] == ["PYTHON_MISSING,Install-AcrBridgeEngine"] * 2
    assert "/nowhere/python" in records[1]["message"]


def test_an_index_with_a_password_in_it_is_refused(script: Script, at: str) -> None:
    (record,) = script(
        f"{at}Get-ErrorOf {{ Install-AcrBridgeEngine -IndexUrl https://u:p@index.example/simple }}"
    )
    assert record["id"].startswith("ParameterArgumentValidationError")
    assert "configuration of pip" in record["message"]


def test_it_says_when_the_session_will_not_use_it(script: Script, at: str, tmp_path: Path) -> None:
    python = tmp_path / "ñ data/AcrBridge/engine/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/true")
    (warning,) = script(f"""{at}
        $env:ACRBRIDGE_PYTHON = '{sys.executable}'
        $null = Install-AcrBridgeEngine -WarningVariable heard 3>$null
        $heard.Message
    """)
    assert "ACRBRIDGE_PYTHON" in warning
