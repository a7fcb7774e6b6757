"""The module's commands in sessions of their own, against a local Azure with the article's names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulated import in_process, local_azure, secrecy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulated.local_azure import LocalAzure

MODULE = Path(__file__).parents[3] / "powershell" / "AcrBridge" / "AcrBridge.psd1"
SIGN_IN = """
$secret = ConvertTo-SecureString $env:AZURE_CLIENT_SECRET -AsPlainText -Force
$who = [pscredential]::new($env:AZURE_CLIENT_ID, $secret)
Connect-AzAccount -ServicePrincipal -Credential $who -Tenant $env:AZURE_TENANT_ID
"""


@dataclass(frozen=True)
class Ended:
    """A script that ended."""

    status: int
    stdout: str
    stderr: str

    def succeeded(self) -> Ended:
        assert (self.status, self.stderr) == (0, ""), self.stderr + self.stdout
        return self


@dataclass(frozen=True)
class Shell:
    """A user's PowerShell, with variables of its own."""

    program: str
    variables: Mapping[str, str]
    folder: Path

    def run(self, script: str, *, secret: bool = False, module: Path | None = MODULE) -> Ended:
        """Run a script to its end. No stream may show a secret, unless that is what it is for."""
        prelude = f"Import-Module '{module}'\n" if module else ""
        file = self.folder / "script.ps1"
        file.write_text(prelude + script, encoding="utf-8-sig")
        ended = subprocess.run(
            (self.program, "-NoProfile", "-NonInteractive", "-File", str(file)),
            check=False,
            env=dict(self.variables),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=100,
        )
        assert secret or secrecy.shown_in(ended.stdout + ended.stderr) == []
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def values(self, script: str, **options: Any) -> list[Any]:
        """What a script puts out, as JSON has it."""
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        self.run(
            f"$output = @(. {{\n{script}\n}})\n"
            f"[System.IO.File]::WriteAllText('{out}', (ConvertTo-Json -Depth 9 -Compress -InputObject $output))",
            **options,
        ).succeeded()
        written = out.read_text(encoding="utf-8")
        assert options.get("secret") or secrecy.shown_in(written) == []
        return list(json.loads(written))

    def value(self, script: str, **options: Any) -> Any:
        """The one object that a script puts out."""
        (only,) = self.values(script, **options)
        return only

    def acrbridge(self, *words: str) -> Any:
        """What our command line says, with the same sign-in."""
        status, stdout, stderr = in_process.run(words, self.variables)
        assert status == 0, stderr
        return json.loads(stdout or "null")


@pytest.fixture(scope="session")
def running_article(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    folder = tmp_path_factory.mktemp("article") / "state"
    options = ("--seed", "article", "--lro-polls", "1", "--retry-after", "0")
    with local_azure.running(folder, *options) as azure:
        yield azure


@pytest.fixture
def azure(running_article: LocalAzure) -> Iterator[LocalAzure]:
    """The local Azure, without faults."""
    running_article.play()
    yield running_article
    running_article.play()


MakeShell = Callable[[Path], Shell]


@pytest.fixture(scope="session")
def make_shell(pwsh_path: str, running_article: LocalAzure) -> MakeShell:
    """A user's PowerShell, given the folder of a profile."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    own = {"ACRBRIDGE_PYTHON": sys.executable, "XDG_CACHE_HOME": cache, "ACRBRIDGE_CI_RUN": ""}
    inherited = {name: os.environ[name] for name in own if name in os.environ and name != "ACRBRIDGE_PYTHON"}

    def make(profile: Path) -> Shell:
        variables = {**running_article.client(profile), **own, **inherited}
        return Shell(pwsh_path, variables, profile.parent)

    return make


@pytest.fixture(scope="session")
def profile(make_shell: MakeShell, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one who has signed in with Connect-AzAccount, to be copied."""
    shell = make_shell(tmp_path_factory.mktemp("importer") / "profile")
    shell.run(SIGN_IN).succeeded()
    return Path(shell.variables["ACRBRIDGE_CONFIG_DIR"])


@pytest.fixture
def stranger(make_shell: MakeShell, azure: LocalAzure, tmp_path: Path) -> Shell:
    """A user who has not signed in."""
    del azure
    (tmp_path / "stranger").mkdir()
    return make_shell(tmp_path / "stranger" / "profile")


@pytest.fixture
def shell(make_shell: MakeShell, azure: LocalAzure, profile: Path, tmp_path: Path) -> Shell:
    """A user who has signed in as the service principal that may import."""
    del azure
    (tmp_path / "user").mkdir()
    return make_shell(Path(shutil.copytree(profile, tmp_path / "user" / "profile")))
