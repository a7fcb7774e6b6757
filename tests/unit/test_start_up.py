"""What is loaded, and what is not, before a command does its work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import acrbridge

HEAVY = (
    "requests",
    "urllib3",
    "msal",
    "msal_extensions",
    "pydantic",
    "yaml",
    "jmespath",
    "truststore",
    "cryptography",
)

SCRIPT = """
import sys
sys.argv = ["acrbridge", *{arguments!r}]
{action}
loaded = [name for name in {heavy!r} if name in sys.modules]
sys.stderr.write("LOADED:" + ",".join(loaded))
"""

RUN = """
from acrbridge.__main__ import main
status = main()
assert status == 0, status
"""


def loaded(action: str, *arguments: str, heavy: tuple[str, ...] = HEAVY) -> list[str]:
    script = SCRIPT.format(arguments=arguments, action=action, heavy=heavy)
    ended = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ},
    )
    names = ended.stderr.rpartition("LOADED:")[2]
    return names.split(",") if names else []


def test_importing_acrbridge_loads_nothing_heavy() -> None:
    assert loaded("import acrbridge", heavy=(*HEAVY, "typer", "click")) == []


def test_the_version_loads_not_even_typer() -> None:
    assert loaded(RUN, "--version", heavy=(*HEAVY, "typer", "click")) == []


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("acr", "--help"), ("acr", "import", "--help"), ("login", "--help"),
     ("explain", "THROTTLED", "-o", "json")],
)  # fmt: skip
def test_a_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded(RUN, *arguments) == []


@pytest.mark.parametrize("name", [name for name in acrbridge.__all__ if name != "__version__"])
def test_a_public_name_loads_nothing_heavy_until_it_is_called(name: str) -> None:
    assert loaded(f"from acrbridge import {name}") == []


def test_only_who_asks_for_a_token_waits_for_msal_and_the_requests_that_it_needs(tmp_path: Path) -> None:
    everything = f"""
import importlib, pkgutil
from pathlib import Path
import acrbridge.operations
from acrbridge.settings import Settings
for module in pkgutil.iter_modules(acrbridge.operations.__path__, "acrbridge.operations."):
    importlib.import_module(module.name)
with acrbridge.operations.session.Session(Settings(Path({str(tmp_path)!r}))) as session:
    session.identity
"""
    assert loaded(everything, heavy=("urllib3", "requests", "msal")) == ["urllib3"]


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = acrbridge.nonsense
    assert set(acrbridge.__all__) <= {*dir(acrbridge), *acrbridge._HOMES}


def test_a_copy_between_registries_loads_neither_layouts_nor_what_signs_in() -> None:
    action = "import acrbridge.cli.copy, acrbridge.operations.copy_image"
    assert loaded(action, heavy=("tarfile", "acrbridge.registry.layout", "msal", "pydantic", "yaml")) == []
