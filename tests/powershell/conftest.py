"""PowerShell for the tests: the one that ACRBRIDGE_PWSH names, else pwsh on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest

PowerShell = Callable[..., "subprocess.CompletedProcess[str]"]


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
